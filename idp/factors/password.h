/*
 * Passwords by Argon2id, a bounded number at once: each check takes tens of megabytes that go back to the system afterwards.
 * Called by rules/login.c, rules/activation.c and antin-idpctl. RFC 9106, by libsodium.
 */
#ifndef ANTIN_IDP_FACTORS_PASSWORD_H
#define ANTIN_IDP_FACTORS_PASSWORD_H

#include "common/bytes.h"
#include "idp/errors.h"

#define ARGON2_STR_CAP 128

struct argon2;
struct argon2_conf {
    unsigned ops;     /* passes */
    size_t mem;       /* bytes */
    unsigned at_once; /* checks at once; the rest wait */
    unsigned waiting; /* so many at most, so that sign-ins never take every worker; more get ERR_BUSY at once */
    unsigned wait_ms; /* so long, then ERR_BUSY */
};
err_t argon2_open(const struct argon2_conf *conf, struct argon2 **out) MUST_USE;
void argon2_close(struct argon2 **a);

err_t argon2_make(struct argon2 *a, struct bytes password, char out[ARGON2_STR_CAP]) MUST_USE; /* ERR_BUSY, ERR_NOMEM */
/* stored "" (nobody, or no password yet): works as long against a hash that nothing matches. ERR_PASSWORD, ERR_BUSY. */
err_t argon2_check(struct argon2 *a, const char *stored, struct bytes password) MUST_USE;

/* The stored hash was made at another cost than today's: hash the password anew when it is next known. */
bool argon2_outdated(const struct argon2 *a, const char *stored);

#endif
