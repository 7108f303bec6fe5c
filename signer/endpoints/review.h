/*
 * What the review page shows, before and after signing.
 * Called by sign.c and files.c.
 */
#ifndef ANTIN_SIGNER_ENDPOINTS_REVIEW_H
#define ANTIN_SIGNER_ENDPOINTS_REVIEW_H

#include "signer/endpoints/page.h"
#include "signer/rules/credential.h"
#include "signer/store/dossier.h"

/* The dossier of the path, if it is this person's: ERR_NOT_FOUND, ERR_NOT_OWNER. Lapsed leases are put right on the way. */
err_t review_dossier(struct http_req *r, const struct websession *s, struct dossier *d) MUST_USE;

/* error: what came of a try to sign, or OK; left: attempts after a wrong PIN. */
err_t review_page(struct http_req *r, const struct websession *s, const struct dossier *d, const struct credential_view *view, err_t error,
                  int left) MUST_USE;
/* After signing, or while somebody signs, or when it cannot be signed (why: its failure, shown with the way out). */
err_t review_result(struct http_req *r, const struct websession *s, const struct dossier *d) MUST_USE;
err_t review_waiting(struct http_req *r, const struct websession *s, const struct dossier *d) MUST_USE;
err_t review_blocked(struct http_req *r, const struct websession *s, const struct dossier *d, err_t why) MUST_USE;

#endif
