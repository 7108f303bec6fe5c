/*
 * How a process that holds keys locks itself in: no core dumps, no debugger, and a filter of system calls.
 * Called by antin-keyd and by antin-sign's key process. seccomp(2), prctl(2).
 */
#ifndef ANTIN_LOCKIN_H
#define ANTIN_LOCKIN_H

#include "common/err.h"

/*
 * Sanitizers trace the process at its end and open files when they report: such a build keeps neither door shut, and never holds real keys.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LOCKIN_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define LOCKIN_SANITIZER 1
#endif
#endif
#ifndef LOCKIN_SANITIZER
#define LOCKIN_SANITIZER 0
#endif

/* No core dump, nobody of the same user looks in, no new privileges. ERR_IO. */
err_t lockin_early(void) MUST_USE;
/* Against debuggers alone: again after a change of user, which lets them in. ERR_IO. */
err_t lockin_undumpable(void) MUST_USE;
/*
 * From now on all threads may talk on open sockets, wait, use memory that is never executable, ask for time and randomness, and end; anything else
 * kills the process. Whatever is loaded late has to be loaded before. Nothing in a build with a sanitizer. ERR_NOMEM, ERR_IO (errno tells).
 */
err_t lockin_close(void) MUST_USE;

#endif
