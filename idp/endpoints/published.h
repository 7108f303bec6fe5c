/*
 * Documents that everybody may read and that change with our keys alone: made once for each set of keys, then sent from memory on the HTTP thread.
 * Called by discovery.c.
 */
#ifndef ANTIN_IDP_ENDPOINTS_PUBLISHED_H
#define ANTIN_IDP_ENDPOINTS_PUBLISHED_H

#include "common/http.h"
#include "idp/app.h"

struct published_kind {
    enum published_doc doc;
    const char *type, *cache;                      /* media type, Cache-Control */
    err_t (*make)(struct app *a, struct buf *out); /* of configuration and keys, of nothing else */
};
/* A route with inline_first. ERR_WAITS; ERR_KEYD_DOWN: keyd has not answered since the start. */
err_t published_reply(struct http_req *r, const struct published_kind *k) MUST_USE;

#endif
