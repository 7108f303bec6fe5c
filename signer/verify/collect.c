/*
 * Walks folders for files to verify.
 * Called by main().
 */
#include "signer/verify/collect.h"

#include "common/bytes.h"
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static err_t add(struct paths *p, const char *path)
{
    if (p->n == COLLECT_MAX)
        return ERR_TOO_LARGE;
    if (p->n == p->cap) {
        size_t cap = p->cap == 0 ? 16 : 2 * p->cap;
        char **larger = realloc(p->item, cap * sizeof *larger);
        if (larger == NULL)
            return ERR_NOMEM;
        p->item = larger;
        p->cap = cap;
    }
    if ((p->item[p->n] = strdup(path)) == NULL)
        return ERR_NOMEM;
    p->n++;
    return OK;
}

/* Is there a signature or timestamp of its own beside the file? */
static bool has_companion(const char *path)
{
    static const char *const SUFFIXES[] = {".p7s", ".tsr", ".tst", ".ers", ".jws"};
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof *SUFFIXES; i++) {
        AUTO_STR companion = NULL;
        if (asprintf(&companion, "%s%s", path, SUFFIXES[i]) < 0) {
            companion = NULL;
            return false;
        }
        if (access(companion, R_OK) == 0)
            return true;
    }
    return false;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static err_t walk(struct paths *p, FTS *tree)
{
    for (FTSENT *e = fts_read(tree); e != NULL; e = fts_read(tree)) {
        if (e->fts_info == FTS_F && !has_companion(e->fts_path))
            TRY(add(p, e->fts_path));
    }
    return OK;
}

err_t collect(struct paths *p, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return ERR_IO;
    if (!S_ISDIR(st.st_mode))
        return add(p, path);
    char *const roots[] = {(char *)(uintptr_t)path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (tree == NULL)
        return ERR_IO;
    err_t e = walk(p, tree);
    fts_close(tree);
    return e;
}

void paths_free(struct paths *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->item[i]);
    free(p->item);
    *p = (struct paths){0};
}
