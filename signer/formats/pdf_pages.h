/*
 * Walks a PDF's page tree: is it a tree, and which is its first page?
 * Called by pdf_form.c. ISO 32000-1 §7.7.3.
 */
#ifndef ANTIN_FORMATS_PDF_PAGES_H
#define ANTIN_FORMATS_PDF_PAGES_H

#include "signer/formats/pdf.h"

/*
 * The first page. ERR_PDF_DAMAGED: no page, a node that is reached twice (loops are), pages or nodes of another type or inside of others;
 * ERR_TOO_LARGE: deeper than PDF_PAGES_DEPTH_MAX; pdf_faults.
 */
#define PDF_PAGES_DEPTH_MAX 256
err_t pdf_pages_first(struct pdf *p, qpdf_oh *out) MUST_USE;

#endif
