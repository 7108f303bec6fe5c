/*
 * What the process with the key and the one with the documents say to each other, over sockets that keep message boundaries.
 * Included by key_process.c and key_server.c. Both are this program: nothing here is kept or travels.
 */
#ifndef ANTIN_SIGN_KEY_WIRE_H
#define ANTIN_SIGN_KEY_WIRE_H

#include "signer/sign/key.h"

/* First, once, on the first socket; after it (e == OK) the certificate and each of the chain, a message each. */
struct key_hello {
    err_t e; /* what key_open and key_usable say */
    enum sign_scheme scheme;
    enum cms_hash hash;
    size_t chain_n;
    char why[160];
};

/* Then on each socket, one after another: a digest (Ed25519: what is signed) goes out, this comes back. */
#define KEY_INPUT_MAX (128u << 10) /* a socket carries no more in one message */
struct key_answer {
    err_t e;
    size_t n;
    uint8_t value[KEY_SIGNATURE_MAX];
};

#endif
