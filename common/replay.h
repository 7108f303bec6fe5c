/*
 * What was seen before, for a short while: proofs that may be used once.
 * Called by signerd; a fixed room in memory, thread-safe. idpd keeps the same in its database, where it survives a restart.
 */
#ifndef ANTIN_REPLAY_H
#define ANTIN_REPLAY_H

#include "common/secret.h"

struct replay;
/* Room for about max entries at once. */
err_t replay_open(size_t max, struct replay **out) MUST_USE;
void replay_close(struct replay **r);
/* Remembers id until then. ERR_CONFLICT: it was there already; ERR_BUSY: no room, so nobody could tell later. */
err_t replay_once(struct replay *r, const uint8_t id[SHA256_LEN], int64_t until, int64_t now) MUST_USE;
int64_t replay_since(const struct replay *r); /* when it began to remember: what is older may have been used before */

#endif
