/*
 * Content-Disposition for a file's name in any script.
 * Called by http_reply_file.
 * RFC 6266 §4.1 and §4.3 (names are advice: no paths in them), Appendix D; RFC 8187 §3.2 (filename*).
 */
#include "common/http_internal.h"
#include <string.h>

#define NAME_MAX_ 200 /* bytes of a name that are passed on */

/* Where a name of many bytes ends at a character's boundary. */
static size_t cut(const char *name, size_t n)
{
    if (n <= NAME_MAX_)
        return n;
    n = NAME_MAX_;
    while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static bool is_plain(unsigned char c) /* can stand in a quoted-string without escapes, and in no path or percent sequence */
{
    return c >= 0x20 && c < 0x7f && strchr("\"\\/%:*?<>|", c) == NULL;
}

/* For old receivers: each character that is not plain becomes one underscore. */
static err_t add_fallback(struct buf *out, const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        if ((c & 0xc0) == 0x80)
            continue;
        TRY(buf_add(out, is_plain(c) ? (const char *)&name[i] : "_", 1));
    }
    return OK;
}

static err_t write_name(struct buf *out, const char *name)
{
    size_t n = cut(name, strlen(name));
    if (n == 0 || !utf8_valid(BYTES(name, n)))
        return OK;
    AUTO_BUF clean = {0};
    bool plain = true;
    for (size_t i = 0; i < n; i++) { /* a receiver must not find a path or a control character in it */
        unsigned char c = (unsigned char)name[i];
        bool bad = c < 0x20 || c == 0x7f || c == '/' || c == '\\';
        TRY(buf_add(&clean, bad ? "_" : (const char *)&name[i], 1));
        plain = plain && is_plain(c);
    }
    TRY(buf_add_str(out, "; filename=\""));
    TRY(add_fallback(out, buf_str(&clean), clean.len));
    TRY(buf_add_str(out, "\""));
    if (plain)
        return OK;
    TRY(buf_add_str(out, "; filename*=UTF-8''"));
    return url_encode(out, buf_str(&clean));
}

err_t http_disposition(const char *name, bool attachment, char **out)
{
    AUTO_BUF b = {0};
    TRY(buf_add_str(&b, attachment ? "attachment" : "inline"));
    TRY(write_name(&b, name));
    *out = strdup(buf_str(&b));
    return *out == NULL ? ERR_NOMEM : OK;
}
