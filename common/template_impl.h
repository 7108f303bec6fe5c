/*
 * A compiled template: a flat list of tokens. Shared by template.c, which keeps it, template_compile.c, which makes it, and
 * template_render.c, which runs it; by nobody else but a fuzzer.
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

struct compiled {
    char *name;   /* the file's, without ".html" */
    char *source; /* tokens point into it */
    struct template_token *token;
    size_t n;
    enum { UNSEEN, OPEN, DONE } mark; /* for the search for cycles */
};

struct templates {
    struct compiled *tpl[TEMPLATES_MAX];
    size_t n;
};

/* Fills the tokens from t->source, which it changes in place. ERR_CONFIG; the log names origin and line. */
err_t template_compile(struct compiled *t, const struct texts *texts, const char *origin) MUST_USE;
/*
 * Compiles a text (a copy is kept) and puts it into the set, in place of one of the same name. ERR_CONFIG; the log names origin and line.
 * Partials are looked up by templates_link, when all are there.
 */
err_t template_add(struct templates *set, const char *name, struct bytes source, const char *origin, const struct texts *texts) MUST_USE;
err_t templates_link(struct templates *set) MUST_USE;
/* The number of a template (with or without ".html"); t->n when there is none. */
size_t template_find(const struct templates *t, const char *name);

#endif
