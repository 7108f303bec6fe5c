/*
 * Whom an upstream provider's word signs in here: an enrolled account with the same verified personal number, and nobody else.
 * Called by endpoints/upstream.c. Decree 69/2024; RFC 9700.
 */
#ifndef ANTIN_IDP_RULES_UPSTREAM_LOGIN_H
#define ANTIN_IDP_RULES_UPSTREAM_LOGIN_H

#include "common/keyclient.h"
#include "idp/rules/login.h"
#include "idp/rules/upstream_flow.h"

/*
 * Starts a session that proves no more than the provider does, nor more than the account is. No account comes of it, and none is found by name or
 * e-mail. ERR_UPSTREAM_UNKNOWN: no citizen's account has this number, or the date of birth is another: both look alike; ERR_ACCOUNT_LOCKED: it is
 * locked, or was never activated.
 */
err_t upstream_login(const struct login_deps *d, struct keyclient *keyd, const struct login_in *in, const struct upstream *u,
                     const struct upstream_came *came, char cookie[TIMED_CHARS + 1]) MUST_USE;

/* The audit row of a sign-in that failed on the way; returns why, or the database's failure. */
err_t upstream_login_failed(struct db_pool *db, const struct login_in *in, err_t why) MUST_USE;

#endif
