/*
 * What antin-sign says to people: failures in Vietnamese and English, and their codes for programs.
 * Used by report.c and main.c.
 */
#ifndef ANTIN_SIGN_WORDS_H
#define ANTIN_SIGN_WORDS_H

#include "common/text.h"

/* Never NULL: what is not in the table is a fault of our own. */
const char *word_text(err_t e, enum lang lang);
const char *word_code(err_t e);

#endif
