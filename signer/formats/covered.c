/*
 * The digest of what a signature covers.
 * Called by cades_*.c and signer/verify. RFC 5652 §5.4; ISO 32000-1 §12.8.1 (ByteRange).
 */
#include "signer/formats/covered.h"

#include "signer/formats/mapped.h"

err_t covered_digest(const struct covered *c, const EVP_MD *md, uint8_t *out, size_t *len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned n = 0;
    bool done = ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1;
    for (size_t i = 0; i < 2 && done; i++)
        done = mapped_digest(ctx, c->part[i]) == OK;
    done = done && EVP_DigestFinal_ex(ctx, out, &n) == 1;
    EVP_MD_CTX_free(ctx);
    *len = n;
    return done ? OK : ERR_CRYPTO;
}
