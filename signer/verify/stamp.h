/*
 * A timestamp token: is it genuine, is it over this data, and what time does it prove?
 * Called by signature.c (signature timestamps) and verify.c and container.c (tokens alone, document timestamps). RFC 3161 §2.4.2, RFC 5816; EN 319 102-1 §5.4.
 */
#ifndef ANTIN_VERIFY_STAMP_H
#define ANTIN_VERIFY_STAMP_H

#include "signer/verify/context.h"
#include "signer/verify/result.h"

/* data: what the token's imprint must be of. */
void stamp_verify(const struct context *ctx, const struct evidence *ev, struct bytes token, const struct covered *data,
                  struct stamp_result *out);
/* The same over what is digested elsewhere, by an accepted algorithm: out has room for EVP_MAX_MD_SIZE. */
typedef err_t stamp_digest_fn(void *arg, const EVP_MD *md, uint8_t *out, size_t *len);
void stamp_verify_digest(const struct context *ctx, const struct evidence *ev, struct bytes token, stamp_digest_fn *digest, void *arg,
                         struct stamp_result *out);

/* A timestamp that stands alone, as a result of its own in f. around: what lies beside it. data NULL: what it is over was not found. */
void stamp_file_verify(const struct context *ctx, const struct evidence *around, struct bytes token, const struct covered *data,
                       struct file_result *f);

#endif
