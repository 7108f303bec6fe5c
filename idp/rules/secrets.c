/*
 * Small uses of the derived keys: hashes of random names, look-up hashes, sealing.
 * Called by rules/, endpoints/ and antin-idpctl. RFC 2104; XChaCha20-Poly1305 by libsodium.
 */
#include "idp/rules/secrets.h"
#include <sodium.h>
#include <stdio.h>
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

static void put_time(int64_t until, uint8_t out[TIME_PREFIX_LEN])
{
    uint64_t ms = (uint64_t)until * 1000;

    for (size_t i = 0; i < TIME_PREFIX_LEN; i++)
        out[i] = (uint8_t)(ms >> (40 - 8 * i));
}

void timed_make(int64_t until, char out[TIMED_CHARS + 1])
{
    uint8_t prefix[TIME_PREFIX_LEN];

    put_time(until, prefix);
    b64url_encode(BYTES(prefix, sizeof prefix), out);
    random_token(out + TIMED_PREFIX_CHARS, TOKEN_BYTES);
}

void timed_beside(const char *name, int64_t then, char out[TIMED_CHARS + 1])
{
    timed_make(then, out);
    if (strlen(name) == TIMED_CHARS)
        memcpy(out, name, TIMED_PREFIX_CHARS);
}

void timed_for_grant(const char *grant_id, char out[TIMED_CHARS + 1])
{
    uint8_t prefix[TIME_PREFIX_LEN];
    char hex[2 * TIME_PREFIX_LEN + 1];
    size_t len = 0;

    timed_make(0, out);
    snprintf(hex, sizeof hex, "%.8s%.4s", grant_id, grant_id + 9);
    if (hex_decode(bytes_str(hex), prefix, sizeof prefix, &len) == OK && len == sizeof prefix) {
        b64url_encode(BYTES(prefix, sizeof prefix), hex); /* eight characters and a NUL fit into thirteen */
        memcpy(out, hex, TIMED_PREFIX_CHARS);
    }
}

bool timed_key(const char *name, uint8_t out[TIMED_KEY_LEN])
{
    size_t n = name ? strlen(name) : 0, len = 0;

    memset(out, 0, TIME_PREFIX_LEN);
    if (n != TIMED_CHARS && n != TOKEN_CHARS)
        return false;
    if (n == TIMED_CHARS && (b64url_decode(BYTES(name, TIMED_PREFIX_CHARS), out, TIME_PREFIX_LEN, &len) != OK || len != TIME_PREFIX_LEN))
        return false;
    sha256(BYTES(name, n), out + TIME_PREFIX_LEN);
    return true;
}

void timed_uuid(int64_t until, char out[UUID_LEN + 1])
{
    uint8_t prefix[TIME_PREFIX_LEN];
    char hex[2 * TIME_PREFIX_LEN + 1];

    random_uuid(out);
    put_time(until, prefix);
    hex_encode(BYTES(prefix, sizeof prefix), hex);
    memcpy(out, hex, 8); /* xxxxxxxx-xxxx-8xxx-… */
    memcpy(out + 9, hex + 8, 4);
    out[14] = '8';
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
