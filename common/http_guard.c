/*
 * Refuses what the library lets through: the shapes from which request smuggling is made.
 * Called once a request, when its header has arrived.
 * RFC 9112 §2.2 (lines), §3 (request line), §5 (fields), §6.3 (message length); RFC 9110 §5.5, §7.2.
 *
 * libmicrohttpd 0.9.75 ends a line at a bare LF, joins folded lines, cuts a line at NUL, skips doubled spaces, takes the first
 * of two Content-Lengths and prefers Transfer-Encoding to Content-Length without a word. It parses in place: method, target,
 * version, names and values are pointers into the header as it came, in which it has overwritten each line's end by NULs.
 * So the header is walked once more here: every piece must begin exactly where a strict reading says it does (a line's end is
 * two bytes, CR and LF, both overwritten), and the walk must end where the library says that the header ends. A bare LF leaves
 * one byte and the walk is off by one: refused. What this cannot tell from CR LF is NUL LF as the header's last line; no
 * proxy passes NUL on. A Content-Length that is no number the library refuses itself, with a 400 that has its header twice, and
 * closes: not ours to mend. If a later version of the library parses otherwise, everything is refused and test_http says so.
 */
#include "common/http_internal.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Says why in the log (never what: the bytes are the sender's) and refuses. */
static err_t refuse(const char *why)
{
    log_event(LOG_WARNING, "request_refused", "%s", why);
    return ERR_SYNTAX;
}

bool http_token_ok(const char *s)
{
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        bool alnum = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && strchr("!#$%&'*+-.^_`|~", c) == NULL)
            return false;
    }
    return true;
}

bool http_value_ok(const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* --- the walk over the header as it came --- */

struct walk {
    struct http_req *r;
    const char *base; /* the library's header, from the method on */
    size_t size;
    const char *at; /* where the next line must begin */
    err_t err;
};

/* The offset of one of the library's pointers in its header. ERR_SYNTAX when it points elsewhere: a folded line was moved. */
static err_t offset(const struct walk *w, const char *p, size_t len, size_t *out)
{
    uintptr_t base = (uintptr_t)w->base, at = (uintptr_t)p;
    if (at < base || at - base > w->size || len > w->size - (at - base))
        return ERR_SYNTAX;
    *out = (size_t)(at - base);
    return OK;
}

/* The end of a line: CR and LF, which the library has overwritten. */
static bool line_end(struct walk *w, const char *p)
{
    size_t o;
    if (offset(w, p, 2, &o) != OK || p[0] != '\0' || p[1] != '\0')
        return false;
    w->at = p + 2;
    return true;
}

static err_t walk_field(struct walk *w, const char *name, size_t name_len, const char *value, size_t value_len)
{
    struct http_req *r = w->r;
    size_t name_at, value_at;
    if (name != w->at || offset(w, name, name_len + 1, &name_at) != OK)
        return refuse("a header line ends in a bare LF, holds NUL or is folded");
    if (!http_token_ok(name)) /* RFC 9112 §5.1: white space before the colon, or a line that begins with white space */
        return refuse("a field name is not a token");
    const char *p = name + name_len + 1; /* past the colon */
    if (value < p || offset(w, value, value_len + 2, &value_at) != OK || strspn(p, " \t") != (size_t)(value - p))
        return refuse("a folded header line");
    if (!line_end(w, value + value_len))
        return refuse("a header line ends in a bare LF or holds NUL");
    if (!http_value_ok(value))
        return refuse("a control character in a field value");
    if (r->headers == HTTP_HEADERS_MAX)
        return ERR_HEAD_TOO_LARGE;
    r->header[r->headers++] = (struct http_pair){r->head + name_at, r->head + value_at};
    /* RFC 9112 §5: white space after the value is no part of it; ours is a copy. */
    for (size_t n = value_len; n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'); n--)
        r->head[value_at + n - 1] = '\0';
    return OK;
}

static enum MHD_Result on_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value,
                                size_t value_len)
{
    struct walk *w = cls;
    (void)kind;
    w->err = value == NULL ? ERR_SYNTAX : walk_field(w, name, name_len, value, value_len);
    return w->err == OK ? MHD_YES : MHD_NO;
}

/* RFC 9112 §3: method SP target SP version CRLF, one space each. */
static err_t walk_request_line(struct walk *w, const char *url, const char *version)
{
    struct http_req *r = w->r;
    size_t o, target_len = strlen(r->target);
    if (!http_token_ok(w->base) || strlen(w->base) > 16)
        return refuse("the method is not a token");
    if (url != w->base + strlen(w->base) + 1 || version != url + target_len + 1)
        return refuse("the request line has a doubled space or holds NUL");
    if (offset(w, version, 10, &o) != OK || memcmp(version, "HTTP/1.", 7) != 0 || !line_end(w, version + 8))
        return refuse("the request line ends in a bare LF");
    return OK;
}

static err_t walk_header(struct http_req *r, const char *url, const char *method, const char *version)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (info == NULL || info->header_size == 0)
        return ERR_INTERNAL;
    if (info->header_size > HTTP_HEAD_MAX)
        return ERR_HEAD_TOO_LARGE;
    struct walk w = {.r = r, .base = method, .size = info->header_size};
    r->head = malloc(w.size);
    if (r->head == NULL)
        return ERR_NOMEM;
    memcpy(r->head, method, w.size);
    r->head_len = w.size;
    r->method = r->head;
    TRY(walk_request_line(&w, url, version));
    (void)MHD_get_connection_values_n(r->mhd, MHD_HEADER_KIND, on_field, &w);
    TRY(w.err);
    if (!line_end(&w, w.at) || w.at != w.base + w.size)
        return refuse("the header's end is not an empty line");
    return OK;
}

/* --- what the fields say --- */

static unsigned count(const struct http_req *r, const char *name)
{
    unsigned n = 0;
    for (size_t i = 0; i < r->headers; i++)
        n += strcasecmp(r->header[i].name, name) == 0;
    return n;
}

/* RFC 9110 §7.2: uri-host [":" port]; characters that a host can have, and no more. */
static bool host_ok(const char *host)
{
    size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:[]");
    return n > 0 && n <= 255 && host[n] == '\0';
}

static err_t check_host(const struct http_req *r, bool http_1_0)
{
    const char *host = http_header(r, "Host");
    if (host == NULL)
        return http_1_0 ? OK : refuse("no Host");
    return host_ok(host) ? OK : refuse("Host is no host");
}

/* RFC 9112 §6.1, §6.3: one way to tell a body's length, or none. */
static err_t check_length(struct http_req *r, bool http_1_0)
{
    const char *length = http_header(r, "Content-Length"), *coding = http_header(r, "Transfer-Encoding");
    if (length != NULL && coding != NULL)
        return refuse("Content-Length with Transfer-Encoding");
    if (coding != NULL && (http_1_0 || strcasecmp(coding, "chunked") != 0))
        return refuse("a Transfer-Encoding that is not chunked, or in HTTP/1.0");
    r->chunked = coding != NULL;
    if (length == NULL)
        return OK;
    size_t n = strlen(length);
    if (n == 0 || n > 18 || strspn(length, "0123456789") != n)
        return refuse("Content-Length is no number");
    r->length = strtoull(length, NULL, 10);
    return OK;
}

static err_t check_once(const struct http_req *r)
{
    static const char *const once[] = {"Host",   "Content-Length", "Transfer-Encoding", "Content-Type", "Authorization",
                                       "Expect", "Idempotency-Key"};
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        if (count(r, once[i]) > 1)
            return refuse("a field came twice that may come once");
    return OK;
}

err_t http_guard(struct http_req *r, const char *url, const char *method, const char *version)
{
    if (strlen(r->target) > HTTP_TARGET_MAX)
        return ERR_TARGET_TOO_LONG;
    TRY(walk_header(r, url, method, version));
    bool http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    TRY(check_once(r));
    TRY(check_host(r, http_1_0));
    TRY(check_length(r, http_1_0));
    err_t e = http_target_parse(r);
    return e == ERR_SYNTAX ? refuse("the request target is malformed") : e;
}
