/*
 * Clients, for administrators.
 * GET, POST /admin/v1/clients; GET, PUT, DELETE /admin/v1/clients/{id}; POST …/secret, …/enable, …/disable. RFC 7591 §2 (metadata), RFC 9457, RFC 9110 §13.
 */
#include "common/clock.h"
#include "idp/endpoints/admin.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/rules/client_registry.h"
#include "idp/rules/clients.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 100
#define PAGE_MAX 500

static struct registry registry_of(const struct http_req *r)
{
    const struct app *a = app_of(r);

    return (struct registry){.db = a->db, .seal = a->keys.seal, .jwks = a->jwks, .by = admin_actor(r)};
}

/* An id that cannot be one is simply not found. */
static err_t find(const struct http_req *r, struct client_record *out)
{
    const char *id = http_path(r, "id");

    if (!id || !client_id_ok(id))
        return ERR_NOT_FOUND;
    err_t e = client_record_get(app_of(r)->db, id, out);
    return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
}

static err_t tell(struct http_req *r, const struct client_fault *f, err_t e)
{
    if (e == ERR_CLIENT_METADATA || e == ERR_CLIENT_REDIRECT)
        http_problem_detail(r, "%s", f->text);
    return e;
}

/* --- one client --- */

/* Its metadata, what the house knows beside, and a secret where a new one was made. */
static err_t answer(struct http_req *r, int status, const struct client_record *c, const char *secret)
{
    char created[CLOCK_RFC3339_LEN + 1], changed[CLOCK_RFC3339_LEN + 1], etag[32];
    AUTO_JSON doc = NULL;

    TRY(client_metadata_write(c, &doc));
    clock_rfc3339(c->created_at, created);
    clock_rfc3339(c->changed_at, changed);
    snprintf(etag, sizeof etag, "\"%lld\"", (long long)c->version);
    AUTO_JSON more = json_pack("{s:s, s:I, s:s, s:s, s:s*, s:s*}", "state", c->state, "version", (json_int_t)c->version, "created_at",
                               created, "changed_at", changed, "registration_token_id", *c->registration_id ? c->registration_id : NULL,
                               "client_secret", *secret ? secret : NULL);
    if (!more || json_object_update(doc, more) != 0)
        return ERR_NOMEM;
    http_reply_no_store(r);
    http_reply_json(r, status, take(&doc));
    http_reply_header(r, "ETag", etag);
    return OK;
}

/* After a change, as it is now: the database says the version and the state. */
static err_t answer_now(struct http_req *r, int status, const char *id, const char *secret)
{
    AUTO_CLIENT now = {0};

    clients_forget(app_of(r)->clients, id);
    err_t e = client_record_get(app_of(r)->db, id, &now);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    return answer(r, status, &now, secret);
}

err_t get_admin_client(struct http_req *r)
{
    AUTO_CLIENT c = {0};

    TRY(find(r, &c));
    return answer(r, 200, &c, "");
}

err_t post_admin_clients(struct http_req *r)
{
    const struct registry reg = registry_of(r);
    AUTO_CLIENT c = {0};
    struct client_fault fault = {0};
    char secret[TOKEN_CHARS + 1], where[CLIENT_ID_MAX + 32];

    TRY(tell(r, &fault, client_metadata_read(http_json(r), true, &c, &fault)));
    TRY(tell(r, &fault, registry_add(&reg, &c, &(struct client_birth){.state = "active"}, secret, &fault)));
    err_t e = answer_now(r, 201, c.id, secret);
    secret_wipe(secret, sizeof secret);
    snprintf(where, sizeof where, "/admin/v1/clients/%s", c.id);
    http_reply_header(r, "Content-Location", where);
    return e;
}

/* RFC 9110 §13.1.1: with If-Match, only what the caller has seen is replaced. */
static err_t check_version(const struct http_req *r, const struct client_record *c)
{
    const char *want = http_header(r, "If-Match");
    char etag[32];

    snprintf(etag, sizeof etag, "\"%lld\"", (long long)c->version);
    return !want || strcmp(want, "*") == 0 || strcmp(want, etag) == 0 ? OK : ERR_VERSION;
}

/* All of its metadata anew: what is left out gets its default (RFC 9110 §9.3.4). */
err_t put_admin_client(struct http_req *r)
{
    const struct registry reg = registry_of(r);
    AUTO_CLIENT old = {0}, c = {0};
    struct client_fault fault = {0};
    char secret[TOKEN_CHARS + 1];

    TRY(find(r, &old));
    TRY(check_version(r, &old));
    TRY(tell(r, &fault, client_metadata_read(http_json(r), true, &c, &fault)));
    if (c.id[0] && strcmp(c.id, old.id) != 0)
        return tell(r, &fault, client_fault(&fault, ERR_CLIENT_METADATA, "client_id", "is another one's"));
    TRY(tell(r, &fault, registry_put(&reg, &old, &c, NULL, NULL, "client.changed", secret, &fault)));
    err_t e = answer_now(r, 200, old.id, secret);
    secret_wipe(secret, sizeof secret);
    return e;
}

err_t delete_admin_client(struct http_req *r)
{
    AUTO_CLIENT c = {0};

    TRY(find(r, &c));
    TRY(check_version(r, &c));
    err_t e = client_record_remove(app_of(r)->db, c.id, admin_actor(r));
    clients_forget(app_of(r)->clients, c.id);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    http_reply_no_store(r);
    http_reply(r, 204, NULL, NULL);
    return OK;
}

err_t post_admin_client_secret(struct http_req *r)
{
    const struct registry reg = registry_of(r);
    AUTO_CLIENT c = {0};
    char secret[TOKEN_CHARS + 1];

    TRY(find(r, &c));
    err_t e = registry_secret(&reg, c.id, secret);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CLIENT_SECRETLESS : e;
    e = answer_now(r, 200, c.id, secret);
    secret_wipe(secret, sizeof secret);
    return e;
}

static err_t set_state(struct http_req *r, const char *state)
{
    AUTO_CLIENT c = {0};

    TRY(find(r, &c));
    err_t e = client_set_state(app_of(r)->db, c.id, state, admin_actor(r));
    return e == OK ? answer_now(r, 200, c.id, "") : e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
}

/* Also what approves a client that registered itself. */
err_t post_admin_client_enable(struct http_req *r)
{
    return set_state(r, "active");
}

err_t post_admin_client_disable(struct http_req *r)
{
    return set_state(r, "disabled");
}

/* --- all of them --- */

static json_t *row_json(const struct db_rows *rows, int i)
{
    char created[CLOCK_RFC3339_LEN + 1];

    clock_rfc3339(db_time(rows, i, 8), created);
    return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s*}", "client_id", db_str(rows, i, 0), "client_name", db_str(rows, i, 1),
                     "token_endpoint_auth_method", db_str(rows, i, 2), "first_party", db_bool(rows, i, 3), "sector_identifier",
                     db_str(rows, i, 4), "scope", db_str(rows, i, 5), "state", db_str(rows, i, 7), "created_at", created,
                     "registration_token_id", db_null(rows, i, 9) ? NULL : db_str(rows, i, 9));
}

static err_t read_limit(const struct http_req *r, int64_t *out)
{
    const char *v = http_query(r, "limit");

    *out = PAGE_DEFAULT;
    if (!v)
        return OK;
    if (!*v || strlen(v) > 3 || v[strspn(v, "0123456789")] != '\0')
        return ERR_REQUEST;
    *out = strtoll(v, NULL, 10);
    return *out >= 1 && *out <= PAGE_MAX ? OK : ERR_REQUEST;
}

/* ?after=ID&limit=N&state=…: keyset pages, so that a long list costs no more at its end. */
err_t get_admin_clients(struct http_req *r)
{
    const char *after = http_query(r, "after"), *state = http_query(r, "state");
    AUTO_ROWS rows = NULL;
    AUTO_JSON list = json_array();
    int64_t limit;

    if (http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    TRY(read_limit(r, &limit));
    if ((after && !client_id_ok(after)) ||
        (state && strcmp(state, "active") != 0 && strcmp(state, "disabled") != 0 && strcmp(state, "pending") != 0))
        return ERR_REQUEST;
    TRY(client_page(app_of(r)->db, after ? after : "", limit, state, &rows));
    for (int i = 0; i < db_count(rows); i++)
        if (json_array_append_new(list, row_json(rows, i)) != 0)
            return ERR_NOMEM;
    bool more = db_count(rows) == limit;
    http_reply_no_store(r);
    http_reply_json(r, 200, json_pack("{s:O, s:s*}", "clients", list, "next", more ? db_str(rows, db_count(rows) - 1, 0) : NULL));
    return OK;
}
