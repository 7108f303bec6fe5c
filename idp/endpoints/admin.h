/*
 * Who calls the administration's API, and what its endpoints share.
 * Called by the admin_*.c endpoints.
 */
#ifndef ANTIN_IDP_ENDPOINTS_ADMIN_H
#define ANTIN_IDP_ENDPOINTS_ADMIN_H

#include "idp/endpoints/tokens.h"
#include "idp/store/audit.h"

/* For audit rows: the officer and the client that they use, or the service alone. Lives as long as the request. */
const struct actor *admin_actor(const struct http_req *r);
/* The id in the path. ERR_NOT_FOUND: nothing of ours has such an id. */
err_t admin_id(const struct http_req *r, const char **id) MUST_USE;
/* Looking at something is an act as well: the row is there before the answer goes. Each of account, client, detail may be NULL. */
err_t admin_note(const struct http_req *r, const char *event, const char *account, const char *client, const char *detail) MUST_USE;
/* Answers with JSON (taken) that nobody keeps. */
err_t admin_reply(struct http_req *r, json_t *j) MUST_USE;
/* A number of the query from 1 on. ERR_REQUEST. */
err_t admin_limit(struct http_req *r, int64_t def, int64_t max, int64_t *out) MUST_USE;

/* Whose an Idempotency-Key is (once.h): the officer's account, or a name made of the service's id. */
const char *admin_principal(const struct http_req *r);

#endif
