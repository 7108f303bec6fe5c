/*
 * Forms, query strings and percent-encoding.
 * Called by the HTTP glue for bodies and queries, by endpoints to build redirects.
 * WHATWG URL §5 (form encoding, but strict), RFC 3986 §2, RFC 6749 §3.1 (no parameter twice).
 */
#include "common/form.h"
#include <stdlib.h>
#include <string.h>

/* Decodes into out (room for in.len + 1 bytes). The result is UTF-8 without NUL, or it is refused. */
static err_t decode(struct bytes in, bool plus_is_space, char *out, size_t *len)
{
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.ptr[i];
        if (c == '%') {
            size_t one;
            if (in.len - i < 3)
                return ERR_SYNTAX;
            TRY(hex_decode(BYTES(in.ptr + i + 1, 2), &c, 1, &one));
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c < 0x20 || c == 0x7f) {
            return ERR_SYNTAX; /* a control character comes escaped or not at all */
        }
        out[n++] = (char)c;
    }
    out[n] = '\0';
    *len = n;
    return utf8_valid(BYTES(out, n)) ? OK : ERR_SYNTAX;
}

/* The same into the form's room, where there is enough for all of its text. */
static err_t decode_next(struct form *f, struct bytes in, const char **out)
{
    size_t n = 0;
    TRY(decode(in, true, f->room + f->used, &n));
    *out = f->room + f->used;
    f->used += n + 1;
    return OK;
}

static bool has_control(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

static err_t add_field(struct form *f, struct bytes pair)
{
    if (f->n == FORM_FIELDS_MAX)
        return ERR_TOO_LARGE;
    const uint8_t *eq = memchr(pair.ptr, '=', pair.len);
    size_t name_len = eq == NULL ? pair.len : (size_t)(eq - pair.ptr);
    struct form_field *out = &f->field[f->n];
    TRY(decode_next(f, BYTES(pair.ptr, name_len), &out->name));
    if (out->name[0] == '\0' || has_control(out->name))
        return ERR_SYNTAX;
    TRY(decode_next(f, eq == NULL ? BYTES("", 0) : BYTES(eq + 1, pair.len - name_len - 1), &out->value));
    f->n++;
    return OK;
}

static err_t parse_all(struct bytes text, struct form *out)
{
    while (text.len > 0) {
        const uint8_t *amp = memchr(text.ptr, '&', text.len);
        size_t n = amp == NULL ? text.len : (size_t)(amp - text.ptr);
        if (n > 0) /* "a=1&&b=2": an empty pair is nothing */
            TRY(add_field(out, BYTES(text.ptr, n)));
        size_t used = amp == NULL ? n : n + 1;
        text = BYTES(text.ptr + used, text.len - used);
    }
    return OK;
}

err_t form_parse(struct bytes text, struct form *out)
{
    out->n = out->used = 0;
    out->cap = 2 * text.len + 2;
    out->room = malloc(out->cap); /* no pair grows by more than a NUL for each of its characters */
    if (out->room == NULL)
        return ERR_NOMEM;
    err_t e = parse_all(text, out);
    if (e != OK)
        form_free(out); /* all of it or nothing */
    return e;
}

const char *form_get(const struct form *f, const char *name, bool *dup)
{
    const char *value = NULL;
    bool twice = false;
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->field[i].name, name) != 0)
            continue;
        if (value == NULL)
            value = f->field[i].value;
        else
            twice = true;
    }
    if (dup != NULL)
        *dup = twice;
    return value;
}

void form_free(struct form *f)
{
    if (f->room != NULL)
        explicit_bzero(f->room, f->cap); /* values may be passwords and PINs */
    free(f->room);
    f->n = f->used = f->cap = 0;
    f->room = NULL;
}

/* --- percent-encoding --- */

static bool unreserved(uint8_t c) /* RFC 3986 §2.3; no locale in it */
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

err_t url_encode(struct buf *out, const char *s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *s != '\0'; s++) {
        uint8_t c = (uint8_t)*s;
        char esc[3] = {'%', digits[c >> 4], digits[c & 15]};
        TRY(unreserved(c) ? buf_add(out, s, 1) : buf_add(out, esc, sizeof esc));
    }
    return OK;
}

err_t url_decode(struct bytes in, struct buf *out)
{
    TRY(buf_reserve(out, in.len));
    size_t n = 0;
    err_t e = decode(in, false, (char *)out->ptr + out->len, &n);
    if (e == OK)
        out->len += n;
    out->ptr[out->len] = 0;
    return e;
}

err_t url_add_param(struct buf *url, const char *name, const char *value)
{
    if (value == NULL)
        return OK;
    /* RFC 3986 §3: parameters go before a fragment; no URL that we build onto has one, and appending behind it would lose them. */
    if (memchr(buf_str(url), '#', url->len) != NULL)
        return ERR_SYNTAX;
    const char *mark = memchr(buf_str(url), '?', url->len);
    if (mark == NULL)
        TRY(buf_add_str(url, "?"));
    else if (mark[1] != '\0' && url->ptr[url->len - 1] != '&')
        TRY(buf_add_str(url, "&"));
    TRY(url_encode(url, name));
    TRY(buf_add_str(url, "="));
    return url_encode(url, value);
}
