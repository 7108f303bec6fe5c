/*
 * Software statements.
 * Called by app.c and endpoints/register.c. RFC 7591 §2.3, §3.1.1, §5; RFC 8725.
 */
#include "idp/rules/software_statement.h"
#include "common/clock.h"
#include "common/jose.h"
#include "common/secret.h"
#include "idp/rules/scope.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ISSUERS_MAX 32
#define FILE_MAX 262144
#define NAME_MAX_LEN 512
#define SKEW 60

struct statement_issuers {
    size_t n;
    struct issuer {
        char name[NAME_MAX_LEN + 1];
        struct jwks keys;
    } issuer[ISSUERS_MAX];
};

/* --- the operator's file --- */

static err_t read_issuer(const json_t *j, struct issuer *out)
{
    static const char *const known[] = {"issuer", "jwks", NULL};
    const char *name = NULL;

    if (json_only(j, known) != OK || json_need_str(j, "issuer", NAME_MAX_LEN, &name) != OK)
        return ERR_CONFIG;
    snprintf(out->name, sizeof out->name, "%s", name);
    err_t e = jwks_parse(json_object_get(j, "jwks"), &out->keys);
    return e == ERR_SYNTAX || (e == OK && out->keys.n == 0) ? ERR_CONFIG : e;
}

static err_t read_file(const char *path, struct statement_issuers *s)
{
    AUTO_SECRET file = {0}; /* no secret, but read in one go and bounded */
    AUTO_JSON j = NULL;

    if (secret_read_file(&file, path, FILE_MAX) != OK || json_parse(secret_bytes(&file), FILE_MAX, &j) != OK)
        return ERR_CONFIG;
    const json_t *list = json_object_get(j, "issuers");
    if (!json_is_array(list) || json_array_size(list) > ISSUERS_MAX)
        return ERR_CONFIG;
    for (; s->n < json_array_size(list); s->n++)
        TRY(read_issuer(json_array_get(list, s->n), &s->issuer[s->n]));
    return OK;
}

err_t statement_issuers_open(const char *path, struct statement_issuers **out)
{
    struct statement_issuers *s = calloc(1, sizeof *s);
    err_t e = s ? OK : ERR_NOMEM;

    if (s && *path)
        e = read_file(path, s);
    *out = s;
    if (e == OK)
        return OK;
    fprintf(stderr, "[registration] statement_issuers: %s: is no list of issuers with public keys\n", path);
    statement_issuers_close(out);
    return e;
}

void statement_issuers_close(struct statement_issuers **s)
{
    for (size_t i = 0; *s && i < ISSUERS_MAX; i++)
        jwks_free(&(*s)->issuer[i].keys);
    free(*s);
    *s = NULL;
}

/* --- one statement --- */

static err_t unapproved(struct client_fault *f, const char *why)
{
    return client_fault(f, ERR_STATEMENT_UNAPPROVED, "software_statement", why);
}

static err_t invalid(struct client_fault *f, const char *why)
{
    return client_fault(f, ERR_STATEMENT, "software_statement", why);
}

/* Each issuer's keys verify their own statements alone: the name is read first, and the signature must be of a key of that name. */
static err_t verified(const struct statement_expect *e, const char *text, json_t **claims, struct client_fault *f)
{
    const struct statement_issuers *all = e->issuers;

    for (size_t i = 0; i < all->n; i++) {
        AUTO_JSON found = NULL;
        const char *iss = NULL;
        if (jwt_verify_any(bytes_str(text), &all->issuer[i].keys, NULL, &found) != OK)
            continue;
        if (json_need_str(found, "iss", NAME_MAX_LEN, &iss) != OK || strcmp(iss, all->issuer[i].name) != 0)
            continue;
        if (e->policy->issuers && !scope_has(e->policy->issuers, iss))
            return unapproved(f, "is of an issuer that the policy does not name");
        *claims = take(&found);
        return OK;
    }
    return invalid(f, "is signed by nobody whom we know");
}

static err_t check_times(const json_t *claims, struct client_fault *f)
{
    int64_t now = clock_now(), exp, nbf, iat;

    /* RFC 7591 demands none of them; what is said counts. */
    if (json_get_int(claims, "exp", 0, INT64_C(1) << 40, now + 1, &exp) != OK ||
        json_get_int(claims, "nbf", 0, INT64_C(1) << 40, now, &nbf) != OK ||
        json_get_int(claims, "iat", 0, INT64_C(1) << 40, now, &iat) != OK)
        return invalid(f, "holds a time that is none");
    return exp > now - SKEW && nbf <= now + SKEW && iat <= now + SKEW ? OK : invalid(f, "is not good at this time");
}

static err_t check_claims(const struct statement_expect *e, const json_t *claims, struct client_fault *f)
{
    const json_t *aud = json_object_get(claims, "aud");
    const char *id = NULL;
    bool ours = !aud || (json_is_string(aud) && strcmp(json_string_value(aud), e->audience) == 0);

    for (size_t i = 0; i < json_array_size(aud); i++) {
        const char *one = json_string_value(json_array_get(aud, i));
        ours |= one && strcmp(one, e->audience) == 0;
    }
    if (!ours)
        return invalid(f, "is meant for somebody else");
    TRY(check_times(claims, f));
    if (json_need_str(claims, "software_id", 200, &id) != OK)
        return invalid(f, "names no software_id");
    if (e->policy->software_ids && !scope_has(e->policy->software_ids, id))
        return unapproved(f, "is about software that the policy does not name");
    return OK;
}

/* RFC 7591 §2.3: what the statement says goes before what the software says. What is about the statement itself is no metadata. */
static err_t merge(json_t *doc, const json_t *claims)
{
    static const char *const own[] = {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "software_statement", "client_id"};
    AUTO_JSON said = json_copy((json_t *)claims);

    for (size_t i = 0; said && i < sizeof own / sizeof *own; i++)
        json_object_del(said, own[i]);
    return said && json_object_update(doc, said) == 0 ? OK : ERR_NOMEM;
}

err_t statement_apply(const struct statement_expect *e, json_t *doc, struct client_fault *f)
{
    const char *text = NULL;
    AUTO_JSON claims = NULL;

    if (json_get_str(doc, "software_statement", JWT_MAX, &text) != OK)
        return invalid(f, "is no text, or too long");
    if (!text)
        return e->policy->statement == STATEMENT_REQUIRED ? invalid(f, "is missing: the policy requires one") : OK;
    if (e->policy->statement == STATEMENT_REFUSED)
        return unapproved(f, "is not wanted by the policy");
    TRY(verified(e, text, &claims, f));
    TRY(check_claims(e, claims, f));
    return merge(doc, claims);
}
