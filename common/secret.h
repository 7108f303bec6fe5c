/*
 * Secrets: memory that is wiped, comparison in constant time, randomness, hashes.
 * Used wherever a password, PIN, token or key passes. Built on libsodium.
 */
#ifndef ANTIN_SECRET_H
#define ANTIN_SECRET_H

#include "common/bytes.h"

/* Owned secret bytes; wiped when freed. Zero-initialised is empty and valid. */
struct secret {
    uint8_t *ptr;
    size_t len;
};

err_t secret_copy(struct secret *s, struct bytes v) MUST_USE; /* wipes what was there first */
err_t secret_read_file(struct secret *s, const char *path, size_t max) MUST_USE; /* one final newline is dropped; ERR_IO, ERR_TOO_LARGE */
struct bytes secret_bytes(const struct secret *s);
void secret_free(struct secret *s);
#define AUTO_SECRET AUTO(secret_free) struct secret

void secret_init(void); /* libsodium's init; first thing in main(); aborts when there is no randomness */
bool secret_eq(struct bytes a, struct bytes b); /* constant time for equal lengths */
void secret_wipe(void *p, size_t n);
void random_bytes(void *out, size_t n);

/* n random bytes as base64url; out holds B64URL_LEN(n)+1. */
void random_token(char *out, size_t n);

/* A random (version 4) UUID as 36 characters and NUL. */
#define UUID_LEN 36
void random_uuid(char out[UUID_LEN + 1]);
/* A UUID made of 16 bytes that mean something to us (version 8, RFC 9562 §5.8): equal bytes, equal name. */
void uuid_of(const uint8_t bytes[16], char out[UUID_LEN + 1]);

#define SHA256_LEN 32
#define SHA512_LEN 64
void sha256(struct bytes in, uint8_t out[SHA256_LEN]);
void sha512(struct bytes in, uint8_t out[SHA512_LEN]);
void hmac_sha256(struct bytes key, struct bytes in, uint8_t out[SHA256_LEN]);

#endif
