/*
 * Asking an OCSP responder, and judging what it says: shared by whoever collects validation data and whoever verifies.
 * Called by validation_collect.c and signer/verify/revocation_ocsp.c. RFC 6960, RFC 5019.
 */
#ifndef ANTIN_FORMATS_OCSP_CLIENT_H
#define ANTIN_FORMATS_OCSP_CLIENT_H

#include "common/x509.h"
#include "signer/formats/algorithm.h"

#define OCSP_RESPONSE_MAX (64u << 10)

/* OCSPRequest for one certificate, DER, without a nonce (an embedded answer is read years later: freshness is its dates). */
err_t ocsp_request(X509 *cert, X509 *issuer, struct buf *out) MUST_USE;

struct ocsp_answer {
    enum { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN } status;
    int64_t revoked_at;                            /* the earlier of revocation and invalidity date; 0 unless revoked */
    int reason;                                    /* CRLReason; -1: not stated */
    int64_t this_update, next_update, produced_at; /* next_update 0: newer information is always there */
    X509 *responder;          /* the delegated responder's certificate; NULL: the issuer itself signed. Free with ocsp_answer_free */
    bool no_check;            /* id-pkix-ocsp-nocheck: its own status is not asked for (§4.2.2.2.1) */
    struct algorithm_end end; /* of the algorithms of its signature and of the responder's certificate */
};
/*
 * What a response (whole OCSPResponse, DER) says about cert, after its signature and the responder's right were checked: the issuer, or a certificate
 * by the same issuer with the OCSP signing purpose (§4.2.2.2), by an accepted algorithm. ERR_SYNTAX: no such response or status other than successful; ERR_NOT_FOUND: it is
 * about another certificate; ERR_BAD_SIGNATURE: signature or right. Dates are the caller's to weigh.
 */
err_t ocsp_read(struct bytes response, X509 *cert, X509 *issuer, struct ocsp_answer *out) MUST_USE;
void ocsp_answer_free(struct ocsp_answer *a);
#define AUTO_OCSP_ANSWER AUTO(ocsp_answer_free) struct ocsp_answer

#endif
