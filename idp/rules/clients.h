/*
 * The clients that this process knows by heart: settings, redirect URIs and keys, forgotten the moment they change in the database.
 * Called by rules/client_auth.c, rules/authz.c and every endpoint that needs a client: they ask here, not store/client.h.
 *
 * A trigger tells of each change to a client (schema/idp/0014); a connection of its own hears it (common/db_listen.h). While that is down
 * nothing is kept, and every question goes to the database. A client's state is therefore at most as old as a notification takes: some
 * milliseconds, and six seconds where the connection died without a word.
 */
#ifndef ANTIN_IDP_RULES_CLIENTS_H
#define ANTIN_IDP_RULES_CLIENTS_H

#include "idp/store/client.h"

struct clients;

/* listen: conninfo of the connection that hears of changes; NULL: nothing is ever kept (antin-idpctl). */
err_t clients_open(struct db_pool *p, const char *listen, struct clients **out) MUST_USE;
void clients_close(struct clients **c);
/* After a change of our own: whoever asks this process next already gets the new one, before the notification comes. */
void clients_forget(struct clients *c, const char *id);

/* As client_get; uri_registered is the equality of bytes with one of its redirect URIs. ERR_DB_NONE: no such client (never kept). */
err_t clients_get(struct clients *c, const char *id, const char *redirect_uri, struct client *out) MUST_USE;
/* The same without redirect URI, from memory alone: ERR_WAITS when it is not there. */
err_t clients_at_hand(struct clients *c, const char *id, struct client *out) MUST_USE;
/* What it proves itself with; copies that the caller frees. ERR_DB_NONE. */
err_t clients_keys(struct clients *c, const char *id, struct client_keys *out) MUST_USE;
/* Whether an active client may send the browser there after a logout. */
err_t clients_logout_uri(struct clients *c, const char *id, const char *uri, bool *out) MUST_USE;

#endif
