/*
 * An authorization request before it is read.
 * Called by authorize.c and par.c. RFC 9101 §5, §6; RFC 9126 §4.
 */
#include "idp/endpoints/request.h"
#include "idp/endpoints/page.h"
#include "idp/rules/audit_bound.h"
#include "idp/rules/clients.h"
#include "idp/rules/pushed.h"
#include "idp/rules/request_object.h"
#include <string.h>

void request_free(struct request *q)
{
    json_free(&q->params);
}

err_t request_take(struct http_req *r, const char *(*get)(const struct http_req *r, const char *name), struct request *q)
{
    q->params = json_object();
    if (!q->params)
        return ERR_NOMEM;
    for (size_t i = 0; authz_param_names[i]; i++) {
        const char *v = get(r, authz_param_names[i]);
        if (v && json_object_set_new(q->params, authz_param_names[i], json_string(v)) != 0)
            return ERR_NOMEM;
    }
    return OK;
}

static void replace(struct request *q, json_t *params)
{
    json_free(&q->params);
    q->params = params;
}

static err_t open_pushed(struct app *a, const char *client_id, struct request *q)
{
    json_t *found = NULL;

    TRY(pushed_find(a->db, a->keys.seal, client_id, authz_param(q->params, "request_uri"), &found));
    q->pushed = true;
    q->signed_object = json_is_true(json_object_get(found, "signed"));
    replace(q, found);
    return OK;
}

static err_t open_object(struct app *a, const char *client_id, struct request *q)
{
    struct client client;
    json_t *found = NULL;

    err_t e = clients_get(a->clients, client_id, NULL, &client);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CLIENT_UNKNOWN : e;
    e = request_object_read(a->clients, &client, a->conf.issuer, authz_param(q->params, "request"), &found);
    if (e == ERR_REQUEST_OBJECT) /* a client without keys: its plain parameters tell where to say so */
        return OK;
    TRY(e);
    q->signed_object = true;
    replace(q, found);
    return OK;
}

err_t request_open(struct http_req *r, struct request *q)
{
    const char *id = authz_param(q->params, "client_id"), *uri = authz_param(q->params, "request_uri");
    bool object = authz_param(q->params, "request") != NULL, ours = uri && strncmp(uri, PUSHED_URN, sizeof PUSHED_URN - 1) == 0;

    if (!id || !*id || strlen(id) > CLIENT_ID_MAX)
        return ERR_CLIENT_UNKNOWN;
    if (object && uri) /* RFC 9101 §5: one of them */
        return ERR_REQUEST;
    if (ours)
        return open_pushed(app_of(r), id, q);
    return object ? open_object(app_of(r), id, q) : OK;
}

struct authz_in request_in(const struct app *a, const struct request *q)
{
    const json_t *p = q->params;

    return (struct authz_in){
        .response_type = authz_param(p, "response_type"),
        .response_mode = authz_param(p, "response_mode"),
        .scope = authz_param(p, "scope"),
        .state = authz_param(p, "state"),
        .nonce = authz_param(p, "nonce"),
        .prompt = authz_param(p, "prompt"),
        .max_age = authz_param(p, "max_age"),
        .login_hint = authz_param(p, "login_hint"),
        .acr_values = authz_param(p, "acr_values"),
        .code_challenge = authz_param(p, "code_challenge"),
        .code_challenge_method = authz_param(p, "code_challenge_method"),
        .request = authz_param(p, "request"),
        .request_uri = authz_param(p, "request_uri"),
        .registration = authz_param(p, "registration"),
        .dpop_jkt = authz_param(p, "dpop_jkt"),
        .resource = authz_param(p, "resource"),
        .details = authz_param(p, "authorization_details"),
        .claims = authz_param(p, "claims"),
        .resources = {.issuer = a->conf.issuer, .signer = a->conf.signer_resource, .signer_scopes = a->conf.signer_scopes},
        .pushed = q->pushed,
        .pushed_needed = a->conf.require_pushed,
        .signed_object = q->signed_object,
        .upstream = a->upstreams != NULL,
    };
}

err_t request_refusal(struct http_req *r, const char *client_id, err_t e)
{
    static const struct {
        err_t e;
        const char *word;
    } told[] = {
        {ERR_REDIRECT_URI, "redirect_uri"}, {ERR_PKCE_MISSING, "pkce_missing"}, {ERR_PKCE_METHOD, "pkce_method"},
        {ERR_PUSHED_GONE, "request_uri"},   {ERR_PUSHED_NEEDED, "not_pushed"},  {ERR_REQUEST_OBJECT_BAD, "request_object"},
        {ERR_PROFILE, "profile"},           {ERR_TARGET, "resource"},
    };

    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        if (told[i].e != e)
            continue;
        const struct audit row = {.event = "request.refused", .client_id = client_id, .detail = told[i].word, .request_id = http_request_id(r)};
        return audit_refusal(app_of(r)->db, &row, e);
    }
    return e;
}
