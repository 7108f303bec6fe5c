/*
 * Digests with one context and one fetched algorithm: implicit fetches would cost more than the hashing.
 * Called by ers.c, ers_tree.c and ers_archive.c.
 */
#include "signer/formats/ers_hash.h"

err_t ers_hash_start(struct ers_hash *h, enum cms_hash alg)
{
    h->md = EVP_MD_fetch(NULL, EVP_MD_get0_name(cms_hash_md(alg)), NULL);
    h->ctx = EVP_MD_CTX_new();
    return h->md != NULL && h->ctx != NULL ? OK : ERR_CRYPTO;
}

void ers_hash_end(struct ers_hash *h)
{
    EVP_MD_free(h->md);
    EVP_MD_CTX_free(h->ctx);
    *h = (struct ers_hash){0};
}

err_t ers_hash_parts(struct ers_hash *h, const struct bytes *part, size_t n, uint8_t *out)
{
    bool done = EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1;
    for (size_t i = 0; i < n && done; i++)
        done = part[i].len == 0 || EVP_DigestUpdate(h->ctx, part[i].ptr, part[i].len) == 1;
    return done && EVP_DigestFinal_ex(h->ctx, out, NULL) == 1 ? OK : ERR_CRYPTO;
}
