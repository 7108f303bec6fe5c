/*
 * JSON Web Signatures and Tokens: verification only, the algorithm bound to the key.
 * Called by signerd and idpd for bearer tokens, by keyd for the ID token that activates a signature.
 * RFC 7515, RFC 7518 §3, RFC 7519, RFC 8037, RFC 8725 (best current practices).
 */
#include "common/jose.h"
#include "common/secret.h"
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SIGNATURE_MAX 512       /* RSA of 4096 bits */
#define HEADER_MAX 1024         /* bytes of a decoded header */
#define HEADER_MAX_FOREIGN 4096 /* one that holds a public key */

static const char *const alg_names[] = {
    [JOSE_NONE] = "none",   [JOSE_ES256] = "ES256", [JOSE_ES384] = "ES384",
    [JOSE_EDDSA] = "EdDSA", [JOSE_RS256] = "RS256", [JOSE_PS256] = "PS256",
};

const char *jose_alg_name(enum jose_alg a)
{
    return alg_names[a];
}

enum jose_alg jose_alg_from(const char *name)
{
    for (size_t i = JOSE_NONE + 1; i < sizeof alg_names / sizeof *alg_names; i++)
        if (strcmp(name, alg_names[i]) == 0)
            return (enum jose_alg)i;
    return JOSE_NONE;
}

/* --- ECDSA signatures, DER and raw --- */

static void ecdsa_free(ECDSA_SIG **s)
{
    ECDSA_SIG_free(*s);
    *s = NULL;
}

#define ECDSA_DER_MAX 160      /* P-521 needs 139 */
#define WIDTH_MAX ((size_t)66) /* of P-521 */

err_t ecdsa_der_to_raw(struct bytes der, size_t width, uint8_t *raw)
{
    if (der.len == 0 || der.len > ECDSA_DER_MAX)
        return ERR_SYNTAX;
    const unsigned char *p = der.ptr;
    AUTO(ecdsa_free) ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &p, (long)der.len);
    ERR_clear_error();
    if (s == NULL || p != der.ptr + der.len)
        return ERR_SYNTAX;
    /* Only DER: what OpenSSL reads generously must come out as it went in. */
    unsigned char again[ECDSA_DER_MAX], *q = again;
    int n = i2d_ECDSA_SIG(s, NULL);
    if (n < 0 || (size_t)n != der.len || i2d_ECDSA_SIG(s, &q) != n || memcmp(again, der.ptr, der.len) != 0)
        return ERR_SYNTAX;
    const BIGNUM *r = ECDSA_SIG_get0_r(s), *v = ECDSA_SIG_get0_s(s);
    bool ok = !BN_is_negative(r) && !BN_is_zero(r) && !BN_is_negative(v) && !BN_is_zero(v);
    ok = ok && BN_bn2binpad(r, raw, (int)width) == (int)width && BN_bn2binpad(v, raw + width, (int)width) == (int)width;
    ERR_clear_error();
    return ok ? OK : ERR_SYNTAX;
}

err_t ecdsa_raw_to_der(struct bytes raw, struct buf *der)
{
    if (raw.len == 0 || raw.len % 2 != 0 || raw.len > 2 * WIDTH_MAX)
        return ERR_SYNTAX;
    size_t width = raw.len / 2;
    AUTO(ecdsa_free) ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw.ptr, (int)width, NULL), *s = BN_bin2bn(raw.ptr + width, (int)width, NULL);
    if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return ERR_NOMEM;
    }
    if (BN_is_zero(r) || BN_is_zero(s)) /* CVE-2022-21449 */
        return ERR_SYNTAX;
    unsigned char bytes[ECDSA_DER_MAX], *p = bytes;
    int n = i2d_ECDSA_SIG(sig, &p);
    return n <= 0 || n > ECDSA_DER_MAX ? ERR_CRYPTO : buf_copy(der, BYTES(bytes, (size_t)n));
}

/* --- one signature --- */

/* Fetched once: an implicit fetch per operation costs and contends between threads in OpenSSL 3.0. */
static EVP_MD *md_sha256, *md_sha384;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    md_sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
}

/* What each algorithm needs of EVP. */
static const struct method {
    EVP_MD **md; /* NULL: the algorithm hashes by itself */
    size_t raw;  /* ECDSA: bytes of R||S */
    bool pss;
} methods[] = {
    [JOSE_NONE] = {0},
    [JOSE_ES256] = {&md_sha256, 64, false},
    [JOSE_ES384] = {&md_sha384, 96, false},
    [JOSE_EDDSA] = {NULL, 0, false},
    [JOSE_RS256] = {&md_sha256, 0, false},
    [JOSE_PS256] = {&md_sha256, 0, true},
};

static void md_ctx_free(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
    *c = NULL;
}

static void pkey_ctx_free(EVP_PKEY_CTX **c)
{
    EVP_PKEY_CTX_free(*c);
    *c = NULL;
}

/* RFC 7518 §3.5: MGF1 with the same hash (EVP's default), the salt as long as the hash */
static bool set_padding(const struct method *m, EVP_PKEY_CTX *c)
{
    return !m->pss || (EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) == 1);
}

/* --- contexts that are kept: making one costs half as much as verifying with it --- */

#define READY_MAX 4 /* as many threads as verify with one key at the same time, mostly; others make their own */
struct jwk_ready {
    _Atomic(EVP_PKEY_CTX *) idle[READY_MAX];
};

struct jwk_ready *jwk_ready_new(void)
{
    return calloc(1, sizeof(struct jwk_ready));
}

void jwk_ready_free(struct jwk_ready **r)
{
    for (size_t i = 0; *r != NULL && i < READY_MAX; i++)
        EVP_PKEY_CTX_free(atomic_load(&(*r)->idle[i]));
    free(*r);
    *r = NULL;
}

static EVP_PKEY_CTX *ready_take(const struct jwk *k, const struct method *m)
{
    for (size_t i = 0; i < READY_MAX; i++) {
        EVP_PKEY_CTX *have = atomic_exchange(&k->ready->idle[i], NULL);
        if (have != NULL)
            return have;
    }
    AUTO(pkey_ctx_free) EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, k->key, NULL);
    if (c == NULL || EVP_PKEY_verify_init(c) != 1 || !set_padding(m, c) || EVP_PKEY_CTX_set_signature_md(c, *m->md) != 1)
        return NULL;
    return take(&c);
}

/* *c is NULL afterwards when it was kept. */
static void ready_give(const struct jwk *k, EVP_PKEY_CTX **c)
{
    for (size_t i = 0; *c != NULL && i < READY_MAX; i++) {
        EVP_PKEY_CTX *none = NULL;
        if (atomic_compare_exchange_strong(&k->ready->idle[i], &none, *c))
            *c = NULL;
    }
}

static err_t ready_verify(const struct jwk *k, const struct method *m, struct bytes message, struct bytes sig)
{
    uint8_t h[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    AUTO(pkey_ctx_free) EVP_PKEY_CTX *c = ready_take(k, m);
    if (c == NULL || EVP_Digest(message.ptr, message.len, h, &n, *m->md, NULL) != 1)
        return ERR_CRYPTO;
    if (EVP_PKEY_verify(c, sig.ptr, sig.len, h, n) != 1)
        return ERR_BAD_SIGNATURE; /* and the context is not kept: nobody asks what state it is in */
    ready_give(k, &c);
    return OK;
}

static err_t evp_verify(const struct jwk *k, struct bytes message, struct bytes sig)
{
    const struct method *m = &methods[k->alg];
    if (m->md != NULL && *m->md == NULL)
        return ERR_CRYPTO;
    if (m->md != NULL && k->ready != NULL)
        return ready_verify(k, m, message, sig);
    AUTO(md_ctx_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL; /* the context's own */
    if (ctx == NULL)
        return ERR_NOMEM;
    if (EVP_DigestVerifyInit(ctx, &pctx, m->md == NULL ? NULL : *m->md, NULL, k->key) != 1 || !set_padding(m, pctx))
        return ERR_CRYPTO;
    return EVP_DigestVerify(ctx, sig.ptr, sig.len, message.ptr, message.len) == 1 ? OK : ERR_BAD_SIGNATURE;
}

err_t jwk_verify(const struct jwk *k, struct bytes message, struct bytes sig)
{
    if (k->key == NULL || k->alg == JOSE_NONE || sig.len == 0)
        return ERR_BAD_SIGNATURE;
    (void)pthread_once(&fetched, fetch);
    AUTO_BUF der = {0};
    if (methods[k->alg].raw > 0) {
        if (sig.len != methods[k->alg].raw)
            return ERR_BAD_SIGNATURE;
        err_t e = ecdsa_raw_to_der(sig, &der);
        if (e != OK)
            return e == ERR_SYNTAX ? ERR_BAD_SIGNATURE : e;
        sig = buf_bytes(&der);
    }
    err_t e = evp_verify(k, message, sig);
    ERR_clear_error(); /* a caller's later look at the queue must not find this one's failure */
    return e;
}

/* --- compact tokens --- */

struct parts {
    struct bytes header, payload, signature;
    struct bytes signed_part; /* header "." payload, as sent */
};

/* Exactly three parts, of which only the payload may be empty: RFC 7515 §7.1. */
static err_t split(struct bytes token, struct parts *out)
{
    if (token.len == 0 || token.len > JWT_MAX)
        return ERR_SYNTAX;
    const uint8_t *end = token.ptr + token.len;
    const uint8_t *one = memchr(token.ptr, '.', token.len);
    const uint8_t *two = one == NULL ? NULL : memchr(one + 1, '.', (size_t)(end - one - 1));
    if (two == NULL || memchr(two + 1, '.', (size_t)(end - two - 1)) != NULL)
        return ERR_SYNTAX;
    *out = (struct parts){
        .header = BYTES(token.ptr, (size_t)(one - token.ptr)),
        .payload = BYTES(one + 1, (size_t)(two - one - 1)),
        .signature = BYTES(two + 1, (size_t)(end - two - 1)),
        .signed_part = BYTES(token.ptr, (size_t)(two - token.ptr)),
    };
    return out->header.len == 0 || out->signature.len == 0 ? ERR_SYNTAX : OK;
}

static err_t decode_json(struct bytes part, size_t max, json_t **out)
{
    AUTO_BUF text = {0};
    TRY(buf_reserve(&text, part.len));
    if (b64url_decode(part, text.ptr, text.cap - 1, &text.len) != OK)
        return ERR_SYNTAX;
    AUTO_JSON j = NULL;
    err_t e = json_parse(buf_bytes(&text), max, &j);
    if (e != OK)
        return e == ERR_NOMEM ? e : ERR_SYNTAX;
    if (!json_is_object(j))
        return ERR_SYNTAX;
    *out = take(&j);
    return OK;
}

/* RFC 7515 §4.1.9: "application/" may be left out; media types know no case. */
static bool typ_is(const char *have, const char *want)
{
    static const char prefix[] = "application/";
    if (have != NULL && strncasecmp(have, prefix, sizeof prefix - 1) == 0)
        have += sizeof prefix - 1;
    return have != NULL && strcasecmp(have, want) == 0;
}

/*
 * The header only chooses among the keys we hold. jwk, jku, x5u, x5c are never looked at; crit and b64 change what a signature
 * means, and nothing that we accept uses them (RFC 7515 §4.1.11, RFC 7797).
 */
static err_t choose_key(struct bytes header, const struct jwks *keys, const char *typ, const struct jwk **out)
{
    AUTO_JSON h = NULL;
    TRY(decode_json(header, HEADER_MAX, &h));
    const char *alg, *kid, *have_typ;
    TRY(json_need_str(h, "alg", 16, &alg));
    TRY(json_need_str(h, "kid", JWK_KID_MAX, &kid));
    TRY(json_get_str(h, "typ", 64, &have_typ));
    if (json_object_get(h, "crit") != NULL || json_object_get(h, "b64") != NULL || (typ != NULL && !typ_is(have_typ, typ)))
        return ERR_SYNTAX;
    for (size_t i = 0; i < keys->n; i++) {
        const struct jwk *k = &keys->key[i];
        if (strcmp(k->kid, kid) != 0)
            continue;
        if (k->alg == JOSE_NONE || strcmp(alg, jose_alg_name(k->alg)) != 0)
            return ERR_BAD_SIGNATURE;
        *out = k;
        return OK;
    }
    return ERR_NOT_FOUND;
}

static err_t verify_parts(const struct parts *p, const struct jwks *keys, const char *typ)
{
    const struct jwk *k;
    TRY(choose_key(p->header, keys, typ, &k));
    uint8_t sig[SIGNATURE_MAX];
    size_t n;
    if (b64url_decode(p->signature, sig, sizeof sig, &n) != OK)
        return ERR_SYNTAX;
    return jwk_verify(k, p->signed_part, BYTES(sig, n));
}

err_t jws_verify(struct bytes token, const struct jwks *keys, const char *typ, struct buf *payload)
{
    struct parts p;
    TRY(split(token, &p));
    TRY(verify_parts(&p, keys, typ));
    payload->len = 0;
    TRY(buf_reserve(payload, p.payload.len));
    err_t e = b64url_decode(p.payload, payload->ptr, payload->cap - 1, &payload->len);
    payload->ptr[payload->len] = 0;
    return e == OK ? OK : ERR_SYNTAX;
}

err_t jwt_verify(struct bytes token, const struct jwks *keys, const char *typ, json_t **claims)
{
    *claims = NULL;
    struct parts p;
    TRY(split(token, &p));
    TRY(verify_parts(&p, keys, typ)); /* before the payload's parser sees a byte */
    return decode_json(p.payload, JWT_MAX, claims);
}

/* --- keys of another party --- */

err_t jwt_header(struct bytes token, json_t **header)
{
    struct parts p;
    *header = NULL;
    TRY(split(token, &p));
    return decode_json(p.header, HEADER_MAX_FOREIGN, header);
}

/* What every foreign header must be: known alg, no crit, no b64, the right typ. */
static err_t foreign_header(struct bytes token, const char *typ, struct parts *p, json_t **header, const char **alg, const char **kid)
{
    const char *have_typ;
    TRY(split(token, p));
    TRY(decode_json(p->header, HEADER_MAX_FOREIGN, header));
    TRY(json_need_str(*header, "alg", 16, alg));
    TRY(json_get_str(*header, "kid", 256, kid));
    TRY(json_get_str(*header, "typ", 64, &have_typ));
    bool bad =
        json_object_get(*header, "crit") != NULL || json_object_get(*header, "b64") != NULL || (typ != NULL && !typ_is(have_typ, typ));
    return bad ? ERR_SYNTAX : OK;
}

err_t jwt_verify_any(struct bytes token, const struct jwks *keys, const char *typ, json_t **claims)
{
    AUTO_JSON header = NULL;
    struct parts p;
    const char *alg, *kid;
    uint8_t sig[SIGNATURE_MAX];
    size_t n;
    *claims = NULL;
    TRY(foreign_header(token, typ, &p, &header, &alg, &kid));
    if (b64url_decode(p.signature, sig, sizeof sig, &n) != OK)
        return ERR_SYNTAX;
    for (size_t i = 0; i < keys->n; i++) {
        const struct jwk *k = &keys->key[i];
        if (k->alg == JOSE_NONE || strcmp(alg, jose_alg_name(k->alg)) != 0 || (kid != NULL && strcmp(kid, k->kid) != 0))
            continue;
        err_t e = jwk_verify(k, p.signed_part, BYTES(sig, n));
        if (e == OK)
            return decode_json(p.payload, JWT_MAX, claims);
        if (e != ERR_BAD_SIGNATURE)
            return e;
    }
    return ERR_BAD_SIGNATURE;
}

err_t jwt_verify_hs256(struct bytes token, struct bytes secret, json_t **claims)
{
    AUTO_JSON header = NULL;
    struct parts p;
    const char *alg, *kid;
    uint8_t sig[SHA256_LEN], mac[SHA256_LEN];
    size_t n;
    *claims = NULL;
    TRY(foreign_header(token, NULL, &p, &header, &alg, &kid));
    /* RFC 7518 §3.2: a key of 256 bits at least */
    if (strcmp(alg, "HS256") != 0 || secret.len < 32 || b64url_decode(p.signature, sig, sizeof sig, &n) != OK)
        return ERR_BAD_SIGNATURE;
    hmac_sha256(secret, p.signed_part, mac);
    return secret_eq(BYTES(sig, n), BYTES(mac, sizeof mac)) ? decode_json(p.payload, JWT_MAX, claims) : ERR_BAD_SIGNATURE;
}

/* --- claims --- */

/* NumericDate (RFC 7519 §2), whole or with a fraction; *found false when absent. */
static err_t numeric_date(const json_t *claims, const char *name, bool *found, int64_t *out)
{
    const int64_t max = (int64_t)1 << 53;
    const json_t *v = json_object_get(claims, name);
    *found = v != NULL;
    *out = 0;
    if (v == NULL)
        return OK;
    if (json_is_integer(v)) {
        *out = json_integer_value(v);
        return *out >= 0 && *out <= max ? OK : ERR_UNAUTHENTICATED;
    }
    if (!json_is_real(v) || !(json_real_value(v) >= 0) || !(json_real_value(v) <= (double)max))
        return ERR_UNAUTHENTICATED;
    *out = (int64_t)json_real_value(v);
    return OK;
}

static bool string_is(const json_t *v, const char *want)
{
    return json_is_string(v) && bytes_eq(BYTES(json_string_value(v), json_string_length(v)), bytes_str(want));
}

/* RFC 7519 §4.1.3: one string or an array of strings. */
static bool audience_has(const json_t *aud, const char *want)
{
    if (!json_is_array(aud))
        return string_is(aud, want);
    bool has = false;
    for (size_t i = 0; i < json_array_size(aud); i++) {
        if (!json_is_string(json_array_get(aud, i)))
            return false;
        has |= string_is(json_array_get(aud, i), want);
    }
    return has;
}

err_t jwt_check(const json_t *claims, const struct jwt_expect *e)
{
    if (e->iss == NULL || e->aud == NULL || !string_is(json_object_get(claims, "iss"), e->iss) ||
        !audience_has(json_object_get(claims, "aud"), e->aud))
        return ERR_UNAUTHENTICATED;
    bool has_exp, has_nbf, has_iat;
    int64_t exp, nbf, iat;
    TRY(numeric_date(claims, "exp", &has_exp, &exp));
    TRY(numeric_date(claims, "nbf", &has_nbf, &nbf));
    TRY(numeric_date(claims, "iat", &has_iat, &iat));
    if (!has_exp || (has_nbf && nbf > e->now + e->skew) || (has_iat && iat > e->now + e->skew))
        return ERR_UNAUTHENTICATED;
    return e->now < exp + e->skew ? OK : ERR_EXPIRED; /* RFC 7519 §4.1.4: on or after exp it is refused */
}
