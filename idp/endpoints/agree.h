/*
 * What the person is asked to agree to, in words: scopes, single claims, authorization details.
 * Called by consent.c, requests.c and account.c.
 */
#ifndef ANTIN_IDP_ENDPOINTS_AGREE_H
#define ANTIN_IDP_ENDPOINTS_AGREE_H

#include "idp/endpoints/page.h"

struct agree_what {
    const char *client_id, *scope;
    const char *claims; /* names of single claims beyond the scopes; "" when none */
    struct bytes terms; /* sealed; empty: none */
};
/* Adds the values "scopes" (what, why; of a single claim also need and purpose) and "details" (what, why, facts of label and values) to a page's values. */
err_t agree_words(struct http_req *r, const struct agree_what *q, json_t *v) MUST_USE;

#endif
