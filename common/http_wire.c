/*
 * What came over the wire: for each connection the bytes of the request that is being received, as they were sent.
 * Fed by recv() (http_recv.c) on the HTTP thread that has the connection; read by http_guard.c when the library says that a header
 * is complete. Bodies are counted and not kept.
 */
#include "common/http_internal.h"
#include "common/http_recv.h"
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define FORGET UINT64_MAX /* nothing that comes from now on will be a request */

/* Connections by descriptor, for the life of the process. An entry is set and cleared by its connection's thread. */
static _Atomic(struct http_conn *) *by_fd;
static size_t fds;

static void keep(struct http_conn *c, const uint8_t *p, size_t n)
{
    if (c->wire_skip == FORGET)
        return;
    size_t skip = c->wire_skip < n ? (size_t)c->wire_skip : n;
    c->wire_skip -= skip;
    if (n == skip)
        return;
    /* More than the library has room for cannot be waiting; out of memory, the request will be refused. */
    if (c->wire.len + n - skip > HTTP_POOL_SIZE || buf_add(&c->wire, p + skip, n - skip) != OK)
        http_wire_forget(c);
}

static void on_received(int fd, const void *p, size_t n)
{
    if (fd < 0 || (size_t)fd >= fds)
        return;
    struct http_conn *c = atomic_load_explicit(&by_fd[fd], memory_order_relaxed);
    if (c == NULL)
        return;
    if (atomic_load_explicit(&c->idle_from, memory_order_relaxed) != 0)
        http_deadline_lower(c, c->server->conf.header_ms); /* the first bytes of a next request */
    keep(c, p, n);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_once(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) != 0)
        return;
    size_t n = l.rlim_max > 1 << 20 ? 1 << 20 : (size_t)l.rlim_max;
    by_fd = calloc(n, sizeof *by_fd); /* pages that are never touched cost nothing */
    fds = by_fd == NULL ? 0 : n;
    http_recv_tap(on_received);
}

err_t http_wire_open(void)
{
    (void)pthread_once(&once, open_once);
    return fds > 0 ? OK : ERR_NOMEM;
}

void http_wire_watch(struct http_conn *c)
{
    if ((size_t)c->fd < fds)
        atomic_store_explicit(&by_fd[c->fd], c, memory_order_relaxed);
}

void http_wire_unwatch(struct http_conn *c)
{
    if ((size_t)c->fd < fds)
        atomic_store_explicit(&by_fd[c->fd], NULL, memory_order_relaxed);
    buf_free(&c->wire);
}

void http_wire_forget(struct http_conn *c)
{
    c->wire_skip = FORGET;
    buf_free(&c->wire);
}

/* RFC 9112 §2.2: an empty line before a request line is a leftover of some clients; a few are taken, of CR LF alone. */
static size_t empty_lines(struct bytes b)
{
    size_t n = 0;
    while (n < 8 && b.len - n >= 2 && b.ptr[n] == '\r' && b.ptr[n + 1] == '\n')
        n += 2;
    return n;
}

err_t http_wire_header(const struct http_conn *c, size_t len, struct bytes *out)
{
    struct bytes b = buf_bytes(&c->wire);
    size_t lead = empty_lines(b);
    if (len == 0 || b.len - lead < len)
        return ERR_SYNTAX;
    *out = BYTES(b.ptr + lead, len);
    return OK;
}

void http_wire_pass(struct http_conn *c, struct bytes header, uint64_t body)
{
    size_t used = (size_t)(header.ptr - c->wire.ptr) + header.len, left = c->wire.len - used;
    size_t here = body < left ? (size_t)body : left; /* of the body, what has come already */
    c->wire_skip = body - here;
    used += here;
    c->wire.len -= used;
    if (c->wire.len > 0)
        memmove(c->wire.ptr, c->wire.ptr + used, c->wire.len);
    else if (c->wire.cap > 2048)
        buf_free(&c->wire);
}
