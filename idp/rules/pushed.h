/*
 * Pushed authorization requests: kept sealed for a moment under a name that works once.
 * Called by endpoints/par.c and endpoints/authorize.c. RFC 9126.
 */
#ifndef ANTIN_IDP_RULES_PUSHED_H
#define ANTIN_IDP_RULES_PUSHED_H

#include "common/json.h"
#include "idp/rules/secrets.h"
#include "idp/store/pushed.h"

#define PUSHED_URN "urn:ietf:params:oauth:request_uri:"
#define PUSHED_URI_LEN (sizeof PUSHED_URN - 1 + TIMED_CHARS)

struct pushed_keep {
    const uint8_t *seal;
    const char *client_id;
    const json_t *params; /* "signed" true among them: they came in a signed request object */
    int64_t life;
    const char *request_id;
};
err_t pushed_keep(struct db_pool *p, const struct pushed_keep *k, char uri[PUSHED_URI_LEN + 1]) MUST_USE;
/* ERR_PUSHED_GONE: unknown, used, expired, another client's. */
err_t pushed_find(struct db_pool *p, const uint8_t seal[IDP_KEY_LEN], const char *client_id, const char *uri, json_t **params) MUST_USE;

#endif
