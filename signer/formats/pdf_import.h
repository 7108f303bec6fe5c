/*
 * Copies a page that we drew ourselves into a document, as a form XObject with everything it refers to.
 * Called by pdf_appearance.c. ISO 32000-1 §8.10.
 */
#ifndef ANTIN_FORMATS_PDF_IMPORT_H
#define ANTIN_FORMATS_PDF_IMPORT_H

#include "signer/formats/pdf_update.h"

/*
 * page: a PDF of one page with one content stream (look.h). entries: /BBox and /Matrix. The form's number comes out. ERR_TOO_LARGE: more objects than such a
 * page has; ERR_PDF_DAMAGED: not such a page.
 */
err_t pdf_import_form(struct bytes page, struct pdf_update *u, const char *entries, int *id) MUST_USE;

#endif
