/*
 * GET /v1/credentials?subject=…, POST /v1/credentials/{id}/revoke and /unlock: the officer's side of signing credentials.
 * Called through routes.c, scope registrar. The officer sees states and certificates, never a PIN or key.
 */
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/errors.h"
#include "signer/rules/credential.h"
#include "common/clock.h"
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 32

struct listing {
    const char *subject;
    struct credential c[LIST_MAX];
    size_t n;
    json_t *out;
};

static err_t add_one(struct db *db, struct listing *l, size_t i)
{
    AUTO(credential_view_free) struct credential_view v = {.c = l->c[i]};
    err_t e = certificate_of(db, v.c.id, &v.cert);
    if (e != OK && e != ERR_DB_NONE)
        return e;
    json_t *one = NULL;
    TRY(credential_to_json(&v, &one));
    return json_array_append_new(l->out, one) == 0 ? OK : ERR_NOMEM;
}

static err_t read_list(struct db *db, void *arg)
{
    struct listing *l = arg;
    json_array_clear(l->out);
    TRY(credential_list(db, l->subject, l->c, LIST_MAX, &l->n));
    for (size_t i = 0; i < l->n; i++)
        TRY(add_one(db, l, i));
    return OK;
}

static void listing_free(struct listing **l)
{
    if (*l != NULL)
        json_free(&(*l)->out);
    free(*l);
}

err_t signer_credential_list(struct http_req *r)
{
    const char *subject = http_query(r, "subject");
    if (subject == NULL || subject[0] == '\0' || strlen(subject) > SUBJECT_MAX || http_dup_params(r)) {
        http_problem_detail(r, "subject");
        return ERR_SYNTAX;
    }
    AUTO(listing_free) struct listing *l = calloc(1, sizeof *l);
    if (l == NULL || (l->out = json_array()) == NULL)
        return ERR_NOMEM;
    l->subject = subject;
    TRY(db_do(signer_app(r)->db, DB_AUTOCOMMIT, read_list, l));
    http_reply_no_store(r);
    http_reply_json(r, 200, json_pack("{sO}", "credentials", l->out));
    return OK;
}

/* --- acts --- */

typedef err_t officer_fn(struct db *db, const struct officer_act *o);

struct job {
    struct officer_act act;
    officer_fn *fn;
};

static err_t run(struct db *db, void *arg, json_t **answer)
{
    const struct job *j = arg;
    TRY(j->fn(db, &j->act));
    AUTO(credential_view_free) struct credential_view v = {0};
    TRY(credential_get(db, j->act.id, &v.c));
    err_t e = certificate_of(db, v.c.id, &v.cert);
    return e == OK || e == ERR_DB_NONE ? credential_to_json(&v, answer) : e;
}

static err_t act(struct http_req *r, struct job *j)
{
    j->act.officer = api_caller(r);
    j->act.id = http_path(r, "id");
    j->act.request_id = http_request_id(r);
    if (!uuid_valid(j->act.id))
        return ERR_NOT_FOUND;
    return api_idempotent(r, 200, run, j);
}

err_t signer_credential_revoke(struct http_req *r)
{
    static const char *const members[] = {"reason", "invalid_since", NULL};
    const char *reason = NULL, *since = NULL;
    struct job j = {.fn = credential_revoke};
    TRY(json_only(http_json(r), members));
    TRY(json_get_str(http_json(r), "reason", 64, &reason));
    TRY(json_get_str(http_json(r), "invalid_since", 40, &since));
    j.act.reason = credential_reason(reason);
    if (j.act.reason < 0)
        return ERR_REASON;
    /* RFC 5280 §5.3.2: the invalidity date may be before anything, but not after the revocation itself. */
    if (since != NULL &&
        (clock_parse_rfc3339(since, &j.act.invalid_since) != OK || j.act.invalid_since <= 0 || j.act.invalid_since > clock_now()))
        return ERR_INVALID_SINCE;
    return act(r, &j);
}

err_t signer_credential_unlock(struct http_req *r)
{
    static const char *const none[] = {NULL};
    struct job j = {.fn = credential_unlock_by};
    TRY(json_only(http_json(r), none));
    return act(r, &j);
}
