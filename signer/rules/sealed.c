/*
 * Sealing of small values: nonce, then ciphertext and tag.
 * Called by rules/web.
 */
#include "signer/rules/sealed.h"

#include "common/secret.h"
#include <sodium.h>
#include <string.h>

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES

err_t sealed_close(const uint8_t key[SEALED_KEY_LEN], const char *ad, struct bytes plain, struct buf *out)
{
    AUTO_BUF b = {0};
    TRY(buf_reserve(&b, NONCE + plain.len + TAG));
    random_bytes(b.ptr, NONCE);
    unsigned long long n = 0;
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(b.ptr + NONCE, &n, plain.ptr, plain.len, (const uint8_t *)ad, strlen(ad), NULL, b.ptr,
                                                   key) != 0)
        return ERR_CRYPTO;
    b.len = NONCE + (size_t)n;
    buf_free(out);
    *out = take(&b);
    return OK;
}

err_t sealed_open(const uint8_t key[SEALED_KEY_LEN], const char *ad, struct bytes sealed, struct buf *out)
{
    if (sealed.len < NONCE + TAG)
        return ERR_CRYPTO;
    AUTO_BUF b = {0};
    TRY(buf_reserve(&b, sealed.len - NONCE - TAG + 1));
    unsigned long long n = 0;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(b.ptr, &n, NULL, sealed.ptr + NONCE, sealed.len - NONCE, (const uint8_t *)ad, strlen(ad),
                                                   sealed.ptr, key) != 0)
        return ERR_CRYPTO;
    b.len = (size_t)n;
    b.ptr[n] = 0;
    buf_free(out);
    *out = take(&b);
    return OK;
}
