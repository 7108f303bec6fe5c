/*
 * A file that appears whole or not at all: written without a name, synced, then given its name in one step.
 * Used by job.c. Whatever ends the program before target_commit leaves the old file, or none; where the file system can keep nameless files, no litter either.
 */
#ifndef ANTIN_SIGN_TARGET_H
#define ANTIN_SIGN_TARGET_H

#include "common/bytes.h"
#include <sys/types.h>

#define TARGET_TMP ".antin-" /* how a name begins that a file has for a moment between two steps */

struct target {
    int fd;           /* for reading and writing */
    char *path, *tmp; /* tmp: its name until then, NULL while it has none */
    bool replace;
};
/*
 * replace: an older file of that name gives way, and its access mode is kept; a symbolic link is followed. ERR_CONFLICT: there is one and it may not be
 * replaced; ERR_NOT_FOUND: no such folder; ERR_TOO_LARGE: a name past 255 bytes; ERR_IO, ERR_NOMEM.
 */
err_t target_open(struct target *t, const char *path, bool replace) MUST_USE;
err_t target_write(struct target *t, struct bytes data) MUST_USE; /* at the end; ERR_DISK_FULL, ERR_IO */
err_t target_copy(struct target *t, int from) MUST_USE; /* the whole file, shared where the file system can; ERR_DISK_FULL, ERR_IO */
err_t target_commit(struct target *t) MUST_USE;         /* ERR_CONFLICT: somebody made one meanwhile; ERR_DISK_FULL, ERR_IO */
/* After target_commit the contents outlast a power cut, and the name once its folder is synced: once for all files of a folder. */
void target_sync_folder(const char *path);
void target_close(struct target *t); /* uncommitted: nothing stays */
#define AUTO_TARGET AUTO(target_close) struct target

#endif
