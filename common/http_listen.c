/*
 * The listening socket (TCP on a numeric address, or a Unix socket) and room for descriptors.
 * Called by http_open.
 */
#include "common/http_internal.h"
#include "common/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static err_t refuse(const char *where, const char *why)
{
    log_event(LOG_ERROR, "listen_failed", "%s: %s", where, why);
    return ERR_IO;
}

/* Hands a descriptor on: what is left does not close it. */
static int give(int *fd)
{
    int v = *fd;
    *fd = -1;
    return v;
}

/* A socket file that nobody listens on is left over from a crash; one that answers belongs to a running server. */
static bool is_stale(const struct sockaddr_un *a)
{
    AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) != 0 && errno == ECONNREFUSED;
}

static err_t open_unix(const char *where, const char *path, int *out, char **socket_path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (path[0] != '/' || strlen(path) >= sizeof a.sun_path)
        return refuse(where, "the path of a Unix socket is absolute and has at most 107 characters");
    memcpy(a.sun_path, path, strlen(path) + 1);
    if (is_stale(&a) && unlink(path) != 0)
        return refuse(where, strerror(errno));
    AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    AUTO_STR copy = strdup(path);
    if (copy == NULL)
        return ERR_NOMEM;
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0)
        return refuse(where, strerror(errno));
    /* The proxy in front connects as a member of the socket's group. */
    if (chmod(path, 0660) != 0 || listen(fd, BACKLOG) != 0)
        return refuse(where, strerror(errno));
    *out = give(&fd);
    *socket_path = take(&copy);
    return OK;
}

/* "127.0.0.1:8400" or "[::1]:8400"; names are not looked up: an address in a configuration says what it means. */
static bool parse_tcp(const char *where, struct sockaddr_storage *a, socklen_t *len)
{
    char host[64];
    const char *colon = strrchr(where, ':');
    if (colon == NULL || colon == where || (size_t)(colon - where) >= sizeof host)
        return false;
    char *end;
    errno = 0;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || errno != 0 || port > 65535)
        return false;
    size_t n = (size_t)(colon - where);
    bool v6 = where[0] == '[' && where[n - 1] == ']';
    n -= v6 ? 2 : 0; /* without the brackets */
    memcpy(host, where + v6, n);
    host[n] = '\0';
    memset(a, 0, sizeof *a);
    if (v6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)a;
        *in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        *len = sizeof *in6;
        return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1;
    }
    struct sockaddr_in *in = (struct sockaddr_in *)a;
    *in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    *len = sizeof *in;
    return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

err_t http_listen_open(const char *where, int *out, char **socket_path)
{
    if (strncmp(where, "unix:", 5) == 0)
        return open_unix(where, where + 5, out, socket_path);
    struct sockaddr_storage a;
    socklen_t len;
    if (!parse_tcp(where, &a, &len))
        return refuse(where, "not an address: write 127.0.0.1:8400, [::1]:8400 or unix:/path");
    int yes = 1;
    AUTO_FD fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
        return refuse(where, strerror(errno));
    if (bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, BACKLOG) != 0)
        return refuse(where, strerror(errno));
    *out = give(&fd);
    return OK;
}

unsigned http_port(const struct http_server *s)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;
    if (getsockname(s->listen_fd, (struct sockaddr *)&a, &len) != 0)
        return 0;
    if (a.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&a)->sin_port);
    return a.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&a)->sin6_port) : 0;
}

/*
 * A connection is a descriptor, and may take another one for its spool file or the file that it is sent. When descriptors ran out,
 * accept() would fail over and over; so the connections are counted out beforehand.
 */
err_t http_room_for(unsigned workers, unsigned *connections)
{
    struct rlimit l;
    const rlim_t others = 64 + 4 * (rlim_t)workers; /* database, keyd, logs, what a handler opens */
    if (getrlimit(RLIMIT_NOFILE, &l) != 0)
        return ERR_IO;
    rlim_t want = others + 2 * (rlim_t)*connections;
    if (l.rlim_cur != RLIM_INFINITY && l.rlim_cur < want) {
        l.rlim_cur = l.rlim_max == RLIM_INFINITY || l.rlim_max > want ? want : l.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &l) != 0)
            return ERR_IO;
    }
    if (l.rlim_cur == RLIM_INFINITY || l.rlim_cur >= want)
        return OK;
    if (l.rlim_cur < others + 16) {
        log_event(LOG_ERROR, "listen_failed", "the limit of %llu open files is too low", (unsigned long long)l.rlim_cur);
        return ERR_IO;
    }
    *connections = (unsigned)((l.rlim_cur - others) / 2);
    log_event(LOG_WARNING, "connections_lowered", "to %u, by the limit of %llu open files", *connections, (unsigned long long)l.rlim_cur);
    return OK;
}
