/*
 * Table auth_request: authorization requests that wait for a person to sign in or to consent.
 * Called by rules/authz.c.
 */
#ifndef ANTIN_IDP_STORE_AUTH_REQUEST_H
#define ANTIN_IDP_STORE_AUTH_REQUEST_H

#include "idp/store/client.h"

#define STATE_MAX 2048
#define NONCE_MAX 500
#define CHALLENGE_LEN 43
#define HINT_SEALED_MAX 512
#define RESOURCE_MAX 512
#define THUMBPRINT_LEN 43
#define ACR_VALUES_MAX 255
#define CLAIM_NAMES_MAX 1023
#define TERMS_SEALED_MAX 7680 /* rules/terms.h */

enum response_mode { RESPONSE_QUERY, RESPONSE_FORM, RESPONSE_QUERY_JWT, RESPONSE_FORM_JWT };
/* The mode that a request or a row names; "jwt" is query.jwt for codes (JARM §2.3.4). NULL: query. ERR_REQUEST: none of ours (fragments among them). */
err_t response_mode_read(const char *name, enum response_mode *out) MUST_USE;
const char *response_mode_name(enum response_mode m);

struct auth_request {
    uint8_t id_hash[TIMED_KEY_LEN]; /* only of a stored one */
    bool stored;
    char client_id[CLIENT_ID_MAX + 1];
    char redirect_uri[URI_MAX + 1];
    char scope[SCOPE_MAX + 1]; /* what was asked and is known */
    char state[STATE_MAX + 1];
    bool has_state;
    char nonce[NONCE_MAX + 1]; /* "" when none */
    char challenge[CHALLENGE_LEN + 1];
    char dpop_jkt[THUMBPRINT_LEN + 1]; /* the key that the code will be bound to; "" when none */
    char resource[RESOURCE_MAX + 1];   /* RFC 8707; "" when none */
    enum response_mode response_mode;
    bool is_device; /* a device waits for the answer, no redirect URI */
    uint8_t device_hash[TIMED_KEY_LEN];
    char acr_values[ACR_VALUES_MAX + 1]; /* wanted, the best first; "" any */
    bool acr_essential;                  /* none of them met: no answer */
    char want_sub[64];                   /* the one person that is meant; "" when anybody */
    char claims[CLAIM_NAMES_MAX + 1];    /* single claims that consent must name beyond scopes (rules/claims.h) */
    bool has_details;                    /* authorization details are among the terms: consent is asked every time */
    uint8_t terms[TERMS_SEALED_MAX];     /* sealed: claims parameter and authorization details */
    size_t terms_len;                    /* 0: neither */
    bool prompt_create; /* never stored: shows the activation page first */
    bool prompt_none; /* never stored: it shows no page */
    bool prompt_login, prompt_consent;
    int64_t max_age; /* -1: none */
    int64_t created_at;
    bool logged_in; /* somebody signed in for this request */
    uint8_t hint[HINT_SEALED_MAX];
    size_t hint_len;
};

err_t auth_request_add(struct db_pool *p, const uint8_t id_hash[TIMED_KEY_LEN], const uint8_t browser_hash[HASH_LEN], int64_t life,
                       const struct auth_request *q) MUST_USE;
/* ERR_DB_NONE: unknown, another browser's, expired or answered. */
err_t auth_request_get(struct db_pool *p, const uint8_t id_hash[TIMED_KEY_LEN], const uint8_t browser_hash[HASH_LEN],
                       struct auth_request *out) MUST_USE;
/* The person refused. ERR_DB_NONE: it was answered already. */
err_t auth_request_deny(struct db_pool *p, const uint8_t id_hash[TIMED_KEY_LEN], const char *account_id, const char *request_id) MUST_USE;

#endif
