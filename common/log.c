/*
 * Structured log: one JSON object a line on stderr, each line one write(), so that lines of threads and processes never mix.
 * Used by every daemon. Never personal data.
 * RFC 8259 §7 (escapes).
 */
#include "common/log.h"
#include "common/bytes.h"
#include "common/clock.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_ 2048  /* bytes of a line, its newline among them */
#define DETAIL_MAX 1024 /* bytes of a formatted detail before escaping */
#define TAIL 4          /* what must always fit: quote, brace, newline */

static char program_name[32] = "antin";
static _Atomic int least_level = LOG_INFO;
static _Thread_local char request_id[64];

static const char *const level_names[] = {"debug", "info", "warning", "error"};

struct line {
    char text[LINE_MAX_];
    size_t len;
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

static void put_str(struct line *l, const char *s)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t left = strlen(s);
    if (!put(l, "\"", 1))
        return;
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

/* Room that put_str's closing quote and the line's end may not take from a member. */
static void member_str(struct line *l, const char *name, const char *value)
{
    if (value == NULL || l->len + strlen(name) + 8 > sizeof l->text - TAIL)
        return;
    (void)put(l, ",\"", 2);
    (void)put(l, name, strlen(name));
    (void)put(l, "\":", 2);
    put_str(l, value);
}

static void member_int(struct line *l, const char *name, long long value)
{
    char t[64];
    int n = snprintf(t, sizeof t, ",\"%s\":%lld", name, value);
    if (n > 0 && (size_t)n < sizeof t)
        (void)put(l, t, (size_t)n);
}

static void begin(struct line *l, enum log_level level, const char *event)
{
    char day[CLOCK_RFC3339_LEN + 1], head[64];
    int64_t us = clock_now_us();
    clock_rfc3339(us / 1000000, day);
    int n = snprintf(head, sizeof head, "{\"time\":\"%.19s.%06uZ\"", day, (unsigned)(us % 1000000));
    l->len = 0;
    (void)put(l, head, (size_t)n);
    member_str(l, "level", level_names[level]);
    member_str(l, "program", program_name);
    member_str(l, "event", event);
}

static void end(struct line *l)
{
    l->text[l->len++] = '}';
    l->text[l->len++] = '\n';
    (void)!write(STDERR_FILENO, l->text, l->len); /* a log that cannot be written has nowhere to say so */
}

void log_init(const char *program, enum log_level least)
{
    (void)snprintf(program_name, sizeof program_name, "%s", program);
    atomic_store(&least_level, (int)least);
}

void log_request_id(const char *id)
{
    (void)snprintf(request_id, sizeof request_id, "%s", id == NULL ? "" : id);
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    struct line l;
    begin(&l, level, event);
    if (request_id[0] != '\0')
        member_str(&l, "request", request_id);
    char detail[DETAIL_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    if (n > 0)
        member_str(&l, "detail", detail);
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
    member_str(&l, "request", r->id);
    member_str(&l, "method", r->method);
    member_str(&l, "route", r->route);
    member_int(&l, "status", r->status);
    member_str(&l, "error", r->error);
    member_int(&l, "us", (long long)r->us);
    member_int(&l, "in", (long long)r->in);
    member_int(&l, "out", (long long)r->out);
    end(&l);
}
