/*
 * Appends to a working copy.
 * Called by pades_sign.c and pades_raise.c.
 */
#include "signer/formats/pades_append.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static err_t write_all(int fd, uint64_t at, struct bytes data)
{
    while (data.len > 0) {
        ssize_t n = pwrite(fd, data.ptr, data.len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_DISK_FULL : ERR_IO;
        data = BYTES(data.ptr + n, data.len - (size_t)n);
        at += (uint64_t)n;
    }
    return OK;
}

err_t pades_append(int fd, uint64_t size, struct bytes update)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size < 0)
        return ERR_IO;
    if ((uint64_t)st.st_size != size)
        return ERR_CONFLICT;
    err_t e = write_all(fd, size, update);
    if (e != OK && ftruncate(fd, (off_t)size) != 0)
        return ERR_IO;
    return e;
}
