/*
 * Clients that register, see, change and remove themselves.
 * POST /register with an initial access token (RFC 7591 §3); GET, PUT, DELETE /register/{client_id} with the client's own (RFC 7592 §2).
 */
#include "common/log.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/rules/audit_bound.h"
#include "idp/rules/client_auth.h"
#include "idp/rules/client_registry.h"
#include "idp/rules/clients.h"
#include "idp/rules/software_statement.h"
#include "idp/rules/throttle.h"
#include "idp/store/registration.h"
#include <string.h>
#include <strings.h>

/* What one registration carries from step to step. */
struct visit {
    uint8_t token_hash[HASH_LEN]; /* of the token that came with the request */
    struct software_policy policy;
    struct client_record client;
    struct client_fault fault;
    char secret[TOKEN_CHARS + 1];
    char token[TOKEN_CHARS + 1]; /* the client's next registration access token */
    uint8_t next_hash[HASH_LEN];
};

static void visit_free(struct visit *v)
{
    software_policy_free(&v->policy);
    client_record_free(&v->client);
    secret_wipe(v, sizeof *v);
}

/* RFC 6750 §2.1, in the header alone. */
static err_t bearer_hash(const struct http_req *r, const char **token, uint8_t hash[HASH_LEN])
{
    const char *h = http_header(r, "Authorization");

    if (!h)
        return ERR_TOKEN_MISSING;
    if (http_header_twice(r, "Authorization"))
        return ERR_REQUEST;
    if (strncasecmp(h, "Bearer ", 7) != 0)
        return ERR_TOKEN;
    *token = h + 7;
    return token_hash(*token, hash) ? OK : ERR_TOKEN;
}

static struct registry registry_of(const struct app *a, const struct actor *by)
{
    return (struct registry){.db = a->db, .seal = a->keys.seal, .jwks = a->jwks, .by = by};
}

/* Tells what was wrong, in its words; the log hears of whoever holds a token and asks for too much. */
static err_t tell(struct http_req *r, const struct visit *v, err_t e)
{
    if (e == ERR_CLIENT_METADATA || e == ERR_CLIENT_REDIRECT || e == ERR_STATEMENT || e == ERR_STATEMENT_UNAPPROVED) {
        http_problem_detail(r, "%s", v->fault.text);
        log_event(LOG_INFO, "client.registration_refused", "%s", err_info(e)->code);
    } else if (e != ERR_TOKEN)
        return e;
    /* A token that is guessed, or one that asks for more than its policy lets through. */
    const struct audit row = {.event = "registration.refused", .detail = err_info(e)->code, .request_id = http_request_id(r)};
    return audit_refusal(app_of(r)->db, &row, e);
}

/* Client information (RFC 7591 §3.2.1, RFC 7592 §3). */
static err_t answer(struct http_req *r, int status, const struct client_record *c, const char *secret, const char *token, const char *state)
{
    AUTO_JSON doc = NULL;

    TRY(client_metadata_write(c, &doc));
    int bad = json_object_set_new(doc, "registration_access_token", json_string(token)) |
              json_object_set_new(doc, "registration_client_uri", json_sprintf("%s/register/%s", app_of(r)->conf.issuer, c->id)) |
              json_object_set_new(doc, "client_state", json_string(state));
    if (c->created_at)
        bad |= json_object_set_new(doc, "client_id_issued_at", json_integer(c->created_at));
    if (*secret) {
        bad |= json_object_set_new(doc, "client_secret", json_string(secret));
        bad |= json_object_set_new(doc, "client_secret_expires_at", json_integer(0)); /* it does not */
    }
    if (bad)
        return ERR_NOMEM;
    http_reply_no_store(r);
    http_reply_json(r, status, take(&doc));
    return OK;
}

/* The request's metadata, under the statement's and inside the policy. */
static err_t read_metadata(const struct http_req *r, struct visit *v)
{
    const struct app *a = app_of(r);
    const struct statement_expect expect = {.issuers = a->software, .audience = a->conf.issuer, .policy = &v->policy};
    AUTO_JSON doc = json_copy((json_t *)http_json(r)); /* members are replaced, never changed */

    TRY(doc ? statement_apply(&expect, doc, &v->fault) : ERR_NOMEM);
    TRY(client_metadata_read(doc, false, &v->client, &v->fault));
    return software_policy_apply(&v->policy, &v->client, &v->fault);
}

/* --- RFC 7591 --- */

static err_t register_client(struct http_req *r, struct visit *v)
{
    const struct app *a = app_of(r);
    const char *token = NULL;
    AUTO_BUF policy = {0};
    const struct actor by = {.request_id = http_request_id(r)};
    const struct registry reg = registry_of(a, &by);

    TRY(bearer_hash(r, &token, v->token_hash));
    err_t e = registration_policy_live(a->db, v->token_hash, &policy);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_TOKEN : e;
    TRY(software_policy_parse(buf_bytes(&policy), &v->policy));
    TRY(read_metadata(r, v));
    v->client.id[0] = '\0'; /* nobody chooses an id that looks like another's */
    random_token(v->token, TOKEN_BYTES);
    sha256(bytes_str(v->token), v->next_hash);
    const struct client_birth born = {
        .state = v->policy.approval ? "pending" : "active",
        .initial_token = v->token_hash,
        .registration_token = v->next_hash,
    };
    e = registry_add(&reg, &v->client, &born, v->secret, &v->fault);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_TOKEN : e; /* somebody used the token's last use meanwhile */
    return answer(r, 201, &v->client, v->secret, v->token, born.state);
}

err_t post_register(struct http_req *r)
{
    AUTO(visit_free) struct visit v = {0};

    return tell(r, &v, register_client(r, &v));
}

/* --- RFC 7592 --- */

#define CHANGES_MAX 60 /* of one client in [login] throttle_window seconds: each is a row in the audit log, and told to every daemon */

static err_t limit_changes(struct http_req *r, const struct client_record *c)
{
    struct app *a = app_of(r);
    int64_t wait = 0;

    err_t e = rate_try(a->db, a->keys.throttle, "register-client", c->id, CHANGES_MAX, a->conf.throttle_window, &wait);
    page_retry_after(r, wait);
    return e;
}

/* The client of the address, by its own token. Whether it exists is not told to anybody else (§2). */
static err_t find_own(struct http_req *r, uint8_t hash[HASH_LEN], const char **token, struct client_record *out)
{
    const char *id = http_path(r, "client_id");
    struct db_pool *db = app_of(r)->db;

    TRY(bearer_hash(r, token, hash));
    if (!id || !client_id_ok(id))
        return ERR_TOKEN;
    err_t e = registration_access(db, id, hash);
    if (e == OK)
        e = client_record_get(db, id, out);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_TOKEN : e;
    return strcmp(out->state, "disabled") == 0 ? ERR_FORBIDDEN : OK;
}

err_t get_register(struct http_req *r)
{
    AUTO_CLIENT c = {0};
    uint8_t hash[HASH_LEN];
    const char *token = NULL;

    TRY(find_own(r, hash, &token, &c));
    return answer(r, 200, &c, "", token, c.state);
}

/* §2.2: the id as it is, the secret (when it says one) as it is, and nothing that only we say. */
static err_t check_own(const struct http_req *r, const struct client_record *c, struct client_fault *f)
{
    static const char *const ours[] = {"registration_access_token", "registration_client_uri", "client_secret_expires_at",
                                       "client_id_issued_at"};
    const json_t *doc = http_json(r);
    const char *id = NULL, *secret = NULL;
    struct client k;
    uint8_t hash[HASH_LEN];

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (json_object_get(doc, ours[i]))
            return client_fault(f, ERR_CLIENT_METADATA, ours[i], "is not for the client to say (RFC 7592 §2.2)");
    if (json_need_str(doc, "client_id", CLIENT_ID_MAX, &id) != OK || strcmp(id, c->id) != 0)
        return client_fault(f, ERR_CLIENT_METADATA, "client_id", "is missing, or not this client's (RFC 7592 §2.2)");
    if (json_get_str(doc, "client_secret", TOKEN_CHARS, &secret) != OK)
        return client_fault(f, ERR_CLIENT_METADATA, "client_secret", "is no text, or too long");
    if (!secret)
        return OK;
    TRY(client_get(app_of(r)->db, c->id, NULL, &k));
    client_secret_hash(secret, hash);
    if (k.has_secret && secret_eq(BYTES(hash, HASH_LEN), BYTES(k.secret_hash, HASH_LEN)))
        return OK;
    return client_fault(f, ERR_CLIENT_METADATA, "client_secret", "is not the one that it has: nobody chooses a secret (RFC 7592 §2.2)");
}

static err_t change_client(struct http_req *r, struct visit *v, const struct client_record *old)
{
    const struct app *a = app_of(r);
    const struct actor by = {.client = old->id, .request_id = http_request_id(r)};
    const struct registry reg = registry_of(a, &by);
    AUTO_BUF policy = {0};

    TRY(registration_policy_of(a->db, old->id, &policy));
    TRY(software_policy_parse(buf_bytes(&policy), &v->policy));
    TRY(check_own(r, old, &v->fault));
    TRY(read_metadata(r, v));
    TRY(client_rules_check(&v->client, &v->fault)); /* so that what follows of the metadata is compared too */
    /* What somebody approved, or wanted otherwise, is what they saw: another address, scope or name has to be looked at again. */
    bool again = (v->policy.approval || old->officer_changed) && !client_metadata_same(old, &v->client);
    const char *state = again ? "pending" : old->state;
    random_token(v->token, TOKEN_BYTES);
    sha256(bytes_str(v->token), v->next_hash);
    TRY(registry_put(&reg, old, &v->client, state, v->next_hash, "client.changed", v->secret, &v->fault));
    clients_forget(a->clients, old->id);
    v->client.created_at = old->created_at;
    return answer(r, 200, &v->client, v->secret, v->token, state);
}

err_t put_register(struct http_req *r)
{
    AUTO(visit_free) struct visit v = {0};
    AUTO_CLIENT old = {0};
    const char *token = NULL;

    TRY(find_own(r, v.token_hash, &token, &old));
    TRY(limit_changes(r, &old));
    return tell(r, &v, change_client(r, &v, &old));
}

err_t delete_register(struct http_req *r)
{
    AUTO_CLIENT c = {0};
    uint8_t hash[HASH_LEN];
    const char *token = NULL;

    TRY(find_own(r, hash, &token, &c));
    const struct actor by = {.client = c.id, .request_id = http_request_id(r)};
    err_t e = client_record_remove(app_of(r)->db, c.id, &by);
    clients_forget(app_of(r)->clients, c.id);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_TOKEN : e;
    http_reply_no_store(r);
    http_reply(r, 204, NULL, NULL);
    return OK;
}
