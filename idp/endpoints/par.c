/*
 * Authorization requests sent ahead by the client itself: the browser then carries a name alone.
 * POST /par. RFC 9126; RFC 9449 §10.1 (the code bound to a DPoP key); RFC 9101 §5.2 (a request object inside).
 */
#include "common/dpop.h"
#include "idp/endpoints/caller.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/request.h"
#include "idp/rules/pushed.h"
#include <string.h>

/* The key that a DPoP header proves is the one that the code will be bound to; a dpop_jkt beside it must say the same. */
static err_t bind_key(struct http_req *r, const struct client *c, struct request *q)
{
    char jkt[JKT_LEN + 1];
    const char *named = authz_param(q->params, "dpop_jkt");

    TRY(caller_dpop(r, NULL, c->dpop_nonce, jkt));
    if (!jkt[0])
        return OK;
    if (named && strcmp(named, jkt) != 0)
        return ERR_DPOP;
    return json_object_set_new(q->params, "dpop_jkt", json_string(jkt)) == 0 ? OK : ERR_NOMEM;
}

/* Whatever would be refused at the authorization endpoint is refused here, where the client hears it (RFC 9126 §2.1). */
static err_t check(const struct app *a, const char *client_id, const struct request *q)
{
    struct client client;
    struct auth_request ignored;
    struct request as_pushed = *q;
    const char *uri = authz_param(q->params, "redirect_uri");

    as_pushed.pushed = true;
    const struct authz_in in = request_in(a, &as_pushed);
    TRY(authz_client(a->clients, client_id, uri, in.state, &client));
    return authz_read(&in, &client, uri, a->keys.seal, &ignored);
}

static err_t keep(struct http_req *r, const char *client_id, const struct request *q)
{
    struct app *a = app_of(r);
    char uri[PUSHED_URI_LEN + 1];
    const struct pushed_keep k = {
        .seal = a->keys.seal,
        .client_id = client_id,
        .params = q->params,
        .life = a->conf.pushed_life,
        .request_id = http_request_id(r),
    };

    if (q->signed_object && json_object_set_new(q->params, "signed", json_true()) != 0)
        return ERR_NOMEM;
    TRY(pushed_keep(a->db, &k, uri));
    http_reply_no_store(r);
    http_reply_json(r, 201, json_pack("{s:s, s:I}", "request_uri", uri, "expires_in", (json_int_t)a->conf.pushed_life));
    return OK;
}

err_t post_par(struct http_req *r)
{
    AUTO(request_free) struct request q = {0};
    struct caller c;

    TRY(caller_of(r, &c));
    TRY(caller_rate(r, &c.client, "pushed-address", app_of(r)->conf.pushed_address)); /* each is a row, and one in the audit log */
    TRY(request_take(r, http_field, &q));
    if (authz_param(q.params, "request_uri")) /* RFC 9126 §2.1 */
        return ERR_REQUEST;
    if (json_object_set_new(q.params, "client_id", json_string(c.client.id)) != 0)
        return ERR_NOMEM;
    err_t e = authz_param(q.params, "request") ? request_open(r, &q) : OK;
    if (e == OK)
        e = bind_key(r, &c.client, &q);
    if (e == OK)
        e = check(app_of(r), c.client.id, &q);
    return e == OK ? keep(r, c.client.id, &q) : request_refusal(r, c.client.id, e);
}
