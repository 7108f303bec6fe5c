/*
 * The places of a PDF where a signature is hung in: catalog, form, first page; and what earlier signatures allow.
 * Called by pades.c and pdf_check. ISO 32000-1 §12.7, §12.8.
 */
#ifndef ANTIN_FORMATS_PDF_FORM_H
#define ANTIN_FORMATS_PDF_FORM_H

#include "signer/formats/pdf.h"

/* Can a signature field be added? ERR_PDF_CERTIFIED, ERR_PDF_DAMAGED. */
err_t pdf_form_check(struct pdf *p) MUST_USE;

#define PDF_FIELD_NAME_MAX 128
/*
 * The name for a new field: the wanted one, or with NULL the first free of Signature1, Signature2, … ERR_CONFLICT: in use. ERR_SYNTAX:
 * empty, too long, not UTF-8, or with a period (§12.7.3.2 keeps it for hierarchies).
 */
err_t pdf_form_field_name(struct pdf *p, const char *wanted, char out[PDF_FIELD_NAME_MAX]) MUST_USE;

/* An object of the file that an update must write again. */
struct pdf_touched {
    int id, generation;
    qpdf_oh oh; /* with the change made */
};
#define PDF_TOUCHED_MAX 5
/*
 * Hangs the field (an object number not in the file yet) into /AcroForm /Fields and the first page's /Annots, sets SigFlags, and lists the
 * objects that really hold these. All in qpdf's memory: the file stays as it is.
 */
err_t pdf_form_add(struct pdf *p, int field_id, struct pdf_touched out[PDF_TOUCHED_MAX], size_t *n) MUST_USE;
/* The first page, indirect. */
err_t pdf_form_first_page(struct pdf *p, qpdf_oh *out) MUST_USE;

#endif
