/*
 * Maps files for reading.
 * Called by job*.c and evidence.c.
 */
#include "signer/sign/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static err_t map(struct source *s, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_IO;
    if (st.st_size == 0)
        return ERR_SYNTAX;
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
        return ERR_NOMEM;
    s->map = at;
    s->data = BYTES(at, (size_t)st.st_size);
    return OK;
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
    if (s->map != NULL)
        (void)munmap(s->map, s->data.len);
    fd_close(&s->fd);
    *s = (struct source){.fd = -1};
}
