/*
 * What a client proves itself with. The first byte chooses: a whole DPoP proof (nobody else has the key, so none may verify but those that bring
 * their own), the claims or the header of one that is signed, a certificate as the front end forwards it, two addresses to compare by a proof.
 * Ed25519 with a fixed key, so that every run is the same.
 */
#include "common/dpop.h"
#include "idp/rules/client_assertion.h"
#include "idp/rules/client_cert.h"
#include "idp/rules/params.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>
#include <string.h>

#define NOW 1800000000
#define URL "https://idp.example/token"

static EVP_PKEY *key;
static struct buf header;

static void start(void)
{
    static const uint8_t seed[32] = {4, 5, 6};
    json_t *k;
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    MUST(key != NULL && jwk_to_json(key, JOSE_EDDSA, "k", &k) == OK);
    AUTO_STR jwk = json_dumps(k, JSON_COMPACT);
    json_decref(k);
    MUST(buf_addf(&header, "{\"alg\":\"EdDSA\",\"typ\":\"dpop+jwt\",\"jwk\":%s}", jwk) == OK);
}

static void add(struct buf *out, struct bytes part)
{
    MUST(buf_reserve(out, B64URL_LEN(part.len)) == OK);
    b64url_encode(part, (char *)out->ptr + out->len);
    out->len += B64URL_LEN(part.len);
}

static void make(struct bytes head, struct bytes claims, struct buf *out)
{
    uint8_t sig[64];
    size_t n = sizeof sig;
    add(out, head);
    MUST(buf_add_str(out, ".") == OK);
    add(out, claims);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    MUST(EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1 && EVP_DigestSign(c, sig, &n, out->ptr, out->len) == 1);
    EVP_MD_CTX_free(c);
    MUST(buf_add_str(out, ".") == OK);
    add(out, BYTES(sig, n));
    MUST(buf_add_str(out, "") == OK);
}

/* Whatever is accepted says so by its own claims. */
static void proof(struct bytes head, struct bytes claims)
{
    AUTO_BUF token = {0};
    struct dpop_proof p;
    const struct dpop_expect e = {.method = "POST", .url = URL, .now = NOW};
    make(head, claims, &token);
    if (dpop_check(buf_str(&token), &e, &p) != OK)
        return;
    MUST(strlen(p.jkt) == JKT_LEN && strlen(p.nonce) <= DPOP_NONCE_MAX && p.until >= NOW && p.until <= NOW + DPOP_FUTURE + DPOP_PAST + 1);
}

static void text(const char *s)
{
    struct dpop_proof p;
    const struct dpop_expect e = {.method = "POST", .url = s, .now = NOW};
    AUTO_X509 cert = NULL;
    AUTO_BUF mine = {0};
    char id[CLIENT_ID_MAX + 1], x5t[X5T_LEN + 1];
    (void)dpop_check(s, &e, &p);
    if (client_cert_read(s, &cert) == OK) {
        MUST(client_cert_thumbprint(cert, x5t) == OK);
        (void)client_cert_matches(cert, "dns:portal.example");
        (void)client_cert_matches(cert, "uri:https://portal.example/");
        (void)client_cert_matches(cert, "dn:CN=portal.example");
    }
    if (assertion_client(s, id) == OK)
        MUST(strlen(id) <= CLIENT_ID_MAX);
    make(buf_bytes(&header), BYTES_STR("{\"jti\":\"1\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000}"), &mine);
    (void)dpop_check(buf_str(&mine), &e, &p); /* s as the address that a good proof is compared with */
}

static void claims_as_request(struct bytes claims)
{
    AUTO_JSON j = NULL;
    AUTO_JSON params = NULL;
    if (json_parse(claims, 65536, &j) != OK || !json_is_object(j) || params_of_claims(j, authz_param_names, &params) != OK)
        return;
    const char *name;
    json_t *v;
    json_object_foreach(params, name, v)
        MUST(json_is_string(v));
    MUST(authz_param(params, "request") == NULL && authz_param(params, "request_uri") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (key == NULL)
        start();
    if (size < 1 || size > 16384)
        return 0;
    struct bytes rest = BYTES(data + 1, size - 1);
    AUTO_BUF s = {0};
    switch (data[0] % 4) {
    case 0: proof(buf_bytes(&header), rest); break;
    case 1: proof(rest, BYTES_STR("{\"jti\":\"1\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000}")); break;
    case 2: claims_as_request(rest); break;
    default:
        if (memchr(rest.ptr, 0, rest.len) == NULL && buf_copy(&s, rest) == OK)
            text(buf_str(&s));
    }
    return 0;
}
