/*
 * Walks folders.
 * Called by main.c. fts(3).
 */
#include "signer/sign/folder.h"

#include "common/clock.h"
#include "signer/sign/target.h"
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LEFT_BEHIND 3600 /* seconds: nobody works that long upon one file's last step */

static err_t add(struct folder *f, const char *path)
{
    if (f->n == f->cap) {
        size_t cap = f->cap == 0 ? 64 : 2 * f->cap;
        char **larger = realloc(f->path, cap * sizeof *larger);
        if (larger == NULL)
            return ERR_NOMEM;
        f->path = larger;
        f->cap = cap;
    }
    f->path[f->n] = NULL;
    TRY(str_copy(&f->path[f->n], path));
    f->n++;
    return OK;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* A name that target.c gives between two steps. */
static bool is_half_done(const FTSENT *e)
{
    return strncmp(e->fts_name, TARGET_TMP, sizeof TARGET_TMP - 1) == 0;
}

static void clear_away(const FTSENT *e)
{
    if (e->fts_statp->st_uid == geteuid() && e->fts_statp->st_mtime + LEFT_BEHIND < clock_now())
        (void)unlink(e->fts_accpath);
}

static err_t walk(struct folder *f, FTS *tree)
{
    for (FTSENT *e; (errno = 0, e = fts_read(tree)) != NULL;) {
        if (e->fts_info == FTS_NS && e->fts_level == 0)
            return e->fts_errno == ENOENT || e->fts_errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
        if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS) /* what is not seen would fade unnoticed */
            return ERR_IO;
        if (e->fts_info == FTS_F && is_half_done(e))
            clear_away(e);
        else if (e->fts_info == FTS_F)
            TRY(add(f, e->fts_path));
    }
    return errno == 0 ? OK : ERR_IO;
}

err_t folder_add(struct folder *f, const char *path)
{
    char *const roots[] = {(char *)(uintptr_t)path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (tree == NULL)
        return ERR_IO;
    err_t e = walk(f, tree);
    (void)fts_close(tree);
    return e;
}

void folder_free(struct folder *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->path[i]);
    free(f->path);
    *f = (struct folder){0};
}
