/*
 * Compiles one template's text to a flat list of tokens, and finds every fault that can be found before a page is asked for.
 * Called by template.c while it loads.
 * The tags are mustache's (mustache.5), without any way to leave escaping off.
 */
#include "common/log.h"
#include "common/template_html.h"
#include "common/template_impl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMPLATE_NEST_MAX 16 /* sections in one file */

struct compile {
    struct compiled *t;
    const struct texts *texts;
    struct html_ctx html;
    struct {
        size_t token;
        struct html_ctx html;
    } open[TEMPLATE_NEST_MAX];
    size_t depth;
    const char *next; /* the source behind the tag that is worked on */
    const char *why;  /* the first fault */
};

/* There is room: each tag makes at most one token, and at most one literal stands before it. */
static struct template_token *add_token(struct compile *c, enum template_token_kind kind, const char *s, size_t len)
{
    struct template_token *k = &c->t->token[c->t->n++];
    *k = (struct template_token){.kind = kind, .s = s, .len = len};
    return k;
}

static void add_value(struct compile *c, const char *name)
{
    c->why = html_value_refused(&c->html);
    if (c->why == NULL)
        (void)add_token(c, html_url_begins(&c->html) ? URL_VALUE : VALUE, name, 0);
}

static void add_text(struct compile *c, const char *key)
{
    c->why = html_value_refused(&c->html);
    struct template_token *k = c->why == NULL ? add_token(c, TEXT, key, 0) : NULL;
    for (int l = 0; k != NULL && l < LANG_N; l++) {
        k->text[l] = c->texts == NULL ? key : text_get(c->texts, (enum lang)l, key);
        if (k->text[l] == key) /* text_get returns the key itself when there is no text */
            c->why = "no such text";
    }
}

static void add_partial(struct compile *c, const char *name)
{
    if (c->html.where != HTML_TEXT)
        c->why = "another template inside a tag";
    else
        (void)add_token(c, PARTIAL, name, 0);
}

/* The next byte of the page itself, past other tags. */
static char next_literal(const char *p)
{
    while (p != NULL && strncmp(p, "{{", 2) == 0) {
        p = strstr(p, "}}");
        p = p == NULL ? NULL : p + 2;
    }
    return p == NULL ? '\0' : *p;
}

static void open_section(struct compile *c, enum template_token_kind kind, const char *name)
{
    if (c->depth == TEMPLATE_NEST_MAX) {
        c->why = "sections nested too deeply";
        return;
    }
    html_settle(&c->html, next_literal(c->next));
    c->open[c->depth].token = c->t->n;
    c->open[c->depth].html = c->html;
    c->depth++;
    (void)add_token(c, kind, name, 0);
}

static void close_section(struct compile *c, const char *name)
{
    if (c->depth == 0 || strcmp(c->t->token[c->open[c->depth - 1].token].s, name) != 0) {
        c->why = "closes a section that is not the open one";
        return;
    }
    c->depth--;
    html_settle(&c->html, next_literal(c->next));
    if (!html_same_place(&c->html, &c->open[c->depth].html)) {
        c->why = "a section must end at the kind of place where it began";
        return;
    }
    c->html.started = c->open[c->depth].html.started; /* the section may be left out */
    c->t->token[c->open[c->depth].token].jump = c->t->n;
    (void)add_token(c, SECTION_END, name, 0);
}

/* Cuts blanks; false when what remains is not a name. */
static bool name_ok(char **s)
{
    while (**s == ' ')
        (*s)++;
    size_t n = strlen(*s);
    while (n > 0 && (*s)[n - 1] == ' ')
        (*s)[--n] = '\0';
    if (n == 0 || (*s)[strspn(*s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")] != '\0')
        return false;
    return strcmp(*s, ".") == 0 || ((*s)[0] != '.' && (*s)[n - 1] != '.' && strstr(*s, "..") == NULL);
}

/* tag is what stands between {{ and }}. */
static void add_tag(struct compile *c, char *tag)
{
    char sign = tag[0];
    if (sign == '!') /* a comment */
        return;
    bool is_text = strncmp(tag, "t:", 2) == 0;
    char *name = is_text ? tag + 2 : strchr("#^/>", sign) != NULL && sign != '\0' ? tag + 1 : tag;
    if (!name_ok(&name))
        c->why = "no name"; /* {{{raw}}} and {{&raw}} end here */
    else if (is_text)
        add_text(c, name);
    else if (sign == '#' || sign == '^')
        open_section(c, sign == '#' ? SECTION : INVERTED, name);
    else if (sign == '/')
        close_section(c, name);
    else if (sign == '>')
        add_partial(c, name);
    else
        add_value(c, name);
}

static int line_of(const char *source, const char *at)
{
    int line = 1;
    for (; source < at; source++)
        line += *source == '\n';
    return line;
}

static err_t make_room(struct compiled *t)
{
    size_t tags = 0;
    for (const char *p = t->source; (p = strstr(p, "{{")) != NULL; p += 2)
        tags++;
    t->token = calloc(2 * tags + 1, sizeof *t->token);
    return t->token == NULL ? ERR_NOMEM : OK;
}

err_t template_compile(struct compiled *t, const struct texts *texts, const char *path)
{
    TRY(make_room(t));
    struct compile c = {.t = t, .texts = texts};
    char *p = t->source, *tag = NULL;
    /* Tags are ended with NUL in place, which keeps line ends: line_of still counts right. */
    while (c.why == NULL && (tag = strstr(p, "{{")) != NULL) {
        if (tag > p)
            (void)add_token(&c, LITERAL, p, (size_t)(tag - p));
        html_feed(&c.html, BYTES(p, (size_t)(tag - p)));
        char *end = strstr(tag, "}}");
        if (end == NULL) {
            c.why = "{{ without }}";
            break;
        }
        *end = '\0';
        p = end + 2;
        c.next = p;
        add_tag(&c, tag + 2);
    }
    if (c.why == NULL && *p != '\0') {
        tag = p + strlen(p);
        (void)add_token(&c, LITERAL, p, (size_t)(tag - p));
        html_feed(&c.html, BYTES(p, (size_t)(tag - p)));
    }
    if (c.why == NULL && c.depth > 0)
        c.why = "a section is not closed";
    if (c.why == NULL && c.html.where != HTML_TEXT)
        c.why = "a tag, comment or script is not closed";
    if (c.why == NULL)
        return OK;
    log_event(LOG_ERROR, "template", "%s:%d: %s: {{%.40s", path, tag == NULL ? 1 : line_of(t->source, tag), c.why,
              tag != NULL && *tag == '{' ? tag + 2 : "");
    return ERR_CONFIG;
}
