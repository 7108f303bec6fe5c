/*
 * What earlier signatures of a PDF forbid: all changes (DocMDP, a field's lock), or those of certain fields (FieldMDP).
 * Called by pdf_form.c before a signature is added, and by signer/verify for those that were. ISO 32000-1 §12.8.2.2, §12.8.2.4; ISO 32000-2 table 236.
 */
#ifndef ANTIN_FORMATS_PDF_LOCKS_H
#define ANTIN_FORMATS_PDF_LOCKS_H

#include "signer/formats/pdf.h"

/* Do a signature in the document, or its catalog's /Perms, allow a further signature at all? ERR_PDF_CERTIFIED, ERR_PDF_DAMAGED, ERR_TOO_LARGE. */
err_t pdf_locks_document(struct pdf *p) MUST_USE;
/* May the field of this full name be filled? ERR_PDF_LOCKED: an earlier signature's FieldMDP names it, or all fields. ERR_TOO_LARGE, ERR_PDF_DAMAGED. */
err_t pdf_locks_field(struct pdf *p, const char *name) MUST_USE;
/* A field's full name: those above it joined by periods (§12.7.3.2). false: longer than cap, or a loop. */
bool pdf_locks_name(struct pdf *p, qpdf_oh field, char *out, size_t cap);

#endif
