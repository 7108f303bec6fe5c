/*
 * The files of a folder, however deep and many.
 * Used by main.c for antin-sign renew.
 */
#ifndef ANTIN_SIGN_FOLDER_H
#define ANTIN_SIGN_FOLDER_H

#include "common/bytes.h"

struct folder {
    char **path;
    size_t n, cap;
};
/*
 * Adds a file, or all regular files of a folder and those below it, in the order of their names; symbolic links are not followed. What a killed run of
 * this program left half-done (an hour ago or more) is removed on the way. ERR_NOT_FOUND: no such path; ERR_IO, ERR_NOMEM.
 */
err_t folder_add(struct folder *f, const char *path) MUST_USE;
void folder_free(struct folder *f);

#endif
