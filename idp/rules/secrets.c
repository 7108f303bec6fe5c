/*
 * Small uses of the derived keys: hashes of random names, look-up hashes, sealing.
 * Called by rules/, endpoints/ and antin-idpctl. RFC 2104; XChaCha20-Poly1305 by libsodium.
 */
#include "idp/rules/secrets.h"
#include <sodium.h>
#include <string.h>

#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_LEN crypto_aead_xchacha20poly1305_ietf_ABYTES

bool token_hash(const char *token, uint8_t out[SHA256_LEN])
{
    size_t n = token ? strlen(token) : 0;

    if (n != TOKEN_CHARS)
        return false;
    sha256(BYTES(token, n), out);
    return true;
}

void lookup_hash(const uint8_t key[IDP_KEY_LEN], const char *use, const char *value, uint8_t out[SHA256_LEN])
{
    crypto_auth_hmacsha256_state st;

    crypto_auth_hmacsha256_init(&st, key, IDP_KEY_LEN);
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)use, strlen(use) + 1); /* the NUL keeps the two apart */
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)value, strlen(value));
    crypto_auth_hmacsha256_final(&st, out);
    secret_wipe(&st, sizeof st);
}

err_t idp_seal(const uint8_t key[IDP_KEY_LEN], struct bytes ad, struct bytes plain, struct buf *out)
{
    uint8_t nonce[NONCE_LEN];

    random_bytes(nonce, sizeof nonce);
    TRY(buf_add(out, nonce, sizeof nonce));
    TRY(buf_reserve(out, plain.len + TAG_LEN + 1));
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(out->ptr + out->len, NULL, plain.ptr, plain.len, ad.ptr, ad.len, NULL, nonce, key) != 0)
        return ERR_CRYPTO;
    out->len += plain.len + TAG_LEN;
    out->ptr[out->len] = 0;
    return OK;
}

err_t idp_unseal(const uint8_t key[IDP_KEY_LEN], struct bytes ad, struct bytes sealed, struct buf *out)
{
    if (sealed.len < NONCE_LEN + TAG_LEN)
        return ERR_CRYPTO;
    size_t n = sealed.len - NONCE_LEN;
    TRY(buf_reserve(out, n + 1));
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out->ptr + out->len, NULL, NULL, sealed.ptr + NONCE_LEN, n, ad.ptr, ad.len, sealed.ptr,
                                                   key) != 0)
        return ERR_CRYPTO;
    out->len += n - TAG_LEN;
    out->ptr[out->len] = 0;
    return OK;
}
