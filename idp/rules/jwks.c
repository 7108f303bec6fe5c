/*
 * Our own public token keys, kept for a few seconds.
 * Called by endpoints/jwks.c and rules/token.c. RFC 7517; OpenID Connect Core §10.1.1 (rotation).
 */
#include "idp/rules/jwks.h"
#include "common/clock.h"
#include "common/log.h"
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FRESH_US (5 * 1000000LL)   /* asked again after this */
#define STALE_US (600 * 1000000LL) /* without keyd, used so long: no token outlives it by much */
#define TOKEN_LIFE_MAX 3600        /* keyd signs none that is good for longer */

struct jwks_cache {
    struct keyclient *keyd;
    pthread_rwlock_t lock; /* read: use; write: swap */
    pthread_mutex_t fetch; /* one asks keyd, the others use what there is */
    struct jwks set;
    struct buf json;
    enum jose_alg alg; /* the default */
    unsigned algs;     /* bits: those that sign now */
    uint64_t version;  /* of json */
    int64_t fetched;   /* clock_mono_us; 0: never */
};

err_t jwks_cache_open(struct keyclient *k, struct jwks_cache **out)
{
    struct jwks_cache *c = calloc(1, sizeof *c);

    if (!c)
        return ERR_NOMEM;
    c->keyd = k;
    pthread_rwlock_init(&c->lock, NULL);
    pthread_mutex_init(&c->fetch, NULL);
    *out = c;
    return OK;
}

void jwks_cache_close(struct jwks_cache **c)
{
    if (!*c)
        return;
    jwks_free(&(*c)->set);
    buf_free(&(*c)->json);
    pthread_rwlock_destroy(&(*c)->lock);
    pthread_mutex_destroy(&(*c)->fetch);
    free(*c);
    *c = NULL;
}

static void evpkey_free(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}

/* What keyd signs with. */
struct active {
    enum jose_alg alg;
    unsigned algs;
};

static err_t add_key(json_t *keys, const struct key_info *i, struct active *active)
{
    const unsigned char *p = i->spki;
    AUTO(evpkey_free) EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)i->spki_len);
    AUTO_JSON jwk = NULL;

    if (!key)
        return ERR_CRYPTO;
    TRY(jwk_to_json(key, i->alg, i->id, &jwk));
    if (i->active)
        active->algs |= 1u << i->alg;
    if (i->preferred)
        active->alg = i->alg;
    return json_array_append(keys, jwk) == 0 ? OK : ERR_NOMEM;
}

static err_t build(struct keyclient *k, struct jwks *set, struct buf *text, struct active *active)
{
    struct key_info *info = calloc(KEY_LIST_MAX, sizeof *info);
    AUTO_JSON doc = json_pack("{s:[]}", "keys");
    size_t n = 0;

    err_t e = info && doc ? key_list(k, KEY_TOKEN, info, &n) : ERR_NOMEM;
    for (size_t i = 0; e == OK && i < n; i++)
        if (info[i].not_after == 0 || info[i].not_after + TOKEN_LIFE_MAX > clock_now())
            e = add_key(json_object_get(doc, "keys"), &info[i], active);
    free(info);
    TRY(e);
    TRY(jwks_parse(doc, set));
    return json_text(doc, text);
}

static void refresh(struct jwks_cache *c)
{
    struct jwks set = {0};
    AUTO_BUF text = {0};
    struct active active = {JOSE_NONE, 0};

    err_t e = build(c->keyd, &set, &text, &active);
    if (e != OK) {
        jwks_free(&set);
        log_event(LOG_WARNING, "jwks.refresh", "%s", err_info(e)->name);
        return;
    }
    pthread_rwlock_wrlock(&c->lock);
    struct jwks old = c->set;
    struct buf old_text = c->json;
    c->version += !bytes_eq(buf_bytes(&old_text), buf_bytes(&text)) || c->alg != active.alg || c->algs != active.algs;
    c->set = set;
    c->json = take(&text);
    c->alg = active.alg;
    c->algs = active.algs;
    c->fetched = clock_mono_us();
    pthread_rwlock_unlock(&c->lock);
    jwks_free(&old);
    buf_free(&old_text);
}

/* Leaves the read lock held when it returns OK. */
static err_t read_lock(struct jwks_cache *c)
{
    pthread_rwlock_rdlock(&c->lock);
    int64_t age = c->fetched ? clock_mono_us() - c->fetched : INT64_MAX;
    if (age < FRESH_US)
        return OK;
    pthread_rwlock_unlock(&c->lock);
    if (age >= STALE_US) /* nothing usable: everyone waits for the answer */
        pthread_mutex_lock(&c->fetch);
    else if (pthread_mutex_trylock(&c->fetch) != 0) {
        pthread_rwlock_rdlock(&c->lock);
        return OK;
    }
    pthread_rwlock_rdlock(&c->lock);
    bool done = c->fetched && clock_mono_us() - c->fetched < FRESH_US;
    pthread_rwlock_unlock(&c->lock);
    if (!done)
        refresh(c);
    pthread_mutex_unlock(&c->fetch);
    pthread_rwlock_rdlock(&c->lock);
    if (c->fetched && clock_mono_us() - c->fetched < STALE_US)
        return OK;
    pthread_rwlock_unlock(&c->lock);
    return ERR_KEYD_DOWN;
}

/* The same without asking keyd. */
static err_t read_lock_fresh(struct jwks_cache *c)
{
    pthread_rwlock_rdlock(&c->lock);
    if (c->fetched && clock_mono_us() - c->fetched < FRESH_US)
        return OK;
    pthread_rwlock_unlock(&c->lock);
    return ERR_WAITS;
}

bool jwks_cache_fresh(struct jwks_cache *c, uint64_t *version)
{
    if (read_lock_fresh(c) != OK)
        return false;
    *version = c->version;
    pthread_rwlock_unlock(&c->lock);
    return true;
}

err_t jwks_cache_version(struct jwks_cache *c, uint64_t *version)
{
    TRY(read_lock(c));
    *version = c->version;
    pthread_rwlock_unlock(&c->lock);
    return OK;
}

err_t jwks_cache_json(struct jwks_cache *c, struct buf *out)
{
    TRY(read_lock(c));
    err_t e = buf_copy(out, buf_bytes(&c->json));
    pthread_rwlock_unlock(&c->lock);
    return e;
}

err_t jwks_cache_verify(struct jwks_cache *c, bool at_hand, struct bytes token, const char *typ, json_t **claims)
{
    TRY(at_hand ? read_lock_fresh(c) : read_lock(c));
    err_t e = jwt_verify(token, &c->set, typ, claims);
    pthread_rwlock_unlock(&c->lock);
    return e;
}

enum jose_alg jwks_cache_alg(struct jwks_cache *c)
{
    if (read_lock(c) != OK)
        return JOSE_NONE;
    enum jose_alg alg = c->alg;
    pthread_rwlock_unlock(&c->lock);
    return alg;
}

unsigned jwks_cache_algs(struct jwks_cache *c)
{
    if (read_lock(c) != OK)
        return 0;
    unsigned algs = c->algs;
    pthread_rwlock_unlock(&c->lock);
    return algs;
}
