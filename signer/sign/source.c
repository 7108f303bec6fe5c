/*
 * Maps files for reading.
 * Called by job.c.
 */
#include "signer/sign/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

err_t source_open(struct source *s, const char *path)
{
    struct stat st;
    *s = (struct source){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (s->fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    if (fstat(s->fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_IO;
    if (st.st_size == 0)
        return ERR_SYNTAX;
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, s->fd, 0);
    if (map == MAP_FAILED)
        return ERR_NOMEM;
    s->map = map;
    s->data = BYTES(map, (size_t)st.st_size);
    return OK;
}

void source_close(struct source *s)
{
    if (s->map != NULL)
        (void)munmap(s->map, s->data.len);
    fd_close(&s->fd);
    *s = (struct source){.fd = -1};
}
