/*
 * SIGN: a citizen's signature over exactly the digests that the login covers. Every check is made here, whatever the caller checked.
 * Called by serve.c on a PIN thread. OpenID Connect Core §3.1.3.7 (ID token), EN 419 241-1 (sole control), EN 319 122-1 and 319 142-1 (attributes), EN 319 132-1.
 */
#include "certs/keyd/keyd.h"
#include "common/clock.h"
#include "common/log.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define ACTIVATION_MAX_S 900

static bool request_ok(const struct keyw_sign *q)
{
    if (!citizen_ok(&q->citizen) || !pin_ok(&q->pin) || q->n == 0 || q->n > KEY_DIGESTS_MAX || q->cert_len > sizeof q->cert ||
        q->token_len > sizeof q->token || !keyw_zero(q->reserved, sizeof q->reserved))
        return false;
    for (size_t i = 0; i < q->n; i++)
        if (q->item[i].kind < KEY_SIGN_PADES || q->item[i].kind > KEY_SIGN_XADES ||
            !keyw_zero(q->item[i].reserved, sizeof q->item[i].reserved))
            return false;
    return keyw_zero(&q->item[q->n], (KEY_DIGESTS_MAX - q->n) * sizeof q->item[0]) &&
           keyw_zero(q->cert + q->cert_len, sizeof q->cert - q->cert_len) &&
           keyw_zero(q->token + q->token_len, sizeof q->token - q->token_len);
}

/* The nonce that the login must have carried, computed from what is about to be signed. */
static void expected_nonce(const struct keyw_sign *q, char text[44], uint8_t raw[32])
{
    struct key_activation a = {.expires = q->expires, .n = q->n};
    size_t n = 0;
    memcpy(a.citizen.credential_id, q->citizen.credential_id, KEY_UUID_LEN);
    memcpy(a.citizen.owner, q->citizen.owner, strlen(q->citizen.owner));
    memcpy(a.random, q->random, sizeof a.random);
    for (size_t i = 0; i < q->n; i++) {
        a.item[i].kind = (enum key_sign_kind)q->item[i].kind;
        memcpy(a.item[i].sha256, q->item[i].sha256, sizeof a.item[i].sha256);
    }
    key_activation_nonce(&a, text);
    if (b64url_decode(BYTES_STR(text), raw, 32, &n) != OK)
        memset(raw, 0, 32);
}

static bool claim_is(const json_t *claims, const char *name, const char *want, bool optional)
{
    const char *v = NULL;
    if (json_get_str(claims, name, 512, &v) != OK)
        return false;
    return v ? !strcmp(v, want) : optional;
}

/*
 * iat: issued by the provider after this process began (and its clock is at most skew ahead). So a nonce that an earlier process
 * saw used cannot come again with a token that this one accepts, although the memory of it is gone.
 */
static bool fresh(const struct keyd *k, const json_t *claims, int64_t now)
{
    int64_t iat = 0;
    if (json_get_int(claims, "iat", 1, INT64_MAX / 2, 0, &iat) != OK || iat == 0)
        return false;
    return iat > k->started + k->conf.clock_skew && iat <= now + k->conf.clock_skew;
}

/* *why: for the log. */
static err_t check_token(const struct keyd *k, const struct keyw_sign *q, const char *nonce, int64_t now, const char **why)
{
    AUTO_JSON claims = NULL;
    const struct jwt_expect want = {.iss = k->conf.idp_issuer, .aud = k->conf.idp_audience, .now = now, .skew = k->conf.clock_skew};
    *why = "signature of the ID token";
    if (jwt_verify(BYTES(q->token, q->token_len), &k->idp, "JWT", &claims) != OK)
        return ERR_KEY_ACTIVATION;
    *why = "iss, aud or exp of the ID token";
    if (jwt_check(claims, &want) != OK || !json_object_get(claims, "exp") || !claim_is(claims, "azp", k->conf.idp_audience, true))
        return ERR_KEY_ACTIVATION;
    *why = "iat of the ID token";
    if (!fresh(k, claims, now))
        return ERR_KEY_ACTIVATION;
    *why = "sub of the ID token";
    if (!claim_is(claims, "sub", q->citizen.owner, false))
        return ERR_KEY_ACTIVATION;
    *why = "nonce of the ID token";
    return claim_is(claims, "nonce", nonce, false) ? OK : ERR_KEY_ACTIVATION;
}

/* Issued by one of this keyd's CAs, for this key, for signatures alone, valid now. */
static err_t check_cert(const struct keyd *k, const struct keyw_sign *q, const EVP_PKEY *pub, int64_t now, const char **why)
{
    AUTO_X509 c = NULL;
    int64_t from, to;
    *why = "certificate";
    if (x509_from_der(BYTES(q->cert, q->cert_len), &c) != OK || x509_validity(c, &from, &to) != OK)
        return ERR_KEY_ACTIVATION;
    *why = "certificate's key";
    if (!X509_get0_pubkey(c) || EVP_PKEY_eq(X509_get0_pubkey(c), pub) != 1)
        return ERR_KEY_ACTIVATION;
    *why = "certificate's validity";
    if (now < from || now > to)
        return ERR_KEY_ACTIVATION;
    *why = "certificate's profile";
    if (X509_check_ca(c) != 0 || X509_get_key_usage(c) != KU_NON_REPUDIATION ||
        (X509_get_extension_flags(c) & (EXFLAG_INVALID | EXFLAG_XKUSAGE)))
        return ERR_KEY_ACTIVATION;
    *why = "certificate's issuer";
    for (size_t i = 0; i < k->n; i++)
        if (k->key[i].purpose == KEY_CA && !X509_NAME_cmp(X509_get_issuer_name(c), X509_get_subject_name(k->key[i].x509)) &&
            X509_verify(c, k->key[i].pkey) == 1)
            return OK;
    ERR_clear_error();
    return ERR_KEY_ACTIVATION;
}

static void ctx_free(EVP_PKEY_CTX **c)
{
    EVP_PKEY_CTX_free(*c);
}

static err_t sign_digest(EVP_PKEY_CTX *ctx, const uint8_t digest[SHA256_LEN], struct keyw_signature *s)
{
    size_t n = sizeof s->sig;
    if (EVP_PKEY_sign(ctx, s->sig, &n, digest, SHA256_LEN) != 1)
        return ERR_INTERNAL;
    s->sig_len = (uint16_t)n;
    return OK;
}

/* PAdES has its time in the PDF and so none in the attributes (EN 319 142-1 §6.3); CAdES has keyd's. XAdES: the digest is that of SignedInfo. */
static err_t sign_item(struct worker *w, EVP_PKEY_CTX *ctx, const struct keyw_sign *q, const struct keyw_item *item, int64_t now,
                       struct keyw_signature *s)
{
    AUTO_BUF attrs = {0};
    uint8_t h[SHA256_LEN];
    unsigned hn = 0;
    if (item->kind == KEY_SIGN_XADES)
        return sign_digest(ctx, item->sha256, s);
    const struct cms_attrs a = {.digest_alg = CMS_SHA256,
                                .digest = BYTES(item->sha256, sizeof item->sha256),
                                .cert = BYTES(q->cert, q->cert_len),
                                .signing_time = item->kind == KEY_SIGN_CADES ? now : 0};
    TRY(cms_signed_attrs(&a, &attrs));
    if (attrs.len > sizeof s->attrs)
        return ERR_INTERNAL;
    if (EVP_DigestInit_ex2(w->md, w->sha256, NULL) != 1 || EVP_DigestUpdate(w->md, attrs.ptr, attrs.len) != 1 ||
        EVP_DigestFinal_ex(w->md, h, &hn) != 1)
        return ERR_INTERNAL;
    memcpy(s->attrs, attrs.ptr, attrs.len);
    s->attrs_len = (uint16_t)attrs.len;
    return sign_digest(ctx, h, s);
}

static err_t sign_all(struct worker *w, const uint8_t point[POINT_LEN], const uint8_t scalar[32], int64_t now)
{
    const struct keyw_sign *q = &w->q.SIGN_q;
    struct keyw_sign_r *r = &w->r.SIGN_r;
    AUTO_PKEY key = NULL;
    TRY(point_to_pkey(point, scalar, &key));
    AUTO(ctx_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (!ctx || EVP_PKEY_sign_init(ctx) != 1 || EVP_PKEY_CTX_set_signature_md(ctx, w->sha256) != 1)
        return ERR_INTERNAL;
    for (size_t i = 0; i < q->n; i++)
        TRY(sign_item(w, ctx, q, &q->item[i], now, &r->s[i]));
    r->n = q->n;
    return OK;
}

/* The PIN last but one: it is the one check that costs tries. The nonce last: a wrong PIN leaves the activation usable, a second signature does not. */
static err_t unlock_and_sign(struct worker *w, const struct blob_open_result *o, const uint8_t nonce[32], int64_t now)
{
    const struct keyw_sign *q = &w->q.SIGN_q;
    struct keyd *k = w->keyd;
    uint8_t scalar[32];
    TRY(pins_try(k->citizens->pins, q->citizen.credential_id, now));
    err_t e = blob_unlock(k, &q->citizen, o, BYTES(q->pin.pin, q->pin.len), scalar);
    if (e == OK) {
        pins_right(k->citizens->pins, q->citizen.credential_id);
        e = nonces_use(k->citizens->nonces, nonce, q->expires, now);
    }
    if (e == OK)
        e = sign_all(w, o->point, scalar, now);
    secret_wipe(scalar, sizeof scalar);
    return e;
}

enum keyw_status op_sign(struct worker *w, struct conn *c)
{
    const struct keyw_sign *q = &w->q.SIGN_q;
    struct keyd *k = w->keyd;
    struct blob_open_result o;
    char nonce[44];
    uint8_t nonce_raw[32];
    const char *why = "expiry of the activation";
    int64_t now = clock_now();
    (void)c;
    if (!request_ok(q))
        return KEYW_SYNTAX;
    err_t e = blob_open(k, &q->citizen, &q->blob, &o);
    if (e != OK)
        return status_of(e);
    AUTO_PKEY pub = NULL;
    if (point_to_pkey(o.point, NULL, &pub) != OK)
        return KEYW_INTERNAL;
    expected_nonce(q, nonce, nonce_raw);
    e = q->expires > now && q->expires <= now + ACTIVATION_MAX_S ? OK : ERR_KEY_ACTIVATION;
    if (e == OK)
        e = check_token(k, q, nonce, now, &why);
    if (e == OK)
        e = check_cert(k, q, pub, now, &why);
    if (e == OK && nonces_seen(k->citizens->nonces, nonce_raw, now)) {
        why = "activation used before";
        e = ERR_KEY_ACTIVATION;
    }
    if (e == OK) {
        why = "activation used at the same time";
        e = unlock_and_sign(w, &o, nonce_raw, now);
    }
    if (e == ERR_KEY_ACTIVATION)
        log_event(LOG_WARNING, "activation_refused", "credential %s: %s", q->citizen.credential_id, why);
    else
        log_event(LOG_INFO, "citizen_sign", "credential %s: %u digests: %s", q->citizen.credential_id, q->n,
                  e == OK ? "signed" : err_info(e)->name);
    return status_of(e);
}
