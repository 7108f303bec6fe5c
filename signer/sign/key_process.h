/*
 * The key in a process of its own: it is opened there before this one opens any document, and does nothing but sign digests that come over a socket.
 * Used by main.c. Whatever a document makes of its parser, it finds no key there.
 */
#ifndef ANTIN_SIGN_KEY_PROCESS_H
#define ANTIN_SIGN_KEY_PROCESS_H

#include "signer/sign/key_server.h"

struct key_process; /* key_process.c */

/*
 * Starts it; before any thread. threads: how many may sign at once. It asks the terminal for a password when one is needed. Failures: key_open's and
 * key_usable's, why names what; ERR_IO: no process. Also when it fails, *out is to be ended.
 */
err_t key_process_start(const struct key_wish *w, unsigned threads, struct key_process **out, char why[160]) MUST_USE;
/* Points into *p: any number of threads at once. */
const struct signing_key *key_process_signing(const struct key_process *p);
void key_process_end(struct key_process **p);

#endif
