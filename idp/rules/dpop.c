/*
 * DPoP proofs at this provider.
 * Called by endpoints/caller.c and endpoints/bearer.c. RFC 9449.
 */
#include "idp/rules/dpop.h"
#include "common/clock.h"
#include <string.h>

#define TIME_LEN 8
#define MAC_LEN 16

static void nonce_raw(const uint8_t key[IDP_KEY_LEN], uint64_t when, uint8_t out[TIME_LEN + MAC_LEN])
{
    uint8_t mac[SHA256_LEN];

    for (size_t i = 0; i < TIME_LEN; i++)
        out[i] = (uint8_t)(when >> (56 - 8 * i));
    hmac_sha256(BYTES(key, IDP_KEY_LEN), BYTES(out, TIME_LEN), mac);
    memcpy(out + TIME_LEN, mac, MAC_LEN);
}

void dpop_nonce_make(const uint8_t key[IDP_KEY_LEN], int64_t now, char out[DPOP_NONCE_LEN + 1])
{
    uint8_t raw[TIME_LEN + MAC_LEN];

    nonce_raw(key, (uint64_t)now, raw);
    b64url_encode(BYTES(raw, sizeof raw), out);
}

bool dpop_nonce_ok(const uint8_t key[IDP_KEY_LEN], int64_t now, const char *nonce)
{
    uint8_t raw[TIME_LEN + MAC_LEN], want[TIME_LEN + MAC_LEN];
    uint64_t when = 0;
    size_t n = 0;

    if (b64url_decode(bytes_str(nonce), raw, sizeof raw, &n) != OK || n != sizeof raw)
        return false;
    for (size_t i = 0; i < TIME_LEN; i++)
        when = when << 8 | raw[i];
    nonce_raw(key, when, want);
    bool ours = secret_eq(BYTES(raw, sizeof raw), BYTES(want, sizeof want));
    return ours && when <= (uint64_t)now + 1 && (uint64_t)now - when <= DPOP_NONCE_LIFE;
}

err_t dpop_accept(const uint8_t key[IDP_KEY_LEN], const struct dpop_in *in, char jkt[JKT_LEN + 1], struct proof *out)
{
    struct dpop_proof proof;
    const struct dpop_expect want = {.method = in->method, .url = in->url, .access_token = in->access_token, .now = clock_now()};

    err_t e = dpop_check(in->proof, &want, &proof);
    if (e != OK)
        return e == ERR_NOMEM ? e : ERR_DPOP;
    /* A nonce that is ours tells when the proof was made; a client that sends one at all sends ours (RFC 9449 §8.2). */
    if (proof.nonce[0] ? !dpop_nonce_ok(key, want.now, proof.nonce) : in->nonce_required)
        return ERR_DPOP_NONCE;
    memcpy(out->id, proof.id, sizeof out->id);
    out->until = proof.until;
    out->there = true;
    memcpy(jkt, proof.jkt, sizeof proof.jkt);
    return OK;
}
