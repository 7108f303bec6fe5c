/*
 * OCSP messages from the answering side: reading a request strictly, and the responses that say that there is none. What is signed keyd lays down.
 * Called by endpoints/ocsp.c. RFC 6960 §4.1, §2.3; RFC 5019; RFC 9654.
 */
#ifndef ANTIN_FORMATS_OCSP_SERVER_H
#define ANTIN_FORMATS_OCSP_SERVER_H

#include "common/ocsp.h"
#include "signer/formats/errors.h"

#define OCSP_QUERY_MAX 8192 /* bytes; about one certificate 80, a signed request with its chain some thousand */

struct ocsp_query {
    struct ocsp_cert_id id[OCSP_IDS_MAX];
    size_t n; /* at least 1 */
    uint8_t nonce[OCSP_NONCE_MAX];
    size_t nonce_len; /* 0: none */
};

/*
 * ERR_OCSP_REQUEST (malformedRequest): not DER, bytes behind it, another version, no certificate or more than OCSP_IDS_MAX, a serial number that is
 * negative or longer than 20 octets, a nonce that is empty or longer than OCSP_NONCE_MAX, an unknown critical extension. ERR_OCSP_HASH (unauthorized).
 * A signature over the request is not asked for and not looked at: everybody may ask.
 */
err_t ocsp_query_parse(struct bytes der, struct ocsp_query *out) MUST_USE;
/* OCSPResponse without a body: malformedRequest, unauthorized, tryLater (whatever has HTTP status 503 or 429), else internalError. */
err_t ocsp_reply_failure(err_t e, struct buf *out) MUST_USE;

#endif
