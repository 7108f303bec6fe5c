/*
 * Takes out of the content store what no row refers to: replaced and removed components, leftovers of crashes.
 * Called by the housekeeper (rules/recovery), a shard at a time. A file leaves in two steps, so that an upload of the same bytes at that moment loses
 * nothing: it is moved aside, asked for once more, and only then deleted; content_get finds it aside too.
 */
#include "signer/rules/content.h"

#include "common/clock.h"
#include "common/log.h"
#include "signer/rules/content_impl.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sweep {
    int dir;
    int64_t age;
    content_used_fn *used;
    void *arg;
    unsigned removed;
};

static bool is_old(const struct sweep *s, const char *path)
{
    struct stat st;
    return fstatat(s->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_ctime < clock_now() - s->age;
}

/* Aside already: back to its place when it is used after all, gone otherwise. */
static err_t settle_aside(struct sweep *s, const uint8_t sha256[SHA256_LEN])
{
    char path[CONTENT_PATH_CAP], aside[CONTENT_ASIDE_CAP];
    bool used = true;
    content_path(sha256, path);
    content_aside(sha256, aside);
    TRY(s->used(s->arg, sha256, &used));
    if (used && renameat2(s->dir, aside, s->dir, path, RENAME_NOREPLACE) == 0)
        return OK;
    if (used && errno != EEXIST) /* EEXIST: the same bytes came anew meanwhile */
        return ERR_IO;
    s->removed += !used;
    return unlinkat(s->dir, aside, 0) == 0 ? OK : ERR_IO;
}

static err_t look_at(struct sweep *s, const uint8_t sha256[SHA256_LEN])
{
    char path[CONTENT_PATH_CAP], aside[CONTENT_ASIDE_CAP];
    bool used = true;
    content_path(sha256, path);
    content_aside(sha256, aside);
    if (!is_old(s, path))
        return OK;
    TRY(s->used(s->arg, sha256, &used));
    if (used)
        return OK;
    if (renameat(s->dir, path, s->dir, aside) != 0)
        return ERR_IO;
    return settle_aside(s, sha256);
}

/* Calls fn for each name in a folder of the store. */
static err_t each_name(struct sweep *s, const char *folder, err_t (*fn)(struct sweep *, const char *))
{
    int fd = openat(s->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? OK : ERR_IO;
    DIR *d = fdopendir(fd);
    if (d == NULL) {
        close(fd);
        return ERR_NOMEM;
    }
    err_t e = OK;
    for (struct dirent *entry; e == OK && (entry = readdir(d)) != NULL;)
        if (entry->d_name[0] != '.')
            e = fn(s, entry->d_name);
    closedir(d);
    return e;
}

static bool digest_of(const char *name, uint8_t sha256[SHA256_LEN])
{
    size_t n = 0;
    return strlen(name) == 2 * SHA256_LEN && hex_decode(BYTES_STR(name), sha256, SHA256_LEN, &n) == OK && n == SHA256_LEN;
}

static err_t stored(struct sweep *s, const char *name)
{
    uint8_t sha256[SHA256_LEN];
    return digest_of(name, sha256) ? look_at(s, sha256) : OK;
}

/* Set aside when a daemon died, or never finished being written. */
static err_t temporary(struct sweep *s, const char *name)
{
    uint8_t sha256[SHA256_LEN];
    char path[CONTENT_ASIDE_CAP];
    if (snprintf(path, sizeof path, "tmp/%s", name) >= (int)sizeof path || !is_old(s, path))
        return OK;
    if (digest_of(name, sha256))
        return settle_aside(s, sha256);
    return unlinkat(s->dir, path, 0) == 0 ? OK : ERR_IO;
}

err_t content_sweep(struct content *c, unsigned shard, int64_t age, content_used_fn *used, void *arg)
{
    char folder[3];
    struct sweep s = {.dir = c->dir, .age = age, .used = used, .arg = arg};
    snprintf(folder, sizeof folder, "%02x", shard % CONTENT_SHARDS);
    err_t e = each_name(&s, folder, stored);
    if (e == OK && shard % CONTENT_SHARDS == 0)
        e = each_name(&s, "tmp", temporary);
    if (s.removed > 0)
        log_event(LOG_INFO, "content_store", "%u files that nobody refers to were deleted", s.removed);
    return e;
}
