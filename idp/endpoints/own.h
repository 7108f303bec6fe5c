/*
 * Pages of our own that need somebody signed in, without any client: what waits for a person's answer, the person's account.
 * Called by their endpoints and by login.c.
 */
#ifndef ANTIN_IDP_ENDPOINTS_OWN_H
#define ANTIN_IDP_ENDPOINTS_OWN_H

#include "idp/endpoints/flow.h"

/* The path of such a page by its name; NULL: there is none of that name. So a sign-in page leads to our own places alone. */
const char *own_path(const char *name);
/*
 * The first thing its handler does. The session; or (*sent) the browser is sent to the sign-in page first: nobody is signed in, or longer
 * ago than max_age seconds (0: any time).
 */
err_t own_session(struct http_req *r, const char *name, int64_t max_age, struct session *s, bool *sent) MUST_USE;
/* What the sign-in page signs in for, by its parameter "page". ERR_REQUEST_GONE: no such page. */
err_t own_flow(struct http_req *r, const char *name, struct flow *f) MUST_USE;

#endif
