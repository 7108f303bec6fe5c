/*
 * The file that is signed: mapped, so that its size costs no memory.
 * Used by job*.c and evidence.c.
 */
#ifndef ANTIN_SIGN_SOURCE_H
#define ANTIN_SIGN_SOURCE_H

#include "signer/formats/mapped.h"

struct source {
    int fd;
    struct bytes data;
    struct mapped map;
};
/* A regular file with something in it. ERR_NOT_FOUND; ERR_IO: no such; ERR_SYNTAX: empty; ERR_NOMEM. */
err_t source_open(struct source *s, const char *path) MUST_USE;
/* The same of a file that is open and stays so: the descriptor is the caller's. */
err_t source_map(struct source *s, int fd) MUST_USE;
void source_close(struct source *s);
#define AUTO_SOURCE AUTO(source_close) struct source

#endif
