/*
 * Where log lines go: to stderr at once, or collected for some milliseconds and written by a thread.
 * Called by common/log.c alone.
 */
#ifndef ANTIN_LOG_SINK_H
#define ANTIN_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

/* A whole line with its newline. now: it and all before it are written when this returns. */
void log_sink_write(const char *line, size_t n, bool now);

#endif
