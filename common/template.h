/*
 * HTML templates, mustache-like, that always escape: there is no way to put raw markup into a page.
 *   {{name}}        the value (text or whole number), escaped for HTML text and quoted attributes; nothing when absent, null or false.
 *                   {{a.b}} is member b of a; {{.}} the section's own value (an array of texts)
 *   {{t:key}}       a text in the page's language, escaped
 *   {{#list}}…{{/list}}  once for each element (array), once for an object, number, or a true/non-empty value
 *   {{^name}}…{{/name}}  when the value is absent, false, empty
 *   {{>file}}       another template of the same directories, with the same values
 *   {{! … }}        a comment
 * Values come as a JSON object; inside a section, names are looked up outwards. File names go with or without ".html".
 * Escaping does not help everywhere, so the compiler knows where in the page a value stands: in a comment, script, style, unquoted
 * attribute, on… or style= attribute it is a fault; at the start of href, src, action, formaction, poster and data only http, https,
 * mailto, tel and relative addresses come out ("#" otherwise). A section ends at the kind of place where it began.
 */
#ifndef ANTIN_TEMPLATE_H
#define ANTIN_TEMPLATE_H

#include "common/json.h"
#include "common/text.h"

struct templates;
/*
 * Reads and compiles all *.html of each directory in the NULL-terminated list (later ones override earlier). ERR_CONFIG names the fault in the
 * log: unclosed sections, unknown texts, missing or circular partials among them. The texts must live as long as the templates.
 */
err_t templates_load(const char *const *dirs, const struct texts *t, struct templates **out) MUST_USE;
void templates_free(struct templates **t);
/* Appends to out; on failure out is as before. ERR_INTERNAL: no such template, or an array, object or true where a text belongs; ERR_TOO_LARGE. */
err_t template_render(const struct templates *t, const char *name, enum lang lang, const json_t *values, struct buf *out) MUST_USE;

#endif
