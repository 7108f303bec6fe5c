/*
 * Who is signed in at the signer's pages: a random cookie, of which the database keeps only the digest.
 * Called by the pages' endpoints and rules/oidc.
 */
#ifndef ANTIN_SIGNER_WEBSESSION_H
#define ANTIN_SIGNER_WEBSESSION_H

#include "common/db.h"
#include "signer/rules/sealed.h"
#include "signer/store/web_session.h"

#define WEBSESSION_TOKEN_BYTES 32
#define WEBSESSION_TOKEN_LEN B64URL_LEN(WEBSESSION_TOKEN_BYTES)
#define PERSON_NAME_MAX 128

/* The person as the identity provider tells; only for the certificate and for greeting. */
struct person {
    char name[PERSON_NAME_MAX + 1];
    char surname[PERSON_NAME_MAX / 2 + 1], given_name[PERSON_NAME_MAX / 2 + 1];
};

struct websession {
    uint8_t id[SHA256_LEN];
    uint8_t key[SEALED_KEY_LEN]; /* derived from the cookie: opens what is sealed for this browser */
    char csrf[B64URL_LEN(SHA256_LEN) + 1];
    char subject[SUBJECT_MAX + 1];
    int level;
    int64_t auth_time;
    struct person person;
};
void websession_wipe(struct websession *s);

/* A new session under a new cookie; token gets the cookie's value. */
err_t websession_open(struct db_pool *db, struct websession *s, int64_t life, char token[WEBSESSION_TOKEN_LEN + 1]) MUST_USE;
/* The session of a cookie. ERR_UNAUTHENTICATED: none, ended or idle for too long. */
err_t websession_load(struct db_pool *db, const char *token, int64_t idle, struct websession *out) MUST_USE;
err_t websession_close(struct db_pool *db, const struct websession *s) MUST_USE;
/* Is this the token of this session's forms? Constant time. */
bool websession_csrf_ok(const struct websession *s, const char *field);

#endif
