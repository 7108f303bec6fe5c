/*
 * How the process with the keys locks itself in: no core dumps, no debugger, keys in locked memory, and a filter of system calls.
 * Called by worker.c at start. common/lockin.h.
 */
#include "certs/keyd/keyd.h"
#include "common/lockin.h"
#include "common/log.h"

#include <errno.h>
#include <grp.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define SECURE_HEAP (256u << 10)

err_t sandbox_early(void)
{
    TRY(lockin_early());
    /* OpenSSL puts private scalars and nonces here: guarded pages, wiped, locked against swapping as far as RLIMIT_MEMLOCK lets it. */
    int r = CRYPTO_secure_malloc_init(SECURE_HEAP, 16);
    if (r == 0)
        return ERR_NOMEM;
    if (r == 2)
        log_event(LOG_WARNING, "keys_not_locked", "RLIMIT_MEMLOCK is too small: keys could be swapped out");
    return OK;
}

err_t sandbox_user(const char *user, FILE *errs)
{
    if (*user == '\0')
        return OK;
    const struct passwd *pw = getpwnam(user);
    if (!pw) {
        fprintf(errs, "keyd.user: no user \"%s\"\n", user);
        return ERR_CONFIG;
    }
    if (pw->pw_uid == geteuid())
        return OK;
    if (initgroups(user, pw->pw_gid) != 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0) {
        fprintf(errs, "keyd.user: cannot become \"%s\": %s\n", user, strerror(errno));
        return ERR_CONFIG;
    }
    return lockin_undumpable(); /* a change of uid resets it */
}

err_t sandbox_close(void)
{
    if (LOCKIN_SANITIZER)
        log_event(LOG_WARNING, "no_seccomp", "built with a sanitizer: no system call filter");
    err_t e = lockin_close();
    if (e != OK)
        log_event(LOG_ERROR, "seccomp", "cannot load the filter: %s", strerror(errno));
    return e;
}
