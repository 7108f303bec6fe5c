/*
 * Writes JSON values canonically: members by UTF-16 order, the shortest escapes, numbers as ECMAScript prints them.
 * Called by manifest.c. RFC 8785 §3.2.
 */
#include "signer/formats/jcs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAFE_INTEGER_MAX 9007199254740991 /* RFC 7493 §2.2 */

static err_t write_value(const json_t *v, unsigned depth, struct buf *out) MUST_USE;

/* RFC 8785 §3.2.2.2: two-character escapes where JSON has them, lower-case \u00xx for the other control characters. */
static err_t write_string(const char *s, size_t n, struct buf *out)
{
    static const char SHORT[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    TRY(buf_add(out, "\"", 1));
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            TRY(buf_addf(out, "\\%c", c));
        else if (c >= 0x20)
            TRY(buf_add(out, &c, 1));
        else if (SHORT[c] != 0)
            TRY(buf_addf(out, "\\%c", SHORT[c]));
        else
            TRY(buf_addf(out, "\\u%04x", c));
    }
    return buf_add(out, "\"", 1);
}

/*
 * The digits and exponent of the shortest decimal that reads back as v, the nearest of those (ECMA-262 Number::toString):
 * v = 0.d1d2…dk × 10^point.
 */
static size_t shortest_digits(double v, char digits[20], int *point)
{
    char text[40];
    for (int precision = 0; precision < 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, v);
        if (strtod(text, NULL) == v)
            break;
    }
    size_t k = 0;
    const char *p = text;
    for (; *p != 'e'; p++) {
        if (*p != '.')
            digits[k++] = *p;
    }
    *point = (int)strtol(p + 1, NULL, 10) + 1;
    while (k > 1 && digits[k - 1] == '0')
        k--;
    return k;
}

static err_t write_digits_with_point(const char *digits, int k, int point, struct buf *out)
{
    if (k <= point)
        return buf_addf(out, "%.*s%.*s", k, digits, point - k, "000000000000000000000");
    if (point > 0)
        return buf_addf(out, "%.*s.%.*s", point, digits, k - point, digits + point);
    return buf_addf(out, "0.%.*s%.*s", -point, "000000", k, digits);
}

/* ECMA-262 §6.1.6.1.20, as RFC 8785 §3.2.2.3 demands. */
static err_t write_real(double v, struct buf *out)
{
    char digits[20] = "";
    int point = 0;
    if (!isfinite(v))
        return ERR_UNSUPPORTED;
    if (v == 0)
        return buf_add_str(out, "0"); /* -0 too */
    if (v < 0)
        TRY(buf_add_str(out, "-"));
    int k = (int)shortest_digits(fabs(v), digits, &point);
    if (point > -6 && point <= 21)
        return write_digits_with_point(digits, k, point, out);
    TRY(buf_addf(out, "%c", digits[0]));
    if (k > 1)
        TRY(buf_addf(out, ".%.*s", k - 1, digits + 1));
    return buf_addf(out, "e%+d", point - 1);
}

/* --- objects --- */

struct member {
    const char *key;
    const json_t *value;
};

/* The next code point of valid UTF-8. */
static uint32_t next_code_point(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    unsigned more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 ? p[0] : p[0] & (0x3fu >> more);
    for (unsigned i = 1; i <= more; i++)
        c = c << 6 | (p[i] & 0x3fu);
    *s += more + 1;
    return c;
}

/*
 * RFC 8785 §3.2.3 orders by UTF-16 code units. That differs from code point order only in this: surrogates (characters past U+FFFF) come
 * before U+E000 to U+FFFF.
 */
static uint32_t utf16_rank(uint32_t c)
{
    if (c >= 0x10000)
        return c - 0x10000 + 0xd800;
    return c >= 0xe000 ? c + 0x110000 : c;
}

static int member_order(const void *x, const void *y)
{
    const char *a = ((const struct member *)x)->key, *b = ((const struct member *)y)->key;
    while (*a != '\0' && *b != '\0') {
        uint32_t ca = utf16_rank(next_code_point(&a)), cb = utf16_rank(next_code_point(&b));
        if (ca != cb)
            return ca < cb ? -1 : 1;
    }
    return (*a != '\0') - (*b != '\0');
}

static err_t write_members(const struct member *m, size_t n, unsigned depth, struct buf *out)
{
    TRY(buf_add_str(out, "{"));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            TRY(buf_add_str(out, ","));
        TRY(write_string(m[i].key, strlen(m[i].key), out));
        TRY(buf_add_str(out, ":"));
        TRY(write_value(m[i].value, depth + 1, out));
    }
    return buf_add_str(out, "}");
}

static err_t write_object(const json_t *v, unsigned depth, struct buf *out)
{
    size_t n = 0;
    struct member *members = calloc(json_object_size(v) + 1, sizeof *members);
    if (members == NULL)
        return ERR_NOMEM;
    json_t *object = (json_t *)(uintptr_t)v; /* jansson iterates over non-const objects only */
    for (void *it = json_object_iter(object); it != NULL; it = json_object_iter_next(object, it))
        members[n++] = (struct member){json_object_iter_key(it), json_object_iter_value(it)};
    qsort(members, n, sizeof *members, member_order);
    err_t e = write_members(members, n, depth, out);
    free(members);
    return e;
}

static err_t write_array(const json_t *v, unsigned depth, struct buf *out)
{
    TRY(buf_add_str(out, "["));
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (i > 0)
            TRY(buf_add_str(out, ","));
        TRY(write_value(json_array_get(v, i), depth + 1, out));
    }
    return buf_add_str(out, "]");
}

static err_t write_integer(json_int_t v, struct buf *out)
{
    if (v > SAFE_INTEGER_MAX || v < -SAFE_INTEGER_MAX)
        return ERR_UNSUPPORTED;
    return buf_addf(out, "%lld", (long long)v);
}

static err_t write_value(const json_t *v, unsigned depth, struct buf *out)
{
    if (depth > JSON_DEPTH_MAX)
        return ERR_TOO_LARGE;
    switch (json_typeof(v)) {
    case JSON_OBJECT: return write_object(v, depth, out);
    case JSON_ARRAY: return write_array(v, depth, out);
    case JSON_STRING: return write_string(json_string_value(v), json_string_length(v), out);
    case JSON_INTEGER: return write_integer(json_integer_value(v), out);
    case JSON_REAL: return write_real(json_real_value(v), out);
    case JSON_TRUE: return buf_add_str(out, "true");
    case JSON_FALSE: return buf_add_str(out, "false");
    case JSON_NULL: return buf_add_str(out, "null");
    }
    return ERR_INTERNAL;
}

err_t jcs_write(const json_t *value, struct buf *out)
{
    return write_value(value, 1, out);
}

err_t jcs_read(struct bytes text, size_t max, json_t **out)
{
    AUTO_JSON tree = NULL;
    AUTO_BUF canonical = {0};
    TRY(json_parse(text, max, &tree));
    TRY(jcs_write(tree, &canonical));
    if (!bytes_eq(text, buf_bytes(&canonical)))
        return ERR_SYNTAX;
    *out = take(&tree);
    return OK;
}
