/*
 * Sending a download.
 * Called by downloads.c (the API) and files.c (the citizen's pages).
 */
#ifndef ANTIN_SIGNER_ENDPOINTS_DOWNLOADS_H
#define ANTIN_SIGNER_ENDPOINTS_DOWNLOADS_H

#include "common/http.h"
#include "signer/rules/download.h"

/* Takes what d holds. save: the browser stores it in any case. */
err_t download_reply(struct http_req *r, struct download *d, bool save) MUST_USE;

#endif
