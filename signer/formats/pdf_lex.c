/*
 * Takes the text of a PDF apart.
 * Called by pdf_peek.c. ISO 32000-1 §7.2 (characters), §7.3.4 (strings), §7.3.5 (names), §7.3.10 (references).
 */
#include "signer/formats/pdf_lex.h"

#include <string.h>

/* §7.2.2, tables 1 and 2. */
enum { REGULAR, WHITE, DELIMITER };
static const uint8_t KIND[256] = {
    ['\0'] = WHITE,    ['\t'] = WHITE,    ['\n'] = WHITE,    ['\f'] = WHITE,    ['\r'] = WHITE,    [' '] = WHITE,
    ['('] = DELIMITER, [')'] = DELIMITER, ['<'] = DELIMITER, ['>'] = DELIMITER, ['['] = DELIMITER, [']'] = DELIMITER,
    ['{'] = DELIMITER, ['}'] = DELIMITER, ['/'] = DELIMITER, ['%'] = DELIMITER,
};

static bool is_white(uint8_t c)
{
    return KIND[c] == WHITE;
}

static bool is_regular(uint8_t c)
{
    return KIND[c] == REGULAR;
}

/* False: nothing follows. */
static bool pass_space(struct pdf_lex *l)
{
    while (l->at < l->end && (is_white(*l->at) || *l->at == '%')) {
        if (*l->at != '%') {
            l->at++;
            continue;
        }
        while (l->at < l->end && *l->at != '\r' && *l->at != '\n')
            l->at++;
    }
    return l->at < l->end;
}

/* A run of regular characters whose end is seen. */
static bool take_regular(struct pdf_lex *l, struct bytes *out)
{
    const uint8_t *p = l->at;
    while (p < l->end && is_regular(*p))
        p++;
    if (p == l->end)
        return false;
    *out = BYTES(l->at, (size_t)(p - l->at));
    l->at = p;
    return true;
}

bool pdf_lex_word(struct pdf_lex *l, const char *word)
{
    struct pdf_lex from = *l;
    struct bytes have;
    size_t n = strlen(word);
    if (!pass_space(l))
        return false;
    if (word[0] == '<' || word[0] == '>') {
        if ((size_t)(l->end - l->at) >= n && memcmp(l->at, word, n) == 0) {
            l->at += n;
            return true;
        }
    } else if (take_regular(l, &have) && bytes_eq(have, bytes_str(word))) {
        return true;
    }
    *l = from;
    return false;
}

bool pdf_lex_number(struct pdf_lex *l, uint64_t *out)
{
    struct pdf_lex from = *l;
    struct bytes have;
    bool good = pass_space(l) && take_regular(l, &have) && have.len > 0 && have.len <= 18;
    *out = 0;
    for (size_t i = 0; good && i < have.len; i++) {
        good = have.ptr[i] >= '0' && have.ptr[i] <= '9';
        *out = *out * 10 + (uint64_t)(have.ptr[i] - '0');
    }
    if (!good)
        *l = from;
    return good;
}

bool pdf_lex_name(struct pdf_lex *l, struct bytes *out)
{
    if (!pass_space(l) || *l->at != '/')
        return false;
    l->at++;
    return take_regular(l, out) && memchr(out->ptr, '#', out->len) == NULL;
}

/* §7.3.4.2: parentheses pair, unless a backslash stands before. */
static bool pass_string(struct pdf_lex *l)
{
    unsigned depth = 0;
    for (; l->at < l->end; l->at++) {
        if (*l->at == '\\')
            l->at++;
        else if (*l->at == '(')
            depth++;
        else if (*l->at == ')' && --depth == 0) {
            l->at++;
            return true;
        }
    }
    return false;
}

static bool pass_until(struct pdf_lex *l, uint8_t last)
{
    const uint8_t *found = memchr(l->at, last, (size_t)(l->end - l->at));
    l->at = found != NULL ? found + 1 : l->end;
    return found != NULL;
}

/* One token; *depth counts the dictionaries and arrays that are open. */
static bool pass_token(struct pdf_lex *l, unsigned *depth)
{
    struct bytes ignored;
    if (!pass_space(l))
        return false;
    switch (*l->at) {
    case '(': return pass_string(l);
    case '/': l->at++; return take_regular(l, &ignored);
    case '[': (*depth)++; break;
    case ']': (*depth)--; break;
    case '<':
        if (l->end - l->at < 2 || l->at[1] != '<')
            return pass_until(l, '>');
        (*depth)++;
        l->at++;
        break;
    case '>':
        if (l->end - l->at < 2 || l->at[1] != '>')
            return false;
        (*depth)--;
        l->at++;
        break;
    default: return is_regular(*l->at) && take_regular(l, &ignored);
    }
    l->at++;
    return true;
}

bool pdf_lex_reference(struct pdf_lex *l, uint64_t *id, uint64_t *generation)
{
    struct pdf_lex from = *l;
    if (pdf_lex_number(l, id) && pdf_lex_number(l, generation) && pdf_lex_word(l, "R"))
        return true;
    *l = from;
    return false;
}

bool pdf_lex_skip(struct pdf_lex *l)
{
    unsigned depth = 0;
    uint64_t id, generation;
    if (!pass_space(l) || *l->at == ']' || *l->at == '>')
        return false;
    if (pdf_lex_reference(l, &id, &generation))
        return true;
    do {
        if (!pass_token(l, &depth))
            return false;
    } while (depth > 0);
    return true;
}
