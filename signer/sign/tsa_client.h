/*
 * A time-stamping service over HTTP, as struct stamping wants it: what it answers is checked before anybody relies on it.
 * Used by antin-sign. RFC 3161 §2.2, §3.4; RFC 5816.
 */
#ifndef ANTIN_SIGN_TSA_CLIENT_H
#define ANTIN_SIGN_TSA_CLIENT_H

#include "common/fetch.h"
#include "signer/formats/signing.h"

struct tsa_client {
    struct fetch *fetch; /* its origin is the service's */
    const char *url;
    const char *user, *password; /* HTTP Basic; NULL: none */
    enum cms_hash alg;
    char why[160]; /* after a failure: in words, for the person */
};
/* Fills *out so that it asks this service; the client stays where it is. */
void tsa_client_stamping(struct tsa_client *c, struct stamping *out);

/*
 * Does this response (TimeStampResp, DER) grant a token over this digest with this nonce? Checks: status, imprint, nonce, one signer with its certificate
 * inside, the critical and only purpose timeStamping, the certificate valid at genTime, the signing-certificate attribute, and the signature. Trust in the
 * certificate is a verifier's question. ERR_STAMP with the reason in why.
 */
err_t tsa_response_check(struct bytes response, enum cms_hash alg, struct bytes digest, struct bytes nonce, struct buf *token,
                         char why[160]) MUST_USE;

#endif
