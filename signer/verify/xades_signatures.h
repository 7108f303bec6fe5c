/*
 * The XML signatures of a file, each from its bytes to its verdict.
 * Called by verify.c, and for containers. ETSI EN 319 102-1 §5.3 to §5.5, EN 319 132-1.
 */
#ifndef ANTIN_VERIFY_XADES_SIGNATURES_H
#define ANTIN_VERIFY_XADES_SIGNATURES_H

#include "signer/formats/xades.h"
#include "signer/verify/context.h"
#include "signer/verify/result.h"

/* Adds one result per signature to f. files: those that signatures speak about; NULL: none. Never fails: what cannot be read is a finding. */
void xades_signatures_verify(const struct context *ctx, const struct xades_files *files, struct bytes xml, struct file_result *f);

#endif
