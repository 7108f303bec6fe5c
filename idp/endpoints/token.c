/*
 * The token endpoint: authorization_code, refresh_token and client_credentials.
 * POST /token. RFC 6749 §3.2, §4.1.3, §4.4, §6; RFC 7636 §4.5; OpenID Connect Core §3.1.3.
 */
#include "idp/endpoints/caller.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/exchange.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/service.h"
#include "idp/endpoints/tokens.h"
#include "idp/rules/backchannel.h"
#include "idp/rules/client_auth.h"
#include "idp/rules/code.h"
#include "idp/rules/device.h"
#include "idp/rules/refresh.h"
#include "idp/rules/scope.h"
#include <string.h>

struct token_conf token_conf_of(const struct app *a)
{
    return (struct token_conf){
        .issuer = a->conf.issuer,
        .signer_resource = a->conf.signer_resource,
        .signer_scopes = a->conf.signer_scopes,
        .keys = &a->keys,
        .keyd = a->keyd,
        .jwks = a->jwks,
        .clients = a->clients,
        .life = a->conf.token_life,
        .db = a->db,
        .facts = {.trust_framework = a->conf.trust_framework, .organization = a->conf.organization},
    };
}

/* A token request whose client is known: what it gets will be bound to key or certificate as it proved them. */
struct token_call {
    struct caller caller;
    struct token_binding bind;
};

static struct token_conf conf_of(struct http_req *r, const struct token_call *c)
{
    struct token_conf conf = token_conf_of(app_of(r));

    conf.bind = &c->bind;
    conf.client = &c->caller.client;
    conf.resource = http_field(r, "resource");
    conf.details = http_field(r, "authorization_details");
    return conf;
}

static err_t reply(struct http_req *r, const struct token_call *c, const struct tokens *t, const char *scope, const char *refresh)
{
    json_t *j = json_pack("{s:s, s:s, s:I, s:s, s:s*, s:s*, s:O*}", "access_token", buf_str(&t->access), "token_type",
                          c->bind.jkt[0] ? "DPoP" : "Bearer", "expires_in", (json_int_t)app_of(r)->conf.token_life, "scope", scope,
                          "id_token", t->id.len ? buf_str(&t->id) : NULL, "refresh_token", refresh, "authorization_details", t->details);

    /* RFC 6749 §5.1 */
    http_reply_no_store(r);
    http_reply_header(r, "Pragma", "no-cache");
    http_reply_json(r, 200, j);
    return j ? OK : ERR_NOMEM;
}

/*
 * RFC 6749 §4.1.3. Used up first, in the one statement that also tells what to sign; when signing fails, that is taken back, so that a keyd
 * that is away costs nobody the sign-in.
 */
static err_t by_code(struct http_req *r, struct token_call *c)
{
    struct app *a = app_of(r);
    AUTO(tokens_free) struct tokens t = {0};
    struct redeemed done;
    const struct token_conf conf = conf_of(r, c);
    const struct code_redeem in = {
        .code = http_field(r, "code"),
        .redirect_uri = http_field(r, "redirect_uri"),
        .verifier = http_field(r, "code_verifier"),
        .client = &c->caller.client,
        .proofs = &c->caller.proofs,
        .jkt = c->bind.jkt,
        .request_id = http_request_id(r),
        .refresh_idle = a->conf.refresh_idle,
    };

    TRY(code_redeem(a->db, &in, &done));
    err_t e = token_for_grant(&conf, &done.grant, done.nonce, &t);
    if (e != OK) {
        code_take_back(a->db, &in, &done);
        return e;
    }
    return reply(r, c, &t, done.grant.scope, done.refresh[0] ? done.refresh : NULL);
}

/* RFC 6749 §6. In the same way. */
static err_t by_refresh(struct http_req *r, struct token_call *c)
{
    const struct client *client = &c->caller.client;
    struct app *a = app_of(r);
    AUTO(tokens_free) struct tokens t = {0};
    struct refreshed done;
    const struct token_conf conf = conf_of(r, c);
    const struct refresh_redeem in = {
        .keys = &a->keys,
        .token = http_field(r, "refresh_token"),
        .scope = http_field(r, "scope"),
        .client = client,
        .proofs = &c->caller.proofs,
        .jkt = c->bind.jkt,
        .idle = a->conf.refresh_idle,
        .window = a->conf.refresh_window,
        .request_id = http_request_id(r),
    };

    TRY(refresh_redeem(a->db, &in, &done));
    err_t e = token_for_grant(&conf, &done.grant, "", &t);
    if (e != OK) {
        refresh_take_back(a->db, &in, &done);
        return e;
    }
    return reply(r, c, &t, done.scope, done.token);
}

/* What a person allowed on another screen. Signed first, used up after, like a code. */
static err_t by_waiting(struct http_req *r, struct token_call *c, const char *code, bool backchannel)
{
    struct app *a = app_of(r);
    AUTO(tokens_free) struct tokens t = {0};
    struct grant grant;
    char refresh[TIMED_CHARS + 1];
    const struct token_conf conf = conf_of(r, c);
    bool due, public = strcmp(c->caller.client.auth_method, "none") == 0;

    TRY(device_redeem_begin(a->db, code, backchannel, &c->caller.client, http_request_id(r), &grant));
    TRY(token_for_grant(&conf, &grant, "", &t));
    due = refresh_due(&c->caller.client, grant.scope);
    timed_for_grant(grant.id, refresh);
    TRY(device_redeem_finish(a->db, code, &grant, due ? refresh : NULL, public ? c->bind.jkt : NULL, a->conf.refresh_idle,
                             http_request_id(r)));
    return reply(r, c, &t, grant.scope, due ? refresh : NULL);
}

static err_t by_device(struct http_req *r, struct token_call *c) /* RFC 8628 §3.4 */
{
    return by_waiting(r, c, http_field(r, "device_code"), false);
}

static err_t by_backchannel(struct http_req *r, struct token_call *c) /* CIBA Core §10.1 */
{
    return by_waiting(r, c, http_field(r, "auth_req_id"), true);
}

static err_t by_exchange(struct http_req *r, struct token_call *c)
{
    const struct token_conf conf = conf_of(r, c);

    if (conf.details) /* what a person allowed one client is not handed on (RFC 9396 §14) */
        return ERR_DETAILS;
    return exchange_answer(r, &c->caller.client, &conf);
}

static err_t by_client(struct http_req *r, struct token_call *c)
{
    const struct token_conf conf = conf_of(r, c);

    return service_answer(r, &conf);
}

static err_t by_type(struct http_req *r, struct token_call *c)
{
    static const struct {
        const char *type;
        err_t (*run)(struct http_req *r, struct token_call *c);
        bool proves; /* its own statement uses up the client's proofs */
    } grants[] = {
        {"authorization_code", by_code, true}, {"refresh_token", by_refresh, true},
        {GRANT_SERVICE, by_client, false},     {"urn:ietf:params:oauth:grant-type:device_code", by_device, false},
        {GRANT_EXCHANGE, by_exchange, false},  {GRANT_CIBA, by_backchannel, false},
    };
    const char *type = http_field(r, "grant_type");

    if (!type)
        return ERR_REQUEST;
    for (size_t i = 0; i < sizeof grants / sizeof *grants; i++) {
        if (strcmp(type, grants[i].type) != 0)
            continue;
        if (!scope_has(c->caller.client.grants, type) || (c->caller.client.fapi && grants[i].run == by_device)) /* FAPI 2.0: the one way */
            return ERR_CLIENT_FORBIDDEN;
        TRY(caller_binding(r, &c->caller, &c->bind));
        if (!grants[i].proves)
            TRY(caller_prove(r, &c->caller));
        return grants[i].run(r, c);
    }
    return ERR_GRANT_TYPE;
}

/* On the HTTP thread (http_may_wait is false) for what service_quick lets through, else on a worker. */
static err_t answer(struct http_req *r)
{
    struct token_call c;

    TRY(caller_begin(r, &c.caller));
    err_t e = by_type(r, &c);
    /* A request that went wrong before its statement has used its proofs all the same: none comes a second time. */
    err_t proven = caller_prove(r, &c.caller);
    return proven != OK ? proven : e;
}

err_t post_token(struct http_req *r)
{
    if (http_may_wait(r))
        return answer(r);
    /* A worker finds the same fault again, and may take its time over it. */
    return service_quick(r) && answer(r) == ERR_TOGETHER ? ERR_TOGETHER : ERR_WAITS;
}
