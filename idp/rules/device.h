/*
 * The device flow: a kiosk shows a number, a person types it on a phone, and the kiosk is signed in.
 * Called by endpoints/device.c, endpoints/flow.c and endpoints/token.c. RFC 8628.
 */
#ifndef ANTIN_IDP_RULES_DEVICE_H
#define ANTIN_IDP_RULES_DEVICE_H

#include "idp/rules/resource.h"
#include "idp/rules/secrets.h"
#include "idp/rules/throttle.h"
#include "idp/store/device.h"

#define USER_CODE_CHARS 11 /* "123-456-789": digits, since kiosks have number pads (RFC 8628 §6.1); guessing is throttled */
#define DEVICE_PAUSE 5     /* seconds between two questions, as the table's default */

struct device_codes {
    char device[TIMED_CHARS + 1];
    char user[USER_CODE_CHARS + 1];
};
struct device_ask {
    const char *scope, *details; /* form fields, each may be NULL */
    struct resources resources;
    int64_t life;
    const char *request_id;
};
/* ERR_SCOPE, ERR_DETAILS. */
err_t device_begin(struct db_pool *p, const struct idp_keys *k, const struct client *c, const struct device_ask *ask,
                   struct device_codes *out) MUST_USE;

/*
 * The waiting device of a typed code, with its client. where: who types, for the throttle (an address; NULL: all strangers together).
 * ERR_USER_CODE, ERR_THROTTLED with *wait.
 */
err_t device_lookup(struct db_pool *p, const struct idp_keys *k, const struct throttle_conf *t, const char *typed, const char *where,
                    struct device_waiting *out, int64_t *wait) MUST_USE;

/* The person signed in and agreed. request: the page's own; NULL when a backchannel request is answered. ERR_REQUEST_GONE. */
struct device_agreed {
    const uint8_t *hash;
    const struct client *client;
    const struct session *session;
    const struct auth_request *request;
    int64_t grant_life;
    const char *request_id;
    const char *acr; /* the class that was wished for and is met; NULL: the level tells */
};
err_t device_agree(struct db_pool *p, const struct idp_keys *k, const struct device_agreed *d) MUST_USE;

/*
 * The token endpoint, for a device_code or (backchannel) an auth_req_id; neither is taken for the other. ERR_DEVICE_PENDING, ERR_DEVICE_SLOW,
 * ERR_DEVICE_EXPIRED, ERR_DEVICE_REFUSED, ERR_CODE, ERR_CODE_REUSED (its grant is dead now).
 */
err_t device_redeem_begin(struct db_pool *p, const char *device_code, bool backchannel, const struct client *c, const char *request_id,
                          struct grant *out) MUST_USE;
err_t device_redeem_finish(struct db_pool *p, const char *device_code, const struct grant *g, const char *refresh_token, const char *jkt,
                           int64_t refresh_idle, const char *request_id) MUST_USE;

#endif
