/*
 * Pages, and failures in the caller's format: page, OAuth JSON, bearer challenge, problem.
 * Called by every endpoint and by routes.c.
 */
#ifndef ANTIN_IDP_ENDPOINTS_PAGE_H
#define ANTIN_IDP_ENDPOINTS_PAGE_H

#include "common/http.h"
#include "idp/app.h"

struct app *app_of(const struct http_req *r);
const char *page_text(const struct http_req *r, const char *key); /* in the request's language */

/* An address with this parameter in place of the one it had, if any. value: goes as it is. */
err_t page_url_with(const char *self, const char *name, const char *value, struct buf *out) MUST_USE;

/* Sends the browser on to a page of ours, in the language that was chosen by hand for this one. url: grows by it. */
err_t page_go(struct http_req *r, struct buf *url) MUST_USE;

/*
 * Values that every page needs (common/pages/README.md). self: path and query of this page without lang, for the language switch;
 * NULL: the address asked
 * for when it was a GET, else no switch. NULL when memory is out.
 */
json_t *page_values(struct http_req *r, const char *title_key, const char *self);
/* Renders and answers; takes the values. */
err_t page_reply(struct http_req *r, int status, const char *name, json_t *values) MUST_USE;

void page_retry_after(struct http_req *r, int64_t seconds); /* the header, unless 0 */

http_fail fail_page;   /* a person looks at it */
http_fail fail_oauth;  /* RFC 6749 §5.2 */
http_fail fail_bearer; /* RFC 6750 §3.1 */
http_fail fail_api;    /* problem+json with the bearer challenge where one is due */

#endif
