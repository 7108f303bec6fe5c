/*
 * The registrar's API for one citizen: state, a new activation code, locking.
 * GET /v1/citizens/{id}, POST /v1/citizens/{id}/activation, /lock, /unlock. RFC 9457; Idempotency-Key.
 */
#include "common/clock.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/once.h"
#include "idp/endpoints/tokens.h"
#include "idp/rules/activation.h"
#include "idp/rules/subject.h"
#include "idp/store/cursor.h"
#include <stdio.h>
#include <string.h>

static const struct bearer *officer(const struct http_req *r)
{
    return http_principal(r);
}

err_t citizen_subject(const struct app *a, const char *account_id, char out[SUB_LEN + 1])
{
    char sector[256];

    out[0] = '\0';
    if (!a->conf.signer_resource[0])
        return OK;
    TRY(subject_sector(a->conf.signer_resource, sector, sizeof sector));
    subject_make(a->keys.pairwise, sector, account_id, out);
    return OK;
}

/* An id that is no UUID would be the database's fault to report: it is simply not found. */
static err_t id_of(const struct http_req *r, const char **id)
{
    *id = http_path(r, "id");
    return uuid_ok(*id) ? OK : ERR_NOT_FOUND;
}

static err_t find(struct http_req *r, struct account *out)
{
    const char *id;

    TRY(id_of(r, &id));
    err_t e = account_by_id(app_of(r)->db, id, out);
    memset(out->password, 0, sizeof out->password);
    if (e == ERR_DB_NONE || (e == OK && strcmp(out->kind, "citizen") != 0))
        return ERR_NOT_FOUND; /* officers' accounts are not managed here */
    return e;
}

err_t get_citizen(struct http_req *r)
{
    struct account a;
    char sub[SUB_LEN + 1], since[CLOCK_RFC3339_LEN + 1];

    TRY(find(r, &a));
    TRY(citizen_subject(app_of(r), a.id, sub));
    clock_rfc3339(a.created_at, since);
    http_reply_json(r, 200,
                    json_pack("{s:s, s:s, s:i, s:s, s:s*}", "id", a.id, "state", a.state, "level", a.level, "created_at", since,
                              "signer_subject", *sub ? sub : NULL));
    return OK;
}

static err_t renew(struct http_req *r, const struct once *o, const struct account *a, struct buf *answer)
{
    struct app *app = app_of(r);
    char code[ACTIVATION_CHARS + 1], until[CLOCK_RFC3339_LEN + 1];
    uint8_t hash[HASH_LEN];
    AUTO_BUF sealed = {0};

    activation_make(&app->keys, a->id, code, hash);
    clock_rfc3339(clock_now() + app->conf.activation_days * 86400, until);
    AUTO_JSON j = json_pack("{s:s, s:s, s:s}", "id", a->id, "activation_code", code, "activation_expires_at", until);
    if (!j)
        return ERR_NOMEM;
    TRY(json_text(j, answer));
    struct activation_new row = {
        .account_id = a->id,
        .code_hash = hash,
        .days = app->conf.activation_days,
        .by = o->principal,
        .request_id = http_request_id(r),
    };
    TRY(once_keep(app, o, 201, buf_bytes(answer), &sealed, &row.once));
    return activation_renew(app->db, &row);
}

/* A forgotten password, a lost phone: the citizen gets a new code at the counter. */
err_t post_citizen_activation(struct http_req *r)
{
    struct account a;
    struct once o;
    AUTO_BUF answer = {0};
    bool done;

    TRY(find(r, &a));
    TRY(once_begin(r, officer(r)->grant.account_id, &o, &done));
    if (done)
        return OK;
    err_t e = renew(r, &o, &a, &answer);
    if (e == ERR_DB_CONFLICT)
        return once_replay(r, &o);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CITIZEN_STATE : e;
    http_reply_no_store(r);
    http_reply(r, 201, "application/json", &answer);
    return OK;
}

static err_t set_state(struct http_req *r, const char *state)
{
    struct account a;

    TRY(find(r, &a));
    const struct actor by = {officer(r)->grant.account_id, officer(r)->claims.client_id, NULL, http_request_id(r)};
    err_t e = account_set_state(app_of(r)->db, a.id, state, &by);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    return get_citizen(r);
}

err_t post_citizen_lock(struct http_req *r)
{
    return set_state(r, "locked");
}

err_t post_citizen_unlock(struct http_req *r)
{
    return set_state(r, "active");
}
