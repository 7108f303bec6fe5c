/*
 * A look at what libmicrohttpd receives. Used by http_wire.c alone.
 */
#ifndef ANTIN_HTTP_RECV_H
#define ANTIN_HTTP_RECV_H

#include <stddef.h>

/* Called after each recv() of the process that brought something, on the thread that called it. */
typedef void http_tap(int fd, const void *p, size_t n);
void http_recv_tap(http_tap *tap);

#endif
