/*
 * A file mapped for reading, however large: pages come when they are looked at and do not count as the process's memory.
 * Called by verify.c and sealed.c.
 */
#ifndef ANTIN_VERIFY_INPUT_H
#define ANTIN_VERIFY_INPUT_H

#include "signer/formats/mapped.h"

#define INPUT_MAX ((uint64_t)4 << 30)

struct input {
    struct bytes data;
    struct mapped map;
};
/* Regular files only. follow: may the last part of the path be a symbolic link? ERR_NOT_FOUND, ERR_IO, ERR_TOO_LARGE. */
err_t input_open(const char *path, bool follow, struct input *out) MUST_USE;
void input_close(struct input *in);
#define AUTO_INPUT AUTO(input_close) struct input

/* A file cut short under the mapping raises SIGBUS: from now on that ends the program as undecided (exit 2) with a message. */
void input_guard(void);

#endif
