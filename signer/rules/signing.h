/*
 * The signing sequence: from an approved activation and a PIN to a sealed dossier, or nothing.
 * Called by endpoints/sign.
 */
#ifndef ANTIN_SIGNER_SIGNING_H
#define ANTIN_SIGNER_SIGNING_H

#include "signer/rules/context.h"
#include "signer/rules/websession.h"

struct signing_request {
    const struct websession *session;
    const char *dossier; /* uuid; the caller has checked that it is this person's */
    const char *pin;
    const char *request_id;
};
/*
 * OK: the dossier is sealed and everything is on disk. Otherwise nothing is visible and the dossier waits for its signature again:
 * ERR_KEY_PIN (*left attempts), ERR_CREDENTIAL_LOCKED, _REVOKED, _NONE, ERR_CERTIFICATE_EXPIRED; ERR_EXPIRED (the activation is too old, or keyd or a
 * CRL has changed since: prepare again); ERR_SIGNING_BUSY (somebody else signs this dossier now, or has); ERR_KEYD_DOWN, ERR_DB_DOWN …
 */
err_t signing_run(struct app *a, const struct signing_request *q, int *left) MUST_USE;

#endif
