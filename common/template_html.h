/*
 * Where in an HTML page a template's value stands, followed while the template is compiled, so that a value can never
 * come to a place where escaping does not help. Used by template.c alone.
 */
#ifndef ANTIN_TEMPLATE_HTML_H
#define ANTIN_TEMPLATE_HTML_H

#include "common/bytes.h"

enum html_where {
    HTML_TEXT,
    HTML_TAG_NAME,
    HTML_TAG, /* between attributes */
    HTML_ATTR_NAME,
    HTML_ATTR_EQ,    /* after the equals sign, before the quote */
    HTML_ATTR_PLAIN, /* an attribute value without quotes */
    HTML_ATTR_SINGLE,
    HTML_ATTR_DOUBLE,
    HTML_COMMENT,
    HTML_RAW, /* inside script or style */
};

#define HTML_NAME_MAX 16
struct html_ctx {
    enum html_where where;
    char tag[HTML_NAME_MAX]; /* lower case, cut */
    char attr[HTML_NAME_MAX];
    bool started; /* the attribute's value has literal text already */
};

void html_feed(struct html_ctx *c, struct bytes text);
/* A section begins or ends here and next is the text's next byte (0: none): a name that it ends counts as ended. */
void html_settle(struct html_ctx *c, char next);
/* What forbids a value here, or NULL when one may stand here. */
const char *html_value_refused(const struct html_ctx *c);
/* Here begins the value of an attribute that the browser follows: a URL, whose scheme must be looked at. */
bool html_url_begins(const struct html_ctx *c);
/* The same place in the page: what a section must lead back to. */
bool html_same_place(const struct html_ctx *a, const struct html_ctx *b);

#endif
