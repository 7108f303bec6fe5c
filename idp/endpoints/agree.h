/*
 * What the person is asked to agree to, in words: scopes, single claims, authorization details.
 * Called by consent.c.
 */
#ifndef ANTIN_IDP_ENDPOINTS_AGREE_H
#define ANTIN_IDP_ENDPOINTS_AGREE_H

#include "idp/endpoints/page.h"
#include "idp/store/auth_request.h"

/* Adds the values "scopes" (what, why; of a single claim also need and purpose) and "details" (what, why, facts of label and values) to a page's values. */
err_t agree_words(struct http_req *r, const struct auth_request *q, json_t *v) MUST_USE;

#endif
