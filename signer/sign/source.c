/*
 * Maps files for reading.
 * Called by job*.c and evidence.c.
 */
#include "signer/sign/source.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static err_t map(struct source *s, int fd)
{
    TRY(mapped_open(fd, &s->map));
    s->data = s->map.data;
    return s->data.len > 0 ? OK : ERR_SYNTAX;
}

err_t source_open(struct source *s, const char *path)
{
    *s = (struct source){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (s->fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    return map(s, s->fd);
}

err_t source_map(struct source *s, int fd)
{
    *s = (struct source){.fd = -1};
    return map(s, fd);
}

void source_close(struct source *s)
{
    mapped_close(&s->map);
    fd_close(&s->fd);
    *s = (struct source){.fd = -1};
}
