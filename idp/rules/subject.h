/*
 * Pairwise subjects: who a person is to one sector, telling nothing to any other.
 * Called by rules/code.c, rules/token.c and endpoints/citizens.c. OpenID Connect Core §8.1.
 */
#ifndef ANTIN_IDP_RULES_SUBJECT_H
#define ANTIN_IDP_RULES_SUBJECT_H

#include "common/secret.h"
#include "idp/store/grant.h"

/* base64url(HMAC-SHA256(key, sector "|" account id)); sector is host[:port]. */
void subject_make(const uint8_t key[32], const char *sector, const char *account_id, char out[SUB_LEN + 1]);
/* host[:port] of an http or https URL. ERR_SYNTAX. */
err_t subject_sector(const char *url, char *out, size_t cap) MUST_USE;

#endif
