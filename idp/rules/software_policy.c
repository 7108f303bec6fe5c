/*
 * What software that registers itself may ask for.
 * Called by endpoints/register.c, endpoints/admin_registration.c and antin-idpctl. RFC 7591 §3, §5 (security considerations).
 */
#include "idp/rules/software_policy.h"
#include "idp/rules/client_checks.h"
#include "idp/rules/scope.h"
#include "idp/rules/subject.h"
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 64

/* A policy's lists: what they are called, and what each word must be. */
static const struct list {
    const char *name, *def; /* def: when the policy does not say; NULL: nothing */
    size_t offset;
    client_check *check;
} lists[] = {
    {"grant_types", "authorization_code refresh_token", offsetof(struct software_policy, grants), check_grant},
    {"token_endpoint_auth_methods", "private_key_jwt client_secret_basic client_secret_post", offsetof(struct software_policy, methods),
     check_auth_method},
    {"hosts", NULL, offsetof(struct software_policy, hosts), check_sector},
    {"sectors", NULL, offsetof(struct software_policy, sectors), check_sector},
    {"authorization_details_types", NULL, offsetof(struct software_policy, details_types), check_details_type},
    {"software_ids", NULL, offsetof(struct software_policy, software_ids), check_label},
    {"statement_issuers", NULL, offsetof(struct software_policy, issuers), check_label},
};

static char **list_at(struct software_policy *p, const struct list *l)
{
    return (char **)((char *)p + l->offset);
}

void software_policy_free(struct software_policy *p)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        str_free(list_at(p, &lists[i]));
    str_free(&p->scope);
    str_free(&p->profile);
    memset(p, 0, sizeof *p);
}

/* --- reading --- */

static err_t wrong(struct client_fault *f, const char *field, const char *why)
{
    return client_fault(f, ERR_CLIENT_METADATA, field, why);
}

static err_t read_list(const json_t *j, const struct list *l, char **out, struct client_fault *f)
{
    const json_t *v = json_object_get(j, l->name);
    AUTO_BUF words = {0};

    if (!v)
        return l->def ? str_copy(out, l->def) : OK;
    if (!json_is_array(v) || json_array_size(v) > WORDS_MAX)
        return wrong(f, l->name, "is no array, or too long");
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *w = json_string_value(json_array_get(v, i));
        if (!w || !*w || strchr(w, ' ') || strlen(w) != json_string_length(json_array_get(v, i)) || l->check(w))
            return wrong(f, l->name, "holds an entry that is none");
        TRY(buf_addf(&words, "%s%s", words.len ? " " : "", w));
    }
    return words.len ? str_copy(out, buf_str(&words)) : OK;
}

static err_t read_text(const json_t *j, const char *name, client_check *check, char **out, struct client_fault *f)
{
    const char *v = NULL;

    if (json_get_str(j, name, SCOPE_MAX, &v) != OK || (v && (!*v || check(v))))
        return wrong(f, name, "is not one that there is");
    return v ? str_copy(out, v) : OK;
}

static err_t read_statement(const json_t *j, enum statement_wish *out, struct client_fault *f)
{
    static const char *const words[] = {
        [STATEMENT_OPTIONAL] = "optional", [STATEMENT_REQUIRED] = "required", [STATEMENT_REFUSED] = "refused"};
    const char *v = NULL;

    *out = STATEMENT_OPTIONAL;
    if (json_get_str(j, "software_statement", 16, &v) != OK)
        return wrong(f, "software_statement", "is no text");
    for (size_t i = 0; v && i < sizeof words / sizeof *words; i++)
        if (strcmp(v, words[i]) == 0) {
            *out = (enum statement_wish)i;
            return OK;
        }
    return v ? wrong(f, "software_statement", "is optional, required or refused") : OK;
}

static err_t read_all(const json_t *j, struct software_policy *out, struct client_fault *f)
{
    static const char *const known[] = {
        "scope", "security_profile", "software_statement",          "approval",     "grant_types",       "token_endpoint_auth_methods",
        "hosts", "sectors",          "authorization_details_types", "software_ids", "statement_issuers", NULL};

    if (json_only(j, known) != OK)
        return wrong(f, "the policy", "is no object, or holds a member that nobody knows");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        TRY(read_list(j, &lists[i], list_at(out, &lists[i]), f));
    TRY(read_text(j, "scope", check_scope, &out->scope, f));
    TRY(read_text(j, "security_profile", check_profile, &out->profile, f));
    TRY(read_statement(j, &out->statement, f));
    if (json_get_bool(j, "approval", true, &out->approval) != OK)
        return wrong(f, "approval", "is true or false");
    if (!out->scope)
        return wrong(f, "scope", "is missing");
    if (scope_has(out->scope, "admin") || scope_has(out->scope, "registrar"))
        return wrong(f, "scope", "holds what no software may give itself (admin, registrar)");
    return out->hosts || !scope_has(out->grants ? out->grants : "", "authorization_code") ? OK : wrong(f, "hosts", "is missing");
}

err_t software_policy_read(const json_t *j, struct software_policy *out, struct client_fault *f)
{
    memset(out, 0, sizeof *out);
    err_t e = read_all(j, out, f);
    if (e != OK)
        software_policy_free(out);
    return e;
}

err_t software_policy_parse(struct bytes text, struct software_policy *out)
{
    struct client_fault f;
    AUTO_JSON j = NULL;

    memset(out, 0, sizeof *out);
    if (json_parse(text, 2 * POLICY_MAX, &j) != OK)
        return ERR_DB;
    err_t e = software_policy_read(j, out, &f);
    return e == ERR_CLIENT_METADATA ? ERR_DB : e;
}

/* --- applying --- */

static bool inside(const char *words, const char *allowed)
{
    return !words || scope_covers(allowed ? allowed : "", words); /* lists of words, as scopes are */
}

struct host_check {
    const struct software_policy *policy;
    struct client_fault *fault;
};

static err_t check_host(const char *member, const char *uri, void *arg)
{
    const struct host_check *h = arg;
    char host[256];

    if (subject_sector(uri, host, sizeof host) == OK && inside(host, h->policy->hosts))
        return OK;
    err_t e = strcmp(member, "redirect_uris") == 0 ? ERR_CLIENT_REDIRECT : ERR_CLIENT_METADATA;
    return client_fault(h->fault, e, member, "is on a host that the policy does not allow");
}

static err_t check_addresses(const struct software_policy *p, const struct client_record *c, struct client_fault *f)
{
    struct host_check h = {p, f};

    TRY(client_metadata_uris(c, check_host, &h));
    /* A sector that is another's would tell it who that one's people are (OpenID Connect Core §8.1). */
    if (c->sector && !inside(c->sector, p->hosts) && !inside(c->sector, p->sectors))
        return wrong(f, "sector_identifier", "is one that the policy does not allow");
    return OK;
}

err_t software_policy_apply(const struct software_policy *p, struct client_record *c, struct client_fault *f)
{
    if (!c->scope)
        TRY(str_copy(&c->scope, p->scope));
    if (!inside(c->scope, p->scope))
        return wrong(f, "scope", "holds one that the policy does not allow");
    if (!inside(c->grants, p->grants))
        return wrong(f, "grant_types", "holds one that the policy does not allow");
    if (!inside(c->auth_method, p->methods))
        return wrong(f, "token_endpoint_auth_method", "is one that the policy does not allow");
    if (!inside(c->details_types, p->details_types))
        return wrong(f, "authorization_details_types", "holds one that the policy does not allow");
    if (p->profile && (!c->profile || (strcmp(c->profile, p->profile) != 0 && strcmp(c->profile, "fapi2-message-signing") != 0)))
        return wrong(f, "security_profile", "is less than the policy asks for");
    return check_addresses(p, c, f);
}
