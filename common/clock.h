/*
 * The one clock: wall time in seconds and microseconds, monotonic time for deadlines.
 * Tests replace it (clock_set_for_test); nothing else calls time() or clock_gettime().
 */
#ifndef ANTIN_CLOCK_H
#define ANTIN_CLOCK_H

#include "common/err.h"
#include <stddef.h>
#include <stdint.h>

int64_t clock_now(void);    /* seconds since 1970 UTC */
int64_t clock_now_us(void); /* microseconds since 1970 UTC */
int64_t clock_mono_us(void); /* microseconds, never backwards; for deadlines and durations */
int64_t clock_coarse_us(void); /* the same clock as of the last tick, some milliseconds ago; a fifth of the price */
void clock_set_for_test(int64_t now); /* freezes clock_now at that second; 0 lets it run again */

/* "2026-11-24T08:00:00Z" (RFC 3339); out 21 bytes. */
#define CLOCK_RFC3339_LEN 20
void clock_rfc3339(int64_t t, char out[CLOCK_RFC3339_LEN + 1]);
/* "15:00:00 24/11/2026 (+07:00)": how a Vietnamese reader expects it; out 32 bytes. */
#define CLOCK_LOCAL_CAP 32
void clock_local(int64_t t, char out[CLOCK_LOCAL_CAP]);
/* Accepts RFC 3339 with Z or an offset; ERR_SYNTAX. */
err_t clock_parse_rfc3339(const char *s, int64_t *out) MUST_USE;

#endif
