/*
 * Small values kept in the database that only the person's browser can open: sealed under a key derived from its cookie.
 * Called by rules/web (names, ID tokens). XChaCha20-Poly1305 (libsodium).
 */
#ifndef ANTIN_SIGNER_SEALED_H
#define ANTIN_SIGNER_SEALED_H

#include "common/bytes.h"

#define SEALED_KEY_LEN 32

/* ad says what the value is and whose; opening needs the same. Replaces *out. */
err_t sealed_close(const uint8_t key[SEALED_KEY_LEN], const char *ad, struct bytes plain, struct buf *out) MUST_USE;
err_t sealed_open(const uint8_t key[SEALED_KEY_LEN], const char *ad, struct bytes sealed, struct buf *out) MUST_USE; /* ERR_CRYPTO */

#endif
