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
#include "common/secret.h"
#include "signer/errors.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (64u * 1024)
#define FETCH_MS 5000
#define REFETCH_US INT64_C(3000000)      /* an unknown kid asks again at most so often */
#define KEYS_LIVE_US INT64_C(3600000000) /* after an hour they are fetched anew, so that a withdrawn key is forgotten */
#define SKEW 5                           /* seconds between the two clocks */

struct provider {
    char *issuer, *client_id, *redirect_uri;
    struct buf base;           /* where its endpoints are for us */
    struct buf user, password; /* form-encoded (RFC 6749 §2.3.1) */
    struct fetch *fetch;
    pthread_rwlock_t lock; /* keys */
    pthread_mutex_t fetching;
    struct jwks keys;
    int64_t fetched_us, tried_us; /* monotonic; 0: never */
};

err_t provider_open(const struct provider_conf *c, struct provider **out)
{
    struct provider *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    *out = p;
    pthread_rwlock_init(&p->lock, NULL);
    pthread_mutex_init(&p->fetching, NULL);
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
    const struct fetch_conf conf = {.origins = origins, .total_ms = FETCH_MS, .body_max = ANSWER_MAX};
    return fetch_open(&conf, &p->fetch);
}

void provider_close(struct provider **pp)
{
    struct provider *p = *pp;
    if (p == NULL)
        return;
    fetch_close(&p->fetch);
    jwks_free(&p->keys);
    pthread_rwlock_destroy(&p->lock);
    pthread_mutex_destroy(&p->fetching);
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

/* --- keys --- */

static err_t fetch_keys(struct provider *p)
{
    AUTO_FETCH_REPLY r = {0};
    struct fetch_request q = {0};
    TRY(ask(p, "/jwks", &q, &r));
    AUTO_JSON j = NULL;
    struct jwks keys = {0};
    if (r.status != 200 || json_parse(buf_bytes(&r.body), ANSWER_MAX, &j) != OK || jwks_parse(j, &keys) != OK || keys.n == 0) {
        jwks_free(&keys);
        log_event(LOG_ERROR, "identity_provider", "its published keys cannot be read");
        return ERR_IDP_DOWN;
    }
    pthread_rwlock_wrlock(&p->lock);
    struct jwks old = p->keys;
    p->keys = keys;
    p->fetched_us = clock_mono_us();
    pthread_rwlock_unlock(&p->lock);
    jwks_free(&old);
    return OK;
}

/*
 * One thread fetches. Those that come meanwhile wait for it only when there are no keys at all: otherwise invented kids and a slow provider together
 * would hold up every worker. since: what the caller has seen.
 */
static err_t refresh(struct provider *p, int64_t since)
{
    if (since == 0)
        pthread_mutex_lock(&p->fetching);
    else if (pthread_mutex_trylock(&p->fetching) != 0)
        return OK;
    err_t e = OK;
    pthread_rwlock_rdlock(&p->lock);
    bool news = p->fetched_us > since;
    pthread_rwlock_unlock(&p->lock);
    if (!news) {
        if (p->tried_us != 0 && clock_mono_us() - p->tried_us < REFETCH_US) {
            e = since == 0 ? ERR_IDP_DOWN : OK;
        } else {
            p->tried_us = clock_mono_us();
            e = fetch_keys(p);
        }
    }
    pthread_mutex_unlock(&p->fetching);
    return e;
}

static err_t try_verify(struct provider *p, struct bytes token, const char *typ, json_t **claims, int64_t *seen)
{
    pthread_rwlock_rdlock(&p->lock);
    *seen = p->fetched_us;
    err_t e = p->fetched_us != 0 ? jwt_verify(token, &p->keys, typ, claims) : ERR_NOT_FOUND;
    pthread_rwlock_unlock(&p->lock);
    return e;
}

err_t provider_verify(struct provider *p, struct bytes token, const char *typ, const char *aud, json_t **claims)
{
    int64_t seen = 0;
    AUTO_JSON c = NULL;
    if (token.len > JWT_MAX)
        return ERR_UNAUTHENTICATED;
    err_t e = try_verify(p, token, typ, &c, &seen);
    bool old = seen != 0 && clock_mono_us() - seen > KEYS_LIVE_US;
    if (e == ERR_NOT_FOUND || old) {
        err_t fetched = refresh(p, seen);
        if (fetched != OK && seen == 0)
            return fetched;
        json_free(&c);
        e = try_verify(p, token, typ, &c, &seen);
    }
    if (e == ERR_NOMEM)
        return e;
    if (e != OK)
        return ERR_UNAUTHENTICATED;
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
