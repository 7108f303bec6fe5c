/*
 * A digest algorithm fetched once, for millions of small digests.
 * Used by ers.c, ers_tree.c and ers_archive.c.
 */
#ifndef ANTIN_FORMATS_ERS_HASH_H
#define ANTIN_FORMATS_ERS_HASH_H

#include "common/cms.h"

struct ers_hash {
    EVP_MD *md;
    EVP_MD_CTX *ctx;
};
err_t ers_hash_start(struct ers_hash *h, enum cms_hash alg) MUST_USE; /* ERR_CRYPTO, ERR_NOMEM */
void ers_hash_end(struct ers_hash *h);
#define AUTO_ERS_HASH AUTO(ers_hash_end) struct ers_hash
/* Over parts one after another; out has room for the algorithm's length and is written last: it may be one of the parts. */
err_t ers_hash_parts(struct ers_hash *h, const struct bytes *part, size_t n, uint8_t *out) MUST_USE;

#endif
