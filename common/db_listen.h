/*
 * Hearing what other sessions of the database tell (LISTEN, NOTIFY): one connection beside the pool, and one thread that waits on it.
 * Called by idp/rules/clients.c, so that what is kept in memory is forgotten when it changes. PostgreSQL manual, NOTIFY.
 */
#ifndef ANTIN_DB_LISTEN_H
#define ANTIN_DB_LISTEN_H

#include "common/bytes.h"

struct db_listener;

/*
 * what: the notification's payload. NULL: notifications may have been missed (each time that hearing begins), everything known so far may be
 * old. Called on the listener's own thread, one at a time.
 */
typedef void db_hear(void *arg, const char *what);

/* channel: lower-case letters and underscores. Connects in the background, and again whenever the connection is lost. */
err_t db_listener_open(const char *conninfo, const char *channel, db_hear *hear, void *arg, struct db_listener **out) MUST_USE;
void db_listener_close(struct db_listener **l); /* hear is not called any more when it returns */

/*
 * Whether what was told lately has been heard: the connection answered within the last seconds. False as long as it is down; a connection that
 * died without a word counts as down after six seconds. Cheap, from any thread.
 */
bool db_listener_current(const struct db_listener *l);

#endif
