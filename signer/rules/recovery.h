/*
 * Putting right what a crash left behind, and forgetting what is over.
 * Called by main() (the housekeeper), rules/signing and endpoints/sign (a touched dossier whose signer died).
 */
#ifndef ANTIN_SIGNER_RECOVERY_H
#define ANTIN_SIGNER_RECOVERY_H

#include "signer/rules/context.h"

/*
 * What this instance was doing when it died goes back: half-signed dossiers to awaiting_signature, intents to abandoned, half-made credentials to
 * abandoned. Runs once in the life of a process, before its first signature. ERR_DB_DOWN: it has not run.
 */
err_t recovery_ensure(struct app *a) MUST_USE;
/*
 * A signing of ours ended while the database was away: the housekeeper returns the dossier to awaiting_signature as soon as it is back (its lease does
 * it later in any case).
 */
void recovery_owe(const char *dossier, const char *session);
/* Dossiers of any instance whose lease has run out. */
err_t recovery_touch(struct app *a) MUST_USE;

/* A thread that calls recovery_ensure as soon as the database answers, and cleans up every minute. */
struct housekeeper;
err_t housekeeper_start(struct app *a, struct housekeeper **out) MUST_USE;
void housekeeper_stop(struct housekeeper **h);

#endif
