/*
 * Rotation of token keys in keyd's folder: a successor is published ahead of its time, the predecessor kept until its last token is dead, then destroyed.
 * Called by antin-keyd --rotate, which its supervisor runs by schedule. OpenID Connect Core §10.1.1. certs/keyd/PROTOCOL.md, "Rotation".
 *
 * Each step is one file that is there or not, so that a crash at any moment leaves a folder that keyd starts with, and the next run goes on.
 */
#ifndef ANTIN_CERTS_ROTATE_H
#define ANTIN_CERTS_ROTATE_H

#include "certs/keyfile.h"

struct rotation {
    const char *dir; /* sealed key files */
    struct bytes domain_key;
    int64_t now;
    int64_t every;    /* a key is succeeded so many seconds after it began; 0: no schedule */
    int64_t overlap;  /* a successor is published so many seconds before it signs */
    bool force;       /* a successor now for each algorithm, unless one waits already */
    const char *jwks; /* file to hold the public halves; NULL or "": none */
};
struct rotated {
    unsigned made, destroyed;
    bool published; /* the file with the public halves changed */
    char what[160]; /* what was at work when it failed */
};
/*
 * Without schedule and force nothing is made and nothing destroyed; leftovers of a crash are cleared away and the public halves written in any case.
 * Two at once wait for each other. ERR_IO, ERR_CRYPTO, ERR_SYNTAX, ERR_TOO_LARGE: what was done till then stands.
 */
err_t rotate(const struct rotation *r, struct rotated *out) MUST_USE;

#endif
