/*
 * A timestamp token taken apart: what it says, and whose it is. Whether it can be believed is the verifier's question.
 * Called by cades_*.c, pades and the time-stamping client. RFC 3161 §2.4.2, RFC 5816.
 */
#ifndef ANTIN_FORMATS_TSP_TOKEN_H
#define ANTIN_FORMATS_TSP_TOKEN_H

#include "signer/formats/covered.h"
#include "signer/formats/signed_data.h"
#include "signer/formats/errors.h"

struct tsp_token {
    struct signed_data sd;
    X509 *cert;       /* borrowed: the signer's, when the token holds it; else NULL */
    int64_t time;     /* genTime, whole seconds */
    const EVP_MD *md; /* of the imprint */
    uint8_t imprint[EVP_MAX_MD_SIZE];
    uint8_t nonce[32]; /* INTEGER contents without leading zeros */
    size_t nonce_len;  /* 0: none */
    char policy[64];
};
/* TimeStampToken, DER, one signer. *out borrows from it. ERR_STAMP: no such token. */
err_t tsp_token_read(struct bytes der, struct tsp_token *out) MUST_USE;
/* Only time, imprint, nonce and policy; certificates and lists are not looked at (sd stays empty, cert NULL), which is many times quicker. ERR_STAMP. */
err_t tsp_token_read_info(struct bytes der, struct tsp_token *out) MUST_USE;
void tsp_token_free(struct tsp_token *t);
#define AUTO_TSP_TOKEN AUTO(tsp_token_free) struct tsp_token

/* Is its imprint that of these bytes? ERR_STAMP: no. */
err_t tsp_token_covers(const struct tsp_token *t, const struct covered *data) MUST_USE;

/* Is it over this very digest by this algorithm? ERR_STAMP: no. */
err_t tsp_token_is_of(const struct tsp_token *t, enum cms_hash alg, struct bytes digest) MUST_USE;

#endif
