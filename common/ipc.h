/*
 * Local sockets that keep message boundaries (AF_UNIX, SOCK_SEQPACKET): listen, connect, send and receive one whole message.
 * Both sides of keyd's socket use it. See unix(7).
 */
#ifndef ANTIN_IPC_H
#define ANTIN_IPC_H

#include "common/bytes.h"
#include <sys/types.h>

/*
 * Binds and listens; a dead socket file in the way is replaced, a living one is ERR_CONFLICT. The file gets exactly this mode.
 * ERR_SYNTAX: path too long for sun_path. ERR_IO: anything else (errno tells). The descriptor is non-blocking and close-on-exec.
 */
err_t ipc_listen(const char *path, mode_t mode, int *fd) MUST_USE;
/* timeout_ms applies to each later send and receive. ERR_KEYD_DOWN when nobody listens. */
err_t ipc_connect(const char *path, unsigned timeout_ms, int *fd) MUST_USE;
/* The peer's uid as the kernel knows it (SO_PEERCRED). ERR_IO. */
err_t ipc_peer(int fd, uid_t *uid) MUST_USE;

/* Whole message or error: ERR_TIMEOUT, ERR_CUT (the peer is gone and has not seen it), ERR_IO. */
err_t ipc_send(int fd, const void *msg, size_t n) MUST_USE;
/*
 * ERR_TIMEOUT (also: nothing there, on a non-blocking socket), ERR_CUT (peer closed), ERR_TOO_LARGE (longer than cap),
 * ERR_SYNTAX (descriptors came with it), ERR_NOT_FOUND (peer died before it read what was sent last), ERR_IO.
 */
err_t ipc_recv(int fd, void *msg, size_t cap, size_t *n) MUST_USE;

#endif
