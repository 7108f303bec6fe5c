/*
 * Maps files for reading.
 * Called by verify.c and sealed.c.
 */
#include "signer/verify/input.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

err_t input_open(const char *path, bool follow, struct input *out)
{
    *out = (struct input){.data = BYTES("", 0)};
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
    struct stat st;
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? ERR_NOT_FOUND : ERR_IO;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_IO;
    if ((uint64_t)st.st_size > INPUT_MAX)
        return ERR_TOO_LARGE;
    TRY(mapped_open(fd, &out->map));
    out->data = out->map.data;
    return OK;
}

void input_close(struct input *in)
{
    mapped_close(&in->map);
    *in = (struct input){0};
}

static void on_bus_error(int signal)
{
    static const char TEXT[] = "antin-verify: the file changed while it was read: INDETERMINATE\n";
    (void)signal;
    (void)!write(STDERR_FILENO, TEXT, sizeof TEXT - 1);
    _exit(2);
}

void input_guard(void)
{
    struct sigaction sa = {.sa_handler = on_bus_error};
    sigaction(SIGBUS, &sa, NULL);
}
