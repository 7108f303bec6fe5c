/*
 * One strict reading of a request's header, from the bytes that came: a request line, fields, an empty line, each ended by CR LF.
 * Called by http_guard.c once a request, and by a fuzzer. Handlers see this reading.
 * RFC 9112 §2.2 (lines), §3 (request line), §5 (fields), §6.3 (message length); RFC 9110 §5.5, §7.2.
 */
#include "common/http_internal.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Says why in the log (never what: the bytes are the sender's) and refuses. */
err_t http_refuse(const char *why)
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
        if (!alnum && c != '-' && strchr("!#$%&'*+.^_`|~", c) == NULL)
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

/* --- the strict reading --- */

/* Takes the next line off: it ends in CR LF, has no other control character than tab, and becomes a string of its own. */
static char *next_line(char **at, const char *end)
{
    char *line = *at, *lf = memchr(line, '\n', (size_t)(end - line));
    if (lf == NULL || lf == line || lf[-1] != '\r')
        return NULL;
    lf[-1] = '\0';
    *at = lf + 1;
    return strlen(line) == (size_t)(lf - 1 - line) && http_value_ok(line) ? line : NULL;
}

/* RFC 9112 §3: method SP request-target SP HTTP-version, one space each. */
static err_t read_request_line(struct http_req *r, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target == NULL ? NULL : strchr(target + 1, ' ');
    if (version == NULL)
        return http_refuse("the request line has not three parts");
    *target++ = '\0';
    *version++ = '\0';
    if (!http_token_ok(line) || strlen(line) > 16)
        return http_refuse("the method is not a token");
    if (strncmp(version, "HTTP/1.", 7) != 0 || version[7] < '0' || version[7] > '9' || version[8] != '\0')
        return http_refuse("the version is not HTTP/1");
    r->method = line;
    r->target = target;
    r->http_1_0 = version[7] == '0';
    return OK;
}

/* RFC 9112 §5: field-name ":" OWS field-value OWS. A folded line begins with white space: its name is no token. */
static err_t read_field(struct http_req *r, char *line)
{
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return http_refuse("a header line without colon");
    *colon = '\0';
    if (!http_token_ok(line))
        return http_refuse("a field name is not a token, or a folded line");
    char *value = colon + 1 + strspn(colon + 1, " \t");
    for (size_t n = strlen(value); n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'); n--)
        value[n - 1] = '\0';
    if (r->headers == HTTP_HEADERS_MAX)
        return ERR_HEAD_TOO_LARGE;
    r->header[r->headers++] = (struct http_pair){line, value};
    return OK;
}

static err_t read_header(struct http_req *r)
{
    char *at = r->head.ptr;
    const char *end = at + r->head_len;
    char *line = next_line(&at, end);
    if (line == NULL)
        return http_refuse("a line ends in a bare LF or holds a control character");
    TRY(read_request_line(r, line));
    while ((line = next_line(&at, end)) != NULL && *line != '\0')
        TRY(read_field(r, line));
    if (line == NULL)
        return http_refuse("a line ends in a bare LF or holds a control character");
    return at == end ? OK : http_refuse("bytes after the header's end");
}

/* --- what the fields say --- */

static unsigned count(const struct http_req *r, const char *name)
{
    unsigned n = 0;
    for (size_t i = 0; i < r->headers; i++)
        n += (r->header[i].name[0] | 0x20) == (name[0] | 0x20) && strcasecmp(r->header[i].name, name) == 0;
    return n;
}

/* RFC 9110 §7.2: uri-host [":" port]; characters that a host can have, and no more. */
static bool host_ok(const char *host)
{
    size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:[]");
    return n > 0 && n <= 255 && host[n] == '\0';
}

static err_t check_host(const struct http_req *r)
{
    const char *host = http_header(r, "Host");
    if (host == NULL)
        return r->http_1_0 ? OK : http_refuse("no Host");
    return host_ok(host) ? OK : http_refuse("Host is no host");
}

/* RFC 9112 §6.1, §6.3: one way to tell a body's length, or none. */
static err_t check_length(struct http_req *r)
{
    const char *length = http_header(r, "Content-Length"), *coding = http_header(r, "Transfer-Encoding");
    if (length != NULL && coding != NULL)
        return http_refuse("Content-Length with Transfer-Encoding");
    if (coding != NULL && (r->http_1_0 || strcasecmp(coding, "chunked") != 0))
        return http_refuse("a Transfer-Encoding that is not chunked, or in HTTP/1.0");
    r->chunked = coding != NULL;
    if (length == NULL)
        return OK;
    size_t n = strlen(length);
    if (n == 0 || n > 18 || strspn(length, "0123456789") != n)
        return http_refuse("Content-Length is no number");
    r->length = strtoull(length, NULL, 10);
    return OK;
}

static err_t check_once(const struct http_req *r)
{
    static const char *const once[] = {"Host",          "Content-Length", "Transfer-Encoding", "Content-Type",
                                       "Authorization", "Expect",         "Idempotency-Key"};
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        if (count(r, once[i]) > 1)
            return http_refuse("a field came twice that may come once");
    return OK;
}

err_t http_head_read(struct http_req *r, struct bytes raw)
{
    char *head = http_room(&r->head, raw.len + 1); /* never of no bytes */
    if (head == NULL)
        return ERR_NOMEM;
    memcpy(head, raw.ptr, raw.len);
    r->head_len = raw.len;
    TRY(read_header(r));
    TRY(check_once(r));
    TRY(check_host(r));
    TRY(check_length(r));
    if (strlen(r->target) > HTTP_TARGET_MAX)
        return ERR_TARGET_TOO_LONG;
    err_t e = http_target_parse(r);
    return e == ERR_SYNTAX ? http_refuse("the request target is malformed") : e;
}
