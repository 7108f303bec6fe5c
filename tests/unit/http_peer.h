/*
 * A client for tests of the HTTP glue that sends exactly the bytes it is told to, and a server in the same process.
 * Included by tests/unit/test_http*.c.
 */
#ifndef ANTIN_TEST_HTTP_PEER_H
#define ANTIN_TEST_HTTP_PEER_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/clock.h"
#include "common/http.h"
#include "common/log.h"
#include "common/secret.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PEER __attribute__((unused)) static

#define PEER_WAIT_MS 5000

struct peer_reply {
    int status;       /* 0: the connection ended without one */
    char head[16384]; /* status line and fields */
    char body[65536];
    size_t body_len;
};

PEER struct http_server *peer_server;

PEER void peer_start(const struct http_conf *conf)
{
    log_init("test", LOG_ERROR + 1); /* silent: what is refused is refused hundreds of times here */
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(http_open(conf, &peer_server), OK);
    assert_true(http_port(peer_server) > 0);
}

PEER int peer_open(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_port(peer_server))};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

/* False when the server has closed. */
PEER bool peer_send_n(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

PEER bool peer_send(int fd, const char *s)
{
    return peer_send_n(fd, s, strlen(s));
}

/* One byte; -1: end or reset; -2: nothing came. */
PEER int peer_byte(int fd, int wait_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    unsigned char c;
    if (poll(&p, 1, wait_ms) <= 0)
        return -2;
    return recv(fd, &c, 1, 0) == 1 ? c : -1;
}

PEER const char *peer_header(const struct peer_reply *r, const char *name)
{
    static char value[2048];
    for (const char *line = strstr(r->head, "\r\n"); line != NULL && line[2] != '\0'; line = strstr(line + 2, "\r\n")) {
        size_t n = strlen(name);
        if (strncasecmp(line + 2, name, n) != 0 || line[2 + n] != ':')
            continue;
        const char *v = line + 2 + n + 1 + strspn(line + 2 + n + 1, " ");
        (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(v, "\r"), v);
        return value;
    }
    return NULL;
}

/* Reads one reply; is_head: of a HEAD request, so no content follows. */
PEER void peer_read(int fd, struct peer_reply *r, bool is_head)
{
    size_t n = 0;
    memset(r, 0, sizeof *r);
    while (n < sizeof r->head - 1 && (n < 4 || memcmp(r->head + n - 4, "\r\n\r\n", 4) != 0)) {
        int c = peer_byte(fd, PEER_WAIT_MS);
        if (c < 0)
            return;
        r->head[n++] = (char)c;
    }
    r->head[n - 2] = '\0';
    if (sscanf(r->head, "HTTP/1.1 %d ", &r->status) != 1)
        r->status = -1;
    const char *length = peer_header(r, "Content-Length");
    size_t want = is_head || length == NULL ? 0 : strtoul(length, NULL, 10);
    assert_true(want < sizeof r->body);
    while (r->body_len < want) {
        int c = peer_byte(fd, PEER_WAIT_MS);
        if (c < 0)
            break;
        r->body[r->body_len++] = (char)c;
    }
    r->body[r->body_len] = '\0';
}

/* Whether the server ends the connection; what it still sends is dropped. */
PEER bool peer_closed_in(int fd, int ms)
{
    int c;
    while ((c = peer_byte(fd, ms)) >= 0)
        ;
    return c == -1;
}

PEER bool peer_closed(int fd)
{
    return peer_closed_in(fd, PEER_WAIT_MS);
}

/* Sends bytes on a connection of their own and reads one reply. *closed: whether the server then closed it. */
PEER void peer_ask_n(const char *p, size_t n, struct peer_reply *r, bool *closed)
{
    int fd = peer_open();
    (void)peer_send_n(fd, p, n);
    peer_read(fd, r, n > 5 && memcmp(p, "HEAD ", 5) == 0);
    if (closed != NULL)
        *closed = peer_closed_in(fd, 300);
    (void)close(fd);
}

PEER void peer_ask(const char *s, struct peer_reply *r)
{
    peer_ask_n(s, strlen(s), r, NULL);
}

PEER void peer_nap(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

PEER json_t *peer_json(const struct peer_reply *r)
{
    json_t *j = NULL;
    assert_int_equal(json_parse(BYTES(r->body, r->body_len), sizeof r->body, &j), OK);
    return j;
}

#endif
