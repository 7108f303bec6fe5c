/*
 * Structured log: one JSON object a line on stderr; lines of threads and processes never mix (log_sink.c).
 * Used by every daemon. Never personal data.
 * RFC 8259 §7 (escapes).
 */
#include "common/log.h"
#include "common/bytes.h"
#include "common/clock.h"
#include "common/log_sink.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_ 2048  /* bytes of a line, its newline among them */
#define DETAIL_MAX 1024 /* bytes of a formatted detail before escaping */
#define TAIL 4          /* what must always fit: quote, brace, newline */

static char program_name[32] = "antin";
static _Atomic int least_level = LOG_INFO;
static _Thread_local char request_id[64];

static const char *const level_names[] = {"debug", "info", "warning", "error"};

struct line {
    enum log_level level;
    size_t len;
    char text[LINE_MAX_];
};

/* Adds all of the characters or none of them, so that an escape is never cut. */
static bool put(struct line *l, const char *s, size_t n)
{
    if (l->len + n > sizeof l->text - TAIL)
        return false;
    memcpy(l->text + l->len, s, n);
    l->len += n;
    return true;
}

/* One character of a string; what is not valid UTF-8 becomes U+FFFD, so that a line is always JSON. */
static bool put_char(struct line *l, const uint8_t *p, size_t n)
{
    char esc[8];
    if (n == 1 && (*p == '"' || *p == '\\')) {
        esc[0] = '\\';
        esc[1] = (char)*p;
        return put(l, esc, 2);
    }
    if (n == 1 && (*p < 0x20 || *p == 0x7f)) {
        int k = snprintf(esc, sizeof esc, "\\u%04x", *p);
        return put(l, esc, (size_t)k);
    }
    return put(l, (const char *)p, n);
}

static size_t char_len(const uint8_t *p, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++)
        if (utf8_valid(BYTES(p, n)))
            return n;
    return 0;
}

/* How much stands as it is in a string: most of what is ever logged, in one piece. */
static size_t plain_len(const uint8_t *p, size_t left)
{
    size_t n = 0;
    while (n < left && p[n] >= 0x20 && p[n] < 0x7f && p[n] != '"' && p[n] != '\\')
        n++;
    return n;
}

static void put_str(struct line *l, const char *s)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t left = strlen(s);
    if (!put(l, "\"", 1))
        return;
    size_t plain = plain_len(p, left);
    if (put(l, s, plain)) {
        p += plain;
        left -= plain;
    }
    while (left > 0) {
        size_t n = char_len(p, left);
        if (!(n > 0 ? put_char(l, p, n) : put(l, "\xef\xbf\xbd", 3)))
            break;
        p += n > 0 ? n : 1;
        left -= n > 0 ? n : 1;
    }
    /* The reserve holds this even when the text was cut. */
    l->text[l->len++] = '"';
}

/* A member's name with the comma before and the colon behind it; n is its length. Room is kept for put_str's closing quote. */
#define MEMBER(name) ",\"" name "\":", (sizeof ",\"" name "\":" - 1)

static void member_str(struct line *l, const char *label, size_t n, const char *value)
{
    if (value == NULL || l->len + n + 8 > sizeof l->text - TAIL)
        return;
    (void)put(l, label, n);
    put_str(l, value);
}

/* The digits of value before end, at least width of them; where they begin. */
static char *digits(char *end, unsigned long long value, int width)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (--width > 0 || value != 0);
    return end;
}

static void member_int(struct line *l, const char *label, size_t n, long long value)
{
    char t[24], *end = t + sizeof t;
    unsigned long long size = value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;
    char *at = digits(end, size, 1);
    if (value < 0)
        *--at = '-';
    if (l->len + n + sizeof t > sizeof l->text - TAIL)
        return;
    (void)put(l, label, n);
    (void)put(l, at, (size_t)(end - at));
}

static void begin(struct line *l, enum log_level level, const char *event)
{
    static _Thread_local char day[CLOCK_RFC3339_LEN + 1]; /* of that second: the next line is likely of the same */
    static _Thread_local int64_t second;
    char fraction[6];
    int64_t us = clock_now_us();
    if (us / 1000000 != second || day[0] == '\0')
        clock_rfc3339(second = us / 1000000, day);
    (void)digits(fraction + sizeof fraction, (unsigned long long)(us % 1000000), 6);
    l->level = level;
    l->len = 0;
    (void)put(l, "{\"time\":\"", 9);
    (void)put(l, day, 19);
    (void)put(l, ".", 1);
    (void)put(l, fraction, sizeof fraction);
    (void)put(l, "Z\"", 2);
    member_str(l, MEMBER("level"), level_names[level]);
    member_str(l, MEMBER("program"), program_name);
    member_str(l, MEMBER("event"), event);
}

static void end(struct line *l)
{
    l->text[l->len++] = '}';
    l->text[l->len++] = '\n';
    log_sink_write(l->text, l->len, l->level >= LOG_ERROR);
}

void log_init(const char *program, enum log_level least)
{
    (void)snprintf(program_name, sizeof program_name, "%s", program);
    atomic_store(&least_level, (int)least);
}

void log_request_id(const char *id)
{
    size_t n = id == NULL ? 0 : strnlen(id, sizeof request_id - 1);
    memcpy(request_id, id == NULL ? "" : id, n);
    request_id[n] = '\0';
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    struct line l;
    begin(&l, level, event);
    if (request_id[0] != '\0')
        member_str(&l, MEMBER("request"), request_id);
    char detail[DETAIL_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    if (n > 0)
        member_str(&l, MEMBER("detail"), detail);
    end(&l);
}

void log_request(const struct log_request *r)
{
    /* A failing server is for the operator; a refused request is the caller's matter. */
    enum log_level level = r->status >= 500 ? LOG_WARNING : LOG_INFO;
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    struct line l;
    begin(&l, level, "request");
    member_str(&l, MEMBER("request"), r->id);
    member_str(&l, MEMBER("method"), r->method);
    member_str(&l, MEMBER("route"), r->route);
    member_int(&l, MEMBER("status"), r->status);
    member_str(&l, MEMBER("error"), r->error);
    member_int(&l, MEMBER("us"), (long long)r->us);
    member_int(&l, MEMBER("in"), (long long)r->in);
    member_int(&l, MEMBER("out"), (long long)r->out);
    end(&l);
}
