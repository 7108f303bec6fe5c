/*
 * The backchannel authentication endpoint: a client that has no browser before it asks for a person's sign-in.
 * POST /bc-authorize. CIBA Core 1.0 §7, §13. The answer comes by the token endpoint; who is asked answers at /requests.
 */
#include "idp/rules/backchannel.h"
#include "idp/endpoints/caller.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/request.h"
#include "idp/rules/audit_bound.h"

/* Plain fields, or one signed object and none of them beside it (§7.1.1). */
static err_t take_params(struct http_req *r, const struct backchannel_deps *d, const struct client *c, json_t **params, bool *signed_object)
{
    const char *object = http_field(r, "request");

    *signed_object = object != NULL;
    *params = json_object();
    if (!*params)
        return ERR_NOMEM;
    for (size_t i = 0; backchannel_param_names[i]; i++) {
        const char *v = http_field(r, backchannel_param_names[i]);
        if (v && object)
            return ERR_REQUEST;
        if (v && json_object_set_new(*params, backchannel_param_names[i], json_string(v)) != 0)
            return ERR_NOMEM;
    }
    if (!object)
        return http_field(r, "request_uri") ? ERR_REQUEST : OK;
    json_free(params);
    return backchannel_open(d, c, object, params);
}

/* A forged or used request, a client that asks too much or too often: the log hears of it. */
static err_t refusal(struct http_req *r, const struct client *c, err_t e)
{
    const struct audit row = {.event = "backchannel.throttled", .client_id = c->id, .request_id = http_request_id(r)};

    return e == ERR_RATE ? audit_refusal(app_of(r)->db, &row, e) : request_refusal(r, c->id, e);
}

err_t post_bc_authorize(struct http_req *r)
{
    const struct app *a = app_of(r);
    const struct backchannel_deps d = {
        .db = a->db,
        .clients = a->clients,
        .jwks = a->jwks,
        .keys = &a->keys,
        .resources = {.issuer = a->conf.issuer, .signer = a->conf.signer_resource, .signer_scopes = a->conf.signer_scopes},
        .life = a->conf.ciba_life,
        .client_limit = a->conf.ciba_client,
        .person_limit = a->conf.ciba_person,
        .window = a->conf.throttle_window,
    };
    struct backchannel_begun begun = {0};
    AUTO_JSON params = NULL;
    struct caller c;
    bool signed_object;

    TRY(caller_of(r, &c));
    err_t e = take_params(r, &d, &c.client, &params, &signed_object);
    if (e == OK)
        e = backchannel_begin(&d, &c.client, params, signed_object, http_request_id(r), &begun);
    page_retry_after(r, begun.wait);
    if (e != OK)
        return refusal(r, &c.client, e);
    json_t *j = json_pack("{s:s, s:I, s:i}", "auth_req_id", begun.id, "expires_in", (json_int_t)begun.life, "interval", DEVICE_PAUSE);
    http_reply_no_store(r);
    http_reply_json(r, 200, j);
    return j ? OK : ERR_NOMEM;
}
