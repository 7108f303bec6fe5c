/*
 * What a PDF holds besides paper: forms in XML, scripts, programs to start, other files. A signature over these stands for more than one sees.
 * Called by pades.c, antin-sign and signerd. ISO 32000-1 §7.11.4, §12.6.4.5, §12.6.4.16, §12.7.8.
 */
#ifndef ANTIN_FORMATS_PDF_ACTIVE_H
#define ANTIN_FORMATS_PDF_ACTIVE_H

#include "signer/formats/pdf.h"

/* Bits of a set. */
enum pdf_active {
    PDF_XFA = 1,
    PDF_JAVASCRIPT = 2,
    PDF_LAUNCH = 4,
    PDF_EMBEDDED = 8,
};
#define PDF_ACTIVE_ALL 15u
#define PDF_ACTIVE_KINDS 4

/* Their names in options and answers: xfa, javascript, launch, embedded-files. */
extern const char *const PDF_ACTIVE_NAME[PDF_ACTIVE_KINDS];
/* A list of names with commas between them, or "". ERR_SYNTAX: another name, or one twice. */
err_t pdf_active_parse(const char *list, unsigned *out) MUST_USE;
/* The other way; room for all four. */
#define PDF_ACTIVE_TEXT 48
void pdf_active_text(unsigned set, char out[PDF_ACTIVE_TEXT]);

/*
 * Looks wherever a reader finds actions and files: catalog, names, outlines, pages, annotations, fields; whichever objects they stand in. ERR_TOO_LARGE:
 * more objects than anybody looks through; ERR_PDF_DAMAGED, ERR_NOMEM.
 */
err_t pdf_active_find(struct pdf *p, unsigned *found) MUST_USE;
/* The same of a file. */
err_t pdf_active_of(int fd, unsigned *found) MUST_USE;

#endif
