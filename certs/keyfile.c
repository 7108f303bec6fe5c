/*
 * Sealed key files: a private key with its purpose and times, encrypted under a domain's key (XChaCha20-Poly1305).
 * antin-ca writes them, keyd opens them at start. Layout: certs/keyd/PROTOCOL.md.
 */
#include "certs/keyfile.h"
#include "common/jose.h"
#include "common/x509.h"

#include <openssl/err.h>
#include <sodium.h>
#include <string.h>

#define MAGIC "ANTINKEY"
#define VERSION 1
#define HEAD_LEN 32
#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_LEN crypto_aead_xchacha20poly1305_ietf_ABYTES

static const char *const NAMES[] = {[KEY_TOKEN] = "token", [KEY_DATA] = "data", [KEY_TSA] = "tsa", [KEY_SEAL] = "seal", [KEY_CA] = "ca", [KEY_OCSP] = "ocsp"};
#define NAMES_N (sizeof NAMES / sizeof NAMES[0])

const char *purpose_name(enum key_purpose p)
{
    return (size_t)p < NAMES_N ? NAMES[p] : NULL;
}

enum key_purpose purpose_from(const char *name)
{
    for (size_t i = KEY_TOKEN; i < NAMES_N; i++)
        if (!strcmp(NAMES[i], name))
            return (enum key_purpose)i;
    return 0;
}

void keyfile_free(struct keyfile *k)
{
    buf_free(&k->spki);
    secret_free(&k->secret);
}

err_t domain_key_parse(struct bytes text, struct secret *key)
{
    uint8_t raw[DOMAIN_KEY_LEN];
    size_t n = 0;
    err_t e = b64url_decode(text, raw, sizeof raw, &n);
    if (e != OK || n != sizeof raw)
        return ERR_SYNTAX;
    e = secret_copy(key, BYTES(raw, sizeof raw));
    secret_wipe(raw, sizeof raw);
    return e;
}

err_t domain_key_load(const char *path, struct secret *key)
{
    AUTO_SECRET text = {0};
    TRY(secret_read_file(&text, path, 256));
    return domain_key_parse(secret_bytes(&text), key);
}

/* --- making keys --- */

err_t pkey_generate(const char *curve, EVP_PKEY **out)
{
    if (strcmp(curve, "P-256") != 0 && strcmp(curve, "P-384") != 0)
        return ERR_UNSUPPORTED;
    *out = EVP_EC_gen(curve);
    return *out ? OK : ERR_CRYPTO;
}

/* PKCS#8 in memory that is wiped. */
static err_t pkcs8_from(const EVP_PKEY *key, struct secret *out)
{
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
    uint8_t *der = NULL;
    int n = p8 ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;
    PKCS8_PRIV_KEY_INFO_free(p8);
    if (n <= 0)
        return ERR_CRYPTO;
    err_t e = secret_copy(out, BYTES(der, (size_t)n));
    OPENSSL_clear_free(der, (size_t)n);
    return e;
}

static err_t pkcs8_to(struct bytes der, EVP_PKEY **out)
{
    const uint8_t *p = der.ptr;
    *out = d2i_AutoPrivateKey(NULL, &p, (long)der.len);
    ERR_clear_error();
    return *out && p == der.ptr + der.len ? OK : ERR_CRYPTO;
}

#define RSA_BITS 3072 /* as strong as P-256 (NIST SP 800-57 part 1, table 2) */

static err_t token_key(enum jose_alg alg, EVP_PKEY **out)
{
    switch (alg) {
    case JOSE_ES256: return pkey_generate("P-256", out);
    case JOSE_ES384: return pkey_generate("P-384", out);
    case JOSE_EDDSA: *out = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); break;
    case JOSE_RS256:
    case JOSE_PS256: *out = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS); break;
    default: return ERR_UNSUPPORTED;
    }
    return *out ? OK : ERR_CRYPTO;
}

err_t keyfile_new(enum key_purpose p, const char *kind, int64_t not_before, int64_t not_after, struct keyfile *out)
{
    enum jose_alg alg = p == KEY_TOKEN ? jose_alg_from(kind) : JOSE_NONE;
    *out = (struct keyfile){.purpose = p, .not_before = not_before, .not_after = not_after};
    if (p == KEY_DATA) {
        uint8_t raw[KEY_DATA_LEN];
        random_bytes(raw, sizeof raw);
        err_t e = secret_copy(&out->secret, BYTES(raw, sizeof raw));
        secret_wipe(raw, sizeof raw);
        return e;
    }
    AUTO_PKEY key = NULL;
    TRY(alg == JOSE_NONE ? pkey_generate(kind, &key) : token_key(alg, &key));
    out->alg = alg == JOSE_NONE ? jose_alg_of(key) : alg;
    TRY(jwk_thumbprint(key, out->id));
    TRY(pkey_spki(key, &out->spki));
    return pkcs8_from(key, &out->secret);
}

err_t keyfile_pkey(const struct keyfile *k, EVP_PKEY **out)
{
    AUTO_PKEY key = NULL;
    AUTO_BUF spki = {0};
    TRY(pkcs8_to(secret_bytes(&k->secret), &key));
    TRY(pkey_spki(key, &spki));
    if (!bytes_eq(buf_bytes(&spki), buf_bytes(&k->spki)))
        return ERR_CRYPTO;
    *out = take(&key);
    return OK;
}

/* --- the file --- */

static void put_be(uint8_t *at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

static uint64_t get_be(const uint8_t *at, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | at[i];
    return v;
}

/* The key that seals key files, apart from other uses of the domain's key. */
static void sealing_key(struct bytes domain_key, uint8_t out[32])
{
    static const char use[] = "antin key file 1";
    crypto_generichash(out, 32, (const uint8_t *)use, sizeof use - 1, domain_key.ptr, domain_key.len);
}

static err_t data_id(const uint8_t *nonce, char id[KEY_ID_LEN + 1])
{
    uint8_t h[SHA256_LEN];
    sha256(BYTES(nonce, NONCE_LEN), h);
    b64url_encode(BYTES(h, sizeof h), id);
    return OK;
}

/* A key signs with one algorithm alone. Only RSA leaves a choice, which the header makes; RSA and Ed25519 are for tokens. */
enum { ALG_IMPLIED = 0, ALG_PS256 = 1 };
static err_t alg_of(const EVP_PKEY *key, enum key_purpose p, uint8_t told, enum jose_alg *out)
{
    enum jose_alg own = jose_alg_of(key);

    if (told > ALG_PS256 || own == JOSE_NONE || (told == ALG_PS256 && own != JOSE_RS256))
        return ERR_SYNTAX;
    *out = told == ALG_PS256 ? JOSE_PS256 : own;
    return p == KEY_TOKEN || own == JOSE_ES256 || own == JOSE_ES384 ? OK : ERR_SYNTAX;
}

err_t keyfile_peek(struct bytes f, struct keyfile *out)
{
    *out = (struct keyfile){0};
    if (f.len < HEAD_LEN + NONCE_LEN + TAG_LEN || f.len > KEYFILE_MAX || memcmp(f.ptr, MAGIC, 8) != 0 || f.ptr[8] != VERSION)
        return ERR_SYNTAX;
    size_t spki = (size_t)get_be(f.ptr + 10, 2);
    if (get_be(f.ptr + 13, 3) != 0 || spki > f.len - HEAD_LEN - NONCE_LEN - TAG_LEN)
        return ERR_SYNTAX;
    out->purpose = (enum key_purpose)f.ptr[9];
    if (!purpose_name(out->purpose) || (out->purpose == KEY_DATA) != (spki == 0) || (out->purpose == KEY_DATA && f.ptr[12] != ALG_IMPLIED))
        return ERR_SYNTAX;
    out->not_before = (int64_t)get_be(f.ptr + 16, 8);
    out->not_after = (int64_t)get_be(f.ptr + 24, 8);
    if (out->purpose == KEY_DATA)
        return data_id(f.ptr + HEAD_LEN, out->id);
    AUTO_PKEY key = NULL;
    TRY(pkey_from_spki(BYTES(f.ptr + HEAD_LEN, spki), &key));
    TRY(jwk_thumbprint(key, out->id));
    TRY(alg_of(key, out->purpose, f.ptr[12], &out->alg));
    return buf_copy(&out->spki, BYTES(f.ptr + HEAD_LEN, spki));
}

err_t keyfile_open(struct bytes f, struct bytes domain_key, struct keyfile *out)
{
    uint8_t k[32], plain[KEYFILE_MAX];
    unsigned long long n = 0;
    TRY(keyfile_peek(f, out));
    size_t ad = HEAD_LEN + out->spki.len;
    sealing_key(domain_key, k);
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n, NULL, f.ptr + ad + NONCE_LEN, f.len - ad - NONCE_LEN, f.ptr, ad,
                                                         f.ptr + ad, k);
    secret_wipe(k, sizeof k);
    err_t e = bad || n == 0 ? ERR_CRYPTO : secret_copy(&out->secret, BYTES(plain, n));
    secret_wipe(plain, sizeof plain);
    if (e == OK && out->purpose == KEY_DATA && out->secret.len != KEY_DATA_LEN)
        e = ERR_CRYPTO;
    if (e != OK)
        keyfile_free(out);
    return e;
}

err_t keyfile_seal(struct keyfile *k, struct bytes domain_key, struct buf *out)
{
    uint8_t head[HEAD_LEN] = MAGIC, nonce[NONCE_LEN], key[32];
    head[8] = VERSION;
    head[9] = (uint8_t)k->purpose;
    head[12] = k->alg == JOSE_PS256 ? ALG_PS256 : ALG_IMPLIED;
    put_be(head + 10, k->spki.len, 2);
    put_be(head + 16, (uint64_t)k->not_before, 8);
    put_be(head + 24, (uint64_t)k->not_after, 8);
    random_bytes(nonce, sizeof nonce);
    if (k->purpose == KEY_DATA)
        TRY(data_id(nonce, k->id));
    buf_free(out);
    TRY(buf_add(out, head, sizeof head));
    TRY(buf_add_bytes(out, buf_bytes(&k->spki)));
    size_t ad = out->len;
    TRY(buf_add(out, nonce, sizeof nonce));
    TRY(buf_reserve(out, k->secret.len + TAG_LEN));
    unsigned long long n = 0;
    sealing_key(domain_key, key);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out->ptr + out->len, &n, k->secret.ptr, k->secret.len, out->ptr, ad, NULL, nonce, key);
    secret_wipe(key, sizeof key);
    out->len += n;
    return OK;
}

/* --- under a passphrase --- */

#define PASS_MAGIC "ANTINPWK"
#define PASS_OPS 3u
#define PASS_MEM_KIB 65536u
#define PASS_MEM_MAX_KIB (1u << 20)
#define PASS_HEAD (8 + 4 + 4 + crypto_pwhash_SALTBYTES + NONCE_LEN)

static err_t pass_key(struct bytes passphrase, const uint8_t *head, uint8_t key[32])
{
    uint64_t ops = get_be(head + 8, 4), mem = get_be(head + 12, 4);
    if (ops < 1 || ops > 20 || mem < 8 || mem > PASS_MEM_MAX_KIB)
        return ERR_SYNTAX;
    return crypto_pwhash(key, 32, (const char *)passphrase.ptr, passphrase.len, head + 16, ops, (size_t)mem * 1024,
                         crypto_pwhash_ALG_ARGON2ID13) == 0
               ? OK
               : ERR_NOMEM;
}

err_t passkey_seal(const EVP_PKEY *pkey, struct bytes passphrase, struct buf *out)
{
    AUTO_SECRET der = {0};
    uint8_t head[PASS_HEAD] = PASS_MAGIC, key[32];
    TRY(pkcs8_from(pkey, &der));
    put_be(head + 8, PASS_OPS, 4);
    put_be(head + 12, PASS_MEM_KIB, 4);
    random_bytes(head + 16, sizeof head - 16); /* salt and nonce */
    TRY(pass_key(passphrase, head, key));
    buf_free(out);
    err_t e = buf_add(out, head, sizeof head);
    if (e == OK)
        e = buf_reserve(out, der.len + TAG_LEN);
    if (e == OK) {
        unsigned long long n = 0;
        crypto_aead_xchacha20poly1305_ietf_encrypt(out->ptr + out->len, &n, der.ptr, der.len, head, sizeof head, NULL,
                                                   head + PASS_HEAD - NONCE_LEN, key);
        out->len += n;
    }
    secret_wipe(key, sizeof key);
    return e;
}

err_t passkey_open(struct bytes f, struct bytes passphrase, EVP_PKEY **out)
{
    uint8_t key[32], plain[KEYFILE_MAX];
    unsigned long long n = 0;
    if (f.len < PASS_HEAD + TAG_LEN || f.len > KEYFILE_MAX || memcmp(f.ptr, PASS_MAGIC, 8) != 0)
        return ERR_SYNTAX;
    TRY(pass_key(passphrase, f.ptr, key));
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n, NULL, f.ptr + PASS_HEAD, f.len - PASS_HEAD, f.ptr, PASS_HEAD,
                                                         f.ptr + PASS_HEAD - NONCE_LEN, key);
    secret_wipe(key, sizeof key);
    err_t e = bad ? ERR_CRYPTO : pkcs8_to(BYTES(plain, n), out);
    secret_wipe(plain, sizeof plain);
    return e;
}
