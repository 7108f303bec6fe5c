/*
 * Telling clients what happened, from server to server, off the request's thread: that a session has ended, that an answer is there.
 * Opened by app.c, woken by endpoints.
 */
#ifndef ANTIN_IDP_RULES_NOTIFY_H
#define ANTIN_IDP_RULES_NOTIFY_H

#include "common/db.h"
#include "common/fetch.h"
#include "common/keyclient.h"
#include "idp/rules/clients.h"
#include "idp/rules/secrets.h"

struct notifier;

struct notifier_conf {
    struct db_pool *db;
    struct keyclient *keyd;
    struct clients *clients;
    const struct idp_keys *keys;
    struct fetch *fetch;              /* the one way out, to configured origins alone; NULL: nobody is told (the rows are given up) */
    int look_every;                   /* seconds; other processes of ours write notices too */
    void (*work)(struct notifier *n); /* tells all that is due; ends early when notifier_stopped */
};
/* Starts its thread. */
err_t notifier_open(const struct notifier_conf *conf, struct notifier **out) MUST_USE;
void notifier_close(struct notifier **n); /* waits for the request that runs */
void notifier_wake(struct notifier *n);   /* something is due now. NULL is well. */

/* For a work function. */
bool notifier_stopped(struct notifier *n);
const struct notifier_conf *notifier_conf(const struct notifier *n);

void logout_work(struct notifier *n); /* OpenID Connect Back-Channel Logout 1.0 */
void ping_work(struct notifier *n);   /* CIBA Core 1.0 §10.2 */

#endif
