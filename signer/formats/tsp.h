/*
 * Time-Stamp Protocol: reading a query strictly, and writing the replies around what keyd made.
 * Called by the /tsa endpoint. RFC 3161 §2.4, RFC 5816.
 */
#ifndef ANTIN_FORMATS_TSP_H
#define ANTIN_FORMATS_TSP_H

#include "common/bytes.h"
#include "common/cms.h"
#include "signer/formats/errors.h"

#define TSP_QUERY_MAX 4096 /* bytes; a query with SHA-512, policy and nonce has about 150 */

struct tsp_query {
    enum cms_hash alg;
    uint8_t imprint[64]; /* as long as alg says */
    uint8_t nonce[32]; /* INTEGER contents, big-endian, non-negative, without a leading zero (one octet 00 for zero): for key_ts_request */
    size_t nonce_len;  /* 0: none */
    bool cert_req;
    char policy[64]; /* dotted; "": none asked for. Whether it is served is the caller's to decide (ERR_TSP_POLICY) */
};

/*
 * Each failure names its PKIFailureInfo: ERR_TSP_FORMAT (not DER, truncated, trailing bytes, digest of wrong length, over TSP_QUERY_MAX),
 * ERR_TSP_REQUEST (version, negative or oversized nonce, oversized policy), ERR_TSP_ALG (hash not served, parameters), ERR_TSP_EXTENSION
 * (any extension).
 */
err_t tsp_query_parse(struct bytes der, struct tsp_query *out) MUST_USE;
/* TimeStampResp, status granted, around a TimeStampToken. */
err_t tsp_reply(struct bytes token, struct buf *out) MUST_USE;
/*
 * TimeStampResp, status rejection, with the failure bit of e; any error without one of its own becomes systemFailure (25). Send it with HTTP
 * status 200 when the query was answered: clients drop other bodies.
 */
err_t tsp_reply_failure(err_t e, struct buf *out) MUST_USE;

#endif
