/*
 * Signing in by number and password, and the session that follows.
 * Called by endpoints/login.c. OWASP ASVS V2, V3; unknown accounts look, cost and last like known ones.
 */
#ifndef ANTIN_IDP_RULES_LOGIN_H
#define ANTIN_IDP_RULES_LOGIN_H

#include "idp/factors/password.h"
#include "idp/rules/browser_kind.h"
#include "idp/rules/throttle.h"
#include "idp/store/account.h"
#include "idp/store/session.h"

#define LOGIN_MAX 64

struct login_deps {
    struct db_pool *db;
    struct argon2 *argon;
    const struct idp_keys *keys;
    struct throttle_conf throttle;
    int64_t session_max;
};
struct login_in {
    const char *login, *password;
    const char *address;   /* NULL: unknown */
    const char *client_id; /* whom the person signs in for; NULL */
    char browser[BROWSER_KIND_CAP]; /* kind of browser, in words of ours; "": unknown */
    const char *request_id;
    const char *old_cookie;      /* session that ends; NULL */
    const uint8_t *request_hash; /* pending request; NULL */
};
/*
 * Checks and starts a session under a new name. cookie: its secret, for the browser. ERR_PASSWORD (unknown, no password, wrong: all alike),
 * ERR_ACCOUNT_LOCKED (only after the right password), ERR_THROTTLED with *wait seconds, ERR_BUSY.
 */
err_t login_password(const struct login_deps *d, const struct login_in *in, char cookie[TIMED_CHARS + 1], int64_t *wait) MUST_USE;

/* How somebody was recognised. */
struct login_how {
    const uint8_t *throttle; /* bucket to forget; NULL */
    const char *amr;         /* RFC 8176; NULL: by password */
    bool limited;            /* it proves level_max at most */
    int level_max;
    int64_t auth_time;    /* 0: now */
    const char *upstream; /* NULL: here */
};
/* Starts a session under a new name for an account whose person was recognised. ERR_ACCOUNT_LOCKED: it is not active. */
err_t login_begin(const struct login_deps *d, const struct login_in *in, const char *account_id, const struct login_how *how,
                  char cookie[TIMED_CHARS + 1]) MUST_USE;

/* What a person typed, as accounts are looked up: numbers without spaces, officers' names in lower case. False: nobody can have it. */
bool login_normalise(const char *typed, char out[LOGIN_MAX + 1]);

#endif
