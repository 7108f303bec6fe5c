/*
 * One request to keyd over a lent connection: what the typed calls of common/key*.c are made of.
 * Private to common/keyclient.c and the files of those calls.
 */
#ifndef ANTIN_KEYCALL_H
#define ANTIN_KEYCALL_H

#include "common/keywire.h"

/* A lent connection, for operations that take several messages. */
struct key_lent {
    struct keyclient *k;
    int fd;
    bool first; /* nothing was answered on it yet */
};
err_t key_lend(struct keyclient *k, struct key_lent *l) MUST_USE; /* ERR_TIMEOUT: none came free */
void key_return(struct key_lent *l);
/*
 * Fills q's head, sends the request, and receives the reply, whose struct must be op's. A request that keyd certainly has not seen is sent
 * once more on a new connection, but only as the first one. ERR_KEYD_DOWN, ERR_TIMEOUT, or what keyd's status means.
 */
err_t key_call_on(struct key_lent *l, unsigned op, struct keyw_head *q, void *r) MUST_USE;
err_t key_status(uint32_t status); /* what a reply's status, not KEYW_OK, means */
err_t key_call(struct keyclient *k, unsigned op, struct keyw_head *q, void *r) MUST_USE;

/* A text into a fixed field; NULL is empty. ERR_SYNTAX: too long. */
err_t key_put_str(char *room, size_t cap, const char *s) MUST_USE;

#endif
