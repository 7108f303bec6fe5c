/*
 * HTML templates, mustache-like, that always escape: there is no way to put raw markup into a page.
 *   {{name}}        the value, escaped for HTML text and quoted attributes
 *   {{t:key}}       a text in the page's language, escaped
 *   {{#list}}…{{/list}}  once for each element (array), once for an object or a true/non-empty value
 *   {{^name}}…{{/name}}  when the value is absent, false, empty
 *   {{>file}}       another template of the same directories, with the same values
 * Values come as a JSON object; inside a section, names are looked up outwards.
 */
#ifndef ANTIN_TEMPLATE_H
#define ANTIN_TEMPLATE_H

#include "common/json.h"
#include "common/text.h"

struct templates;
/* Reads and compiles all *.html of each directory in the NULL-terminated list; ERR_CONFIG names the fault in the log. */
err_t templates_load(const char *const *dirs, const struct texts *t, struct templates **out) MUST_USE;
void templates_free(struct templates **t);
err_t template_render(const struct templates *t, const char *name, enum lang lang, const json_t *values, struct buf *out) MUST_USE;

#endif
