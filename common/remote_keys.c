/*
 * Another issuer's published keys, cached.
 * Called by signer/rules/provider and idp/rules/upstream. RFC 7517 §5, §4.4; OpenID Connect Core §10.1.1.
 */
#include "common/remote_keys.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define REFETCH_US INT64_C(3000000)      /* what is not known is asked for again at most so often */
#define KEYS_LIVE_US INT64_C(3600000000) /* after an hour they are fetched anew, so that a withdrawn key is forgotten */

struct remote_keys {
    struct remote_keys_conf conf; /* url and event: own copies */
    pthread_rwlock_t lock;        /* keys, fetched_us */
    pthread_mutex_t fetching;     /* tried_us */
    struct jwks keys;
    int64_t fetched_us, tried_us; /* monotonic; 0: never */
};

err_t remote_keys_open(const struct remote_keys_conf *c, struct remote_keys **out)
{
    AUTO(remote_keys_close) struct remote_keys *k = calloc(1, sizeof *k);

    if (k == NULL)
        return ERR_NOMEM;
    k->conf = *c;
    pthread_rwlock_init(&k->lock, NULL);
    pthread_mutex_init(&k->fetching, NULL);
    k->conf.url = strdup(c->url);
    k->conf.event = strdup(c->event);
    if (k->conf.url == NULL || k->conf.event == NULL)
        return ERR_NOMEM;
    *out = take(&k);
    return OK;
}

void remote_keys_close(struct remote_keys **kp)
{
    struct remote_keys *k = *kp;

    if (k == NULL)
        return;
    jwks_free(&k->keys);
    pthread_rwlock_destroy(&k->lock);
    pthread_mutex_destroy(&k->fetching);
    free((char *)(uintptr_t)k->conf.url);
    free((char *)(uintptr_t)k->conf.event);
    free(k);
    *kp = NULL;
}

/* --- fetching --- */

/*
 * RFC 7517 §4.4 lets a key leave its algorithm unsaid; an RSA key then has two. Which one is meant was agreed when we registered there, never
 * by a token's header (RFC 8725 §3.1).
 */
static void settle_rsa(json_t *set, const char *alg)
{
    json_t *keys = json_object_get(set, "keys");

    for (size_t i = 0; i < json_array_size(keys); i++) {
        json_t *key = json_array_get(keys, i);
        const char *kty = json_string_value(json_object_get(key, "kty"));
        if (kty != NULL && strcmp(kty, "RSA") == 0 && json_object_get(key, "alg") == NULL)
            (void)json_object_set_new(key, "alg", json_string(alg)); /* out of memory: it stays RS256, and is dropped below */
    }
}

static void drop_others(struct jwks *set, enum jose_alg only)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->key[i].alg != only)
            set->key[i].alg = JOSE_NONE;
}

static err_t read_set(const struct remote_keys *k, struct bytes text, struct jwks *out)
{
    AUTO_JSON j = NULL;

    TRY(json_parse(text, k->conf.body_max, &j));
    if (k->conf.only == JOSE_PS256)
        settle_rsa(j, jose_alg_name(JOSE_PS256));
    TRY(jwks_parse(j, out));
    if (k->conf.only != JOSE_NONE)
        drop_others(out, k->conf.only);
    return out->n > 0 ? OK : ERR_SYNTAX;
}

static err_t fetch_keys(struct remote_keys *k)
{
    AUTO_FETCH_REPLY r = {0};
    struct jwks keys = {0};
    const struct fetch_request q = {.url = k->conf.url, .accept = "application/json"};

    err_t e = fetch_run(k->conf.fetch, &q, &r);
    if (e == OK && r.status != 200) /* a redirect too */
        e = ERR_IO;
    if (e == OK)
        e = read_set(k, buf_bytes(&r.body), &keys);
    if (e != OK) {
        jwks_free(&keys);
        log_event(LOG_ERROR, k->conf.event, "its published keys cannot be had: %s", err_info(e)->name);
        return e == ERR_NOMEM ? e : ERR_IO;
    }
    pthread_rwlock_wrlock(&k->lock);
    struct jwks old = k->keys;
    k->keys = keys;
    k->fetched_us = clock_mono_us();
    pthread_rwlock_unlock(&k->lock);
    jwks_free(&old);
    return OK;
}

/*
 * One thread fetches. Those that come meanwhile wait for it only when there are no keys at all: otherwise invented kids and a slow issuer together
 * would hold up every worker. since: what the caller has seen.
 */
static err_t refresh(struct remote_keys *k, int64_t since)
{
    if (since == 0)
        pthread_mutex_lock(&k->fetching);
    else if (pthread_mutex_trylock(&k->fetching) != 0)
        return OK;
    err_t e = OK;
    pthread_rwlock_rdlock(&k->lock);
    bool news = k->fetched_us > since;
    pthread_rwlock_unlock(&k->lock);
    if (!news) {
        if (k->tried_us != 0 && clock_mono_us() - k->tried_us < REFETCH_US) {
            e = since == 0 ? ERR_IO : OK;
        } else {
            k->tried_us = clock_mono_us();
            e = fetch_keys(k);
        }
    }
    pthread_mutex_unlock(&k->fetching);
    return e;
}

/* --- use --- */

static err_t try_verify(struct remote_keys *k, struct bytes token, const char *typ, json_t **claims, int64_t *seen)
{
    err_t e = ERR_NOT_FOUND;

    pthread_rwlock_rdlock(&k->lock);
    *seen = k->fetched_us;
    if (k->fetched_us != 0)
        e = k->conf.kid_optional ? jwt_verify_any(token, &k->keys, typ, claims) : jwt_verify(token, &k->keys, typ, claims);
    pthread_rwlock_unlock(&k->lock);
    return e;
}

err_t remote_keys_verify(struct remote_keys *k, struct bytes token, const char *typ, json_t **claims)
{
    int64_t seen = 0;
    AUTO_JSON c = NULL;

    if (token.len > JWT_MAX)
        return ERR_SYNTAX;
    err_t e = try_verify(k, token, typ, &c, &seen);
    bool old = seen != 0 && clock_mono_us() - seen > KEYS_LIVE_US;
    /* Where no kid is needed, a new key shows itself by not fitting any of the old ones. */
    if (e == ERR_NOT_FOUND || (e == ERR_BAD_SIGNATURE && k->conf.kid_optional) || old) {
        err_t fetched = refresh(k, seen);
        if (fetched != OK && seen == 0)
            return fetched;
        json_free(&c);
        e = try_verify(k, token, typ, &c, &seen);
    }
    if (e == OK)
        *claims = take(&c);
    return e;
}
