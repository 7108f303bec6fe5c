/*
 * The request target: a path of decoded segments, and a query.
 * Called by the guard. There is one reading of a path or it is refused: no dot segments, no empty ones in front, no escaped
 * slash (but in a rest that a row takes whole), no bytes outside ASCII that are not escaped, no control characters.
 * RFC 3986 §3.3 and §3.4; RFC 9112 §3.2 (origin-form; absolute-form when it names the same host; "*" for OPTIONS).
 */
#include "common/http_internal.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RFC 3986 §3.3: pchar, without percent. */
static bool path_char(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || (c != '\0' && strchr("~!$&'()*+,;=:@", c) != NULL);
}

static bool path_chars_ok(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!path_char((unsigned char)s[i]) && s[i] != '/' && s[i] != '%')
            return false;
    return true;
}

/* Browsers send some characters unescaped in queries that RFC 3986 would escape; visible ASCII is taken, save for '#'. */
static bool query_chars_ok(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f || *s == '#')
            return false;
    return true;
}

static bool segment_ok(const struct http_req *r, struct bytes s)
{
    if (bytes_eq(s, BYTES_STR(".")) || bytes_eq(s, BYTES_STR("..")))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 0x20 || s.ptr[i] == 0x7f || s.ptr[i] == '\\' || (s.ptr[i] == '/' && !http_route_takes_rest(r)))
            return false;
    return utf8_valid(s);
}

static err_t add_segment(struct http_req *r, struct bytes raw, char *out, size_t *used)
{
    AUTO_BUF escaped = {0};
    struct bytes plain = raw;
    if (memchr(raw.ptr, '%', raw.len) != NULL) {
        TRY(url_decode(raw, &escaped));
        plain = buf_bytes(&escaped);
    }
    if (!segment_ok(r, plain))
        return ERR_SYNTAX;
    if (r->segments == HTTP_SEGMENTS_MAX)
        return ERR_NOT_FOUND;
    r->segment[r->segments++] = out + *used;
    memcpy(out + *used, plain.ptr, plain.len); /* no longer than raw, and its slash's place takes the NUL */
    out[*used + plain.len] = '\0';
    *used += plain.len + 1;
    return OK;
}

/* "/a/b%20c" gives "a", "b c"; "/" gives none; "/a/" gives "a", "". */
static err_t parse_path(struct http_req *r, const char *path, size_t len)
{
    if (len == 0 || path[0] != '/' || (len > 1 && path[1] == '/') || !path_chars_ok(path, len))
        return ERR_SYNTAX; /* "//host" would be another site's address wherever a target is sent back as a link */
    char *decoded = http_room(&r->path, len + 1);
    if (decoded == NULL)
        return ERR_NOMEM;
    size_t used = 0, at = 1;
    while (len > 1 && at <= len) {
        const char *slash = memchr(path + at, '/', len - at);
        size_t n = slash == NULL ? len - at : (size_t)(slash - path) - at;
        TRY(add_segment(r, BYTES(path + at, n), decoded, &used));
        at += n + 1;
    }
    return OK;
}

static err_t parse_query(struct http_req *r, const char *query)
{
    if (!query_chars_ok(query))
        return ERR_SYNTAX;
    if (*query == '\0')
        return OK;
    r->query = &r->query_room;
    err_t e = form_parse(BYTES_STR(query), r->query);
    return e == ERR_TOO_LARGE ? ERR_TARGET_TOO_LONG : e;
}

/* RFC 9112 §3.2.2: a target with an authority counts, but then it must agree with Host: there is one site here. */
static err_t strip_authority(struct http_req *r)
{
    size_t scheme = strncasecmp(r->target, "http://", 7) == 0 ? 7 : strncasecmp(r->target, "https://", 8) == 0 ? 8 : 0;
    if (scheme == 0)
        return OK;
    const char *host = http_header(r, "Host");
    size_t n = strcspn(r->target + scheme, "/?#");
    if (host == NULL || strlen(host) != n || strncasecmp(host, r->target + scheme, n) != 0 || r->target[scheme + n] != '/')
        return ERR_SYNTAX;
    memmove(r->target, r->target + scheme + n, strlen(r->target + scheme + n) + 1);
    return OK;
}

err_t http_target_parse(struct http_req *r)
{
    if (strcmp(r->target, "*") == 0 && strcmp(r->method, "OPTIONS") == 0)
        return OK;
    TRY(strip_authority(r));
    size_t len = strcspn(r->target, "?");
    TRY(parse_path(r, r->target, len));
    return r->target[len] == '?' ? parse_query(r, r->target + len + 1) : OK;
}
