/*
 * Texts for people, in Vietnamese and English: "key = value" files, one a language. Every key must be in both.
 */
#ifndef ANTIN_TEXT_H
#define ANTIN_TEXT_H

#include "common/err.h"

enum lang { LANG_VI, LANG_EN, LANG_N };

struct texts;
/* Reads dir/vi.txt and dir/en.txt of each directory in the NULL-terminated list (later ones override earlier). ERR_CONFIG names the fault in the log. */
err_t texts_load(const char *const *dirs, struct texts **out) MUST_USE;
void texts_free(struct texts **t);
/* The text of a key; the key itself when there is none (logged once: a test walks all keys). */
const char *text_get(const struct texts *t, enum lang lang, const char *key);
const char *lang_code(enum lang lang); /* "vi", "en" */
/* The first supported language of an Accept-Language value (RFC 9110 §12.5.4, with q); Vietnamese when nothing fits. */
enum lang lang_from_accept(const char *value);

#endif
