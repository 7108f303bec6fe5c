/*
 * Table device: sign-ins whose person answers elsewhere. Here those of devices without a browser, and what backchannel requests share with them.
 * Called by rules/device.c and rules/backchannel.c.
 */
#ifndef ANTIN_IDP_STORE_DEVICE_H
#define ANTIN_IDP_STORE_DEVICE_H

#include "idp/store/grant.h"

struct device_new {
    const uint8_t *device_hash, *user_hash;
    const char *client_id, *scope, *request_id;
    int64_t life;
    struct bytes terms; /* sealed; empty: none */
};
err_t device_add(struct db_pool *p, const struct device_new *d) MUST_USE; /* ERR_DB_NONE: this user code is taken */

/* A waiting one, by what the person typed. */
struct device_waiting {
    uint8_t device_hash[TIMED_KEY_LEN];
    char client_id[CLIENT_ID_MAX + 1];
    char scope[SCOPE_MAX + 1];
    uint8_t terms[TERMS_SEALED_MAX];
    size_t terms_len;
};
err_t device_find(struct db_pool *p, const uint8_t user_hash[HASH_LEN], struct device_waiting *out) MUST_USE; /* ERR_DB_NONE */

struct device_grant {
    const uint8_t *device_hash;
    const char *grant_id;
    const struct session *session;
    const struct auth_request *request; /* stored; marked answered. NULL: a backchannel request, of this session's person */
    const char *sub, *request_id;
    const char *acr; /* the class that was wished for and is met; NULL */
    int64_t grant_life;
};
/* The person agreed: one statement. ERR_DB_NONE: too late, or answered already. */
err_t device_allow(struct db_pool *p, const struct device_grant *g) MUST_USE;
/* The person refused. ERR_DB_NONE. */
err_t device_refuse(struct db_pool *p, const uint8_t device_hash[TIMED_KEY_LEN]) MUST_USE;

enum device_state { DEVICE_PENDING, DEVICE_EARLY, DEVICE_EXPIRED, DEVICE_REFUSED, DEVICE_USED, DEVICE_ALLOWED };
/* The device asks: counts the time since it last did. ERR_DB_NONE: unknown, or another client's. grant is filled only when allowed or used. */
err_t device_poll(struct db_pool *p, const uint8_t device_hash[TIMED_KEY_LEN], const char *client_id, bool backchannel, enum device_state *state,
                  struct grant *grant) MUST_USE;
/* Its tokens were made, bound to the key jkt ("" when none). refresh_hash NULL: none. ERR_DB_NONE: another poll was faster. */
err_t device_use(struct db_pool *p, const uint8_t device_hash[TIMED_KEY_LEN], const uint8_t *refresh_hash, const char *jkt, int64_t refresh_idle,
                 const char *request_id) MUST_USE;

#endif
