/*
 * Whole files: read with a limit, written so that a crash leaves the old one or the new one.
 * Called by certs/store.c and antin-ca's commands.
 */
#include "certs/store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static err_t write_all(int fd, struct bytes v)
{
    while (v.len) {
        ssize_t n = write(fd, v.ptr, v.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
        v.ptr += n;
        v.len -= (size_t)n;
    }
    return OK;
}

static err_t sync_folder_of(const char *path)
{
    AUTO_STR copy = strdup(path);
    if (!copy)
        return ERR_NOMEM;
    AUTO_FD fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? OK : ERR_IO;
}

err_t ca_file_write(const char *path, struct bytes content, unsigned mode)
{
    AUTO_BUF tmp = {0};
    TRY(buf_addf(&tmp, "%s.new", path));
    (void)unlink(buf_str(&tmp)); /* left by a crash */
    AUTO_FD fd = open(buf_str(&tmp), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (fd < 0)
        return ERR_IO;
    err_t e = fchmod(fd, (mode_t)mode) == 0 ? write_all(fd, content) : ERR_IO;
    if (e == OK && fsync(fd) != 0)
        e = ERR_IO;
    if (e == OK && rename(buf_str(&tmp), path) != 0)
        e = ERR_IO;
    if (e != OK) {
        int saved = errno;
        (void)unlink(buf_str(&tmp));
        errno = saved;
        return e;
    }
    return sync_folder_of(path);
}

err_t ca_file_read(const char *path, size_t max, struct buf *out)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_IO;
    if ((uint64_t)st.st_size > max)
        return ERR_TOO_LARGE;
    buf_free(out);
    TRY(buf_reserve(out, (size_t)st.st_size + 1));
    while (out->len < (size_t)st.st_size) {
        ssize_t n = read(fd, out->ptr + out->len, (size_t)st.st_size - out->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_IO;
        out->len += (size_t)n;
    }
    out->ptr[out->len] = '\0';
    return OK;
}
