/*
 * The JSON signatures of a file, each from its bytes to its verdict.
 * Called by verify.c. ETSI EN 319 102-1 §5.3 to §5.5; ETSI TS 119 182-1.
 */
#ifndef ANTIN_VERIFY_JADES_SIGNATURES_H
#define ANTIN_VERIFY_JADES_SIGNATURES_H

#include "signer/formats/jades.h"
#include "signer/verify/context.h"
#include "signer/verify/result.h"

/* Adds one result per signature to f. files: those that signatures speak about; NULL: none. Never fails: what cannot be read is a finding. */
void jades_signatures_verify(const struct context *ctx, const struct jades_files *files, struct bytes jws, struct file_result *f);

#endif
