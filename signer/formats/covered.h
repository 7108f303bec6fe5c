/*
 * What a signature covers: a file, or a PDF without its /Contents.
 * Called by cades_*.c and signer/verify.
 */
#ifndef ANTIN_FORMATS_COVERED_H
#define ANTIN_FORMATS_COVERED_H

#include "common/bytes.h"
#include <openssl/evp.h>

/* In memory or mapped; borrowed. */
struct covered {
    struct bytes part[2];
};
/* out has room for EVP_MAX_MD_SIZE. ERR_CRYPTO. */
err_t covered_digest(const struct covered *c, const EVP_MD *md, uint8_t *out, size_t *len) MUST_USE;

#endif
