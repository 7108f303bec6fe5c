/*
 * The content store: a temporary file is written, hashed and fsynced, renamed to its digest, and the folder is fsynced.
 * Called by rules/component, rules/signing and endpoints/downloads. Paths are opened below one directory descriptor, never by name from outside.
 */
#include "signer/rules/content.h"

#include "common/log.h"
#include "signer/rules/content_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (128u * 1024)

static err_t io_error(const char *what)
{
    int e = errno;
    log_event(LOG_ERROR, "content_store", "%s: %s", what, strerror(e));
    return e == ENOSPC || e == EDQUOT ? ERR_DISK_FULL : ERR_IO;
}

err_t content_open(const char *folder, struct content **out)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return io_error("mkdir");
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return io_error("open folder");
    if (mkdirat(dir, "tmp", 0700) != 0 && errno != EEXIST) {
        err_t e = io_error("mkdir tmp");
        close(dir);
        return e;
    }
    *out = calloc(1, sizeof **out);
    if (*out == NULL) {
        close(dir);
        return ERR_NOMEM;
    }
    (*out)->dir = dir;
    return OK;
}

void content_close(struct content **c)
{
    if (*c == NULL)
        return;
    close((*c)->dir);
    free(*c);
    *c = NULL;
}

/* --- names --- */

void content_aside(const uint8_t sha256[SHA256_LEN], char out[CONTENT_ASIDE_CAP])
{
    memcpy(out, "tmp/", 4);
    hex_encode(BYTES(sha256, SHA256_LEN), out + 4);
}

void content_path(const uint8_t sha256[SHA256_LEN], char out[CONTENT_PATH_CAP])
{
    hex_encode(BYTES(sha256, SHA256_LEN), out + 3);
    out[0] = out[3];
    out[1] = out[4];
    out[2] = '/';
}

static err_t sync_folder(int dir, const char *name)
{
    AUTO_FD fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return io_error("fsync folder");
    return OK;
}

/* Moves a finished temporary file to its place. */
static err_t settle(struct content *c, const char *tmp, const uint8_t sha256[SHA256_LEN])
{
    char path[CONTENT_PATH_CAP], shard[3];
    content_path(sha256, path);
    memcpy(shard, path, 2);
    shard[2] = '\0';
    if (mkdirat(c->dir, shard, 0700) == 0)
        TRY(sync_folder(c->dir, "."));
    else if (errno != EEXIST)
        return io_error("mkdir shard");
    if (renameat(c->dir, tmp, c->dir, path) != 0)
        return io_error("rename");
    return sync_folder(c->dir, shard);
}

/* --- drafts --- */

struct content_draft {
    struct content *store;
    char tmp[4 + UUID_LEN + 1]; /* "": kept */
    int fd, reader;             /* whoever reads a draft cannot write to it */
    uint64_t size;
    EVP_MD_CTX *a, *b; /* both digests at once */
};

void content_draft_drop(struct content_draft **p)
{
    struct content_draft *d = *p;
    if (d == NULL)
        return;
    if (d->tmp[0] != '\0')
        (void)unlinkat(d->store->dir, d->tmp, 0);
    fd_close(&d->fd);
    fd_close(&d->reader);
    EVP_MD_CTX_free(d->a);
    EVP_MD_CTX_free(d->b);
    free(d);
    *p = NULL;
}

static err_t draft_open(struct content_draft *d)
{
    d->a = EVP_MD_CTX_new();
    d->b = EVP_MD_CTX_new();
    if (d->a == NULL || d->b == NULL)
        return ERR_NOMEM;
    if (EVP_DigestInit_ex(d->a, EVP_sha256(), NULL) != 1 || EVP_DigestInit_ex(d->b, EVP_sha512(), NULL) != 1)
        return ERR_CRYPTO;
    char tmp[sizeof d->tmp] = "tmp/";
    random_uuid(tmp + 4);
    d->fd = openat(d->store->dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (d->fd < 0)
        return io_error("create");
    memcpy(d->tmp, tmp, sizeof tmp);
    d->reader = openat(d->store->dir, tmp, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return d->reader >= 0 ? OK : io_error("open what was created");
}

err_t content_draft_append(struct content_draft *d, struct bytes more)
{
    if (EVP_DigestUpdate(d->a, more.ptr, more.len) != 1 || EVP_DigestUpdate(d->b, more.ptr, more.len) != 1)
        return ERR_CRYPTO;
    d->size += more.len;
    while (more.len > 0) {
        ssize_t n = write(d->fd, more.ptr, more.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_error("write");
        more = BYTES(more.ptr + n, more.len - (size_t)n);
    }
    return OK;
}

static err_t copy(int from, uint64_t size, struct content_draft *d)
{
    AUTO_BUF chunk = {0};
    TRY(buf_reserve(&chunk, CHUNK));
    while (d->size < size) {
        size_t want = size - d->size < CHUNK ? (size_t)(size - d->size) : CHUNK;
        ssize_t n = pread(from, chunk.ptr, want, (off_t)d->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? EIO : errno;
            return io_error("read");
        }
        TRY(content_draft_append(d, BYTES(chunk.ptr, (size_t)n)));
    }
    return OK;
}

err_t content_draft_begin(struct content *c, int fd, uint64_t size, struct content_draft **out)
{
    AUTO_CONTENT_DRAFT d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    *d = (struct content_draft){.store = c, .fd = -1, .reader = -1};
    TRY(draft_open(d));
    TRY(copy(fd, size, d));
    *out = take(&d);
    return OK;
}

int content_draft_fd(const struct content_draft *d)
{
    return d->reader;
}

uint64_t content_draft_size(const struct content_draft *d)
{
    return d->size;
}

err_t content_draft_keep(struct content_draft *d, struct content_file *out)
{
    if (EVP_DigestFinal_ex(d->a, out->sha256, NULL) != 1 || EVP_DigestFinal_ex(d->b, out->sha512, NULL) != 1)
        return ERR_CRYPTO;
    out->size = d->size;
    if (fsync(d->fd) != 0)
        return io_error("fsync");
    TRY(settle(d->store, d->tmp, out->sha256));
    d->tmp[0] = '\0';
    return OK;
}

err_t content_put(struct content *c, int fd, uint64_t size, struct content_file *out)
{
    AUTO_CONTENT_DRAFT d = NULL;
    TRY(content_draft_begin(c, fd, size, &d));
    return content_draft_keep(d, out);
}

err_t content_get(struct content *c, const uint8_t sha256[SHA256_LEN], uint64_t size, int *fd)
{
    char path[CONTENT_PATH_CAP], aside[CONTENT_ASIDE_CAP];
    content_path(sha256, path);
    content_aside(sha256, aside);
    AUTO_FD file = openat(c->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0 && errno == ENOENT) /* moved aside by the sweep at this moment (and back soon), or never there */
        file = openat(c->dir, aside, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0 && errno == ENOENT)
        file = openat(c->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : io_error("open");
    struct stat st;
    if (fstat(file, &st) != 0)
        return io_error("stat");
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size) {
        log_event(LOG_ERROR, "content_store", "a stored file has another size than its row says");
        return ERR_IO;
    }
    *fd = file;
    file = -1;
    return OK;
}

err_t content_scratch(struct content *c, int *fd)
{
    char tmp[4 + UUID_LEN + 1] = "tmp/";
    random_uuid(tmp + 4);
    *fd = openat(c->dir, tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return io_error("create");
    return unlinkat(c->dir, tmp, 0) == 0 ? OK : io_error("unlink");
}

err_t content_feed(struct content *c, const uint8_t sha256[SHA256_LEN], uint64_t size, EVP_MD_CTX *ctx)
{
    AUTO_FD fd = -1;
    AUTO_BUF chunk = {0};
    TRY(content_get(c, sha256, size, &fd));
    TRY(buf_reserve(&chunk, CHUNK));
    for (uint64_t at = 0; at < size;) {
        ssize_t n = pread(fd, chunk.ptr, CHUNK, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return io_error("read");
        if (EVP_DigestUpdate(ctx, chunk.ptr, (size_t)n) != 1)
            return ERR_CRYPTO;
        at += (uint64_t)n;
    }
    return OK;
}

bool content_alive(struct content *c)
{
    return faccessat(c->dir, "tmp", W_OK | X_OK, 0) == 0;
}
