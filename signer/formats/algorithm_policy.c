/*
 * The table of algorithms: what is known, of which size, and the day from which it is no longer believed.
 * Called by algorithm.c. ETSI TS 119 312 V1.5.1 and V2.1.1 (by their machine-readable forms, TS 119 322), which follow SOG-IS Agreed Cryptographic
 * Mechanisms; Circular 15/2025/TT-BKHCN.
 */
#include "signer/formats/algorithm_policy.h"

#include "signer/formats/signing.h"
#include <openssl/objects.h>

/* Midnight UTC, at the beginning of that day. */
#define DAY_2012_08_01 1343779200
#define DAY_2019_10_01 1569888000
#define DAY_2029_01_01 1861920000
#define DAY_2034_01_01 2019686400

#define RSA_BITS_MAX 8192 /* larger ones only cost the verifier */

/*
 * What ended in the past is here to judge old signatures by; nothing is signed with it. Circular 15/2025 accepts RSA of 2048 bits and sets no end; TS 119 312
 * V1.5.1 ends sizes from 1900 to 2999 with the year 2028, V2.1.1 ended them for Europe on 2026-03-31. Here the law and the tokens that people hold
 * decide for the later of both.
 */
static const struct algorithm_policy POLICY[] = {
    {USE_DIGEST, NID_sha1, 0, DAY_2012_08_01},
    {USE_DIGEST, NID_sha224, 0, DAY_2029_01_01},
    {USE_DIGEST, NID_sha256, 0, 0},
    {USE_DIGEST, NID_sha384, 0, 0},
    {USE_DIGEST, NID_sha512, 0, 0},
    {USE_DIGEST, NID_sha3_256, 0, 0},
    {USE_DIGEST, NID_sha3_384, 0, 0},
    {USE_DIGEST, NID_sha3_512, 0, 0},
    {USE_KEY, NID_rsaEncryption, 1024, DAY_2019_10_01},
    {USE_KEY, NID_rsaEncryption, 1900, DAY_2029_01_01},
    {USE_KEY, NID_rsaEncryption, 3000, 0},
    {USE_KEY, NID_X9_62_prime256v1, 0, 0},
    {USE_KEY, NID_secp384r1, 0, 0},
    {USE_KEY, NID_secp521r1, 0, 0},
    {USE_KEY, NID_brainpoolP256r1, 0, 0},
    {USE_KEY, NID_brainpoolP384r1, 0, 0},
    {USE_KEY, NID_brainpoolP512r1, 0, 0},
    {USE_KEY, NID_ED25519, 0, 0},
    {USE_SCHEME, SIGN_RSA_PKCS1, 0, DAY_2034_01_01},
    {USE_SCHEME, SIGN_RSA_PSS, 0, 0},
    {USE_SCHEME, SIGN_ECDSA, 0, 0},
    {USE_SCHEME, SIGN_ED25519, 0, 0},
};
#define POLICY_N (sizeof POLICY / sizeof *POLICY)

const struct algorithm_policy *algorithm_policy_find(enum algorithm_use use, int id, int bits)
{
    const struct algorithm_policy *found = NULL;
    for (size_t i = 0; i < POLICY_N && bits <= RSA_BITS_MAX; i++) {
        const struct algorithm_policy *p = &POLICY[i];
        if (p->use == use && p->id == id && p->bits <= bits && (found == NULL || p->bits > found->bits))
            found = p;
    }
    return found;
}

const struct algorithm_policy *algorithm_policy_rows(size_t *n)
{
    *n = POLICY_N;
    return POLICY;
}
