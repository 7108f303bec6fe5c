/*
 * Timestamps: made by keyd, and known to the database before anybody sees them.
 * Called by the /tsa endpoint, rules/signing and rules/sealing. RFC 3161.
 */
#ifndef ANTIN_SIGNER_TIMESTAMPING_H
#define ANTIN_SIGNER_TIMESTAMPING_H

#include "signer/rules/context.h"

enum timestamp_use { TIMESTAMP_TSA, TIMESTAMP_SIGNATURE, TIMESTAMP_SEAL, TIMESTAMP_ARCHIVE };

/* For anybody: the row is committed when it returns OK, together with those of others that are asked for at this moment. Caller frees the token. */
err_t timestamp_public(struct app *a, const struct key_ts_request *q, struct key_ts_reply *out) MUST_USE;
/* One timestamp after the other over n requests (1 to 64); all rows are committed together when it returns OK. Caller frees each token. */
err_t timestamp_all(struct app *a, enum timestamp_use use, const struct key_ts_request *q, struct key_ts_reply *out, size_t n) MUST_USE;
/* The request of a signature timestamp over a signature value (EN 319 122-1 §5.3). */
void timestamp_request_for(struct bytes signature, struct key_ts_request *out);

#endif
