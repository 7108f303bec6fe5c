/*
 * What an account has open: sessions, consents, grants, its last sign-ins; and ending each of them.
 * Called by rules/overview.c. Rows of tables session, consent, access_grant, audit.
 */
#ifndef ANTIN_IDP_STORE_OVERVIEW_H
#define ANTIN_IDP_STORE_OVERVIEW_H

#include "idp/store/audit.h"
#include "idp/store/cursor.h"

#define OVERVIEW_MAX 200 /* rows of one list */

/* id, kind, state, level, roles (separated by spaces), created_at, activated_at, locked_at. ERR_DB_NONE. */
err_t overview_account_row(struct db_pool *p, const char *account_id, struct db_rows **rows) MUST_USE;

/* sid, account_id, client_id, client's name, browser, amr, auth_time, seen_at, expires_at, auth_time in microseconds; the last used first. idle: seconds. */
err_t overview_session_rows(struct db_pool *p, const char *account_id, int64_t idle, struct db_rows **rows) MUST_USE;
/* The same of all accounts, the newest first, older than the cursor (NULL: from the newest on). */
err_t overview_all_session_rows(struct db_pool *p, const struct cursor *after, int64_t idle, int64_t limit, struct db_rows **rows) MUST_USE;
/* client_id, client's name, sector, scope, claims, given_at, expires_at; the newest first. */
err_t overview_consent_rows(struct db_pool *p, const char *account_id, struct db_rows **rows) MUST_USE;
/* id, client_id, client's name, scope, sid, auth_time, created_at, expires_at; live ones, the newest first. */
err_t overview_grant_rows(struct db_pool *p, const char *account_id, struct db_rows **rows) MUST_USE;
/* event, at, client's name, detail: what happened at this account's door in the last ninety days, ten rows at most. */
err_t overview_door_rows(struct db_pool *p, const char *account_id, struct db_rows **rows) MUST_USE;

/*
 * Ends one session wherever it is, with the grants that were given in it; clients hear of it. account_id NULL: whosever it is. ERR_DB_NONE: no such
 * live session (of that account).
 */
err_t overview_session_end(struct db_pool *p, const char *sid, const char *account_id, const struct actor *by) MUST_USE;
/* All sessions of the account but this one. *n: how many. */
err_t overview_others_end(struct db_pool *p, const char *account_id, const char *but_sid, const struct actor *by, int64_t *n) MUST_USE;
/* Takes back what a client may learn: its consent goes, its grants die with all their tokens. ERR_DB_NONE: it had neither. */
err_t overview_consent_remove(struct db_pool *p, const char *account_id, const char *client_id, const struct actor *by) MUST_USE;
/* ERR_DB_NONE: unknown, or dead already. */
err_t overview_grant_end(struct db_pool *p, const char *grant_id, const struct actor *by) MUST_USE;

#endif
