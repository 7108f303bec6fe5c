/*
 * A compiled template: a flat list of tokens. Shared by template.c, which makes it, and template_render.c, which runs it; by nobody else.
 */
#ifndef ANTIN_TEMPLATE_IMPL_H
#define ANTIN_TEMPLATE_IMPL_H

#include "common/template.h"

#define TEMPLATES_MAX 128

enum template_token_kind { LITERAL, VALUE, URL_VALUE, TEXT, SECTION, INVERTED, SECTION_END, PARTIAL };

struct template_token {
    enum template_token_kind kind;
    const char *s;            /* literal bytes, or a name with its NUL */
    size_t len;               /* LITERAL */
    size_t jump;              /* SECTION, INVERTED: its SECTION_END; PARTIAL: the template's number */
    const char *text[LANG_N]; /* TEXT */
};

struct template {
    char *name;   /* the file's, without ".html" */
    char *source; /* tokens point into it */
    struct template_token *token;
    size_t n, cap;
    enum { UNSEEN, OPEN, DONE } mark; /* for the search for cycles */
};

struct templates {
    struct template *tpl[TEMPLATES_MAX];
    size_t n;
};

/* The number of a template (with or without ".html"); t->n when there is none. */
size_t template_find(const struct templates *t, const char *name);

#endif
