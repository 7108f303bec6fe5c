/*
 * The route table: from method and path to a row.
 * Called for each request; the table is checked once, when the server opens.
 * RFC 9110 §9.3.2 (HEAD is GET without content), §9.3.7 (OPTIONS), §15.5.6 (405 names the methods in Allow).
 */
#include "common/http_internal.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>

/* One segment of a pattern: its text up to the next slash. */
struct piece {
    const char *ptr;
    size_t len;
};

/* Takes the next segment off "/v1/{id}"; false at the end. "/" has none. */
static bool next_piece(const char **pattern, struct piece *out)
{
    if (**pattern != '/' || (*pattern)[1] == '\0')
        return false;
    out->ptr = *pattern + 1;
    out->len = strcspn(out->ptr, "/");
    *pattern = out->ptr + out->len;
    return true;
}

static bool is_param(struct piece p)
{
    return p.len > 2 && p.ptr[0] == '{' && p.ptr[p.len - 1] == '}';
}

/* "{name*}": the rest of the path, whatever its slashes; the table's check lets it stand at the end alone. */
static bool is_rest(struct piece p)
{
    return is_param(p) && p.ptr[p.len - 2] == '*';
}

/* The table as it is searched: each path in its pieces. */
struct pattern {
    const struct http_route *route;
    size_t pieces;
    bool rest; /* the last piece is one */
    struct piece piece[HTTP_SEGMENTS_MAX];
};
struct http_patterns {
    size_t n;
    struct pattern row[];
};

err_t http_patterns_new(const struct http_route *routes, struct http_patterns **out)
{
    size_t n = 0;
    while (routes[n].method != NULL)
        n++;
    struct http_patterns *p = calloc(1, sizeof *p + n * sizeof p->row[0]);
    if (p == NULL)
        return ERR_NOMEM;
    for (; p->n < n; p->n++) {
        struct pattern *row = &p->row[p->n];
        const char *path = routes[p->n].path;
        row->route = &routes[p->n];
        while (row->pieces < HTTP_SEGMENTS_MAX && next_piece(&path, &row->piece[row->pieces]))
            row->pieces++;
        row->rest = row->pieces > 0 && is_rest(row->piece[row->pieces - 1]);
    }
    *out = p;
    return OK;
}

void http_patterns_free(struct http_patterns **p)
{
    free(*p);
    *p = NULL;
}

static bool matches(const struct pattern *p, const size_t *lengths, const struct http_req *r)
{
    if (p->rest ? r->segments < p->pieces : p->pieces != r->segments)
        return false;
    for (size_t i = 0; i < p->pieces; i++)
        if (is_param(p->piece[i]) ? lengths[i] == 0
                                  : lengths[i] != p->piece[i].len || memcmp(r->segment[i], p->piece[i].ptr, lengths[i]) != 0)
            return false;
    return true;
}

const char *http_route_path(const struct http_req *r)
{
    return r->route == NULL ? "" : r->route->path;
}

const char *http_path(const struct http_req *r, const char *name)
{
    struct piece p;
    const char *pattern = r->route == NULL ? "" : r->route->path;
    for (size_t i = 0; next_piece(&pattern, &p) && i < r->segments; i++) {
        size_t n = p.len - (is_rest(p) ? 3 : 2);
        if (is_param(p) && strlen(name) == n && memcmp(name, p.ptr + 1, n) == 0)
            return r->segment[i];
    }
    return NULL;
}

static void allow(struct http_req *r, const char *method)
{
    for (size_t i = 0; i < r->allows; i++)
        if (strcmp(r->allow[i], method) == 0)
            return;
    if (r->allows < sizeof r->allow / sizeof *r->allow)
        r->allow[r->allows++] = method;
    if (strcmp(method, "GET") == 0)
        allow(r, "HEAD");
}

bool http_route_takes_rest(const struct http_req *r)
{
    const struct http_patterns *all = r->server == NULL ? NULL : r->server->patterns;
    for (size_t i = 0; all != NULL && i < all->n; i++) {
        const struct pattern *p = &all->row[i];
        size_t k = 0;
        while (p->rest && k < r->segments && k < p->pieces - 1 &&
               (is_param(p->piece[k]) ||
                (strlen(r->segment[k]) == p->piece[k].len && memcmp(r->segment[k], p->piece[k].ptr, p->piece[k].len) == 0)))
            k++;
        if (p->rest && k == p->pieces - 1)
            return true;
    }
    return false;
}

/* The segments lie one behind the other, a NUL where each slash was (http_target.c). */
static void join_rest(const struct pattern *p, struct http_req *r)
{
    while (p->rest && r->segments > p->pieces) {
        char *last = (char *)(uintptr_t)r->segment[--r->segments];
        last[-1] = '/';
    }
}

/* The first row that fits wins: a table puts the literal path before the one with a {name} in its place. */
err_t http_route_find(struct http_req *r)
{
    const char *method = strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
    const struct http_route *other = NULL;
    const struct http_patterns *all = r->server->patterns;
    size_t lengths[HTTP_SEGMENTS_MAX] = {0};
    for (size_t i = 0; i < r->segments; i++)
        lengths[i] = strlen(r->segment[i]);
    for (size_t i = 0; i < all->n; i++) {
        const struct http_route *t = all->row[i].route;
        if (!matches(&all->row[i], lengths, r))
            continue;
        if (strcmp(t->method, method) == 0) {
            r->route = t;
            join_rest(&all->row[i], r);
            return OK;
        }
        other = other == NULL ? t : other;
        allow(r, t->method);
    }
    if (other == NULL)
        return ERR_NOT_FOUND;
    allow(r, "OPTIONS");
    r->route = other; /* its failure function speaks the language of the path's callers */
    return ERR_METHOD;
}

static err_t join_allow(const struct http_req *r, struct buf *out)
{
    for (size_t i = 0; i < r->allows; i++)
        TRY(buf_addf(out, "%s%s", i == 0 ? "" : ", ", r->allow[i]));
    return OK;
}

/* Allow for 405 and for OPTIONS. The Fetch standard's preflight: only of rows that are open to every site. */
err_t http_route_options(struct http_req *r)
{
    AUTO_BUF methods = {0};
    if (r->allows == 0) /* OPTIONS * */
        return OK;
    TRY(join_allow(r, &methods));
    http_reply_header(r, "Allow", buf_str(&methods));
    if (r->route != NULL && r->route->cors)
        http_reply_header(r, "Access-Control-Allow-Methods", buf_str(&methods));
    return OK;
}

static bool rest_is_last(const char *path)
{
    struct piece p = {0};
    while (next_piece(&path, &p))
        if (is_rest(p) && (*path != '\0' || p.len < 4))
            return false;
    return true;
}

static const char *row_fault(const struct http_route *t)
{
    if (t->path == NULL || t->path[0] != '/')
        return "its path does not begin with a slash";
    if (!rest_is_last(t->path))
        return "what takes the rest of a path stands at its end";
    if (!http_token_ok(t->method) || strcmp(t->method, "HEAD") == 0 || strcmp(t->method, "OPTIONS") == 0)
        return "its method is not one for a table";
    if (t->handler == NULL || t->fail == NULL)
        return "it has no handler or no failure function";
    if ((t->body == HTTP_NO_BODY) != (t->body_max == 0))
        return "a body has a limit, and only a body has one";
    if (t->body != HTTP_BYTES && t->body != HTTP_SPOOL && t->body_type != NULL)
        return "its body kind has its own media type";
    if ((t->inline_first && t->auth != NULL) || (t->inline_first && t->body == HTTP_SPOOL))
        return "what is tried on the HTTP thread neither authenticates there nor takes a spooled body";
    if (t->cors && strcmp(t->method, "GET") != 0)
        return "only what is read may be open to every site";
    return NULL;
}

bool http_route_table_ok(const struct http_route *routes)
{
    for (const struct http_route *t = routes; t->method != NULL; t++) {
        const char *fault = row_fault(t);
        for (const struct http_route *u = routes; u < t && fault == NULL; u++)
            if (strcmp(t->method, u->method) == 0 && strcmp(t->path, u->path) == 0)
                fault = "it is there twice";
        if (fault == NULL)
            continue;
        log_event(LOG_ERROR, "route_table", "%s %s: %s", t->method, t->path == NULL ? "" : t->path, fault);
        return false;
    }
    return true;
}
