/*
 * Tokens as an attacker and as a careless issuer would write them. The first byte chooses: the rest is a whole token (only the one that the
 * issuer made may verify), a header or a payload that the issuer signs, or an ECDSA signature to convert.
 * Ed25519 with a fixed key, so that every run is the same.
 */
#include "common/jose.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

#define HEADER "{\"alg\":\"EdDSA\",\"kid\":\"k\",\"typ\":\"at+jwt\"}"
#define PAYLOAD "{\"iss\":\"i\",\"aud\":[\"a\"],\"exp\":2000,\"iat\":1000}"

static EVP_PKEY *issuer;
static struct jwks keys;
static struct buf good; /* the issuer's one token */

static void add(struct buf *out, struct bytes part)
{
    MUST(buf_reserve(out, B64URL_LEN(part.len)) == OK);
    b64url_encode(part, (char *)out->ptr + out->len);
    out->len += B64URL_LEN(part.len);
}

static void make(struct bytes header, struct bytes payload, struct buf *out)
{
    uint8_t sig[64];
    size_t n = sizeof sig;
    add(out, header);
    MUST(buf_add_str(out, ".") == OK);
    add(out, payload);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    MUST(EVP_DigestSignInit(c, NULL, NULL, NULL, issuer) == 1 && EVP_DigestSign(c, sig, &n, out->ptr, out->len) == 1);
    EVP_MD_CTX_free(c);
    MUST(buf_add_str(out, ".") == OK);
    add(out, BYTES(sig, n));
}

static void start(void)
{
    static const uint8_t seed[32] = {1, 2, 3};
    json_t *k;
    issuer = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    MUST(issuer != NULL && jwk_to_json(issuer, JOSE_EDDSA, "k", &k) == OK);
    AUTO_JSON set = json_pack("{s:[o]}", "keys", k);
    MUST(jwks_parse(set, &keys) == OK && keys.n == 1);
    make(BYTES_STR(HEADER), BYTES_STR(PAYLOAD), &good);
}

static err_t verify(struct bytes token)
{
    AUTO_JSON claims = NULL;
    err_t e = jwt_verify(token, &keys, "at+jwt", &claims);
    MUST((e == OK) == (claims != NULL));
    if (e == OK)
        (void)!jwt_check(claims, &(struct jwt_expect){.iss = "i", .aud = "a", .now = 1500, .skew = 5});
    return e;
}

/* The signature is good: what decides is the header alone. */
static void signed_header(struct bytes header)
{
    AUTO_BUF t = {0};
    make(header, BYTES_STR(PAYLOAD), &t);
    if (verify(buf_bytes(&t)) != OK)
        return;
    AUTO_JSON h = NULL;
    const char *alg, *kid;
    MUST(json_parse(header, header.len, &h) == OK && json_need_str(h, "alg", 16, &alg) == OK && json_need_str(h, "kid", 64, &kid) == OK);
    MUST(strcmp(alg, "EdDSA") == 0 && strcmp(kid, "k") == 0 && json_object_get(h, "crit") == NULL && json_object_get(h, "b64") == NULL);
}

static void signed_payload(struct bytes payload)
{
    AUTO_BUF t = {0};
    AUTO_BUF back = {0};
    AUTO_JSON j = NULL;
    make(BYTES_STR(HEADER), payload, &t);
    bool object = json_parse(payload, JWT_MAX, &j) == OK && json_is_object(j);
    MUST((verify(buf_bytes(&t)) == OK) == (object && t.len <= JWT_MAX));
    if (t.len <= JWT_MAX)
        MUST(jws_verify(buf_bytes(&t), &keys, NULL, &back) == OK && bytes_eq(buf_bytes(&back), payload));
}

/* What converts has one DER form. */
static void ecdsa(struct bytes der)
{
    uint8_t raw[96];
    AUTO_BUF again = {0};
    if (ecdsa_der_to_raw(der, 48, raw) == OK)
        MUST(ecdsa_raw_to_der(BYTES(raw, sizeof raw), &again) == OK && bytes_eq(buf_bytes(&again), der));
    if (ecdsa_raw_to_der(der, &again) == OK && der.len <= sizeof raw) {
        uint8_t back[96];
        MUST(ecdsa_der_to_raw(buf_bytes(&again), der.len / 2, back) == OK && bytes_eq(BYTES(back, der.len), der));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (issuer == NULL)
        start();
    if (size == 0 || size > JWT_MAX + 100)
        return 0;
    struct bytes rest = BYTES(data + 1, size - 1);
    switch (data[0] & 3) {
    case 0: MUST(verify(rest) != OK || bytes_eq(rest, buf_bytes(&good))); break;
    case 1: signed_header(rest); break;
    case 2: signed_payload(rest); break;
    default: ecdsa(rest);
    }
    return 0;
}
