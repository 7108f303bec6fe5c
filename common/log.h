/*
 * Structured log: one JSON object a line on stderr. Never personal data: no names, numbers, tokens, bodies, queries.
 * Used by every daemon.
 */
#ifndef ANTIN_LOG_H
#define ANTIN_LOG_H

#include "common/err.h"
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

void log_init(const char *program, enum log_level least);
/*
 * From now on lines are collected for some milliseconds and written together by a thread; errors, and what is left at exit(), at once. Before
 * it, and in programs that never call it, every line is one write(). For daemons that answer many requests.
 */
void log_in_background(void);
/* {"time":…,"level":…,"program":…,"event":event,"detail":"formatted"}; strings are escaped; a line is at most 2 kB. */
void log_event(enum log_level level, const char *event, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The request id that log_event adds on this thread until it is set to NULL. */
void log_request_id(const char *id);
/* The one line of a request. */
struct log_request {
    const char *id;
    const char *method;
    const char *route; /* the pattern, never the concrete path */
    int status;
    const char *error; /* err_row.name or NULL */
    int64_t us;        /* duration */
    uint64_t in, out;  /* body bytes */
};
void log_request(const struct log_request *r);

#endif
