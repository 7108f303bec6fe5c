/*
 * An authorization request before it is read: plain parameters, a signed object, or one pushed ahead.
 * Called by authorize.c and par.c.
 */
#ifndef ANTIN_IDP_ENDPOINTS_REQUEST_H
#define ANTIN_IDP_ENDPOINTS_REQUEST_H

#include "common/http.h"
#include "common/json.h"
#include "idp/app.h"
#include "idp/rules/authz.h"
#include "idp/rules/params.h"

struct request {
    json_t *params;
    bool pushed;        /* it came by the pushed authorization request endpoint */
    bool signed_object; /* all of it was signed by the client */
};
void request_free(struct request *q);

/* The parameters that get gives (http_query or http_field). */
err_t request_take(struct http_req *r, const char *(*get)(const struct http_req *r, const char *name), struct request *q) MUST_USE;
/*
 * Opens what stands for other parameters: our own request_uri (used up by that), or a request object of a client that has keys. From then on
 * only what was inside counts (RFC 9101 §6.3, RFC 9126 §4). ERR_PUSHED_GONE, ERR_REQUEST_OBJECT_BAD; these get a page, for nobody knows yet
 * where an answer may go.
 */
err_t request_open(struct http_req *r, struct request *q) MUST_USE;
/*
 * Gives e back; when it is what a forged or downgraded request fails with (another redirect URI, no PKCE, a bad object), the log hears of it.
 * client_id NULL: nobody knows whose.
 */
err_t request_refusal(struct http_req *r, const char *client_id, err_t e) MUST_USE;

/* The same as authz_read takes it; borrows from q. */
struct authz_in request_in(const struct app *a, const struct request *q);

#endif
