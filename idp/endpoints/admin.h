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
/* Whose an Idempotency-Key is (once.h): the officer's account, or a name made of the service's id. */
const char *admin_principal(const struct http_req *r);

#endif
