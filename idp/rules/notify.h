/*
 * Telling clients that a session has ended, from server to server, off the request's thread.
 * Opened by app.c, woken by endpoints/logout.c. OpenID Connect Back-Channel Logout 1.0.
 */
#ifndef ANTIN_IDP_RULES_NOTIFY_H
#define ANTIN_IDP_RULES_NOTIFY_H

#include "common/db.h"
#include "common/fetch.h"
#include "common/keyclient.h"
#include "idp/rules/clients.h"

struct notifier;

/* fetch: the one way out, to the configured origins alone; NULL: nobody is told (the rows are given up). Starts its thread. */
err_t notifier_open(struct db_pool *db, struct keyclient *keyd, struct clients *clients, struct fetch *fetch, struct notifier **out) MUST_USE;
void notifier_close(struct notifier **n); /* waits for the request that runs */
/* Something is due now; otherwise it looks every few seconds, since other processes of ours write notices too. NULL is well. */
void notifier_wake(struct notifier *n);

#endif
