/*
 * recv(), in place of the C library's: the same, and a tap may look at what came.
 * Called by libmicrohttpd, which offers no other way to see a request's header as it was sent; set by http_wire.c.
 * A program's own definition of a function comes before a shared library's (ELF gABI, symbol resolution). Where no tap is set,
 * in programs without HTTP too, this is recv() and nothing more. If a library ever read by other means, nothing would be seen,
 * and http_guard.c refuses what it has not seen.
 */
#include "common/http_recv.h"
#include <stdatomic.h>
#include <sys/socket.h>

static _Atomic(http_tap *) the_tap;

void http_recv_tap(http_tap *tap)
{
    atomic_store(&the_tap, tap);
}

ssize_t recv(int fd, void *to, size_t n, int flags)
{
    ssize_t got = recvfrom(fd, to, n, flags, NULL, NULL);
    http_tap *tap = atomic_load_explicit(&the_tap, memory_order_acquire);
    if (got > 0 && tap != NULL)
        tap(fd, to, (size_t)got);
    return got;
}
