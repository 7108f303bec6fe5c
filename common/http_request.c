/*
 * What handlers ask of a request: header fields, cookies, query, form, body, who calls.
 * Called by endpoints; nothing here changes the request but the principal.
 * RFC 9110 §5, RFC 6265 §5.4, RFC 6749 §3.1.
 */
#include "common/http_internal.h"
#include <string.h>
#include <strings.h>

void *http_app(const struct http_req *r)
{
    return r->server->conf.app;
}

const char *http_request_id(const struct http_req *r)
{
    return r->id;
}

const char *http_method(const struct http_req *r)
{
    return r->method == NULL ? "" : r->method;
}

const char *http_target(const struct http_req *r)
{
    return r->target == NULL ? "" : r->target;
}

const char *http_header(const struct http_req *r, const char *name)
{
    for (size_t i = 0; i < r->headers; i++)
        if (strcasecmp(r->header[i].name, name) == 0)
            return r->header[i].value;
    return NULL;
}

bool http_header_twice(const struct http_req *r, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < r->headers; i++)
        n += strcasecmp(r->header[i].name, name) == 0;
    return n > 1;
}

/* --- cookies --- */

/* Takes one field apart in our copy of the header: marks the end of each name and value. */
static err_t split_cookies(struct http_req *r, char *text)
{
    while (*text != '\0') {
        text += strspn(text, " \t;");
        char *pair = text;
        text += strcspn(text, ";");
        if (*text != '\0')
            *text++ = '\0';
        for (size_t n = strlen(pair); n > 0 && (pair[n - 1] == ' ' || pair[n - 1] == '\t'); n--)
            pair[n - 1] = '\0';
        char *eq = strchr(pair, '=');
        if (eq == NULL)
            continue; /* nothing that we ever set */
        if (r->cookies == HTTP_COOKIES_MAX)
            return ERR_HEAD_TOO_LARGE;
        *eq = '\0';
        r->cookie[r->cookies++] = (struct http_pair){pair, eq + 1};
    }
    return OK;
}

err_t http_cookies_parse(struct http_req *r)
{
    for (size_t i = 0; i < r->headers; i++)
        if (strcasecmp(r->header[i].name, "Cookie") == 0)
            TRY(split_cookies(r, r->head.ptr + (r->header[i].value - r->head.ptr)));
    return OK;
}

/*
 * A cookie is asked for by its plain name; with https its name on the wire begins with __Host-, which no other host and no
 * plain-http page can set. Doubled: one of the two was planted, and nobody knows which.
 */
const char *http_cookie(const struct http_req *r, const char *name)
{
    size_t prefix = r->server->conf.https ? strlen("__Host-") : 0;
    const char *value = NULL;
    for (size_t i = 0; i < r->cookies; i++) {
        if (strncmp(r->cookie[i].name, "__Host-", prefix) != 0 || strcmp(r->cookie[i].name + prefix, name) != 0)
            continue;
        if (value != NULL)
            return NULL;
        value = r->cookie[i].value;
    }
    return value;
}

/* --- parameters --- */

const char *http_query(const struct http_req *r, const char *name)
{
    return r->query == NULL ? NULL : form_get(r->query, name, NULL);
}

const char *http_field(const struct http_req *r, const char *name)
{
    return r->field == NULL ? NULL : form_get(r->field, name, NULL);
}

static bool has_dup(const struct form *f)
{
    bool dup = false;
    for (size_t i = 0; f != NULL && i < f->n && !dup; i++)
        (void)form_get(f, f->field[i].name, &dup);
    return dup;
}

bool http_dup_params(const struct http_req *r)
{
    return has_dup(r->query) || has_dup(r->field);
}

/* --- body --- */

const json_t *http_json(const struct http_req *r)
{
    return r->json;
}

struct bytes http_body(const struct http_req *r)
{
    return buf_bytes(&r->body);
}

const struct http_spool *http_spool(const struct http_req *r)
{
    return &r->spool;
}

const char *http_content_type(const struct http_req *r)
{
    return r->content_type;
}

/* --- language and caller --- */

static bool is_lang(const char *s, enum lang *out)
{
    for (enum lang l = 0; s != NULL && l < LANG_N; l++) {
        if (strcmp(s, lang_code(l)) != 0)
            continue;
        *out = l;
        return true;
    }
    return false;
}

bool http_may_wait(const struct http_req *r)
{
    return !r->here;
}

const char *http_peer(const struct http_req *r)
{
    return r->conn->peer;
}

enum lang http_lang(const struct http_req *r)
{
    enum lang l;
    if (is_lang(http_query(r, "lang"), &l) || is_lang(http_cookie(r, "lang"), &l))
        return l;
    const char *accept = http_header(r, "Accept-Language");
    return accept == NULL ? LANG_VI : lang_from_accept(accept);
}

void http_set_principal(struct http_req *r, void *p, void (*free_fn)(void *))
{
    if (r->principal != NULL && r->principal_free != NULL)
        r->principal_free(r->principal);
    r->principal = p;
    r->principal_free = free_fn;
}

void *http_principal(const struct http_req *r)
{
    return r->principal;
}
