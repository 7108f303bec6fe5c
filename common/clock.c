/*
 * The one clock, and times as text.
 * Called by whatever needs the time; tests replace it.
 * RFC 3339.
 */
#include "common/clock.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t frozen;

#define US 1000000LL

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t); /* cannot fail for these clocks */
    return (int64_t)t.tv_sec * US + t.tv_nsec / 1000;
}

int64_t clock_now(void)
{
    return clock_now_us() / US;
}

int64_t clock_now_us(void)
{
    int64_t f = atomic_load_explicit(&frozen, memory_order_relaxed);
    return f != 0 ? f * US : read_us(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_coarse_us(void)
{
    return read_us(CLOCK_MONOTONIC_COARSE);
}

void clock_set_for_test(int64_t now)
{
    atomic_store(&frozen, now);
}

/* The years that four digits can write: outside them a time is written as the nearest one. */
#define TIME_MIN (-62167219200LL) /* 0000-01-01T00:00:00Z */
#define TIME_MAX 253402300799LL   /* 9999-12-31T23:59:59Z */

static void split(int64_t t, struct tm *tm)
{
    time_t v = t < TIME_MIN ? TIME_MIN : t > TIME_MAX ? TIME_MAX : t;
    (void)gmtime_r(&v, tm);
}

/* A two-digit field, told to the compiler so that it can check the buffer's size. */
static unsigned two(int v)
{
    return (unsigned)v % 100;
}

void clock_rfc3339(int64_t t, char out[CLOCK_RFC3339_LEN + 1])
{
    struct tm tm;
    split(t, &tm);
    (void)snprintf(out, CLOCK_RFC3339_LEN + 1, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)(tm.tm_year + 1900) % 10000, two(tm.tm_mon + 1),
                   two(tm.tm_mday), two(tm.tm_hour), two(tm.tm_min), two(tm.tm_sec));
}

#define VIETNAM_OFFSET 25200 /* no daylight saving, one zone: no time zone database needed */

void clock_local(int64_t t, char out[CLOCK_LOCAL_CAP])
{
    struct tm tm;
    split(t > TIME_MAX ? TIME_MAX : t + VIETNAM_OFFSET, &tm);
    (void)snprintf(out, CLOCK_LOCAL_CAP, "%02u:%02u:%02u %02u/%02u/%04u (+07:00)", two(tm.tm_hour), two(tm.tm_min), two(tm.tm_sec),
                   two(tm.tm_mday), two(tm.tm_mon + 1), (unsigned)(tm.tm_year + 1900) % 10000);
}

/* --- parsing --- */

/* Exactly n digits, whose value must lie within min and max. */
static bool digits(const char **s, unsigned n, int min, int max, int *out)
{
    int v = 0;
    for (unsigned i = 0; i < n; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        v = v * 10 + (**s - '0');
    }
    *out = v;
    return v >= min && v <= max;
}

static bool literal(const char **s, const char *any_of)
{
    if (**s == '\0' || strchr(any_of, **s) == NULL)
        return false;
    (*s)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Seconds east of Greenwich; "-00:00" (offset unknown) counts as UTC: RFC 3339 §4.3. */
static bool parse_offset(const char **s, int *offset)
{
    *offset = 0;
    if (literal(s, "Zz"))
        return true;
    int sign = **s == '-' ? -1 : 1, h, m;
    if (!literal(s, "+-") || !digits(s, 2, 0, 23, &h) || !literal(s, ":") || !digits(s, 2, 0, 59, &m))
        return false;
    *offset = sign * (h * 3600 + m * 60);
    return true;
}

/* A fraction is read and dropped: the clock counts whole seconds. */
static bool parse_fraction(const char **s)
{
    if (!literal(s, "."))
        return true;
    int d, n = 0;
    while (**s >= '0' && **s <= '9' && n < 9)
        n += digits(s, 1, 0, 9, &d);
    return n > 0;
}

err_t clock_parse_rfc3339(const char *s, int64_t *out)
{
    int y, mo, d, h, mi, sec, offset; /* a leap second is refused: no clock here can show it */
    if (!digits(&s, 4, 0, 9999, &y) || !literal(&s, "-") || !digits(&s, 2, 1, 12, &mo) || !literal(&s, "-") ||
        !digits(&s, 2, 1, days_in_month(y, mo), &d) || !literal(&s, "Tt ") || !digits(&s, 2, 0, 23, &h) || !literal(&s, ":") ||
        !digits(&s, 2, 0, 59, &mi) || !literal(&s, ":") || !digits(&s, 2, 0, 59, &sec) || !parse_fraction(&s) ||
        !parse_offset(&s, &offset) || *s != '\0')
        return ERR_SYNTAX;
    struct tm tm = {.tm_year = y - 1900, .tm_mon = mo - 1, .tm_mday = d, .tm_hour = h, .tm_min = mi, .tm_sec = sec};
    *out = (int64_t)timegm(&tm) - offset;
    return *out >= TIME_MIN && *out <= TIME_MAX ? OK : ERR_SYNTAX; /* an offset can lead out of what can be written again */
}
