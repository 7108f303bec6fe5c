/*
 * Activation codes: ten characters that a citizen gets at the counter and turns into a password.
 * Called by endpoints/activate.c and endpoints/citizens.c.
 */
#ifndef ANTIN_IDP_RULES_ACTIVATION_H
#define ANTIN_IDP_RULES_ACTIVATION_H

#include "idp/rules/login.h"

#define ACTIVATION_CHARS 12 /* "XXXX-XXXX-XX": fifty random bits in letters that nobody confuses */

/* A new code, and what it is known by. account_id goes into the hash: equal codes of two people differ. */
void activation_make(const struct idp_keys *keys, const char *account_id, char code[ACTIVATION_CHARS + 1], uint8_t hash[HASH_LEN]);

struct activation_in {
    const char *number, *code, *password, *again;
    const char *address, *request_id;
};
/*
 * Checks the password first (it says nothing about accounts), then the code; consumes it and sets the password. ERR_PASSWORD_*,
 * ERR_ACTIVATION (number
 * unknown, code wrong, used, expired, tried too often: all alike), ERR_THROTTLED with *wait, ERR_BUSY.
 */
err_t activation_do(const struct login_deps *d, const struct activation_in *in, int64_t *wait) MUST_USE;

#endif
