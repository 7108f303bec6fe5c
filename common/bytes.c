/*
 * Byte strings: growing buffers, base64, hex, UTF-8.
 * Used everywhere in place of bare pointers; decoders are strict, so that one value has one spelling.
 * RFC 4648 (encodings), RFC 3629 (UTF-8).
 */
#include "common/bytes.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bytes bytes_str(const char *s)
{
    return s == NULL ? (struct bytes){NULL, 0} : BYTES(s, strlen(s));
}

bool bytes_eq(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

struct bytes buf_bytes(const struct buf *b)
{
    return (struct bytes){b->ptr, b->len};
}

/* --- growing buffers --- */

err_t buf_reserve(struct buf *b, size_t more)
{
    if (more >= SIZE_MAX / 2 || b->len >= SIZE_MAX / 2 - more)
        return ERR_NOMEM;
    size_t need = b->len + more + 1; /* and the NUL */
    if (need <= b->cap)
        return OK;
    size_t cap = b->cap < 32 ? 64 : b->cap + b->cap / 2;
    if (cap < need)
        cap = need;
    uint8_t *p = realloc(b->ptr, cap);
    if (p == NULL)
        return ERR_NOMEM;
    p[b->len] = 0;
    b->ptr = p;
    b->cap = cap;
    return OK;
}

err_t buf_add(struct buf *b, const void *p, size_t n)
{
    TRY(buf_reserve(b, n));
    if (n > 0)
        memcpy(b->ptr + b->len, p, n);
    b->len += n;
    b->ptr[b->len] = 0;
    return OK;
}

err_t buf_add_bytes(struct buf *b, struct bytes v)
{
    return buf_add(b, v.ptr, v.len);
}

err_t buf_add_str(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

err_t buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    err_t e = n < 0 ? ERR_INTERNAL : buf_reserve(b, (size_t)n);
    if (e == OK) {
        (void)vsnprintf((char *)b->ptr + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    return e;
}

err_t buf_copy(struct buf *b, struct bytes v)
{
    b->len = 0;
    return buf_add_bytes(b, v);
}

const char *buf_str(const struct buf *b)
{
    return b->ptr == NULL ? "" : (const char *)b->ptr;
}

void buf_free(struct buf *b)
{
    free(b->ptr);
    *b = (struct buf){0};
}

void str_free(char **s)
{
    free(*s);
    *s = NULL;
}

err_t str_copy(char **s, const char *v)
{
    char *copy = strdup(v);
    if (copy == NULL)
        return ERR_NOMEM;
    free(*s);
    *s = copy;
    return OK;
}

void fd_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* --- base64 (RFC 4648 §4, §5) --- */

static const char alphabet_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode64(struct bytes in, const char *alphabet, bool pad, char *out)
{
    size_t i = 0;
    for (; in.len - i >= 3; i += 3) {
        unsigned v = (unsigned)in.ptr[i] << 16 | (unsigned)in.ptr[i + 1] << 8 | in.ptr[i + 2];
        *out++ = alphabet[v >> 18];
        *out++ = alphabet[v >> 12 & 63];
        *out++ = alphabet[v >> 6 & 63];
        *out++ = alphabet[v & 63];
    }
    size_t rest = in.len - i;
    if (rest > 0) {
        unsigned v = (unsigned)in.ptr[i] << 16 | (rest == 2 ? (unsigned)in.ptr[i + 1] << 8 : 0U);
        *out++ = alphabet[v >> 18];
        *out++ = alphabet[v >> 12 & 63];
        if (rest == 2)
            *out++ = alphabet[v >> 6 & 63];
        for (size_t p = rest; pad && p < 3; p++)
            *out++ = '=';
    }
    *out = '\0';
}

void b64url_encode(struct bytes in, char *out)
{
    encode64(in, alphabet_url, false, out);
}

void b64_encode(struct bytes in, char *out)
{
    encode64(in, alphabet_std, true, out);
}

/* The value of a character, without a table indexed by it: secrets pass here too, so no look-up depends on them. */
static int value64(unsigned char c, unsigned char c62, unsigned char c63)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == c62 ? 62 : c == c63 ? 63 : -1;
}

/* in is without padding. Bits that no byte takes must be zero: else several texts would mean the same bytes. */
static err_t decode64(struct bytes in, unsigned char c62, unsigned char c63, uint8_t *out, size_t cap, size_t *len)
{
    *len = 0;
    if (in.len % 4 == 1)
        return ERR_SYNTAX;
    if (in.len / 4 * 3 + (in.len % 4 * 3) / 4 > cap)
        return ERR_TOO_LARGE;
    uint32_t v = 0;
    unsigned bits = 0;
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        int d = value64(in.ptr[i], c62, c63);
        if (d < 0)
            return ERR_SYNTAX;
        v = (v << 6 | (uint32_t)d) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (uint8_t)(v >> bits);
        }
    }
    if ((v & ((1U << bits) - 1)) != 0)
        return ERR_SYNTAX;
    *len = n;
    return OK;
}

err_t b64url_decode(struct bytes in, uint8_t *out, size_t cap, size_t *len)
{
    return decode64(in, '-', '_', out, cap, len);
}

err_t b64_decode(struct bytes in, uint8_t *out, size_t cap, size_t *len)
{
    *len = 0;
    if (in.len % 4 != 0)
        return ERR_SYNTAX;
    size_t pad = 0;
    while (pad < 2 && pad < in.len && in.ptr[in.len - 1 - pad] == '=')
        pad++;
    return decode64(BYTES(in.ptr, in.len - pad), '+', '/', out, cap, len);
}

/* --- hex --- */

void hex_encode(struct bytes in, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < in.len; i++) {
        *out++ = digits[in.ptr[i] >> 4];
        *out++ = digits[in.ptr[i] & 15];
    }
    *out = '\0';
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

err_t hex_decode(struct bytes in, uint8_t *out, size_t cap, size_t *len)
{
    *len = 0;
    if (in.len % 2 != 0)
        return ERR_SYNTAX;
    if (in.len / 2 > cap)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < in.len; i += 2) {
        int hi = hex_value(in.ptr[i]), lo = hex_value(in.ptr[i + 1]);
        if (hi < 0 || lo < 0)
            return ERR_SYNTAX;
        out[i / 2] = (uint8_t)(hi << 4 | lo);
    }
    *len = in.len / 2;
    return OK;
}

/* --- UTF-8 (RFC 3629 §4) --- */

/* The length of the character that starts at p, or 0 when the bytes are no character. */
static size_t utf8_char(const uint8_t *p, size_t left)
{
    static const struct {
        uint8_t first_low, first_high, second_low, second_high;
        size_t n;
    } rows[] = {
        {0x01, 0x7f, 0, 0, 1},                                    /* NUL has no place in our texts */
        {0xc2, 0xdf, 0x80, 0xbf, 2},                              /* C0, C1: overlong */
        {0xe0, 0xe0, 0xa0, 0xbf, 3},                              /* E0 80..9F: overlong */
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, /* ED A0..BF: surrogates */
        {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, /* F0 80..8F: overlong */
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}, /* above U+10FFFF */
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        if (p[0] < rows[r].first_low || p[0] > rows[r].first_high)
            continue;
        if (rows[r].n > left || (rows[r].n > 1 && (p[1] < rows[r].second_low || p[1] > rows[r].second_high)))
            return 0;
        for (size_t i = 2; i < rows[r].n; i++)
            if (p[i] < 0x80 || p[i] > 0xbf)
                return 0;
        return rows[r].n;
    }
    return 0;
}

/* How many ASCII characters other than NUL stand first: nearly all of nearly every text, eight at a time. */
static size_t ascii_run(const uint8_t *p, size_t left)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    size_t n = 0;
    for (uint64_t w; left - n >= sizeof w; n += sizeof w) {
        memcpy(&w, p + n, sizeof w);
        if (((w | (w - ones)) & highs) != 0) /* a byte above 0x7f, or one that borrows: zero, or behind one */
            break;
    }
    while (n < left && p[n] != 0 && p[n] < 0x80)
        n++;
    return n;
}

bool utf8_valid(struct bytes s)
{
    for (size_t i = 0; (i += ascii_run(s.ptr + i, s.len - i)) < s.len;) {
        size_t n = utf8_char(s.ptr + i, s.len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}
