/*
 * A thread that works, sleeps, and works again: when its time has come, or when somebody rings.
 * Used by idpd (partitions, messages to clients) and signerd (housekeeping).
 */
#ifndef ANTIN_COMMON_TICKER_H
#define ANTIN_COMMON_TICKER_H

#include "common/err.h"
#include <stdbool.h>
#include <stdint.h>

struct ticker;

/* Returns the milliseconds after which it wants to run again. */
typedef int64_t ticker_fn(void *arg);

/* First runs after first_ms. arg must live until ticker_close. ERR_NOMEM when there is no memory or no thread. */
err_t ticker_open(ticker_fn *work, void *arg, int64_t first_ms, struct ticker **out) MUST_USE;
/* Work now; when it is at work, once more afterwards. NULL is nobody. */
void ticker_ring(struct ticker *t);
/* For work that lasts: whether ticker_close waits for it. */
bool ticker_stopping(struct ticker *t);
/* Waits for work that has begun; *t becomes NULL. */
void ticker_close(struct ticker **t);

#endif
