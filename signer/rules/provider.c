/*
 * Keys, codes and userinfo of the identity provider, over the one way out (common/fetch).
 * Called by rules/token and rules/oidc. RFC 7517 §5, RFC 6749 §4.1.3, OpenID Connect Core §5.3.
 */
#include "signer/rules/provider.h"

#include "common/clock.h"
#include "common/fetch.h"
#include "common/form.h"
#include "common/jose.h"
#include "common/log.h"
#include "common/remote_keys.h"
#include "common/secret.h"
#include "signer/errors.h"
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (64u * 1024)
#define FETCH_MS 5000
#define SKEW 5 /* seconds between the two clocks */

struct provider {
    char *issuer, *client_id, *redirect_uri;
    struct buf base;           /* where its endpoints are for us */
    struct buf user, password; /* form-encoded (RFC 6749 §2.3.1) */
    struct fetch *fetch;
    struct remote_keys *keys;
};

err_t provider_open(const struct provider_conf *c, struct provider **out)
{
    struct provider *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    *out = p;
    p->issuer = strdup(c->issuer);
    p->client_id = strdup(c->client_id);
    p->redirect_uri = strdup(c->redirect_uri);
    if (p->issuer == NULL || p->client_id == NULL || p->redirect_uri == NULL)
        return ERR_NOMEM;
    TRY(buf_add_str(&p->base, c->backchannel != NULL && c->backchannel[0] != '\0' ? c->backchannel : c->issuer));
    AUTO_BUF secret = {0};
    TRY(buf_copy(&secret, c->client_secret));
    TRY(url_encode(&p->user, c->client_id));
    err_t e = url_encode(&p->password, buf_str(&secret));
    secret_wipe(secret.ptr, secret.len);
    TRY(e);
    const char *const origins[] = {buf_str(&p->base), NULL};
    /* Our own provider, which stands in our own network more often than not: the address is the operator's, nobody else's. */
    const struct fetch_conf conf = {.origins = origins, .total_ms = FETCH_MS, .body_max = ANSWER_MAX, .private_addresses = true};
    TRY(fetch_open(&conf, &p->fetch));
    AUTO_BUF jwks = {0};
    TRY(buf_addf(&jwks, "%s/jwks", buf_str(&p->base)));
    const struct remote_keys_conf keys = {.fetch = p->fetch, .url = buf_str(&jwks), .event = "identity_provider", .body_max = ANSWER_MAX};
    return remote_keys_open(&keys, &p->keys);
}

void provider_close(struct provider **pp)
{
    struct provider *p = *pp;
    if (p == NULL)
        return;
    remote_keys_close(&p->keys);
    fetch_close(&p->fetch);
    str_free(&p->issuer);
    str_free(&p->client_id);
    str_free(&p->redirect_uri);
    buf_free(&p->base);
    buf_free(&p->user);
    secret_wipe(p->password.ptr, p->password.len);
    buf_free(&p->password);
    free(p);
    *pp = NULL;
}

/* --- one request --- */

static err_t ask(struct provider *p, const char *path, struct fetch_request *q, struct fetch_reply *out)
{
    AUTO_BUF url = {0};
    TRY(buf_addf(&url, "%s%s", buf_str(&p->base), path));
    q->url = buf_str(&url);
    q->accept = "application/json";
    err_t e = fetch_run(p->fetch, q, out);
    if (e == OK && out->status >= 500) {
        fetch_reply_free(out);
        e = ERR_IO;
    }
    if (e == ERR_NOMEM)
        return e;
    if (e != OK) {
        log_event(LOG_ERROR, "identity_provider", "%s: %s", path, err_info(e)->name);
        return ERR_IDP_DOWN;
    }
    return OK;
}

/* --- tokens --- */

err_t provider_verify(struct provider *p, struct bytes token, const char *typ, const char *aud, json_t **claims)
{
    AUTO_JSON c = NULL;
    err_t e = remote_keys_verify(p->keys, token, typ, &c);
    if (e == ERR_NOMEM)
        return e;
    if (e != OK)
        return e == ERR_IO ? ERR_IDP_DOWN : ERR_UNAUTHENTICATED;
    const struct jwt_expect expect = {.iss = p->issuer, .aud = aud, .now = clock_now(), .skew = SKEW};
    if (jwt_check(c, &expect) != OK)
        return ERR_UNAUTHENTICATED;
    *claims = take(&c);
    return OK;
}

/* --- codes --- */

err_t provider_redeem(struct provider *p, const char *code, const char *verifier, json_t **tokens)
{
    AUTO_BUF body = {0};
    TRY(buf_add_str(&body, "grant_type=authorization_code&code="));
    TRY(url_encode(&body, code));
    TRY(buf_add_str(&body, "&redirect_uri="));
    TRY(url_encode(&body, p->redirect_uri));
    TRY(buf_addf(&body, "&code_verifier=%s", verifier));
    struct fetch_request q = {
        .body = buf_bytes(&body),
        .content_type = "application/x-www-form-urlencoded",
        .user = buf_str(&p->user),
        .password = buf_str(&p->password),
    };
    AUTO_FETCH_REPLY r = {0};
    TRY(ask(p, "/token", &q, &r));
    if (r.status == 401) {
        log_event(LOG_ERROR, "identity_provider", "it does not accept our client secret");
        return ERR_LOGIN_TOKEN;
    }
    if (r.status != 200)
        return ERR_LOGIN_REFUSED;
    return json_parse(buf_bytes(&r.body), ANSWER_MAX, tokens) == OK ? OK : ERR_LOGIN_TOKEN;
}

err_t provider_userinfo(struct provider *p, const char *access_token, json_t **claims)
{
    struct fetch_request q = {.bearer = access_token};
    AUTO_FETCH_REPLY r = {0};
    TRY(ask(p, "/userinfo", &q, &r));
    if (r.status != 200)
        return ERR_LOGIN_TOKEN;
    return json_parse(buf_bytes(&r.body), ANSWER_MAX, claims) == OK ? OK : ERR_LOGIN_TOKEN;
}
