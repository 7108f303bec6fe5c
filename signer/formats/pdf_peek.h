/*
 * Looks at objects of a PDF where they stand in the file, to learn in passing what most of them are: qpdf would parse and keep each one.
 * Called by pdf_pages.c, on files that qpdf opened without a complaint. ISO 32000-1 §7.5.4 (cross-reference tables).
 */
#ifndef ANTIN_FORMATS_PDF_PEEK_H
#define ANTIN_FORMATS_PDF_PEEK_H

#include "signer/formats/pdf.h"

#define PDF_PEEK_RUNS_MAX 256
#define PDF_PEEK_WINDOW 4096

struct pdf_peek {
    const struct pdf *pdf;
    struct pdf_run {
        uint64_t first, n, at; /* objects from first on; their entries stand at this offset */
    } run[PDF_PEEK_RUNS_MAX];
    size_t run_n; /* newest first; 0: this file is not looked at in passing */
    uint8_t window[PDF_PEEK_WINDOW], entries[PDF_PEEK_WINDOW];
    uint64_t entries_at;
    size_t entries_len;
};
/* Reads where the cross-reference tables stand; a file that has streams instead, or beside them, has nothing to be seen in passing. */
void pdf_peek_open(const struct pdf *p, struct pdf_peek *out);
/* Is this object surely a page: a dictionary of type Page, without kids? false: it is not, or must be looked at properly. */
bool pdf_peek_is_page(struct pdf_peek *k, int id, int generation);

#endif
