/*
 * Backchannel authentication: a client that has no browser before it (a call centre) names a person, who answers on a page of ours.
 * Called by endpoints/backchannel.c, endpoints/requests.c and rules/ping.c. OpenID Connect CIBA Core 1.0; FAPI-CIBA.
 */
#ifndef ANTIN_IDP_RULES_BACKCHANNEL_H
#define ANTIN_IDP_RULES_BACKCHANNEL_H

#include "common/json.h"
#include "idp/rules/clients.h"
#include "idp/rules/device.h"
#include "idp/rules/resource.h"
#include "idp/store/backchannel.h"

#define GRANT_CIBA "urn:openid:params:grant-type:ciba"
#define MESSAGE_MAX 100 /* characters that a person reads at a glance, to compare with what is heard (CIBA Core §7.1) */
#define MESSAGE_BYTES (4 * MESSAGE_MAX)
#define NOTIFY_TOKEN_MAX 1024 /* CIBA Core §7.1 */

extern const char *const backchannel_param_names[]; /* ends with NULL */

struct backchannel_deps {
    struct db_pool *db;
    struct clients *clients;
    struct jwks_cache *jwks; /* to read an id_token_hint with */
    const struct idp_keys *keys;
    struct resources resources;
    int64_t life;                               /* seconds that it waits at most */
    int64_t client_limit, person_limit, window; /* how many a client may begin, and how many go unanswered, in a window of seconds */
};
/*
 * The parameters of a signed request, which holds all of them (CIBA Core §7.1.1); good once. ERR_REQUEST_OBJECT (the client has no keys),
 * ERR_REQUEST_OBJECT_BAD.
 */
err_t backchannel_open(const struct backchannel_deps *d, const struct client *c, const char *object, json_t **params) MUST_USE;

struct backchannel_begun {
    char id[TIMED_CHARS + 1]; /* auth_req_id */
    int64_t life;
    int64_t wait; /* with ERR_RATE */
};
/*
 * Checks everything and begins. Whether the number has an account changes neither answer nor cost. ERR_CLIENT_FORBIDDEN, ERR_SCOPE, ERR_REQUEST,
 * ERR_REQUEST_OBJECT_BAD (not signed though it must be), ERR_USER_UNKNOWN (not a number at all), ERR_BINDING_MESSAGE, ERR_DETAILS, ERR_TARGET, ERR_RATE.
 */
err_t backchannel_begin(const struct backchannel_deps *d, const struct client *c, const json_t *params, bool signed_object,
                        const char *request_id, struct backchannel_begun *out) MUST_USE;

/* What the person reads; "" when the client gave none. */
err_t backchannel_message(const struct idp_keys *k, const struct backchannel_waiting *w, char out[MESSAGE_BYTES + 1]) MUST_USE;
/* auth_req_id and notification token of a ping. */
err_t backchannel_notify(const struct idp_keys *k, const struct ping *g, char id[TIMED_CHARS + 1],
                         char token[NOTIFY_TOKEN_MAX + 1]) MUST_USE;

#endif
