/*
 * The registry of failures: from a number to its row (HTTP status, code, log level, text key).
 * Called by the reply path and the log of every program.
 * Rows come from common/errors.def and, by err_register, from each program's own errors.def.
 */
#include "common/err.h"
#include <assert.h>
#include <stddef.h>

static const struct err_row common_rows[] = {
    {"OK", 200, "ok", ERR_QUIET, "err.none"},
#define ERR(name, status, code, level, text) {#name, status, code, level, text},
#include "common/errors.def"
#undef ERR
};
static_assert(sizeof common_rows / sizeof *common_rows == ERR_COMMON_END, "one row a failure");

/* A program has its own failures and the formats' failures; room for some more. */
#define RANGES_MAX 8
static struct range {
    int base;
    unsigned n;
    const struct err_row *rows;
} ranges[RANGES_MAX];
static unsigned n_ranges;

void err_register(int base, const struct err_row *rows, unsigned n)
{
    assert(base >= ERR_COMMON_END && rows != NULL);
    for (unsigned i = 0; i < n_ranges; i++)
        if (ranges[i].base == base) { /* registering twice (tests do) replaces */
            ranges[i] = (struct range){base, n, rows};
            return;
        }
    assert(n_ranges < RANGES_MAX);
    ranges[n_ranges++] = (struct range){base, n, rows};
}

const struct err_row *err_info(err_t e)
{
    if (e >= 0 && e < ERR_COMMON_END)
        return &common_rows[e];
    for (unsigned i = 0; i < n_ranges; i++)
        if (e >= ranges[i].base && (unsigned)(e - ranges[i].base) < ranges[i].n)
            return &ranges[i].rows[e - ranges[i].base];
    return &common_rows[ERR_INTERNAL];
}
