/*
 * When keys come and go without anybody sending a signal: rotation by schedule or when asked, and files that changed.
 * Called by supervise.c and main.c.
 */
#ifndef ANTIN_KEYD_SCHEDULE_H
#define ANTIN_KEYD_SCHEDULE_H

#include "common/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { SCHEDULE_FILES = 2 }; /* the folder of keys, the provider's public keys */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};
struct schedule {
    char *path[SCHEDULE_FILES];
    struct stamp loaded[SCHEDULE_FILES], seen[SCHEDULE_FILES]; /* what the process at work has read; as it was at the last look */
    bool rotates;                                              /* there is something to do for it */
    bool asked;
    int64_t ran_us, forced_us, again_us; /* monotonic; 0: never */
};
/* Reads the configuration anew, and takes down how the files are now. After a failure s is as before. */
err_t schedule_load(const char *conf_path, struct schedule *s) MUST_USE;
void schedule_free(struct schedule *s);
/* A process has read the files as they were at schedule_load; or could not: it is tried again after a while. */
void schedule_loaded(struct schedule *s, bool well);
/* Whether the files are other than those at work, and came to rest since the last look: somebody may be half way through copying. */
bool schedule_changed(struct schedule *s);
void schedule_ask(struct schedule *s); /* a successor for each algorithm, soon */
/* Rotates, when that is due or was asked for. */
void schedule_rotate(struct schedule *s, const char *conf_path);
/* Writes the public halves of what is in the folder, before a process is started that reads it. */
void schedule_publish(struct schedule *s, const char *conf_path);

/* antin-keyd --rotate, --rotate-due; an exit code. */
int rotate_main(const char *conf_path, bool force);

#endif
