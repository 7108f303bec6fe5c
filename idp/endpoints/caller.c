/*
 * Which client sent a request: what it brought, gathered from header, form and TLS front end.
 * Called by token.c, par.c, bearer.c and every other endpoint that clients call. RFC 6749 §2.3, RFC 8705, RFC 9449 §5.
 */
#include "idp/endpoints/caller.h"
#include "common/clock.h"
#include "idp/app.h"
#include "idp/endpoints/browser.h"
#include "idp/endpoints/page.h"
#include "idp/rules/audit_bound.h"
#include "idp/rules/client_auth.h"
#include "idp/rules/dpop.h"
#include <string.h>

/*
 * A header can be written by anybody who reaches this port. So a certificate counts only beside the secret that the front end alone knows (in
 * NAME-Key); the front end removes both from what comes in.
 */
err_t caller_cert(const struct http_req *r, X509 **out)
{
    const struct idp_conf *c = &app_of(r)->conf;
    const char *value = c->tls_header[0] ? http_header(r, c->tls_header) : NULL;
    AUTO_BUF name = {0};

    *out = NULL;
    if (!value || !*value)
        return OK;
    TRY(buf_addf(&name, "%s-Key", c->tls_header));
    const char *key = http_header(r, buf_str(&name));
    if (!key || !secret_eq(bytes_str(key), secret_bytes(&c->tls_secret)) || http_header_twice(r, c->tls_header))
        return ERR_CLIENT_AUTH;
    return client_cert_read(value, out);
}

bool caller_quick(const struct http_req *r)
{
    const char *tls = app_of(r)->conf.tls_header;

    return !http_field(r, "client_assertion") && !(tls[0] && http_header(r, tls));
}

static bool secret_in_address(const struct http_req *r)
{
    static const char *const names[] = {"client_secret", "client_assertion", "code", "code_verifier", "refresh_token", "token"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (http_query(r, names[i]))
            return true;
    return false;
}

/* This endpoint's address, without a query. */
static err_t own_url(const struct http_req *r, struct buf *out)
{
    return buf_addf(out, "%s%.*s", app_of(r)->conf.issuer, (int)strcspn(http_target(r), "?"), http_target(r));
}

err_t caller_begin(struct http_req *r, struct caller *out)
{
    struct app *a = app_of(r);
    AUTO_X509 cert = NULL;
    AUTO_BUF endpoints = {0};

    memset(out, 0, sizeof *out);
    out->deferred = true;
    if (http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    if (secret_in_address(r)) /* RFC 6749 §2.3.1 */
        return ERR_REQUEST;
    TRY(caller_cert(r, &cert));
    if (cert)
        TRY(client_cert_thumbprint(cert, out->x5t));
    /* OpenID Connect Core §9 names the token endpoint as audience, RFC 9126 §2 the endpoint itself. */
    if (http_field(r, "client_assertion")) {
        TRY(buf_addf(&endpoints, "%s/token ", a->conf.issuer));
        TRY(own_url(r, &endpoints));
    }
    const struct client_auth_in in = {
        .authorization = http_header(r, "Authorization"),
        .client_id = http_field(r, "client_id"),
        .client_secret = http_field(r, "client_secret"),
        .assertion = http_field(r, "client_assertion"),
        .assertion_type = http_field(r, "client_assertion_type"),
        .expect = {.issuer = a->conf.issuer, .endpoints = buf_str(&endpoints), .seal = a->keys.seal},
        .known = a->clients,
        .may_wait = http_may_wait(r),
        .cert = cert,
        .cas = a->client_cas,
    };
    err_t e = client_auth(&in, &out->client, &out->proofs.assertion);
    if (e != ERR_CLIENT_AUTH)
        return e;
    if (!in.may_wait) /* its row is written on a worker */
        return ERR_WAITS;
    const struct audit row = {
        .event = "client.auth_failed",
        .client_id = out->client.id[0] ? out->client.id : NULL, /* a name that is nobody's is not kept */
        .detail = http_route_path(r),
        .request_id = http_request_id(r),
    };
    return audit_refusal(a->db, &row, e);
}

err_t caller_rate(struct http_req *r, const struct client *c, const char *what, int64_t limit)
{
    const struct app *a = app_of(r);
    char text[NETWORK_CAP];
    const char *network = strcmp(c->auth_method, "none") == 0 ? browser_address(r, text) : NULL;
    int64_t wait = 0;

    if (!network)
        return OK;
    err_t e = rate_try(a->db, a->keys.throttle, what, network, limit, a->conf.throttle_window, &wait);
    page_retry_after(r, wait);
    return e;
}

err_t caller_prove(struct http_req *r, struct caller *c)
{
    return proofs_use(app_of(r)->db, &c->proofs, c->client.id, http_request_id(r));
}

err_t caller_of(struct http_req *r, struct caller *out)
{
    TRY(caller_begin(r, out));
    out->deferred = false;
    return caller_prove(r, out);
}

static err_t read_dpop(struct http_req *r, const char *access_token, bool nonce_required, char jkt[JKT_LEN + 1], struct proof *out)
{
    struct app *a = app_of(r);
    const char *proof = http_header(r, "DPoP");
    char nonce[DPOP_NONCE_LEN + 1];
    AUTO_BUF url = {0};

    jkt[0] = '\0';
    if (!proof)
        return OK;
    if (http_header_twice(r, "DPoP")) /* RFC 9449 §4.3 item 1 */
        return ERR_DPOP;
    TRY(own_url(r, &url));
    const struct dpop_in in = {
        .proof = proof,
        .method = http_method(r),
        .url = buf_str(&url),
        .access_token = access_token,
        .nonce_required = nonce_required || a->conf.dpop_nonce,
    };
    err_t e = dpop_accept(a->keys.nonce, &in, jkt, out);
    if (e == ERR_DPOP_NONCE || in.nonce_required) { /* §8.2: always the next one, so that the client need not ask for it */
        dpop_nonce_make(a->keys.nonce, clock_now(), nonce);
        http_reply_header(r, "DPoP-Nonce", nonce);
    }
    return e;
}

err_t caller_dpop(struct http_req *r, const char *access_token, bool nonce_required, char jkt[JKT_LEN + 1])
{
    struct proofs proofs = {0};

    TRY(read_dpop(r, access_token, nonce_required, jkt, &proofs.dpop));
    return proofs_use(app_of(r)->db, &proofs, NULL, http_request_id(r));
}

err_t caller_binding(struct http_req *r, struct caller *c, struct token_binding *out)
{
    const struct client *k = &c->client;

    memset(out, 0, sizeof *out);
    TRY(read_dpop(r, NULL, k->dpop_nonce, out->jkt, &c->proofs.dpop));
    if (!c->deferred)
        TRY(caller_prove(r, c));
    if (k->cert_bound)
        memcpy(out->x5t, c->x5t, sizeof out->x5t);
    bool missing = (k->dpop_required && !out->jkt[0]) || (k->cert_bound && !out->x5t[0]) || (k->fapi && !out->jkt[0] && !out->x5t[0]);
    return missing ? ERR_TOKEN_BOUND : OK;
}
