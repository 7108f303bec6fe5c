/*
 * The process with the key: opens it, locks itself in, signs what comes.
 * Entered by key_process.c in a process of its own.
 */
#ifndef ANTIN_SIGN_KEY_SERVER_H
#define ANTIN_SIGN_KEY_SERVER_H

#include "common/text.h"
#include "signer/sign/key.h"

struct key_wish {
    struct key_source source;
    const char *password_file; /* NULL: the terminal is asked when one is needed */
    enum lang lang;            /* of that question */
};

/* Serves these sockets until they close. Returns the process's exit status. */
int key_server_run(const struct key_wish *w, const int *fd, unsigned n);

#endif
