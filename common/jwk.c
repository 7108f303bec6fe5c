/*
 * Public keys as JSON Web Keys, one way and the other.
 * Called by idp's /jwks, by whoever reads another party's key set, and by keyd for key ids.
 * RFC 7517, RFC 7518 §6, RFC 7638 (thumbprint), RFC 8037 (Ed25519).
 */
#include "common/jose.h"
#include "common/secret.h"
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096 /* a larger one costs every verification dearly */
#define ED25519_LEN 32
#define NUMBER_MAX (RSA_BITS_MAX / 8)

static void key_free(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
    *k = NULL;
}

static void number_free(BIGNUM **n)
{
    BN_free(*n);
    *n = NULL;
}

/* The curves: name in a JWK, names in OpenSSL, bytes of a coordinate, the one algorithm. */
static const struct curve {
    const char *jwk, *group;
    size_t width;
    enum jose_alg alg;
} curves[] = {
    {"P-256", "prime256v1", 32, JOSE_ES256},
    {"P-384", "secp384r1", 48, JOSE_ES384},
};
#define CURVE_WIDTH_MAX 48

static const struct curve *curve_by_jwk(const char *crv)
{
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (strcmp(crv, curves[i].jwk) == 0)
            return &curves[i];
    return NULL;
}

static const struct curve *curve_of(const EVP_PKEY *key)
{
    char group[64];
    size_t n;
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, group, sizeof group, &n) != 1)
        return NULL;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (strcmp(group, curves[i].group) == 0 || strcmp(group, curves[i].jwk) == 0)
            return &curves[i];
    return NULL;
}

enum jose_alg jose_alg_of(const EVP_PKEY *key)
{
    const struct curve *c = curve_of(key);
    if (c != NULL)
        return c->alg;
    if (EVP_PKEY_is_a(key, "ED25519"))
        return JOSE_EDDSA;
    return EVP_PKEY_is_a(key, "RSA") ? JOSE_RS256 : JOSE_NONE;
}

/* --- reading --- */

/* A base64url member of at most cap bytes. */
static err_t member(const json_t *j, const char *name, uint8_t *out, size_t cap, size_t *len)
{
    const char *s;
    TRY(json_need_str(j, name, B64URL_LEN(cap), &s));
    return b64url_decode(bytes_str(s), out, cap, len) == OK ? OK : ERR_SYNTAX;
}

static err_t from_params(const char *type, OSSL_PARAM *params, EVP_PKEY **out)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    bool ok = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return ok ? OK : ERR_SYNTAX;
}

static bool public_check(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ok = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

static err_t parse_ec(const json_t *j, enum jose_alg *alg, EVP_PKEY **out)
{
    const char *crv;
    TRY(json_need_str(j, "crv", 16, &crv));
    const struct curve *c = curve_by_jwk(crv);
    if (c == NULL)
        return ERR_UNSUPPORTED;
    /* Both coordinates have exactly the curve's width: RFC 7518 §6.2.1.2. */
    uint8_t point[1 + 2 * CURVE_WIDTH_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    size_t x, y;
    TRY(member(j, "x", point + 1, c->width, &x));
    TRY(member(j, "y", point + 1 + c->width, c->width, &y));
    if (x != c->width || y != c->width)
        return ERR_SYNTAX;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)c->group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * c->width),
        OSSL_PARAM_construct_end(),
    };
    AUTO(key_free) EVP_PKEY *key = NULL;
    TRY(from_params("EC", params, &key));
    if (!public_check(key)) /* not on the curve */
        return ERR_SYNTAX;
    *alg = c->alg;
    *out = take(&key);
    return OK;
}

static err_t parse_okp(const json_t *j, enum jose_alg *alg, EVP_PKEY **out)
{
    const char *crv;
    TRY(json_need_str(j, "crv", 16, &crv));
    if (strcmp(crv, "Ed25519") != 0)
        return ERR_UNSUPPORTED;
    uint8_t x[ED25519_LEN];
    size_t n;
    TRY(member(j, "x", x, sizeof x, &n));
    if (n != sizeof x)
        return ERR_SYNTAX;
    *out = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x, n);
    *alg = JOSE_EDDSA;
    return *out == NULL ? ERR_SYNTAX : OK;
}

/* OpenSSL's builder copies numbers into parameters in the machine's byte order. */
static err_t rsa_key(const BIGNUM *n, const BIGNUM *e, EVP_PKEY **out)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (bld != NULL && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(bld);
    err_t err = params == NULL ? ERR_NOMEM : from_params("RSA", params, out);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    return err;
}

/*
 * Keys that a faulty smart-card library made (CVE-2017-15361, "ROCA") can be factored. They are told by their remainders, which are
 * powers of 65537 modulo every small prime; another key has all of these by chance about once in 2^28.
 */
static bool is_roca(const BIGNUM *n)
{
    static const unsigned primes[] = {3,  5,  7,  11, 13, 17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
                                      73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
    for (size_t i = 0; i < sizeof primes / sizeof *primes; i++) {
        BN_ULONG rest = BN_mod_word(n, primes[i]), power = 1;
        do
            power = power * 65537 % primes[i];
        while (power != rest && power != 1);
        if (power != rest)
            return false;
    }
    return true;
}

static err_t parse_rsa(const json_t *j, enum jose_alg *alg, EVP_PKEY **out)
{
    uint8_t n_bytes[NUMBER_MAX], e_bytes[8];
    size_t n_len, e_len;
    TRY(member(j, "n", n_bytes, sizeof n_bytes, &n_len));
    TRY(member(j, "e", e_bytes, sizeof e_bytes, &e_len));
    AUTO(number_free) BIGNUM *n = BN_bin2bn(n_bytes, (int)n_len, NULL);
    AUTO(number_free) BIGNUM *e = BN_bin2bn(e_bytes, (int)e_len, NULL);
    if (n == NULL || e == NULL)
        return ERR_NOMEM;
    if (BN_num_bits(n) < RSA_BITS_MIN || is_roca(n))
        return ERR_UNSUPPORTED; /* too weak: RFC 7518 §3.3 */
    if (!BN_is_odd(n) || !BN_is_odd(e) || BN_is_one(e))
        return ERR_SYNTAX;
    TRY(rsa_key(n, e, out));
    *alg = JOSE_RS256;
    return OK;
}

/* Whether use, key_ops and alg let the key verify signatures; *alg becomes PS256 where an RSA key says so. */
static err_t parse_usage(const json_t *j, enum jose_alg *alg)
{
    const char *use, *name;
    TRY(json_get_str(j, "use", 64, &use));
    if (use != NULL && strcmp(use, "sig") != 0)
        return ERR_UNSUPPORTED;
    const json_t *ops = json_object_get(j, "key_ops");
    bool may_verify = ops == NULL;
    for (size_t i = 0; i < json_array_size(ops); i++) {
        const char *op = json_string_value(json_array_get(ops, i));
        may_verify |= op != NULL && strcmp(op, "verify") == 0;
    }
    if (!may_verify)
        return ERR_UNSUPPORTED;
    TRY(json_get_str(j, "alg", 64, &name));
    if (name != NULL && *alg == JOSE_RS256 && strcmp(name, jose_alg_name(JOSE_PS256)) == 0)
        *alg = JOSE_PS256;
    return name == NULL || strcmp(name, jose_alg_name(*alg)) == 0 ? OK : ERR_UNSUPPORTED;
}

static const struct kty {
    const char *name;
    err_t (*parse)(const json_t *j, enum jose_alg *alg, EVP_PKEY **out);
} ktys[] = {{"EC", parse_ec}, {"OKP", parse_okp}, {"RSA", parse_rsa}};

/* Kept for encryption and nothing else: said so, and by key_ops not denied (RFC 7517 §4.2, §4.3). */
static err_t parse_recipient_usage(const json_t *j, enum jose_alg *alg)
{
    static const char *const wanted[] = {"encrypt", "wrapKey", "deriveKey", "deriveBits"};
    const char *use;
    TRY(json_get_str(j, "use", 64, &use));
    const json_t *ops = json_object_get(j, "key_ops");
    bool may = ops == NULL;
    for (size_t i = 0; i < json_array_size(ops); i++)
        for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++)
            may |= json_string_value(json_array_get(ops, i)) != NULL && strcmp(json_string_value(json_array_get(ops, i)), wanted[w]) == 0;
    *alg = JOSE_NONE;
    return use != NULL && strcmp(use, "enc") == 0 && may ? OK : ERR_UNSUPPORTED;
}

/* ERR_UNSUPPORTED: leave it out. */
static err_t parse_key(const json_t *j, err_t (*usage)(const json_t *j, enum jose_alg *alg), struct jwk *out)
{
    const char *kty, *kid;
    TRY(json_need_str(j, "kty", 64, &kty));
    size_t i = 0;
    while (i < sizeof ktys / sizeof *ktys && strcmp(kty, ktys[i].name) != 0)
        i++;
    if (i == sizeof ktys / sizeof *ktys)
        return ERR_UNSUPPORTED;
    if (json_object_get(j, "d") != NULL) /* somebody's private key: not to be used, and not to be passed over */
        return ERR_SYNTAX;
    TRY(json_get_str(j, "kid", JWK_KID_MAX, &kid));
    AUTO(key_free) EVP_PKEY *key = NULL;
    TRY(ktys[i].parse(j, &out->alg, &key));
    TRY(usage(j, &out->alg));
    if (kid == NULL || kid[0] == '\0')
        TRY(jwk_thumbprint(key, out->kid));
    else
        memcpy(out->kid, kid, strlen(kid) + 1);
    out->key = take(&key);
    return OK;
}

static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

static err_t parse_public(const json_t *j, err_t (*usage)(const json_t *j, enum jose_alg *alg), struct jwk *out)
{
    *out = (struct jwk){0};
    for (size_t i = 0; i < sizeof private_members / sizeof *private_members; i++)
        if (json_object_get(j, private_members[i]) != NULL)
            return ERR_SYNTAX;
    return json_is_object(j) ? parse_key(j, usage, out) : ERR_SYNTAX;
}

err_t jwk_parse(const json_t *j, struct jwk *out)
{
    return parse_public(j, parse_usage, out);
}

err_t jwk_parse_recipient(const json_t *j, struct jwk *out)
{
    return parse_public(j, parse_recipient_usage, out);
}

static err_t parse_set(const json_t *j, struct jwks *out)
{
    const json_t *keys = json_object_get(j, "keys");
    if (!json_is_array(keys))
        return ERR_SYNTAX;
    for (size_t i = 0; i < json_array_size(keys); i++) {
        struct jwk k = {0};
        err_t e = parse_key(json_array_get(keys, i), parse_usage, &k);
        if (e == ERR_UNSUPPORTED)
            continue;
        TRY(e);
        bool ambiguous = out->n == JWKS_MAX;
        for (size_t o = 0; o < out->n; o++)
            ambiguous |= strcmp(out->key[o].kid, k.kid) == 0;
        if (ambiguous) {
            EVP_PKEY_free(k.key);
            return ERR_SYNTAX;
        }
        k.ready = jwk_ready_new();
        out->key[out->n++] = k;
    }
    return OK;
}

err_t jwks_parse(const json_t *j, struct jwks *out)
{
    *out = (struct jwks){0};
    err_t e = parse_set(j, out);
    if (e != OK)
        jwks_free(out);
    return e;
}

void jwks_free(struct jwks *s)
{
    for (size_t i = 0; i < s->n; i++) {
        jwk_ready_free(&s->key[i].ready);
        EVP_PKEY_free(s->key[i].key);
    }
    *s = (struct jwks){0};
}

/* --- writing --- */

/* A number of the key as base64url, padded to width (0: as long as it is). */
static err_t put_number(const EVP_PKEY *key, const char *param, size_t width, const char *name, json_t *j)
{
    AUTO(number_free) BIGNUM *n = NULL;
    uint8_t bytes[NUMBER_MAX];
    char text[B64URL_LEN(NUMBER_MAX) + 1];
    if (EVP_PKEY_get_bn_param(key, param, &n) != 1)
        return ERR_CRYPTO;
    int len = width > 0 ? (int)width : BN_num_bytes(n);
    if (len > NUMBER_MAX || BN_bn2binpad(n, bytes, len) != len)
        return ERR_UNSUPPORTED;
    b64url_encode(BYTES(bytes, (size_t)len), text);
    return json_object_set_new(j, name, json_string(text)) == 0 ? OK : ERR_NOMEM;
}

static err_t put_words(json_t *j, const char *kty, const char *crv)
{
    bool ok = json_object_set_new(j, "kty", json_string(kty)) == 0 && (crv == NULL || json_object_set_new(j, "crv", json_string(crv)) == 0);
    return ok ? OK : ERR_NOMEM;
}

static err_t put_ed25519(const EVP_PKEY *key, json_t *j)
{
    uint8_t x[ED25519_LEN];
    char text[B64URL_LEN(ED25519_LEN) + 1];
    size_t n = sizeof x;
    if (EVP_PKEY_get_raw_public_key(key, x, &n) != 1 || n != sizeof x)
        return ERR_CRYPTO;
    b64url_encode(BYTES(x, n), text);
    TRY(put_words(j, "OKP", "Ed25519"));
    return json_object_set_new(j, "x", json_string(text)) == 0 ? OK : ERR_NOMEM;
}

/* The members that make the key, and no others: what the thumbprint is taken of (RFC 7638 §3.2). */
static err_t public_members(const EVP_PKEY *key, json_t **out)
{
    AUTO_JSON j = json_object();
    if (j == NULL)
        return ERR_NOMEM;
    const struct curve *c = curve_of(key);
    if (c != NULL) {
        TRY(put_words(j, "EC", c->jwk));
        TRY(put_number(key, OSSL_PKEY_PARAM_EC_PUB_X, c->width, "x", j));
        TRY(put_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, c->width, "y", j));
    } else if (EVP_PKEY_is_a(key, "RSA")) {
        TRY(put_words(j, "RSA", NULL));
        TRY(put_number(key, OSSL_PKEY_PARAM_RSA_N, 0, "n", j));
        TRY(put_number(key, OSSL_PKEY_PARAM_RSA_E, 0, "e", j));
    } else if (EVP_PKEY_is_a(key, "ED25519")) {
        TRY(put_ed25519(key, j));
    } else {
        return ERR_UNSUPPORTED;
    }
    *out = take(&j);
    return OK;
}

err_t jwk_to_json(const EVP_PKEY *key, enum jose_alg alg, const char *kid, json_t **out)
{
    *out = NULL;
    enum jose_alg own = jose_alg_of(key);
    if (own == JOSE_NONE || (alg != own && !(own == JOSE_RS256 && alg == JOSE_PS256)))
        return ERR_UNSUPPORTED;
    AUTO_JSON j = NULL;
    TRY(public_members(key, &j));
    if (json_object_set_new(j, "kid", json_string(kid)) != 0 || json_object_set_new(j, "use", json_string("sig")) != 0 ||
        json_object_set_new(j, "alg", json_string(jose_alg_name(alg))) != 0)
        return ERR_NOMEM;
    *out = take(&j);
    return OK;
}

err_t jwk_thumbprint(const EVP_PKEY *key, char out[44])
{
    AUTO_JSON j = NULL;
    TRY(public_members(key, &j));
    /* No blanks, members in order of code points: RFC 7638 §3.3; values need no escapes. */
    AUTO_STR text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL)
        return ERR_NOMEM;
    uint8_t digest[SHA256_LEN];
    sha256(bytes_str(text), digest);
    b64url_encode(BYTES(digest, sizeof digest), out);
    return OK;
}
