/*
 * Takes the text of a PDF apart, token by token, for those who only look in passing; whoever needs an object asks qpdf.
 * Called by pdf_peek.c. ISO 32000-1 §7.2, §7.3.
 */
#ifndef ANTIN_FORMATS_PDF_LEX_H
#define ANTIN_FORMATS_PDF_LEX_H

#include "common/bytes.h"

struct pdf_lex {
    const uint8_t *at, *end;
};

/* Each passes white space and comments, then takes what it is called after; false: something else stands there, or the text ends before it does. */
bool pdf_lex_word(struct pdf_lex *l, const char *word);  /* a keyword, or one of << >> */
bool pdf_lex_number(struct pdf_lex *l, uint64_t *out);   /* digits alone, at most eighteen */
bool pdf_lex_name(struct pdf_lex *l, struct bytes *out); /* without its slash; one with #xx in it is not taken */
bool pdf_lex_skip(struct pdf_lex *l);                    /* one object of any kind, references too */
bool pdf_lex_reference(struct pdf_lex *l, uint64_t *id, uint64_t *generation);

#endif
