/*
 * Table device, its backchannel rows: sign-ins that a client began in the name of a person, who answers on a page of ours.
 * Called by rules/backchannel.c and rules/ping.c. Polling and redemption are those of devices (store/device.h).
 */
#ifndef ANTIN_IDP_STORE_BACKCHANNEL_H
#define ANTIN_IDP_STORE_BACKCHANNEL_H

#include "idp/store/device.h"

struct backchannel_new {
    const uint8_t *hash;       /* of the auth_req_id */
    const uint8_t *login_hash; /* whom the client means, by number; NULL: by the two below */
    const char *sid, *sub;     /* by an ID token that it got */
    const char *client_id, *scope, *resource, *acr_values, *request_id;
    const uint8_t *bucket;
    struct bytes message, notify, terms; /* sealed; empty: none */
    int64_t life;
};
/* One statement, whether anybody has that number or not: the row is there, and nobody will see it. */
err_t backchannel_add(struct db_pool *p, const struct backchannel_new *b) MUST_USE;

#define MESSAGE_SEALED_MAX 1024
struct backchannel_waiting {
    uint8_t hash[TIMED_KEY_LEN];
    char client_id[CLIENT_ID_MAX + 1];
    char client[801], sector[256];
    char scope[SCOPE_MAX + 1];
    uint8_t message[MESSAGE_SEALED_MAX];
    size_t message_len;
    uint8_t terms[TERMS_SEALED_MAX];
    size_t terms_len;
    char acr_values[ACR_VALUES_MAX + 1];
    int64_t created_at, expires_at;
};
#define BACKCHANNEL_LIST 20
/* What waits for this person, the newest first. */
err_t backchannel_list(struct db_pool *p, const char *account_id, struct backchannel_waiting *out, size_t *n) MUST_USE;
/* One of them. ERR_DB_NONE: another's, answered, expired. */
err_t backchannel_get(struct db_pool *p, const uint8_t hash[TIMED_KEY_LEN], const char *account_id,
                      struct backchannel_waiting *out) MUST_USE;
/* The person refused. ERR_DB_NONE. */
err_t backchannel_refuse(struct db_pool *p, const uint8_t hash[TIMED_KEY_LEN], const char *account_id, const char *request_id) MUST_USE;

struct ping {
    uint8_t hash[TIMED_KEY_LEN];
    char client_id[CLIENT_ID_MAX + 1];
    char uri[URI_MAX + 1]; /* "" when the client has none any more */
    uint8_t notify[2048];
    size_t notify_len;
    int tries; /* this one among them */
};
#define PING_BATCH 8
/* Pings that are due; each is somebody else's no more until a pause that doubles with each try is over. */
err_t ping_take(struct db_pool *p, struct ping out[PING_BATCH], size_t *n) MUST_USE;
err_t ping_done(struct db_pool *p, const struct ping *g, bool told) MUST_USE; /* taken by the client, or given up */

#endif
