/*
 * Initial access tokens.
 * Called by endpoints/admin_registration.c and antin-idpctl. RFC 7591 §3.
 */
#include "idp/rules/registration_token.h"
#include "common/clock.h"
#include "idp/rules/client_checks.h"
#include "idp/rules/secrets.h"
#include <string.h>

#define USES_MAX 1000000
#define DAYS_MAX 3650

static err_t read_asked(const json_t *asked, struct registration_new *t, struct buf *policy, struct client_fault *f)
{
    static const char *const known[] = {"name", "uses", "days", "policy", NULL};
    AUTO_POLICY read = {0};

    if (json_only(asked, known) != OK)
        return client_fault(f, ERR_CLIENT_METADATA, "the token", "is asked for with name, uses, days and policy");
    if (json_need_str(asked, "name", 800, &t->name) != OK || check_label(t->name))
        return client_fault(f, ERR_CLIENT_METADATA, "name", "is missing or cannot be one");
    if (json_get_int(asked, "uses", 1, USES_MAX, 1, &t->uses) != OK)
        return client_fault(f, ERR_CLIENT_METADATA, "uses", "is a number from 1 on");
    if (json_get_int(asked, "days", 1, DAYS_MAX, 7, &t->days) != OK)
        return client_fault(f, ERR_CLIENT_METADATA, "days", "is a number from 1 to 3650");
    TRY(software_policy_read(json_object_get(asked, "policy"), &read, f));
    TRY(json_text(json_object_get(asked, "policy"), policy));
    t->policy = buf_str(policy);
    return policy->len <= POLICY_MAX ? OK : client_fault(f, ERR_CLIENT_METADATA, "policy", "is too long");
}

err_t registration_token_make(struct db_pool *p, const json_t *asked, const struct actor *by, json_t **made, struct client_fault *f)
{
    char id[UUID_LEN + 1], token[TOKEN_CHARS + 1], until[CLOCK_RFC3339_LEN + 1];
    uint8_t hash[HASH_LEN];
    AUTO_BUF policy = {0};
    struct registration_new t = {.id = id, .token_hash = hash};

    TRY(read_asked(asked, &t, &policy, f));
    random_uuid(id);
    random_token(token, TOKEN_BYTES);
    sha256(bytes_str(token), hash);
    TRY(registration_token_add(p, &t, by));
    clock_rfc3339(clock_now() + t.days * 86400, until);
    *made = json_pack("{s:s, s:s, s:s, s:I, s:s}", "id", id, "initial_access_token", token, "name", t.name, "uses", (json_int_t)t.uses,
                      "expires_at", until);
    secret_wipe(token, sizeof token);
    return *made ? OK : ERR_NOMEM;
}

static json_t *row_json(const struct db_rows *r, int i)
{
    char created[CLOCK_RFC3339_LEN + 1], until[CLOCK_RFC3339_LEN + 1];
    json_t *policy = NULL;

    clock_rfc3339(db_time(r, i, 5), created);
    clock_rfc3339(db_time(r, i, 6), until);
    if (json_parse(bytes_str(db_str(r, i, 2)), 2 * POLICY_MAX, &policy) != OK)
        return NULL;
    return json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:o}", "id", db_str(r, i, 0), "name", db_str(r, i, 1), "uses",
                     (json_int_t)db_int(r, i, 3), "used", (json_int_t)db_int(r, i, 4), "state", db_str(r, i, 7), "created_at", created,
                     "expires_at", until, "policy", policy);
}

err_t registration_tokens_tell(struct db_pool *p, json_t **out)
{
    AUTO_ROWS r = NULL;
    AUTO_JSON list = json_array();

    TRY(registration_token_list(p, &r));
    for (int i = 0; i < db_count(r); i++)
        if (json_array_append_new(list, row_json(r, i)) != 0)
            return ERR_NOMEM;
    *out = json_pack("{s:O}", "registration_tokens", list);
    return *out ? OK : ERR_NOMEM;
}
