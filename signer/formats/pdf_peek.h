/*
 * Looks at objects of a PDF where they stand in the file, to learn in passing what most of them are: qpdf would parse and keep each one.
 * Called by pdf_pages.c, pdf_active.c and signer/verify, on files that qpdf opened without a complaint. ISO 32000-1 §7.5.4 (cross-reference tables).
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
/*
 * Is every entry of every table exactly as §7.5.4 wants it, twenty bytes with one end of line? Only then does every reader count them alike, and what is
 * found may be concluded from.
 */
bool pdf_peek_exact(struct pdf_peek *k);
/* Where an object in use starts, by the newest table that has it. false: free, of another generation, or not there. */
bool pdf_peek_find(struct pdf_peek *k, int id, int generation, uint64_t *at);
/* Is this object surely a page: a dictionary of type Page, without kids? false: it is not, or must be looked at properly. */
bool pdf_peek_is_page(struct pdf_peek *k, int id, int generation);
/*
 * Such a page that beside what it is painted with has only direct values without actions, scripts or files in them? *parent is what it refers to beside
 * that, 0: nothing.
 */
bool pdf_peek_is_still_page(struct pdf_peek *k, int id, int generation, int *parent, int *parent_generation);

#endif
