/*
 * Local sockets that keep message boundaries (AF_UNIX, SOCK_SEQPACKET): listen, connect, send and receive one whole message.
 * Both sides of keyd's socket use it. See unix(7).
 */
#include "common/ipc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

static err_t address(const char *path, struct sockaddr_un *a)
{
    size_t n = strlen(path);
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    if (n == 0 || n >= sizeof a->sun_path)
        return ERR_SYNTAX;
    memcpy(a->sun_path, path, n);
    return OK;
}

/* Somebody answers at this address: then the socket file is not ours to replace. */
static bool alive(const struct sockaddr_un *a)
{
    AUTO_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && (connect(fd, (const struct sockaddr *)a, sizeof *a) == 0 || errno == EAGAIN);
}

err_t ipc_listen(const char *path, mode_t mode, int *out)
{
    struct sockaddr_un a;
    struct stat st;
    TRY(address(path, &a));
    if (alive(&a))
        return ERR_CONFLICT;
    if (lstat(path, &st) == 0 && (!S_ISSOCK(st.st_mode) || unlink(path) != 0)) /* never removes what is no socket */
        return ERR_IO;
    AUTO_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return ERR_IO;
    mode_t old = umask(0777); /* nobody connects before the mode is right */
    int bound = bind(fd, (const struct sockaddr *)&a, sizeof a);
    umask(old);
    if (bound != 0 || chmod(path, mode) != 0 || listen(fd, BACKLOG) != 0)
        return ERR_IO;
    *out = fd;
    fd = -1;
    return OK;
}

err_t ipc_connect(const char *path, unsigned timeout_ms, int *out)
{
    struct sockaddr_un a;
    TRY(address(path, &a));
    AUTO_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_IO;
    struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) != 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv) != 0)
        return ERR_IO;
    int r;
    do
        r = connect(fd, (const struct sockaddr *)&a, sizeof a);
    while (r != 0 && errno == EINTR);
    if (r != 0)
        return ERR_KEYD_DOWN;
    *out = fd;
    fd = -1;
    return OK;
}

err_t ipc_peer(int fd, uid_t *uid)
{
    struct ucred c;
    socklen_t n = sizeof c;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) != 0 || n != sizeof c)
        return ERR_IO;
    *uid = c.uid;
    return OK;
}

err_t ipc_send(int fd, const void *msg, size_t n)
{
    struct iovec iov = {.iov_base = (void *)(uintptr_t)msg, .iov_len = n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    for (;;) {
        ssize_t r = sendmsg(fd, &m, MSG_NOSIGNAL);
        if (r >= 0)
            return (size_t)r == n ? OK : ERR_IO;
        if (errno == EAGAIN)
            return ERR_TIMEOUT;
        if (errno == EPIPE || errno == ECONNRESET)
            return ERR_CUT;
        if (errno != EINTR)
            return ERR_IO;
    }
}

err_t ipc_recv(int fd, void *msg, size_t cap, size_t *n)
{
    struct iovec iov = {.iov_base = msg, .iov_len = cap};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t r;
    do
        r = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    while (r < 0 && errno == EINTR);
    if (r < 0 && errno == EAGAIN)
        return ERR_TIMEOUT;
    if (r < 0 && errno == ECONNRESET) /* the kernel says so when the peer closed with our message still unread */
        return ERR_NOT_FOUND;
    if (r < 0)
        return ERR_IO;
    if (m.msg_flags & MSG_TRUNC)
        return ERR_TOO_LARGE;
    if (m.msg_flags & MSG_CTRUNC) /* no room was given for control data: sent descriptors were dropped by the kernel */
        return ERR_SYNTAX;
    if (r == 0)
        return ERR_CUT;
    *n = (size_t)r;
    return OK;
}
