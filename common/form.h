/*
 * application/x-www-form-urlencoded, query strings and cookies: strict and bounded. Used by the HTTP glue and by tests.
 */
#ifndef ANTIN_FORM_H
#define ANTIN_FORM_H

#include "common/bytes.h"

#define FORM_FIELDS_MAX 64

struct form_field {
    const char *name;
    const char *value;
};
struct form {
    size_t n;
    char *room; /* what they point into */
    size_t used, cap;
    struct form_field field[FORM_FIELDS_MAX]; /* the first n */
};

/* ERR_SYNTAX: bad percent escape, NUL, invalid UTF-8, control characters in a name; ERR_TOO_LARGE: more than FORM_FIELDS_MAX fields. */
/* *out needs no preparation, so one that holds a form already is to be freed first. */
err_t form_parse(struct bytes text, struct form *out) MUST_USE;
/* The field's value, or NULL when absent. *dup (may be NULL) tells that it came more than once: RFC 6749 §3.1 refuses that. */
const char *form_get(const struct form *f, const char *name, bool *dup);
void form_free(struct form *f);
#define AUTO_FORM AUTO(form_free) struct form

/* Percent-encodes all but RFC 3986 unreserved characters. */
err_t url_encode(struct buf *out, const char *s) MUST_USE;
err_t url_decode(struct bytes in, struct buf *out) MUST_USE; /* '+' stays; ERR_SYNTAX */
/* Appends "?name=value" or "&name=value" to a URL, percent-encoded. A NULL value appends nothing. */
err_t url_add_param(struct buf *url, const char *name, const char *value) MUST_USE;

#endif
