/*
 * Opens keys and signs with them.
 * Called by key_server.c. RFC 5280 §4.2.1.3, RFC 8017 §8.1, RFC 7292.
 */
#include "signer/sign/key.h"

#include "common/clock.h"
#include "signer/formats/algorithm.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static err_t no(char why[160], const char *what, const char *name, err_t e)
{
    snprintf(why, 160, "%s: %s", what, name != NULL ? name : "-");
    return e;
}

/* --- signing --- */

struct key_signer {
    const struct key *key;
    EVP_PKEY_CTX *ctx; /* ready for any number of digests */
    EVP_MD_CTX *pure;  /* Ed25519, which takes what is signed as it is */
};

static bool make_ready(EVP_PKEY_CTX *ctx, const struct key *k)
{
    if (ctx == NULL || EVP_PKEY_sign_init(ctx) != 1)
        return false;
    if (k->signing.scheme == SIGN_RSA_PSS && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) <= 0)
        return false;
    if (EVP_PKEY_CTX_set_signature_md(ctx, cms_hash_md(k->signing.hash)) <= 0)
        return false;
    return k->signing.scheme != SIGN_RSA_PSS || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

err_t key_signer_new(const struct key *k, struct key_signer **out)
{
    struct key_signer *s = *out = calloc(1, sizeof **out);
    if (s == NULL)
        return ERR_NOMEM;
    s->key = k;
    if (k->signing.scheme == SIGN_ED25519) {
        s->pure = EVP_MD_CTX_new();
        return s->pure != NULL ? OK : ERR_NOMEM;
    }
    s->ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
    return make_ready(s->ctx, k) ? OK : ERR_CRYPTO;
}

err_t key_signer_sign(struct key_signer *s, struct bytes input, uint8_t value[KEY_SIGNATURE_MAX], size_t *n)
{
    *n = KEY_SIGNATURE_MAX;
    bool ok = false;
    if (s->pure != NULL)
        ok = EVP_DigestSignInit(s->pure, NULL, NULL, NULL, s->key->pkey) == 1 &&
             EVP_DigestSign(s->pure, value, n, input.ptr, input.len) == 1;
    else if (input.len == cms_hash_len(s->key->signing.hash))
        ok = EVP_PKEY_sign(s->ctx, value, n, input.ptr, input.len) == 1;
    *n = ok ? *n : 0;
    return ok ? OK : ERR_CRYPTO;
}

void key_signer_free(struct key_signer **s)
{
    if (*s == NULL)
        return;
    EVP_PKEY_CTX_free((*s)->ctx);
    EVP_MD_CTX_free((*s)->pure);
    free(*s);
    *s = NULL;
}

/* --- PEM --- */

static void bio_free(BIO **b)
{
    BIO_free(*b);
}
#define AUTO_BIO AUTO(bio_free) BIO *

struct asked {
    struct bytes password;
    bool used;
};

static int give_password(char *to, int size, int writing, void *arg)
{
    struct asked *a = arg;
    (void)writing;
    a->used = true;
    if (a->password.len == 0 || a->password.len > (size_t)size)
        return -1;
    memcpy(to, a->password.ptr, a->password.len);
    return (int)a->password.len;
}

static err_t load_pem_key(struct key *k, const struct key_source *s, char why[160])
{
    AUTO_SECRET text = {0};
    struct asked asked = {.password = s->password};
    if (secret_read_file(&text, s->key, KEY_FILE_MAX) != OK)
        return no(why, "cannot read", s->key, ERR_IO);
    AUTO_BIO bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    k->pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, give_password, &asked) : NULL;
    if (k->pkey != NULL)
        return OK;
    return asked.used ? no(why, "password for", s->key, ERR_KEY_PIN) : no(why, "no private key in PEM", s->key, ERR_SYNTAX);
}

/* --- certificates --- */

static err_t add_chain(struct key *k, X509 *c)
{
    if (k->signing.chain_n == KEY_CHAIN_MAX)
        return ERR_TOO_LARGE;
    struct buf *to = &k->chain[k->signing.chain_n];
    TRY(x509_to_der(c, to));
    k->chain_view[k->signing.chain_n++] = buf_bytes(to);
    return OK;
}

static err_t add_stack(struct key *k, STACK_OF(X509) *certs)
{
    for (int i = 0; i < sk_X509_num(certs); i++) {
        if (k->x509 == NULL || X509_cmp(sk_X509_value(certs, i), k->x509) != 0)
            TRY(add_chain(k, sk_X509_value(certs, i)));
    }
    return OK;
}

/* The one of the key, wherever in the file it stands. */
static err_t load_cert(struct key *k, const char *path, char why[160])
{
    AUTO_X509_STACK certs = NULL;
    err_t e = x509_bundle_load(path, &certs, NULL);
    if (e != OK)
        return no(why, "no certificate in", path, e);
    for (int i = 0; i < sk_X509_num(certs) && k->x509 == NULL; i++) {
        X509 *c = sk_X509_value(certs, i);
        if (k->pkey != NULL && EVP_PKEY_eq(X509_get0_pubkey(c), k->pkey) == 1 && X509_up_ref(c) == 1)
            k->x509 = c;
    }
    return k->x509 != NULL ? add_stack(k, certs) : no(why, "no certificate of this key in", path, ERR_CONFLICT);
}

static err_t load_chain(struct key *k, const char *const *paths, char why[160])
{
    for (size_t i = 0; paths != NULL && paths[i] != NULL; i++) {
        AUTO_X509_STACK certs = NULL;
        err_t e = x509_bundle_load(paths[i], &certs, NULL);
        if (e != OK)
            return no(why, "no certificates in", paths[i], e);
        TRY(add_stack(k, certs));
    }
    return OK;
}

/* --- PKCS#12 --- */

static void p12_free(PKCS12 **p)
{
    PKCS12_free(*p);
}

static err_t p12_read(struct key *k, PKCS12 *p, const char *password, const char *path, char why[160])
{
    AUTO_X509_STACK above = NULL;
    if (PKCS12_verify_mac(p, password, -1) != 1)
        return no(why, "password for", path, ERR_KEY_PIN);
    ERR_clear_error();
    if (PKCS12_parse(p, password, &k->pkey, &k->x509, &above) != 1)
        return no(why, "encrypted by an outdated algorithm", path, ERR_UNSUPPORTED);
    if (k->pkey == NULL || k->x509 == NULL)
        return no(why, "no key with its certificate in", path, ERR_NOT_FOUND);
    return add_stack(k, above);
}

static err_t load_p12(struct key *k, const struct key_source *s, char why[160])
{
    AUTO_SECRET password = {0};
    AUTO_BIO bio = BIO_new_file(s->p12, "rb");
    if (bio == NULL)
        return no(why, "cannot read", s->p12, ERR_IO);
    AUTO(p12_free) PKCS12 *p = d2i_PKCS12_bio(bio, NULL);
    if (p == NULL)
        return no(why, "not PKCS#12", s->p12, ERR_SYNTAX);
    TRY(secret_copy(&password, s->password)); /* with a NUL behind it */
    return p12_read(k, p, (const char *)password.ptr, s->p12, why);
}

/* --- together --- */

static enum sign_scheme scheme_of(const EVP_PKEY *key, bool pkcs1)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519: return SIGN_ED25519;
    case EVP_PKEY_RSA_PSS: return SIGN_RSA_PSS;
    case EVP_PKEY_RSA: return pkcs1 ? SIGN_RSA_PKCS1 : SIGN_RSA_PSS;
    default: return SIGN_ECDSA;
    }
}

/* As strong as the key: TS 119 312 §7.2. */
static enum cms_hash hash_of(const EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
        return CMS_SHA512; /* RFC 8419 §3.1 */
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || bits < 384)
        return CMS_SHA256;
    return bits < 512 ? CMS_SHA384 : CMS_SHA512;
}

static err_t arm(struct key *k, const struct key_source *s, char why[160])
{
    char name[ALGORITHM_NAME_CAP];
    const EVP_PKEY *public = X509_get0_pubkey(k->x509);
    TRY(x509_to_der(k->x509, &k->cert));
    k->signing.cert = buf_bytes(&k->cert);
    k->signing.chain = k->chain_view;
    k->signing.scheme = scheme_of(public, s->pkcs1);
    k->signing.hash = s->hash != NULL ? *s->hash : hash_of(public);
    if (algorithm_for_signing(public, k->signing.scheme, k->signing.hash, clock_now(), name) != OK)
        return no(why, "refused", name, ERR_ALGORITHM);
    return OK;
}

static err_t load_key(struct key *k, const struct key_source *s, char why[160])
{
    if (s->p12 != NULL)
        return load_p12(k, s, why);
    if (s->module != NULL)
        return key_token_open(s, &k->token, &k->pkey, &k->x509, why);
    return load_pem_key(k, s, why);
}

err_t key_open(struct key *k, const struct key_source *s, char why[160])
{
    *k = (struct key){0};
    why[0] = '\0';
    TRY(load_key(k, s, why));
    if (s->cert != NULL) {
        X509_free(k->x509);
        k->x509 = NULL;
        TRY(load_cert(k, s->cert, why));
    }
    if (k->x509 == NULL)
        return no(why, "the key's certificate must be given", s->object, ERR_NOT_FOUND);
    if (EVP_PKEY_eq(X509_get0_pubkey(k->x509), k->pkey) != 1)
        return no(why, "certificate and key are not of each other", s->cert, ERR_CONFLICT);
    TRY(load_chain(k, s->chain, why));
    return arm(k, s, why);
}

/* EN 319 412-2 §4.3.2: nonRepudiation, digitalSignature, or both; a certificate authority's key signs no documents. */
err_t key_usable(const struct key *k, int64_t now)
{
    int64_t from, to;
    TRY(x509_validity(k->x509, &from, &to));
    if (now < from || now > to)
        return ERR_EXPIRED;
    if ((X509_get_extension_flags(k->x509) & EXFLAG_CA) != 0 ||
        (X509_get_key_usage(k->x509) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
        return ERR_UNSUPPORTED;
    return OK;
}

void key_close(struct key *k)
{
    EVP_PKEY_free(k->pkey);
    X509_free(k->x509);
    key_token_close(&k->token);
    buf_free(&k->cert);
    for (size_t i = 0; i < KEY_CHAIN_MAX; i++)
        buf_free(&k->chain[i]);
    *k = (struct key){0};
}
