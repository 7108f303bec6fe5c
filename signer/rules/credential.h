/*
 * Citizens' credentials: making one with its certificate, changing the PIN, locking, unlocking, revoking.
 * Called by endpoints/credential (the citizen's page), credentials (the officer's API) and rules/signing.
 */
#ifndef ANTIN_SIGNER_CREDENTIAL_H
#define ANTIN_SIGNER_CREDENTIAL_H

#include "common/json.h"
#include "signer/rules/context.h"
#include "signer/rules/token.h"
#include "signer/rules/websession.h"
#include "signer/store/certificate.h"
#include "signer/store/credential.h"

#define PIN_MIN 6
#define PIN_MAX 12

/* 6 to 12 digits, not nearly all alike, no run: ERR_PIN_FORMAT, ERR_PIN_WEAK; ERR_PIN_DIFFERS when the repetition differs. */
err_t pin_check(const char *pin, const char *again) MUST_USE;

/* A credential with its certificate. */
struct credential_view {
    struct credential c;
    struct certificate cert; /* der empty: none */
};
void credential_view_free(struct credential_view *v);
/* The owner's live one. ERR_CREDENTIAL_NONE (a half-made one of a crash is cleaned up on the way). */
err_t credential_view_of(struct app *a, const char *owner, struct credential_view *out) MUST_USE;
/*
 * May it sign now? (Decree 23/2025 Art. 15: the certificate is checked before signing, and its issuer's.) ERR_CREDENTIAL_LOCKED,
 * ERR_CREDENTIAL_REVOKED, ERR_CERTIFICATE_EXPIRED, ERR_CREDENTIAL_NONE.
 */
err_t credential_usable(struct app *a, const struct credential_view *v) MUST_USE;

/*
 * A key under this PIN and a certificate for it. Intent before act: the serial number's row is committed before keyd signs. Level 2 only (ERR_LEVEL).
 * ERR_CREDENTIAL_EXISTS.
 */
err_t credential_create(struct app *a, const struct websession *s, const char *pin, const char *request_id) MUST_USE;
/* ERR_KEY_PIN with *left attempts, ERR_CREDENTIAL_LOCKED. */
err_t credential_change_pin(struct app *a, const struct websession *s, const char *old_pin, const char *new_pin, const char *request_id,
                            int *left) MUST_USE;

/* Counting wrong PINs: take an attempt, try, then settle with what came of it. Settling turns ERR_KEY_PIN into ERR_CREDENTIAL_LOCKED when it was the last. */
err_t credential_attempt(struct app *a, const char *id) MUST_USE; /* ERR_CREDENTIAL_LOCKED */
err_t credential_settle(struct app *a, const char *id, const char *request_id, err_t outcome, int *left) MUST_USE;

/* The officer's side; inside a transaction. */
struct officer_act {
    const struct caller *officer;
    const char *id, *request_id;
    int reason;            /* CRLReason */
    int64_t invalid_since; /* 0: none */
};
err_t credential_revoke(struct db *db, const struct officer_act *o) MUST_USE;    /* ERR_NOT_FOUND, ERR_CREDENTIAL_REVOKED */
err_t credential_unlock_by(struct db *db, const struct officer_act *o) MUST_USE; /* ERR_NOT_FOUND; OK when it was not locked at all */
/* "key_compromise" …; -1: unknown or not for citizens' certificates. NULL: unspecified. */
int credential_reason(const char *name);
const char *credential_reason_name(int reason);
err_t credential_to_json(const struct credential_view *v, json_t **out) MUST_USE;

#endif
