/*
 * Large streams that two revisions of a PDF have in common, told by where they stand: reading both would take twice their size in memory.
 * Called by pdf_changes.c. ISO 32000-1 §7.5.4, §7.5.6.
 */
#ifndef ANTIN_VERIFY_PDF_SAME_H
#define ANTIN_VERIFY_PDF_SAME_H

#include "signer/formats/pdf.h"

#define PDF_SAME_LARGE ((long long)16 << 20) /* of a stream; shorter ones are compared byte for byte */

struct pdf_same;
/* *out is NULL when nothing can be told by place: the newer revision does not continue the older one, or not all cross-references are exact tables. ERR_NOMEM. */
err_t pdf_same_new(const struct pdf *before, const struct pdf *after, struct pdf_same **out) MUST_USE;
/*
 * Does this object stand at the same place for both? Then its bytes are the same, and of a stream the data as well when both agree on its length, which the
 * caller must see to.
 */
bool pdf_same_place(struct pdf_same *s, int id, int generation);
void pdf_same_free(struct pdf_same **s);

#endif
