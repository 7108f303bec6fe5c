/*
 * A citizen's sealed key: an outer layer under the domain's key, an inner one under the domain's key and the PIN together.
 * Called by citizen.c, activate.c and issue.c. Layout: PROTOCOL.md.
 */
#include "certs/keyd/keyd.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <sodium.h>
#include <string.h>

#define MAGIC "ANTINCK1"
#define MAGIC_LEN 8
#define NONCE_LEN 24
#define TAG_LEN 16
#define SALT_LEN 16
#define SCALAR_LEN 32

/* What the outer layer holds; all octets, so no padding. */
struct outer {
    uint8_t alg; /* 1: P-256 */
    uint8_t reserved[3];
    uint8_t ops[4], kib[4]; /* Argon2id, big-endian */
    uint8_t salt[SALT_LEN];
    uint8_t nonce[NONCE_LEN];
    uint8_t sealed[SCALAR_LEN + TAG_LEN];
    uint8_t point[POINT_LEN];
};
static_assert(sizeof(struct outer) == 165, "layout");
static_assert(sizeof(struct outer) <= sizeof((struct blob_open_result *)0)->inner, "room");
#define BLOB_LEN (MAGIC_LEN + NONCE_LEN + sizeof(struct outer) + TAG_LEN)
static_assert(BLOB_LEN <= KEY_BLOB_MAX, "room");

static void put32(uint8_t b[4], uint32_t v)
{
    for (size_t i = 0; i < 4; i++)
        b[i] = (uint8_t)(v >> (8 * (3 - i)));
}

static uint32_t get32(const uint8_t b[4])
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

bool citizen_ok(const struct keyw_citizen *c)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (!keyw_str_ok(c->credential_id, sizeof c->credential_id) || !keyw_str_ok(c->owner, sizeof c->owner) || c->owner[0] == '\0' ||
        strlen(c->owner) > 64 || strlen(c->credential_id) != KEY_UUID_LEN)
        return false;
    for (size_t i = 0; i < KEY_UUID_LEN; i++)
        if (form[i] == '-' ? c->credential_id[i] != '-' : !strchr("0123456789abcdef", c->credential_id[i]))
            return false;
    return true;
}

bool pin_ok(const struct keyw_pin *p)
{
    return p->len >= KEYW_PIN_MIN && p->len <= KEYW_PIN_MAX && keyw_zero(p->pin + p->len, KEYW_PIN_MAX - p->len) &&
           keyw_zero(p->reserved, sizeof p->reserved);
}

/* Magic, credential and owner: a blob opens for whom it was made and for no other. */
static size_t owner_ad(const struct keyw_citizen *c, uint8_t out[MAGIC_LEN + KEY_UUID_LEN + 72])
{
    size_t n = strlen(c->owner);
    memcpy(out, MAGIC, MAGIC_LEN);
    memcpy(out + MAGIC_LEN, c->credential_id, KEY_UUID_LEN);
    memcpy(out + MAGIC_LEN + KEY_UUID_LEN, c->owner, n);
    return MAGIC_LEN + KEY_UUID_LEN + n;
}

/* The inner key needs both the PIN and the domain: neither a stolen database nor a known PIN alone opens anything. */
static err_t inner_key(const struct keyd *k, const struct outer *o, struct bytes pin, uint8_t out[32])
{
    uint8_t stretched[32];
    if (crypto_pwhash(stretched, sizeof stretched, (const char *)pin.ptr, pin.len, o->salt, get32(o->ops), (size_t)get32(o->kib) * 1024,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return ERR_BUSY; /* no memory for it now */
    crypto_generichash(out, 32, stretched, sizeof stretched, k->citizen_key, 32);
    secret_wipe(stretched, sizeof stretched);
    return OK;
}

err_t blob_seal(struct keyd *k, const struct keyw_citizen *c, struct bytes pin, const uint8_t scalar[32], const uint8_t point[POINT_LEN],
                struct keyw_blob *out)
{
    struct outer o = {.alg = 1};
    uint8_t ad[MAGIC_LEN + KEY_UUID_LEN + 72], key[32];
    size_t ad_len = owner_ad(c, ad);
    put32(o.ops, (uint32_t)k->conf.pin_ops);
    put32(o.kib, (uint32_t)k->conf.pin_mem_kib);
    random_bytes(o.salt, sizeof o.salt);
    random_bytes(o.nonce, sizeof o.nonce);
    memcpy(o.point, point, sizeof o.point);
    TRY(inner_key(k, &o, pin, key));
    crypto_aead_xchacha20poly1305_ietf_encrypt(o.sealed, NULL, scalar, SCALAR_LEN, ad, ad_len, NULL, o.nonce, key);
    secret_wipe(key, sizeof key);
    memset(out, 0, sizeof *out);
    memcpy(out->blob, MAGIC, MAGIC_LEN);
    random_bytes(out->blob + MAGIC_LEN, NONCE_LEN);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out->blob + MAGIC_LEN + NONCE_LEN, NULL, (const uint8_t *)&o, sizeof o, ad, ad_len, NULL,
                                               out->blob + MAGIC_LEN, k->citizen_key);
    out->len = BLOB_LEN;
    return OK;
}

err_t blob_open(struct keyd *k, const struct keyw_citizen *c, const struct keyw_blob *b, struct blob_open_result *out)
{
    struct outer o;
    uint8_t ad[MAGIC_LEN + KEY_UUID_LEN + 72];
    size_t ad_len = owner_ad(c, ad);
    if (b->len != BLOB_LEN || memcmp(b->blob, MAGIC, MAGIC_LEN) != 0 || !keyw_zero(b->blob + b->len, sizeof b->blob - b->len) ||
        !keyw_zero(b->reserved, sizeof b->reserved))
        return ERR_CRYPTO;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)&o, NULL, NULL, b->blob + MAGIC_LEN + NONCE_LEN,
                                                   BLOB_LEN - MAGIC_LEN - NONCE_LEN, ad, ad_len, b->blob + MAGIC_LEN,
                                                   k->citizen_key) != 0 ||
        o.alg != 1)
        return ERR_CRYPTO;
    memcpy(out->point, o.point, sizeof out->point);
    memcpy(out->inner, &o, sizeof o);
    out->inner_len = sizeof o;
    return OK;
}

err_t blob_unlock(struct keyd *k, const struct keyw_citizen *c, const struct blob_open_result *r, struct bytes pin, uint8_t scalar[32])
{
    struct outer o;
    uint8_t ad[MAGIC_LEN + KEY_UUID_LEN + 72], key[32];
    size_t ad_len = owner_ad(c, ad);
    memcpy(&o, r->inner, sizeof o);
    TRY(inner_key(k, &o, pin, key));
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(scalar, NULL, NULL, o.sealed, sizeof o.sealed, ad, ad_len, o.nonce, key);
    secret_wipe(key, sizeof key);
    return bad ? ERR_KEY_PIN : OK;
}

static void bld_free(OSSL_PARAM_BLD **b)
{
    OSSL_PARAM_BLD_free(*b);
}

static void params_free(OSSL_PARAM **p)
{
    OSSL_PARAM_free(*p);
}

static void bn_free(BIGNUM **n)
{
    BN_clear_free(*n);
}

static void ctx_free(EVP_PKEY_CTX **c)
{
    EVP_PKEY_CTX_free(*c);
}

err_t point_to_pkey(const uint8_t point[POINT_LEN], const uint8_t *scalar, EVP_PKEY **out)
{
    AUTO(bld_free) OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    AUTO(bn_free) BIGNUM *d = BN_secure_new(); /* locked heap, and so are the parameters made from it */
    AUTO(params_free) OSSL_PARAM *p = NULL;
    AUTO(ctx_free) EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (!b || !d || !c || !OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) ||
        !OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, POINT_LEN))
        return ERR_NOMEM;
    if (scalar && (!BN_bin2bn(scalar, SCALAR_LEN, d) || !OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, d)))
        return ERR_NOMEM;
    *out = NULL;
    p = OSSL_PARAM_BLD_to_param(b);
    if (!p || EVP_PKEY_fromdata_init(c) != 1 || EVP_PKEY_fromdata(c, out, scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, p) != 1) {
        ERR_clear_error();
        return ERR_CRYPTO;
    }
    return OK;
}
