/*
 * Writes files whole or not at all.
 * Called by job.c. open(2) O_TMPFILE, rename(2).
 */
#include "signer/sign/target.h"

#include "common/secret.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 30)

static err_t of_errno(void)
{
    switch (errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ERR_DISK_FULL;
    case EEXIST: return ERR_CONFLICT;
    case ENOENT:
    case ENOTDIR: return ERR_NOT_FOUND;
    case ENAMETOOLONG: return ERR_TOO_LARGE;
    case ENOMEM: return ERR_NOMEM;
    default: return ERR_IO;
    }
}

/* The folder of a path, in a buffer of its own: dirname(3) writes into what it is given. */
static err_t folder_of(const char *path, struct buf *out)
{
    AUTO_STR copy = NULL;
    TRY(str_copy(&copy, path));
    return buf_add_str(out, dirname(copy));
}

/* A name of its own length: the target's may use all 255 bytes. */
static err_t make_tmp_name(const struct target *t, struct buf *out)
{
    char token[B64URL_LEN(12) + 1];
    random_token(token, 12);
    TRY(folder_of(t->path, out));
    return buf_addf(out, "/" TARGET_TMP "%s", token);
}

static err_t open_named(struct target *t)
{
    AUTO_BUF name = {0};
    TRY(make_tmp_name(t, &name));
    TRY(str_copy(&t->tmp, buf_str(&name)));
    t->fd = open(t->tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (t->fd >= 0)
        return OK;
    str_free(&t->tmp);
    return of_errno();
}

static err_t open_nameless(struct target *t)
{
    AUTO_BUF folder = {0};
    TRY(folder_of(t->path, &folder));
    t->fd = open(buf_str(&folder), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (t->fd >= 0)
        return OK;
    return errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL ? open_named(t) : of_errno();
}

/* What is there already: a link leads to the file that is meant. */
static err_t look(struct target *t, const char *path, mode_t *mode)
{
    struct stat st;
    const char *slash = strrchr(path, '/');
    if (strlen(slash != NULL ? slash + 1 : path) > NAME_MAX)
        return ERR_TOO_LARGE;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? str_copy(&t->path, path) : of_errno();
    if (!t->replace)
        return ERR_CONFLICT;
    if (!S_ISREG(st.st_mode))
        return ERR_IO;
    *mode = st.st_mode & 0777;
    t->path = realpath(path, NULL);
    return t->path != NULL ? OK : of_errno();
}

err_t target_open(struct target *t, const char *path, bool replace)
{
    mode_t mode = 0;
    *t = (struct target){.fd = -1, .replace = replace};
    TRY(look(t, path, &mode));
    TRY(open_nameless(t));
    return mode == 0 || fchmod(t->fd, mode) == 0 ? OK : ERR_IO;
}

err_t target_write(struct target *t, struct bytes data)
{
    while (data.len > 0) {
        ssize_t n = write(t->fd, data.ptr, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return of_errno();
        data = BYTES(data.ptr + n, data.len - (size_t)n);
    }
    return OK;
}

/* Through a small buffer, for file systems where copy_file_range does not go. */
static err_t copy_by_hand(struct target *t, int from, off_t at)
{
    uint8_t piece[65536];
    for (;;) {
        ssize_t n = pread(from, piece, sizeof piece, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? OK : ERR_IO;
        TRY(target_write(t, BYTES(piece, (size_t)n)));
        at += n;
    }
}

err_t target_copy(struct target *t, int from)
{
    off_t at = 0;
    if (ioctl(t->fd, FICLONE, from) == 0) /* shared blocks: no copy at all */
        return lseek(t->fd, 0, SEEK_END) >= 0 ? OK : ERR_IO;
    for (;;) {
        ssize_t n = copy_file_range(from, &at, t->fd, NULL, PIECE, 0);
        if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
            return ERR_DISK_FULL;
        if (n <= 0)
            return copy_by_hand(t, from, at);
    }
}

/* rename never meets a nameless file: it gets a name beside its target first. */
static err_t name_it(struct target *t)
{
    AUTO_BUF name = {0};
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", t->fd);
    if (!t->replace)
        return linkat(AT_FDCWD, self, AT_FDCWD, t->path, AT_SYMLINK_FOLLOW) == 0 ? OK : of_errno();
    TRY(make_tmp_name(t, &name));
    if (linkat(AT_FDCWD, self, AT_FDCWD, buf_str(&name), AT_SYMLINK_FOLLOW) != 0)
        return of_errno();
    return str_copy(&t->tmp, buf_str(&name));
}

void target_sync_folder(const char *path)
{
    AUTO_BUF folder = {0};
    if (folder_of(path, &folder) != OK)
        return;
    AUTO_FD fd = open(buf_str(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd);
}

err_t target_commit(struct target *t)
{
    if (fsync(t->fd) != 0)
        return of_errno();
    if (t->tmp == NULL)
        TRY(name_it(t));
    if (t->tmp != NULL) {
        if (renameat2(AT_FDCWD, t->tmp, AT_FDCWD, t->path, t->replace ? 0 : RENAME_NOREPLACE) != 0)
            return of_errno();
        str_free(&t->tmp);
    }
    return OK;
}

void target_close(struct target *t)
{
    if (t->tmp != NULL)
        (void)unlink(t->tmp);
    str_free(&t->tmp);
    str_free(&t->path);
    fd_close(&t->fd);
}
