/*
 * One thread's signing contexts: made and used once at start, so that afterwards signing takes no lock, fetches no algorithm and opens no file.
 * Called by every operation that signs. FIPS 186-4 §6 (ECDSA), RFC 8032 (Ed25519), RFC 8017 §8 (RSA).
 */
#include "certs/keyd/keyd.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

static EVP_MD *md_of(const struct worker *w, const struct key *key)
{
    return key->alg == JOSE_ES384 ? w->sha384 : w->sha256;
}

/* RFC 7518 §3.3, §3.5: MGF1 with the same hash (EVP's default), the salt as long as the hash. */
static bool set_padding(const struct key *key, EVP_PKEY_CTX *c)
{
    if (key->alg == JOSE_RS256)
        return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1;
    return key->alg != JOSE_PS256 || (EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1 &&
                                      EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static err_t sign_ctx(struct worker *w, size_t i)
{
    const struct key *key = &w->keyd->key[i];
    if (key->alg == JOSE_EDDSA) /* takes the message, not its hash: worker_sign */
        return OK;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    w->sign[i] = c;
    return c && EVP_PKEY_sign_init(c) == 1 && set_padding(key, c) && EVP_PKEY_CTX_set_signature_md(c, md_of(w, key)) == 1 ? OK : ERR_CRYPTO;
}

err_t worker_new(struct keyd *k, struct worker **out)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w)
        return ERR_NOMEM;
    w->keyd = k;
    w->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    w->sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
    w->md = EVP_MD_CTX_new();
    w->eddsa = EVP_MD_CTX_new();
    err_t e = w->sha256 && w->sha384 && w->md && w->eddsa ? OK : ERR_CRYPTO;
    for (size_t i = 0; e == OK && i < k->n; i++) {
        uint8_t sig[SIG_MAX];
        size_t n = sizeof sig;
        if (!k->key[i].pkey)
            continue;
        e = sign_ctx(w, i);
        if (e == OK)
            e = worker_sign(w, &k->key[i], BYTES_STR("first"), sig, &n); /* never leaves this function */
    }
    *out = w;
    if (e != OK)
        worker_free(out);
    return e;
}

void worker_free(struct worker **wp)
{
    struct worker *w = *wp;
    *wp = NULL;
    if (!w)
        return;
    for (size_t i = 0; i < KEYS_MAX; i++)
        EVP_PKEY_CTX_free(w->sign[i]);
    EVP_MD_CTX_free(w->md);
    EVP_MD_CTX_free(w->eddsa);
    EVP_MD_free(w->sha256);
    EVP_MD_free(w->sha384);
    secret_wipe(&w->q, sizeof w->q);
    free(w);
}

static err_t sign_message(struct worker *w, const struct key *key, struct bytes data, uint8_t *sig, size_t *len)
{
    bool ok = EVP_DigestSignInit(w->eddsa, NULL, NULL, NULL, key->pkey) == 1 && EVP_DigestSign(w->eddsa, sig, len, data.ptr, data.len) == 1;
    ERR_clear_error();
    return ok ? OK : ERR_CRYPTO;
}

err_t worker_sign(struct worker *w, const struct key *key, struct bytes data, uint8_t sig[SIG_MAX], size_t *len)
{
    uint8_t h[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_PKEY_CTX *ctx = w->sign[key - w->keyd->key];
    *len = SIG_MAX;
    if (key->alg == JOSE_EDDSA)
        return sign_message(w, key, data, sig, len);
    if (EVP_DigestInit_ex2(w->md, md_of(w, key), NULL) != 1 || EVP_DigestUpdate(w->md, data.ptr, data.len) != 1 ||
        EVP_DigestFinal_ex(w->md, h, &n) != 1 || EVP_PKEY_sign(ctx, sig, len, h, n) != 1) {
        ERR_clear_error();
        return ERR_CRYPTO;
    }
    return OK;
}

enum keyw_status status_of(err_t e)
{
    switch (e) {
    case OK: return KEYW_OK;
    case ERR_SYNTAX: return KEYW_SYNTAX;
    case ERR_KEY_PIN: return KEYW_PIN;
    case ERR_KEY_LOCKED: return KEYW_LOCKED;
    case ERR_KEY_ACTIVATION: return KEYW_ACTIVATION;
    case ERR_BUSY: return KEYW_BUSY;
    case ERR_CRYPTO: return KEYW_ALTERED;
    case ERR_KEYD_REFUSED: return KEYW_REFUSED;
    default: return KEYW_INTERNAL;
    }
}
