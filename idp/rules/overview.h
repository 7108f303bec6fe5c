/*
 * What an account has open, told as JSON: for administrators, and for the person's own page.
 * Called by endpoints/admin_*.c, endpoints/account.c and antin-idpctl. Ending things: idp/store/overview.h.
 */
#ifndef ANTIN_IDP_RULES_OVERVIEW_H
#define ANTIN_IDP_RULES_OVERVIEW_H

#include "common/json.h"
#include "idp/store/overview.h"

/* {account_id, kind, state, level, roles, created_at, activated_at, locked_at}. ERR_DB_NONE. */
err_t overview_account(struct db_pool *p, const char *account_id, json_t **out) MUST_USE;
/* Each *out is an array of objects; times are RFC 3339, what is empty is left out. idle: seconds without use that end a session. */
err_t overview_sessions(struct db_pool *p, const char *account_id, int64_t idle, json_t **out) MUST_USE;
/* next: where the following page begins; "" when there is none. */
err_t overview_all_sessions(struct db_pool *p, const struct cursor *after, int64_t idle, int64_t limit, json_t **out,
                            char next[CURSOR_CAP]) MUST_USE;
err_t overview_consents(struct db_pool *p, const char *account_id, json_t **out) MUST_USE;
err_t overview_grants(struct db_pool *p, const char *account_id, json_t **out) MUST_USE;
err_t overview_door(struct db_pool *p, const char *account_id, json_t **out) MUST_USE;

#endif
