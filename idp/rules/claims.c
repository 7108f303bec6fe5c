/*
 * Claims asked for one by one.
 * Called by rules/authz.c, rules/token.c, endpoints/userinfo.c, endpoints/agree.c and endpoints/discovery.c. OpenID Connect Core §5.5, §5.5.1, §5.5.1.1.
 */
#include "idp/rules/claims.h"
#include "idp/rules/acr.h"
#include "idp/rules/match.h"
#include "idp/rules/person.h"
#include "idp/rules/scope.h"
#include <stdio.h>
#include <string.h>

#define CLAIMS_MAX 4096
#define ALL_SCOPES "profile email phone address citizen_number"

const struct claim_info claim_table[] = {
    {"name", "profile", true},
    {"family_name", "profile", true},
    {"middle_name", "profile", true},
    {"given_name", "profile", true},
    {"birthdate", "profile", true},
    {"gender", "profile", true},
    {"email", "email", false},
    {"phone_number", "phone", false},
    {"address", "address", false},
    {"citizen_number", "citizen_number", true},
    {NULL, NULL, false},
};

static const struct claim_info *find(const char *name, size_t len)
{
    for (const struct claim_info *i = claim_table; i->name; i++)
        if (strlen(i->name) == len && memcmp(i->name, name, len) == 0)
            return i;
    return NULL;
}

bool claim_is(const char *name)
{
    return find(name, strlen(name)) != NULL;
}

static err_t add_name(struct claims_wish *w, const char *prefix, const char *name)
{
    size_t n = strlen(w->names);
    char word[64];

    snprintf(word, sizeof word, "%s%s", prefix, name);
    if (scope_has(w->names, word))
        return OK;
    int more = snprintf(w->names + n, sizeof w->names - n, "%s%s", n ? " " : "", word);
    return more > 0 && (size_t)more < sizeof w->names - n ? OK : ERR_REQUEST;
}

/* --- what is asked of the sign-in and the person, not of the data --- */

static void add_acr(const json_t *value, struct claims_wish *w)
{
    if (json_is_string(value) && !strchr(json_string_value(value), ' '))
        acr_add(json_string_value(value), json_string_length(value), w->acr);
}

/* An essential acr: one of the values is enough. A voluntary one asks for nothing that a person could not bring (§5.5.1.1). */
static void read_acr(const json_t *wish, struct claims_wish *w)
{
    const json_t *values = json_object_get(wish, "values"), *value = json_object_get(wish, "value");

    if (!value && !values)
        return;
    w->acr_essential = w->acr_essential || json_is_true(json_object_get(wish, "essential"));
    add_acr(value, w);
    for (size_t i = 0; i < json_array_size(values); i++)
        add_acr(json_array_get(values, i), w);
}

/* The sub that is meant: whoever else signs in gets no answer (§5.5.1). */
static err_t read_sub(const json_t *wish, struct claims_wish *w)
{
    const json_t *value = json_object_get(wish, "value");
    const char *v = json_string_value(value);

    if (!value)
        return OK;
    if (!v || strlen(v) >= sizeof w->sub || (w->sub[0] && strcmp(w->sub, v) != 0))
        return ERR_REQUEST;
    snprintf(w->sub, sizeof w->sub, "%s", v);
    return OK;
}

/* --- what is asked of the data --- */

struct reading {
    const struct client *client;
    const char *scope; /* granted */
    struct claims_wish *wish;
};

static err_t read_one(const struct reading *r, const struct claim_info *i, const json_t *wish, json_t *to)
{
    if (!scope_has(r->client->scope, i->scope))
        return OK;
    if (!scope_has(r->scope, i->scope))
        TRY(add_name(r->wish, "", i->name));
    return json_object_set(to, i->name, (json_t *)wish) == 0 ? OK : ERR_NOMEM;
}

/* Keeps of one request the claims that this client may have verified. *left: any. */
static err_t keep_verified(const struct reading *r, json_t *claims, bool *left)
{
    const char *name;
    json_t *wish;
    void *next;

    json_object_foreach_safe(claims, next, name, wish)
    {
        const struct claim_info *i = find(name, strlen(name));
        TRY(match_wish_check(wish));
        if (!i || !i->verified || !scope_has(r->client->scope, i->scope))
            (void)json_object_del(claims, name);
        else
            TRY(add_name(r->wish, "verified.", name));
    }
    *left = json_object_size(claims) > 0;
    return OK;
}

static err_t read_verified(const struct reading *r, const json_t *asked, json_t *to)
{
    AUTO_JSON all = NULL;

    TRY(verified_read(asked, &all));
    for (size_t i = 0; i < json_array_size(all);) {
        json_t *one = json_array_get(all, i);
        bool left;
        TRY(keep_verified(r, json_object_get(one, "claims"), &left));
        if (!left) {
            (void)json_array_remove(all, i);
            continue;
        }
        if (verified_wants_evidence(one))
            TRY(add_name(r->wish, "verified.", "evidence"));
        if (verified_wants_number(one) && scope_has(r->scope, "citizen_number"))
            TRY(add_name(r->wish, "verified.", "document_number"));
        i++;
    }
    return json_array_size(all) == 0 || json_object_set(to, "verified_claims", all) == 0 ? OK : ERR_NOMEM;
}

static err_t read_member(const struct reading *r, const char *name, const json_t *wish, json_t *to)
{
    const struct claim_info *i = find(name, strlen(name));

    if (strcmp(name, "verified_claims") == 0)
        return read_verified(r, wish, to);
    TRY(match_wish_check(wish));
    if (strcmp(name, "acr") == 0)
        read_acr(wish, r->wish);
    if (strcmp(name, "sub") == 0)
        return read_sub(wish, r->wish);
    return i ? read_one(r, i, wish, to) : OK;
}

static err_t read_place(const struct reading *r, json_t *asked, json_t **out)
{
    AUTO_JSON to = json_object();
    const char *name;
    json_t *wish;

    if (!asked)
        return OK;
    if (!json_is_object(asked))
        return ERR_REQUEST;
    json_object_foreach(asked, name, wish) TRY(read_member(r, name, wish, to));
    if (json_object_size(to) > 0)
        *out = take(&to);
    return OK;
}

err_t claims_read(const char *text, const struct client *c, const char *scope, struct claims_wish *out, struct terms *t)
{
    AUTO_JSON all = NULL;
    const struct reading r = {c, scope, out};

    memset(out, 0, sizeof *out);
    err_t e = json_parse(bytes_str(text), CLAIMS_MAX, &all);
    if (e != OK || !json_is_object(all))
        return e == ERR_NOMEM ? e : ERR_REQUEST;
    TRY(read_place(&r, json_object_get(all, "userinfo"), &t->userinfo));
    return read_place(&r, json_object_get(all, "id_token"), &t->id_token);
}

/* --- consent and telling --- */

bool claims_covered(const char *names, const struct consent *given)
{
    char word[64];

    for (const char *w = names; *w; w += *w == ' ') {
        size_t n = strcspn(w, " ");
        const struct claim_info *i = find(w, n);
        snprintf(word, sizeof word, "%.*s", (int)n, w);
        if (!scope_has(given->claims, word) && !(i && scope_has(given->scope, i->scope)))
            return false;
        w += n;
    }
    return true;
}

static err_t tell_one(const json_t *known, const char *name, const json_t *wish, json_t *to)
{
    json_t *v = json_object_get(known, name);

    return !v || !match_value(wish, v) || json_object_set(to, name, v) == 0 ? OK : ERR_NOMEM;
}

err_t claims_tell(const json_t *asked, const json_t *person, const struct verified_facts *f, const char *scope, json_t *to)
{
    AUTO_JSON known = json_object();
    AUTO_JSON verified = NULL;
    const char *name;
    json_t *wish;

    if (!asked)
        return OK;
    TRY(known ? person_claims(person, ALL_SCOPES, known) : ERR_NOMEM);
    json_object_foreach((json_t *)asked, name, wish)
    {
        if (strcmp(name, "verified_claims") == 0)
            TRY(verified_tell(wish, person, known, f, scope, &verified));
        else
            TRY(tell_one(known, name, wish, to));
    }
    return !verified || json_object_set(to, "verified_claims", verified) == 0 ? OK : ERR_NOMEM;
}

/* Scope verified_claims: what the other scopes give of checked data, said to be checked. */
static err_t verified_of_scopes(const json_t *person, const struct verified_facts *f, const char *scope, json_t *to)
{
    AUTO_JSON claims = json_object();
    AUTO_JSON asked = json_pack("{s:[{s:{s:n, s:n, s:n}, s:O}]}", "verified_claims", "verification", "trust_framework", "assurance_level",
                                "time", "claims", claims);

    for (const struct claim_info *i = claim_table; claims && i->name; i++)
        if (i->verified && scope_has(scope, i->scope) && json_object_set_new(claims, i->name, json_null()) != 0)
            return ERR_NOMEM;
    return asked ? claims_tell(asked, person, f, scope, to) : ERR_NOMEM;
}

err_t claims_of_scopes(const json_t *person, const struct verified_facts *f, const char *scope, json_t *to)
{
    TRY(person_claims(person, scope, to));
    return scope_has(scope, "verified_claims") ? verified_of_scopes(person, f, scope, to) : OK;
}
