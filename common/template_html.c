/*
 * Follows an HTML text far enough to know what kind of place a byte stands in.
 * Called by template.c while it compiles.
 * HTML Living Standard §13.2.5 (tokenization), reduced to what our own templates use.
 */
#include "common/template_html.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void name_add(char *name, uint8_t c)
{
    size_t n = strlen(name);
    if (n + 1 < HTML_NAME_MAX) {
        name[n] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        name[n + 1] = '\0';
    }
}

static void name_clear(char *name)
{
    memset(name, 0, HTML_NAME_MAX);
}

static void tag_end(struct html_ctx *c)
{
    name_clear(c->attr);
    c->started = false;
    c->where = strcmp(c->tag, "script") == 0 || strcmp(c->tag, "style") == 0 ? HTML_RAW : HTML_TEXT;
    if (c->where == HTML_TEXT)
        name_clear(c->tag);
}

static void in_tag(struct html_ctx *c, uint8_t ch)
{
    if (ch == '>') {
        tag_end(c);
    } else if (ch == '=' && c->attr[0] != '\0') { /* blanks may stand before it */
        c->where = HTML_ATTR_EQ;
    } else if (!space(ch) && ch != '/') {
        name_clear(c->attr);
        name_add(c->attr, ch);
        c->where = HTML_ATTR_NAME;
    }
}

static void attr_begin(struct html_ctx *c, uint8_t ch)
{
    if (ch == '>') {
        tag_end(c);
    } else if (!space(ch)) {
        c->where = ch == '"' ? HTML_ATTR_DOUBLE : ch == '\'' ? HTML_ATTR_SINGLE : HTML_ATTR_PLAIN;
        c->started = false;
    }
}

static void attr_name(struct html_ctx *c, uint8_t ch)
{
    if (ch == '=')
        c->where = HTML_ATTR_EQ;
    else if (space(ch) || ch == '/' || ch == '>') {
        c->where = HTML_TAG;
        in_tag(c, ch);
    } else {
        name_add(c->attr, ch);
    }
}

static void attr_value(struct html_ctx *c, uint8_t ch)
{
    bool end = c->where == HTML_ATTR_PLAIN ? space(ch) || ch == '>' : ch == (c->where == HTML_ATTR_DOUBLE ? '"' : '\'');
    if (!end) {
        c->started = true;
        return;
    }
    bool closes = ch == '>';
    name_clear(c->attr);
    c->started = false;
    c->where = HTML_TAG;
    if (closes)
        tag_end(c);
}

static void tag_name(struct html_ctx *c, uint8_t ch)
{
    if (ch == '>')
        tag_end(c);
    else if (space(ch) || (ch == '/' && c->tag[0] != '\0'))
        c->where = HTML_TAG;
    else
        name_add(c->tag, ch); /* "/p" is the name of an end tag here */
}

static bool begins(struct bytes text, const char *s)
{
    size_t n = strlen(s);
    return text.len >= n && strncasecmp((const char *)text.ptr, s, n) == 0;
}

/* Places where one byte is not enough to decide; returns how many bytes were used. */
static size_t outside_tags(struct html_ctx *c, struct bytes rest)
{
    if (c->where == HTML_COMMENT) {
        if (!begins(rest, "-->"))
            return 1;
        c->where = HTML_TEXT;
        return 3;
    }
    if (c->where == HTML_RAW) {
        char end[HTML_NAME_MAX + 2];
        (void)snprintf(end, sizeof end, "</%s", c->tag);
        if (!begins(rest, end))
            return 1;
        name_clear(c->tag);
        name_add(c->tag, '/');
        c->where = HTML_TAG;
        return strlen(end);
    }
    if (begins(rest, "<!--")) {
        c->where = HTML_COMMENT;
        return 4;
    }
    if (rest.ptr[0] == '<') {
        name_clear(c->tag);
        c->where = HTML_TAG_NAME;
    }
    return 1;
}

void html_feed(struct html_ctx *c, struct bytes text)
{
    for (size_t i = 0; i < text.len;) {
        uint8_t ch = text.ptr[i];
        switch (c->where) {
        case HTML_TEXT:
        case HTML_COMMENT:
        case HTML_RAW: i += outside_tags(c, BYTES(text.ptr + i, text.len - i)); continue;
        case HTML_TAG_NAME: tag_name(c, ch); break;
        case HTML_TAG: in_tag(c, ch); break;
        case HTML_ATTR_NAME: attr_name(c, ch); break;
        case HTML_ATTR_EQ: attr_begin(c, ch); break;
        default: attr_value(c, ch);
        }
        i++;
    }
}

void html_settle(struct html_ctx *c, char next)
{
    bool ended = next == '>' || next == '/' || space((uint8_t)next);
    if (ended && (c->where == HTML_ATTR_NAME || (c->where == HTML_TAG_NAME && c->tag[0] != '\0')))
        c->where = HTML_TAG;
    if (c->where == HTML_TAG)
        name_clear(c->attr);
}

const char *html_value_refused(const struct html_ctx *c)
{
    switch (c->where) {
    case HTML_TEXT: return NULL;
    case HTML_COMMENT: return "a value in a comment";
    case HTML_RAW: return "a value in a script or style";
    case HTML_ATTR_SINGLE:
    case HTML_ATTR_DOUBLE:
        if (strncmp(c->attr, "on", 2) == 0 || strcmp(c->attr, "style") == 0 || strcmp(c->attr, "srcdoc") == 0)
            return "a value in an attribute that holds code";
        return NULL;
    default: return "a value inside a tag must stand in a quoted attribute";
    }
}

bool html_url_begins(const struct html_ctx *c)
{
    static const char *const followed[] = {"href", "src", "action", "formaction", "data", "poster", "xlink:href"};
    if (c->started || (c->where != HTML_ATTR_SINGLE && c->where != HTML_ATTR_DOUBLE))
        return false;
    for (size_t i = 0; i < sizeof followed / sizeof *followed; i++)
        if (strcmp(c->attr, followed[i]) == 0)
            return true;
    return false;
}

bool html_same_place(const struct html_ctx *a, const struct html_ctx *b)
{
    return a->where == b->where && strcmp(a->tag, b->tag) == 0 && strcmp(a->attr, b->attr) == 0;
}
