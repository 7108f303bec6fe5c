/*
 * An evidence record beside its file: since when has this file existed, and is every timestamp on the way from then to now genuine?
 * Called by verify.c and container.c. RFC 4998 §4.3, §5.3.
 */
#ifndef ANTIN_VERIFY_EVIDENCE_RECORD_H
#define ANTIN_VERIFY_EVIDENCE_RECORD_H

#include "signer/formats/ers.h"
#include "signer/verify/context.h"
#include "signer/verify/result.h"

/* data: what the record shall be about; NULL: it was not found. */
void evidence_record_verify(const struct context *ctx, struct bytes file, const struct covered *data, struct file_result *f);

/* A record about n objects at once; result and findings as above. */
void evidence_record_verify_all(const struct context *ctx, struct bytes file, const struct ers_object *object, size_t n,
                                struct file_result *f);

#endif
