/*
 * HTML templates: read and compiled once, at start, to a flat list of tokens. Every fault is found here, before a page is asked for.
 * Called by main() of both daemons.
 * The tags are mustache's (mustache.5), without any way to leave escaping off.
 */
#include "common/log.h"
#include "common/secret.h"
#include "common/template_html.h"
#include "common/template_impl.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMPLATE_BYTES_MAX (256 * 1024)
#define TEMPLATE_NEST_MAX 16 /* sections in one file */

static void template_free(struct template **t)
{
    if (*t == NULL)
        return;
    free((*t)->name);
    free((*t)->source);
    free((*t)->token);
    free(*t);
    *t = NULL;
}

void templates_free(struct templates **t)
{
    if (*t == NULL)
        return;
    for (size_t i = 0; i < (*t)->n; i++)
        template_free(&(*t)->tpl[i]);
    free(*t);
    *t = NULL;
}

size_t template_find(const struct templates *t, const char *name)
{
    size_t len = strlen(name);
    if (len > 5 && strcmp(name + len - 5, ".html") == 0)
        len -= 5;
    size_t i = 0;
    while (i < t->n && (strncmp(t->tpl[i]->name, name, len) != 0 || t->tpl[i]->name[len] != '\0'))
        i++;
    return i;
}

/* --- compiling --- */

struct compile {
    struct template *t;
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

static struct template_token *add_token(struct compile *c, enum template_token_kind kind, const char *s, size_t len)
{
    struct template *t = c->t;
    if (t->n == t->cap) {
        size_t cap = t->cap == 0 ? 64 : t->cap * 2;
        struct template_token *p = realloc(t->token, cap * sizeof *p);
        if (p == NULL) {
            c->why = "out of memory";
            return NULL;
        }
        t->token = p;
        t->cap = cap;
    }
    t->token[t->n] = (struct template_token){.kind = kind, .s = s, .len = len};
    return &t->token[t->n++];
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

static err_t compile(struct template *t, const struct texts *texts, const char *path)
{
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
    log_event(LOG_ERROR, "template", "%s:%d: %s: {{%.40s", path, tag == NULL ? 1 : line_of(t->source, tag), c.why, tag != NULL && *tag == '{' ? tag + 2 : "");
    return ERR_CONFIG;
}

/* --- loading --- */

static err_t read_source(const char *path, char **out)
{
    AUTO_SECRET s = {0}; /* not secret: the same bounded reading */
    TRY(secret_read_file(&s, path, TEMPLATE_BYTES_MAX));
    if (!utf8_valid(secret_bytes(&s))) /* no NUL either */
        return ERR_SYNTAX;
    *out = strndup((const char *)s.ptr, s.len);
    return *out == NULL ? ERR_NOMEM : OK;
}

static err_t load_file(struct templates *set, const char *dir, const char *file, const struct texts *texts)
{
    AUTO_BUF path = {0};
    TRY(buf_addf(&path, "%s/%s", dir, file));
    AUTO(template_free) struct template *t = calloc(1, sizeof *t);
    if (t == NULL || (t->name = strndup(file, strlen(file) - strlen(".html"))) == NULL)
        return ERR_NOMEM;
    if (read_source(buf_str(&path), &t->source) != OK) {
        log_event(LOG_ERROR, "template", "%s: cannot be read, is too large or not UTF-8", buf_str(&path));
        return ERR_CONFIG;
    }
    TRY(compile(t, texts, buf_str(&path)));
    size_t i = template_find(set, t->name);
    if (i == TEMPLATES_MAX)
        return ERR_CONFIG;
    if (i < set->n) /* a later directory overrides */
        template_free(&set->tpl[i]);
    else
        set->n++;
    set->tpl[i] = take(&t);
    return OK;
}

static bool is_template(const char *file)
{
    size_t n = strlen(file);
    return n > 5 && file[0] != '.' && strcmp(file + n - 5, ".html") == 0;
}

static void dir_close(DIR **d)
{
    if (*d != NULL)
        (void)closedir(*d);
}

static err_t load_dir(struct templates *set, const char *dir, const struct texts *texts)
{
    AUTO(dir_close) DIR *d = opendir(dir);
    if (d == NULL) {
        log_event(LOG_ERROR, "template", "%s: %s", dir, strerror(errno));
        return ERR_CONFIG;
    }
    const struct dirent *f;
    while ((f = readdir(d)) != NULL)
        if (is_template(f->d_name))
            TRY(load_file(set, dir, f->d_name, texts));
    return OK;
}

/* Resolves partials, depth first; a template that includes itself, however far round, would never end. */
static err_t link_partials(struct templates *set, struct template *t)
{
    if (t->mark == DONE)
        return OK;
    if (t->mark == OPEN) {
        log_event(LOG_ERROR, "template", "%s includes itself", t->name);
        return ERR_CONFIG;
    }
    t->mark = OPEN;
    for (size_t i = 0; i < t->n; i++) {
        if (t->token[i].kind != PARTIAL)
            continue;
        size_t k = template_find(set, t->token[i].s);
        if (k == set->n) {
            log_event(LOG_ERROR, "template", "%s: no template %s", t->name, t->token[i].s);
            return ERR_CONFIG;
        }
        t->token[i].jump = k;
        TRY(link_partials(set, set->tpl[k]));
    }
    t->mark = DONE;
    return OK;
}

err_t templates_load(const char *const *dirs, const struct texts *t, struct templates **out)
{
    *out = NULL;
    AUTO(templates_free) struct templates *set = calloc(1, sizeof *set);
    if (set == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; dirs[i] != NULL; i++)
        TRY(load_dir(set, dirs[i], t));
    for (size_t i = 0; i < set->n; i++)
        TRY(link_partials(set, set->tpl[i]));
    *out = take(&set);
    return OK;
}
