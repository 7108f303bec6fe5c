/*
 * A signature container: each signature over its list or file, the list over the files, and no file that nobody signed.
 * Called by verify.c. ETSI EN 319 162-1; EN 319 102-1 §5.
 */
#ifndef ANTIN_VERIFY_CONTAINER_H
#define ANTIN_VERIFY_CONTAINER_H

#include "signer/verify/context.h"
#include "signer/verify/result.h"

/* file: one that asic_looks_like. */
void container_verify(const struct context *ctx, struct bytes file, struct file_result *f);

#endif
