/*
 * The OCSP responder of the citizens' CA: what the database says of a serial number, told by keyd, kept until it changes or grows old.
 * Called by endpoints/ocsp.c and rules/means. RFC 6960 §2.2, RFC 5019.
 */
#ifndef ANTIN_SIGNER_RESPONDER_H
#define ANTIN_SIGNER_RESPONDER_H

#include "signer/formats/ocsp_server.h"
#include "signer/rules/context.h"

struct responder;
err_t responder_open(struct responder **out) MUST_USE;
void responder_close(struct responder **r);

struct responder_answer {
    struct buf der; /* OCSPResponse; caller frees */
    int64_t this_update, next_update;
    bool common; /* the same for everybody who asks: fit for caches */
};
void responder_answer_free(struct responder_answer *a);
/*
 * Good: issued by us and not revoked. Revoked: as the CRL says it, and whatever may have been issued without our knowing. Unknown: all else, other CAs'
 * certificates among it. A revocation that was committed before this call is in the answer. since: no answer that was made before this time is given;
 * 0: any that still holds.
 */
err_t responder_ask(struct app *a, const struct ocsp_query *q, int64_t since, struct responder_answer *out) MUST_USE;

#endif
