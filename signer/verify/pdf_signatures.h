/*
 * The signatures of a PDF: finds them, checks what their ranges cover and what happened to the document afterwards.
 * Called by verify.c. ETSI EN 319 142-1, ISO 32000-1 §12.8.1.
 */
#ifndef ANTIN_VERIFY_PDF_SIGNATURES_H
#define ANTIN_VERIFY_PDF_SIGNATURES_H

#include "signer/verify/context.h"
#include "signer/verify/result.h"

/* Adds a result per signature. Never fails: what cannot be read is a finding. */
void pdf_signatures_verify(const struct context *ctx, struct bytes file, struct file_result *f);

#endif
