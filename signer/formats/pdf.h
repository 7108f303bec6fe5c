/*
 * A PDF file opened for reading: what a signer or verifier must know before it trusts qpdf's view of it.
 * Called by pades.c, signer/verify and the upload endpoint (pdf_check). ISO 32000-1 §7.5.
 */
#ifndef ANTIN_FORMATS_PDF_H
#define ANTIN_FORMATS_PDF_H

#include "common/bytes.h"
#include "signer/formats/errors.h"
#include <qpdf/qpdf-c.h>

struct pdf;

enum pdf_xref_kind {
    PDF_XREF_TABLE,  /* "xref" (§7.5.4), hybrid-reference files too (§7.5.8.4) */
    PDF_XREF_STREAM, /* a cross-reference stream (§7.5.8) */
};

/*
 * Opens the file behind a descriptor (regular file, any offset; the descriptor stays the caller's and must stay open). qpdf reads it piece by
 * piece; nothing is repaired. Failures, each the exact reason: ERR_PDF_NOT_PDF, ERR_PDF_JUNK (before %PDF-), ERR_PDF_TRUNCATED (no startxref and
 * %%EOF at the end), ERR_PDF_ENCRYPTED, ERR_PDF_DAMAGED, ERR_TOO_LARGE (past PDF_SIZE_MAX), ERR_IO.
 */
#define PDF_SIZE_MAX ((uint64_t)4 << 30)
err_t pdf_open(int fd, struct pdf **out) MUST_USE;
/* The same over memory that stays the caller's: a mapped file, or its first revisions alone. */
err_t pdf_open_memory(struct bytes file, struct pdf **out) MUST_USE;
void pdf_close(struct pdf **p);

qpdf_data pdf_handle(const struct pdf *p);
uint64_t pdf_size(const struct pdf *p);
uint64_t pdf_startxref(const struct pdf *p); /* offset of the newest cross-reference section */
enum pdf_xref_kind pdf_xref(const struct pdf *p);
struct bytes pdf_memory(const struct pdf *p); /* what pdf_open_memory was given; ptr NULL: opened by descriptor */
/* Exactly n bytes from an offset. ERR_PDF_TRUNCATED: not so many are there; ERR_IO. */
err_t pdf_read(const struct pdf *p, uint64_t at, void *out, size_t n) MUST_USE;
qpdf_oh *pdf_first_page(struct pdf *p); /* a place to keep it once it is found; 0: it was not yet */
/* OK while qpdf met no fault in what it was asked for; else ERR_PDF_DAMAGED, ERR_PDF_ENCRYPTED, ERR_NOMEM. Ask after each batch of reads. */
err_t pdf_faults(struct pdf *p) MUST_USE;

/*
 * Can this file be signed, and what is in it that somebody must accept first (pdf_active.h)? pdf_open's reasons, ERR_PDF_CERTIFIED, ERR_PDF_DAMAGED for pages
 * or forms that cannot be read, and those of pdf_active_find.
 */
err_t pdf_check(int fd, unsigned *active) MUST_USE;

#endif
