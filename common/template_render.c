/*
 * Renders a compiled template with a JSON object of values; everything is escaped, or it does not come out at all.
 * Called by the page endpoints of both daemons.
 * HTML Living Standard §13.3 (escaping a string).
 */
#include "common/log.h"
#include "common/template_impl.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define RENDER_NEST_MAX 64 /* sections and partials together */
#define RENDER_BYTES_MAX ((size_t)8 * 1024 * 1024)

/* A value that names are looked up in, and those around it. */
struct scope {
    const json_t *value;
    const struct scope *outer;
};

struct render {
    const struct templates *set;
    enum lang lang;
    struct buf *out;
    size_t begin; /* of the output in out */
    unsigned depth;
};

/* "a.b": a is looked up outwards, b inside it. "." is the value of the innermost section. */
static const json_t *look_up(const struct scope *s, const char *name)
{
    if (strcmp(name, ".") == 0)
        return s->value;
    size_t n = strcspn(name, ".");
    const json_t *v = NULL;
    for (; s != NULL && v == NULL; s = s->outer)
        v = json_object_getn(s->value, name, n);
    while (v != NULL && name[n] == '.') {
        name += n + 1;
        n = strcspn(name, ".");
        v = json_object_getn(v, name, n);
    }
    return v;
}

static err_t put(struct render *r, const char *s, size_t n)
{
    if (n > RENDER_BYTES_MAX - (r->out->len - r->begin))
        return ERR_TOO_LARGE;
    return buf_add(r->out, s, n);
}

/* Escaped for text and for attributes in either quotes. */
static err_t put_escaped(struct render *r, const char *s, size_t n)
{
    size_t plain = 0;
    for (size_t i = 0; i < n; i++) {
        const char *esc = NULL;
        switch (s[i]) {
        case '&': esc = "&amp;"; break;
        case '<': esc = "&lt;"; break;
        case '>': esc = "&gt;"; break;
        case '"': esc = "&quot;"; break;
        case '\'': esc = "&#39;"; break;
        default: continue;
        }
        TRY(put(r, s + plain, i - plain));
        TRY(put(r, esc, strlen(esc)));
        plain = i + 1;
    }
    return put(r, s + plain, n - plain);
}

static err_t put_value(struct render *r, const json_t *v)
{
    char number[32];
    if (v == NULL || json_is_null(v) || json_is_false(v))
        return OK;
    if (json_is_string(v))
        return put_escaped(r, json_string_value(v), json_string_length(v));
    if (json_is_integer(v)) {
        int n = snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
        return put(r, number, (size_t)n);
    }
    log_event(LOG_ERROR, "template", "an array, object, true or fraction where a text was to stand");
    return ERR_INTERNAL;
}

/*
 * A browser follows this value: only web and mail addresses and what is relative. Whatever stands before a first colon must
 * be exactly such a scheme, so that blanks and control characters, which browsers skip, hide nothing.
 */
static bool url_ok(const char *s)
{
    static const char *const schemes[] = {"http", "https", "mailto", "tel"};
    size_t n = strcspn(s, ":/?#");
    if (s[n] != ':')
        return true;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strlen(schemes[i]) == n && strncasecmp(s, schemes[i], n) == 0)
            return true;
    return false;
}

static err_t put_url(struct render *r, const char *name, const json_t *v)
{
    if (!json_is_string(v) || url_ok(json_string_value(v)))
        return put_value(r, v);
    log_event(LOG_WARNING, "template", "%s: not a web address, left out", name);
    return put(r, "#", 1);
}

static bool truthy(const json_t *v)
{
    if (v == NULL || json_is_null(v) || json_is_false(v))
        return false;
    if (json_is_string(v))
        return json_string_length(v) > 0;
    return !json_is_array(v) || json_array_size(v) > 0;
}

static err_t render_tokens(struct render *r, const struct compiled *t, size_t from, size_t to, const struct scope *scope);

static err_t render_section(struct render *r, const struct compiled *t, size_t at, const struct scope *scope)
{
    const struct template_token *k = &t->token[at];
    const json_t *v = look_up(scope, k->s);
    if (truthy(v) == (k->kind == INVERTED))
        return OK;
    if (k->kind == INVERTED)
        return render_tokens(r, t, at + 1, k->jump, scope);
    bool list = json_is_array(v);
    size_t n = list ? json_array_size(v) : 1;
    for (size_t i = 0; i < n; i++) {
        struct scope inner = {list ? json_array_get(v, i) : v, scope};
        TRY(render_tokens(r, t, at + 1, k->jump, &inner));
    }
    return OK;
}

static err_t render_token(struct render *r, const struct compiled *t, size_t at, const struct scope *scope)
{
    const struct template_token *k = &t->token[at];
    const struct compiled *other;
    switch (k->kind) {
    case LITERAL: return put(r, k->s, k->len);
    case VALUE: return put_value(r, look_up(scope, k->s));
    case URL_VALUE: return put_url(r, k->s, look_up(scope, k->s));
    case TEXT: return put_escaped(r, k->text[r->lang], strlen(k->text[r->lang]));
    case SECTION:
    case INVERTED: return render_section(r, t, at, scope);
    case PARTIAL: other = r->set->tpl[k->jump]; return render_tokens(r, other, 0, other->n, scope);
    case SECTION_END: break;
    }
    return OK;
}

static err_t render_tokens(struct render *r, const struct compiled *t, size_t from, size_t to, const struct scope *scope)
{
    if (r->depth == RENDER_NEST_MAX)
        return ERR_INTERNAL;
    r->depth++;
    for (size_t i = from; i < to; i++) {
        TRY(render_token(r, t, i, scope));
        if (t->token[i].kind == SECTION || t->token[i].kind == INVERTED)
            i = t->token[i].jump;
    }
    r->depth--;
    return OK;
}

err_t template_render(const struct templates *t, const char *name, enum lang lang, const json_t *values, struct buf *out)
{
    size_t i = template_find(t, name);
    if (i == t->n) {
        log_event(LOG_ERROR, "template", "no template %s", name);
        return ERR_INTERNAL;
    }
    struct render r = {.set = t, .lang = lang, .out = out, .begin = out->len};
    struct scope all = {values, NULL};
    err_t e = render_tokens(&r, t->tpl[i], 0, t->tpl[i]->n, &all);
    if (e != OK && out->ptr != NULL) { /* never half a page */
        out->len = r.begin;
        out->ptr[out->len] = 0;
    }
    return e;
}
