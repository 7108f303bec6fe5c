/*
 * The files to verify: those named, and in folders everything that can hold a signature or should have one.
 * Called by main().
 */
#ifndef ANTIN_VERIFY_COLLECT_H
#define ANTIN_VERIFY_COLLECT_H

#include "common/err.h"
#include <stddef.h>

#define COLLECT_MAX 100000

struct paths {
    char **item;
    size_t n, cap;
};

/*
 * Adds a file, or a folder's files recursively in the order of their names; symbolic links in folders are not followed. In a folder, x beside
 * x.p7s is left to x.p7s, and a manifest's seal to the manifest. ERR_IO, ERR_TOO_LARGE, ERR_NOMEM.
 */
err_t collect(struct paths *p, const char *path) MUST_USE;
void paths_free(struct paths *p);

#endif
