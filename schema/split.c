/*
 * Cuts an SQL file into statements: knows quotes, dollar quotes, nested comments, and nothing else of the language.
 * Called by migrate_apply.c. PostgreSQL 15 §4.1.
 */
#include "schema/split.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct sql_cursor sql_cursor_of(struct bytes text)
{
    const char *p = (const char *)text.ptr;
    return (struct sql_cursor){.at = p, .end = p + text.len, .line = 1};
}

static size_t left(const struct sql_cursor *c)
{
    return (size_t)(c->end - c->at);
}

static bool starts(const struct sql_cursor *c, const char *s)
{
    size_t n = strlen(s);
    return left(c) >= n && memcmp(c->at, s, n) == 0;
}

static void step(struct sql_cursor *c, size_t n)
{
    for (; n > 0; n--)
        if (*c->at++ == '\n')
            c->line++;
}

static bool word_char(char ch)
{
    return isalnum((unsigned char)ch) || ch == '_' || (ch & 0x80);
}

/* 'text' or "name"; a doubled quote stays inside, and in E'…' a backslash takes the next character with it. */
static err_t skip_quoted(struct sql_cursor *c, char quote, bool escapes)
{
    struct sql_cursor open = *c;
    step(c, 1);
    while (c->at < c->end) {
        if (escapes && *c->at == '\\' && left(c) >= 2) {
            step(c, 2);
        } else if (*c->at != quote) {
            step(c, 1);
        } else if (left(c) >= 2 && c->at[1] == quote) {
            step(c, 2);
        } else {
            step(c, 1);
            return OK;
        }
    }
    *c = open;
    return ERR_SYNTAX;
}

/* Comments nest in PostgreSQL, unlike in C. */
static err_t skip_comment(struct sql_cursor *c)
{
    struct sql_cursor open = *c;
    int depth = 0;
    while (c->at < c->end) {
        if (starts(c, "/*")) {
            depth++;
            step(c, 2);
        } else if (starts(c, "*/")) {
            step(c, 2);
            if (--depth == 0)
                return OK;
        } else {
            step(c, 1);
        }
    }
    *c = open;
    return ERR_SYNTAX;
}

/* $$…$$ or $tag$…$tag$; "$1" is no quote and is passed over. */
static err_t skip_dollar(struct sql_cursor *c)
{
    struct sql_cursor open = *c;
    size_t n = 1;
    while (n < left(c) && word_char(c->at[n]))
        n++;
    if (n >= left(c) || c->at[n] != '$' || isdigit((unsigned char)c->at[1])) {
        step(c, 1);
        return OK;
    }
    const char *tag = c->at;
    n++;
    step(c, n);
    for (; left(c) >= n; step(c, 1)) {
        if (memcmp(c->at, tag, n) == 0) {
            step(c, n);
            return OK;
        }
    }
    *c = open;
    return ERR_SYNTAX;
}

static void skip_line(struct sql_cursor *c)
{
    while (c->at < c->end && *c->at != '\n')
        step(c, 1);
}

static err_t skip_blank(struct sql_cursor *c)
{
    while (c->at < c->end) {
        if (starts(c, "--"))
            skip_line(c);
        else if (starts(c, "/*"))
            TRY(skip_comment(c));
        else if (isspace((unsigned char)*c->at) || *c->at == ';')
            step(c, 1);
        else
            break;
    }
    return OK;
}

/* One lexical piece of a statement. prev is the character before it, or 0. */
static err_t skip_piece(struct sql_cursor *c, char prev, char before_prev)
{
    char ch = *c->at;
    if (starts(c, "--")) {
        skip_line(c);
        return OK;
    }
    if (starts(c, "/*"))
        return skip_comment(c);
    if (ch == '\'')
        return skip_quoted(c, ch, (prev == 'E' || prev == 'e') && !word_char(before_prev));
    if (ch == '"')
        return skip_quoted(c, ch, false);
    if (ch == '$' && !word_char(prev))
        return skip_dollar(c);
    step(c, 1);
    return OK;
}

err_t sql_next(struct sql_cursor *c, struct sql_part *out)
{
    TRY(skip_blank(c));
    if (c->at == c->end)
        return ERR_DB_NONE;
    const char *start = c->at;
    unsigned line = c->line;
    while (c->at < c->end && *c->at != ';') {
        char prev = c->at > start ? c->at[-1] : '\0';
        char before = c->at > start + 1 ? c->at[-2] : '\0';
        TRY(skip_piece(c, prev, before));
    }
    *out = (struct sql_part){.text = start, .len = (size_t)(c->at - start), .line = line};
    return OK;
}

bool sql_is_transaction_control(const struct sql_part *p)
{
    static const char *const words[] = {"begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare"};
    size_t n = 0;
    while (n < p->len && isalpha((unsigned char)p->text[n]))
        n++;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (n == strlen(words[i]) && strncasecmp(p->text, words[i], n) == 0)
            return true;
    return false;
}
