/*
 * keyd, a real process over its socket: each purpose does its work, checked by other means, and nothing else.
 * certs/keyd/PROTOCOL.md; RFC 3161, 5280, 7519, 9068; EN 319 122-1.
 */
#include "tests/unit/keydproc.h"
#include <openssl/ts.h>
#include <pthread.h>

static struct proc keyd;

static int setup(void **state)
{
    (void)state;
    proc_begin(&keyd, ALL, "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    proc_end(&keyd);
    return 0;
}

static void active(enum key_purpose p, struct key_info *out)
{
    struct key_info all[KEY_LIST_MAX];
    size_t n;
    assert_ok(key_list(keyd.k, p, all, &n));
    for (size_t i = 0; i < n; i++)
        if (all[i].active) {
            *out = all[i];
            return;
        }
    fail_msg("no active key");
}

/* --- lists --- */

static void lists_the_keys_of_each_purpose(void **state)
{
    (void)state;
    for (enum key_purpose p = KEY_TOKEN; p <= KEY_OCSP; p++) {
        struct key_info i;
        active(p, &i);
        assert_int_equal(i.purpose, p);
        assert_int_equal(strlen(i.id), KEY_ID_LEN);
        assert_true(i.not_before <= clock_now() && i.not_after > clock_now());
        assert_true((p == KEY_DATA) == (i.spki_len == 0));
        assert_true((p >= KEY_TSA) == (i.cert_len > 0));
        if (p >= KEY_TSA) {
            AUTO_X509 c = NULL;
            char id[44];
            assert_ok(x509_from_der(BYTES(i.cert, i.cert_len), &c));
            assert_ok(x509_key_id(c, id));
            assert_string_equal(id, i.id);
        }
    }
}

static void chain_has_the_issuer_without_the_trust_anchor(void **state)
{
    (void)state;
    struct buf chain[4];
    size_t n = 9;
    AUTO_X509 services = NULL;
    AUTO_BUF der = {0};
    assert_ok(key_chain(keyd.k, KEY_TSA, chain, &n));
    assert_int_equal(n, 1);
    assert_ok(x509_load(in_dir(&keyd, "ca/services.crt"), &services));
    assert_ok(x509_to_der(services, &der));
    assert_true(bytes_eq(buf_bytes(&der), buf_bytes(&chain[0])));
    buf_free(&chain[0]);
    assert_ok(key_chain(keyd.k, KEY_CA, chain, &n));
    assert_int_equal(n, 0);
    assert_ok(key_chain(keyd.k, KEY_TOKEN, chain, &n));
    assert_int_equal(n, 0);
}

static void a_purpose_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    struct key_info all[KEY_LIST_MAX];
    size_t n;
    assert_err(key_list(keyd.k, 0, all, &n), ERR_KEYD_REFUSED);
    assert_err(key_list(keyd.k, KEY_OCSP + 1, all, &n), ERR_KEYD_REFUSED); /* the citizens' group is no list of keys */
    assert_err(key_list(keyd.k, 77, all, &n), ERR_KEYD_REFUSED);
}

/* --- tokens --- */

static err_t token(const struct key_claims *c, const char *typ, json_t **claims)
{
    AUTO_BUF jwt = {0};
    AUTO_JSON set = json_load_file(in_dir(&keyd, "idp.jwks"), 0, NULL);
    struct jwks keys = {0};
    TRY(key_sign_token(keyd.k, c, &jwt));
    assert_ok(jwks_parse(set, &keys));
    err_t e = jwt_verify(buf_bytes(&jwt), &keys, typ, claims);
    jwks_free(&keys);
    return e;
}

static const char *claim(const json_t *c, const char *name)
{
    const char *s = json_string_value(json_object_get(c, name));
    return s ? s : "";
}

#define ID .type = KEY_ID_TOKEN, .sub = "s1", .aud = {"c1"}
#define ID_CLAIMS ID, .lifetime = 600
#define ACCESS .type = KEY_ACCESS_TOKEN, .sub = "s1", .aud = {"c1"}, .client_id = "c1", .jti = "j1"
#define ACCESS_CLAIMS ACCESS, .lifetime = 600

static void id_token_verifies_and_says_what_was_asked(void **state)
{
    (void)state;
    AUTO_JSON c = NULL;
    int64_t before = clock_now();
    assert_ok(token(&(struct key_claims){ID_CLAIMS, .auth_time = before - 5, .azp = "c1", .nonce = "n\"\\\n\x01 ấn",
                                         .acr = "urn:antin:loa:2", .amr = "pwd otp", .sid = "sid", .at_hash = "hash", .level = 2},
                    "JWT", &c));
    assert_string_equal(claim(c, "iss"), IDP);
    assert_string_equal(claim(c, "sub"), "s1");
    assert_string_equal(claim(c, "aud"), "c1");
    assert_string_equal(claim(c, "nonce"), "n\"\\\n\x01 ấn");
    assert_string_equal(json_string_value(json_array_get(json_object_get(c, "amr"), 1)), "otp");
    int64_t iat = json_integer_value(json_object_get(c, "iat"));
    assert_in_range(iat, before, clock_now());
    assert_int_equal(json_integer_value(json_object_get(c, "exp")), iat + 600);
    assert_int_equal(json_integer_value(json_object_get(c, "auth_time")), before - 5);
    assert_int_equal(json_integer_value(json_object_get(c, "level")), 2);
    assert_null(json_object_get(c, "scope"));
}

static void access_token_is_of_another_type(void **state)
{
    (void)state;
    AUTO_JSON c = NULL;
    AUTO_JSON none = NULL;
    const struct key_claims a = {.type = KEY_ACCESS_TOKEN,
                                 .sub = "s1",
                                 .aud = {"a", "b"},
                                 .client_id = "c1",
                                 .scope = "openid dossier",
                                 .grant_id = "g",
                                 .lifetime = 60};
    assert_ok(token(&a, "at+jwt", &c));
    assert_int_equal(json_array_size(json_object_get(c, "aud")), 2);
    assert_true(strlen(claim(c, "jti")) >= 20); /* keyd's own when none was given */
    assert_int_not_equal(token(&a, "JWT", &none), OK);
}

#define THUMB "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

/* RFC 9449 §6.1, RFC 8705 §3.1 */
static void access_token_names_what_its_holder_must_prove(void **state)
{
    (void)state;
    AUTO_JSON a = NULL;
    AUTO_JSON b = NULL;
    assert_ok(token(&(struct key_claims){ACCESS_CLAIMS, .jkt = THUMB, .x5t = THUMB}, "at+jwt", &a));
    assert_string_equal(claim(json_object_get(a, "cnf"), "jkt"), THUMB);
    assert_string_equal(claim(json_object_get(a, "cnf"), "x5t#S256"), THUMB);
    assert_ok(token(&(struct key_claims){ACCESS_CLAIMS}, "at+jwt", &b));
    assert_null(json_object_get(b, "cnf"));
}

static void logout_token_has_its_event(void **state)
{
    (void)state;
    AUTO_JSON c = NULL;
    assert_ok(token(&(struct key_claims){.type = KEY_LOGOUT_TOKEN, .aud = {"c1"}, .sid = "x", .lifetime = 3600}, "logout+jwt", &c));
    assert_true(json_is_object(json_object_get(json_object_get(c, "events"), "http://schemas.openid.net/event/backchannel-logout")));
    assert_int_equal(json_integer_value(json_object_get(c, "exp")) - json_integer_value(json_object_get(c, "iat")), 120);
}

static void several_at_once_are_each_judged_for_themselves(void **state)
{
    (void)state;
    enum { N = 37 }; /* more than two messages */
    struct key_claims c[N];
    struct buf jwt[N] = {{0}};
    err_t e[N];
    char who[N][8], long_scope[2000];
    AUTO_JSON set = json_load_file(in_dir(&keyd, "idp.jwks"), 0, NULL);
    struct jwks keys = {0};
    assert_ok(jwks_parse(set, &keys));
    memset(long_scope, 'a', sizeof long_scope);
    long_scope[sizeof long_scope - 1] = '\0';
    for (int i = 0; i < N; i++) {
        (void)snprintf(who[i], sizeof who[i], "c%d", i);
        c[i] = (struct key_claims){
            .type = KEY_ACCESS_TOKEN, .sub = who[i], .aud = {"https://api"}, .client_id = who[i], .jti = "j", .lifetime = 60};
    }
    c[3].aud[0] = NULL;       /* keyd refuses it */
    c[20].scope = long_scope; /* has no room in a message */
    c[21].lifetime = -1;      /* nonsense */
    key_sign_tokens(keyd.k, c, N, jwt, e);
    for (int i = 0; i < N; i++) {
        AUTO_JSON claims = NULL;
        assert_err(e[i], i == 3 ? ERR_KEYD_REFUSED : i == 20 || i == 21 ? ERR_SYNTAX : OK);
        if (e[i] == OK) {
            assert_ok(jwt_verify(buf_bytes(&jwt[i]), &keys, "at+jwt", &claims));
            assert_string_equal(json_string_value(json_object_get(claims, "sub")), who[i]);
        } else
            assert_int_equal(jwt[i].len, 0);
        buf_free(&jwt[i]);
    }
    jwks_free(&keys);
}

static void lifetime_is_capped(void **state)
{
    (void)state;
    AUTO_JSON c = NULL;
    assert_ok(token(&(struct key_claims){ACCESS, .lifetime = 1000000}, "at+jwt", &c));
    assert_int_equal(json_integer_value(json_object_get(c, "exp")) - json_integer_value(json_object_get(c, "iat")), 3600);
}

static void a_token_cannot_be_dressed_up_as_another(void **state)
{
    (void)state;
    const struct key_claims refused[] = {
        {ID_CLAIMS, .scope = "openid"},
        {ID_CLAIMS, .client_id = "c1"},
        {ID_CLAIMS, .grant_id = "g"},
        {.type = KEY_ID_TOKEN, .aud = {"c1"}, .lifetime = 60},
        {.type = KEY_ID_TOKEN, .sub = "s", .lifetime = 60},
        {ACCESS_CLAIMS, .nonce = "n"},
        {ACCESS_CLAIMS, .at_hash = "h"},
        {ACCESS_CLAIMS, .azp = "c1"},
        {ID_CLAIMS, .jkt = THUMB},
        {.type = KEY_ACCESS_TOKEN, .sub = "s", .aud = {"a"}, .lifetime = 60},
        {.type = KEY_LOGOUT_TOKEN, .aud = {"c1"}, .sid = "s", .nonce = "n", .lifetime = 60}, /* Back-Channel Logout §2.4 */
        {.type = KEY_LOGOUT_TOKEN, .aud = {"c1"}, .lifetime = 60},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        AUTO_BUF jwt = {0};
        assert_err(key_sign_token(keyd.k, &refused[i], &jwt), ERR_KEYD_REFUSED);
        assert_int_equal(jwt.len, 0);
    }
}

static void bad_claims_are_syntax(void **state)
{
    (void)state;
    char longest[2000];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    const struct key_claims bad[] = {
        {ID_CLAIMS, .nonce = longest},
        {ACCESS_CLAIMS, .jkt = "short"},
        {ACCESS_CLAIMS, .x5t = THUMB "A"},
        {ID_CLAIMS, .nonce = "\xff\xfe"},
        {ID, .lifetime = 0},
        {ID, .lifetime = -5},
        {ID_CLAIMS, .auth_time = clock_now() + 1000},
        {ID_CLAIMS, .level = 10},
        {ID_CLAIMS, .level = -1},
        {.type = 0, .sub = "s", .aud = {"a"}, .lifetime = 60},
        {.type = 4, .sub = "s", .aud = {"a"}, .lifetime = 60},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        AUTO_BUF jwt = {0};
        assert_err(key_sign_token(keyd.k, &bad[i], &jwt), ERR_SYNTAX);
    }
}

/* --- data keys --- */

static void a_wrapped_key_opens_for_its_owner_only(void **state)
{
    (void)state;
    uint8_t key[KEY_DATA_LEN], back[KEY_DATA_LEN], w[KEY_WRAPPED_LEN], again[KEY_WRAPPED_LEN];
    random_bytes(key, sizeof key);
    assert_ok(key_wrap(keyd.k, BYTES_STR("citizen 1"), key, w));
    assert_ok(key_wrap(keyd.k, BYTES_STR("citizen 1"), key, again));
    assert_memory_not_equal(w, again, sizeof w);
    assert_ok(key_unwrap(keyd.k, BYTES_STR("citizen 1"), w, back));
    assert_memory_equal(key, back, sizeof key);
    assert_err(key_unwrap(keyd.k, BYTES_STR("citizen 2"), w, back), ERR_CRYPTO);
    assert_err(key_unwrap(keyd.k, BYTES_STR(""), w, back), ERR_CRYPTO);
    assert_err(key_wrap(keyd.k, BYTES(w, 300), key, again), ERR_SYNTAX);
}

static void a_wrapped_key_altered_anywhere_does_not_open(void **state)
{
    (void)state;
    uint8_t key[KEY_DATA_LEN] = {1}, back[KEY_DATA_LEN], w[KEY_WRAPPED_LEN];
    assert_ok(key_wrap(keyd.k, BYTES_STR("x"), key, w));
    for (size_t i = 0; i < sizeof w; i++) {
        w[i] ^= 0x10;
        assert_err(key_unwrap(keyd.k, BYTES_STR("x"), w, back), ERR_CRYPTO);
        w[i] ^= 0x10;
    }
    assert_ok(key_unwrap(keyd.k, BYTES_STR("x"), w, back));
}

/* --- timestamps --- */

/* What OpenSSL's own client says about a token over DIR/data. */
static int ts_verify(const struct key_ts_reply *r, const char *extra)
{
    write_bytes(in_dir(&keyd, "token"), r->token.ptr, r->token.len);
    if (extra)
        return run(&keyd, "openssl", "ts", "-verify", "-data", in_dir(&keyd, "data"), "-in", in_dir(&keyd, "token"), "-token_in", "-CAfile",
                   in_dir(&keyd, "ca/root.crt"), "-untrusted", extra);
    return run(&keyd, "openssl", "ts", "-verify", "-data", in_dir(&keyd, "data"), "-in", in_dir(&keyd, "token"), "-token_in", "-CAfile",
               in_dir(&keyd, "ca/root.crt"));
}

static void request_over(const char *data, enum cms_hash alg, struct key_ts_request *q)
{
    unsigned n = 0;
    *q = (struct key_ts_request){.alg = alg, .cert_req = true};
    assert_int_equal(EVP_Digest(data, strlen(data), q->imprint, &n, cms_hash_md(alg), NULL), 1);
    write_text(in_dir(&keyd, "data"), data);
}

static void timestamps_verify_for_every_hash(void **state)
{
    (void)state;
    for (enum cms_hash h = CMS_SHA256; h <= CMS_SHA512; h++) {
        struct key_ts_request q;
        struct key_ts_reply r;
        request_over("the bytes", h, &q);
        q.nonce_len = 8;
        memset(q.nonce, 0xf1, 8);
        assert_ok(key_timestamp(keyd.k, &q, &r));
        assert_int_equal(ts_verify(&r, NULL), 0);
        write_text(in_dir(&keyd, "data"), "other bytes");
        assert_int_not_equal(ts_verify(&r, NULL), 0);
        buf_free(&r.token);
    }
}

static void without_cert_req_the_certificates_stay_out(void **state)
{
    (void)state;
    struct key_ts_request q;
    struct key_ts_reply with, without;
    struct key_info tsa;
    AUTO_BUF pem = {0};
    AUTO_X509 c = NULL;
    request_over("x", CMS_SHA256, &q);
    assert_ok(key_timestamp(keyd.k, &q, &with));
    q.cert_req = false;
    assert_ok(key_timestamp(keyd.k, &q, &without));
    assert_true(without.token.len + 1000 < with.token.len);
    active(KEY_TSA, &tsa);
    assert_null(memmem(without.token.ptr, without.token.len, tsa.cert, tsa.cert_len));
    assert_ok(x509_from_der(BYTES(tsa.cert, tsa.cert_len), &c));
    assert_ok(x509_to_pem(c, &pem));
    char *services = read_text(in_dir(&keyd, "ca/services.crt"));
    assert_ok(buf_add_str(&pem, services));
    free(services);
    write_text(in_dir(&keyd, "chain.pem"), buf_str(&pem));
    assert_int_equal(ts_verify(&without, in_dir(&keyd, "chain.pem")), 0);
    buf_free(&with.token);
    buf_free(&without.token);
}

static TS_TST_INFO *info_of(const struct key_ts_reply *r)
{
    const uint8_t *p = r->token.ptr;
    PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)r->token.len);
    assert_non_null(p7);
    assert_ptr_equal(p, r->token.ptr + r->token.len);
    TS_TST_INFO *i = PKCS7_to_TS_TST_INFO(p7);
    assert_non_null(i);
    PKCS7_free(p7);
    return i;
}

static void the_token_says_what_the_reply_says(void **state)
{
    (void)state;
    struct key_ts_request q;
    struct key_ts_reply r;
    char hex[41], want[41];
    int64_t t;
    request_over("x", CMS_SHA256, &q);
    q.nonce_len = 3;
    memcpy(q.nonce, "\x00\x80\x01", 3);
    assert_ok(key_timestamp(keyd.k, &q, &r));
    TS_TST_INFO *i = info_of(&r);
    assert_ok(x509_integer_hex(TS_TST_INFO_get_serial(i), hex));
    for (size_t k = 0; k < r.serial_len; k++)
        (void)snprintf(want + 2 * k, 3, "%02X", r.serial[k]);
    assert_string_equal(hex, want);
    assert_ok(x509_time(TS_TST_INFO_get_time(i), &t));
    assert_int_equal(t, r.gen_time_us / 1000000);
    assert_in_range(t, clock_now() - 2, clock_now());
    assert_ok(x509_integer_hex(TS_TST_INFO_get_nonce(i), hex));
    assert_string_equal(hex, "8001");
    assert_int_equal(ASN1_INTEGER_get(TS_ACCURACY_get_seconds(TS_TST_INFO_get_accuracy(i))), 1);
    TS_TST_INFO_free(i);
    buf_free(&r.token);
}

static void serials_differ_and_time_does_not_go_back(void **state)
{
    (void)state;
    struct key_ts_request q;
    struct key_ts_reply r;
    uint8_t last[20] = {0};
    int64_t t = 0;
    request_over("x", CMS_SHA256, &q);
    for (int i = 0; i < 500; i++) {
        assert_ok(key_timestamp(keyd.k, &q, &r));
        assert_int_equal(r.serial_len, 16);
        assert_true(memcmp(r.serial, last, 16) != 0);
        memcpy(last, r.serial, 16);
        assert_true(r.gen_time_us >= t);
        t = r.gen_time_us;
        buf_free(&r.token);
    }
}

/* --- seal --- */

static void the_seal_signs_its_attributes(void **state)
{
    (void)state;
    struct key_info seal;
    struct key_signature s;
    uint8_t digest[32];
    AUTO_PKEY pub = NULL;
    active(KEY_SEAL, &seal);
    random_bytes(digest, sizeof digest);
    assert_ok(key_seal(keyd.k, "application/vnd.antin.manifest+json", digest, &s));
    assert_ok(pkey_from_spki(BYTES(seal.spki, seal.spki_len), &pub));
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, pub), 1);
    assert_int_equal(EVP_DigestVerify(c, s.signature.ptr, s.signature.len, s.attrs.ptr, s.attrs.len), 1);
    EVP_MD_CTX_free(c);
    assert_int_equal(s.attrs.ptr[0], 0x31);
    assert_non_null(memmem(s.attrs.ptr, s.attrs.len, digest, sizeof digest));
    key_signature_free(&s);
}

static void what_is_not_on_the_list_is_not_sealed(void **state)
{
    (void)state;
    uint8_t digest[32] = {0};
    struct key_signature s;
    const char *const no[] = {"application/pdf", "", "application/vnd.antin.manifest", "manifest+json",
                              "application/vnd.antin.manifest+json "};
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_err(key_seal(keyd.k, no[i], digest, &s), ERR_KEYD_REFUSED);
}

#define INFO_BEGIN                                                                                                  \
    "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">"                                               \
    "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod>" \
    "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"></ds:SignatureMethod>"
#define INFO_REFERENCE "<ds:Reference URI=\"a\">"
#define INFO_END "</ds:Reference></ds:SignedInfo>"

static void seal_of_info_is_right(struct bytes info)
{
    struct key_info seal;
    AUTO_BUF sig = {0};
    AUTO_PKEY pub = NULL;
    active(KEY_SEAL, &seal);
    assert_ok(key_seal_info(keyd.k, info, &sig));
    assert_ok(pkey_from_spki(BYTES(seal.spki, seal.spki_len), &pub));
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, pub), 1);
    assert_int_equal(EVP_DigestVerify(c, sig.ptr, sig.len, info.ptr, info.len), 1);
    EVP_MD_CTX_free(c);
}

static void the_seal_signs_the_signed_info_of_a_container(void **state)
{
    (void)state;
    AUTO_BUF longest = {0};
    seal_of_info_is_right(BYTES_STR(INFO_BEGIN INFO_REFERENCE INFO_END));
    assert_ok(buf_add_str(&longest, INFO_BEGIN INFO_REFERENCE));
    while (longest.len < KEY_INFO_MAX - strlen(INFO_END))
        assert_ok(buf_add_str(&longest, "x"));
    assert_ok(buf_add_str(&longest, INFO_END));
    seal_of_info_is_right(buf_bytes(&longest));
    AUTO_BUF sig = {0};
    assert_ok(buf_add_str(&longest, "x"));
    assert_err(key_seal_info(keyd.k, buf_bytes(&longest), &sig), ERR_TOO_LARGE);
}

/* Nothing that could be read as attributes of CMS, as a manifest, or as a signature by another method. */
static void what_is_no_signed_info_is_not_sealed(void **state)
{
    (void)state;
    static const char *const no[] = {
        "x",
        "1\x06\x09*",
        "{}",
        INFO_BEGIN INFO_END,
        INFO_BEGIN INFO_REFERENCE,
        INFO_BEGIN INFO_REFERENCE INFO_END " ",
        " " INFO_BEGIN INFO_REFERENCE INFO_END,
        INFO_BEGIN INFO_REFERENCE "\xff" INFO_END,
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">" INFO_REFERENCE INFO_END,
    };
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        AUTO_BUF sig = {0};
        assert_err(key_seal_info(keyd.k, bytes_str(no[i]), &sig), ERR_SYNTAX);
    }
    static const char nul[] = INFO_BEGIN INFO_REFERENCE "\0" INFO_END;
    AUTO_BUF sig = {0};
    assert_err(key_seal_info(keyd.k, BYTES(nul, sizeof nul - 1), &sig), ERR_SYNTAX);
    assert_err(key_seal_info(keyd.k, BYTES("", 0), &sig), ERR_TOO_LARGE);
}

static void a_keyd_whose_list_has_no_containers_seals_none(void **state)
{
    (void)state;
    struct proc other = {0};
    AUTO_BUF sig = {0};
    ceremony(&other);
    write_conf(&other, ALL, "[seal]\ntypes = application/vnd.antin.manifest+json\n");
    proc_start(&other);
    assert_err(key_seal_info(other.k, BYTES_STR(INFO_BEGIN INFO_REFERENCE INFO_END), &sig), ERR_KEYD_REFUSED);
    proc_end(&other);
}

/* --- CRLs --- */

static uint64_t next_number = 1;

static int crl_verify(const struct buf *der)
{
    write_bytes(in_dir(&keyd, "crl"), der->ptr, der->len);
    return run(&keyd, "openssl", "crl", "-inform", "DER", "-in", in_dir(&keyd, "crl"), "-noout", "-text", "-verify", "-CAfile",
               in_dir(&keyd, "ca/citizens.crt"));
}

static void crls_of_any_length_verify(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 511, 512, 513, 3000};
    struct key_crl_entry *e = calloc(3000, sizeof *e);
    for (size_t i = 0; i < 3000; i++) {
        key_random_serial(e[i].serial);
        e[i].revoked_at = clock_now() - (int64_t)i;
        e[i].reason = i % 3 ? 4 : 0;
        e[i].invalid_since = i % 2 ? clock_now() - 86400 : 0;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        AUTO_BUF der = {0};
        AUTO_X509_CRL c = NULL;
        assert_ok(key_sign_crl(keyd.k, next_number++, 86400, e, sizes[i], &der));
        assert_int_equal(crl_verify(&der), 0);
        assert_ok(x509_crl_from_der(buf_bytes(&der), &c));
        int have = X509_CRL_get_REVOKED(c) ? sk_X509_REVOKED_num(X509_CRL_get_REVOKED(c)) : 0;
        assert_int_equal(have, sizes[i]);
        int64_t from, to;
        assert_ok(x509_time(X509_CRL_get0_lastUpdate(c), &from));
        assert_ok(x509_time(X509_CRL_get0_nextUpdate(c), &to));
        assert_in_range(from, clock_now() - 3, clock_now());
        assert_int_equal(to - from, 86400);
    }
    free(e);
}

static void a_crl_number_is_never_taken_again(void **state)
{
    (void)state;
    AUTO_BUF der = {0};
    uint64_t n = next_number++;
    assert_ok(key_sign_crl(keyd.k, n, 86400, NULL, 0, &der));
    assert_err(key_sign_crl(keyd.k, n, 86400, NULL, 0, &der), ERR_KEYD_REFUSED);
    assert_err(key_sign_crl(keyd.k, n - 1, 86400, NULL, 0, &der), ERR_KEYD_REFUSED);
    assert_err(key_sign_crl(keyd.k, 0, 86400, NULL, 0, &der), ERR_SYNTAX);
    assert_int_equal(der.len, 0);
}

static void a_bad_crl_entry_spoils_the_list(void **state)
{
    (void)state;
    struct key_crl_entry good = {.revoked_at = clock_now(), .reason = 1}, e;
    AUTO_BUF der = {0};
    key_random_serial(good.serial);
    e = good;
    e.reason = 7;
    assert_err(key_sign_crl(keyd.k, next_number++, 86400, &e, 1, &der), ERR_SYNTAX);
    e = good;
    e.reason = -1;
    assert_err(key_sign_crl(keyd.k, next_number++, 86400, &e, 1, &der), ERR_SYNTAX);
    e = good;
    e.serial[0] |= 0x80;
    assert_err(key_sign_crl(keyd.k, next_number++, 86400, &e, 1, &der), ERR_SYNTAX);
    e = good;
    memset(e.serial, 0, sizeof e.serial);
    assert_err(key_sign_crl(keyd.k, next_number++, 86400, &e, 1, &der), ERR_SYNTAX);
    e = good;
    e.revoked_at = INT64_MAX;
    assert_err(key_sign_crl(keyd.k, next_number++, 86400, &e, 1, &der), ERR_SYNTAX);
    assert_err(key_sign_crl(keyd.k, next_number++, 1, &good, 1, &der), ERR_SYNTAX);
    assert_err(key_sign_crl(keyd.k, next_number++, 10 * 365 * 86400, &good, 1, &der), ERR_SYNTAX);
    assert_ok(key_sign_crl(keyd.k, next_number++, 86400, &good, 1, &der));
}

/* --- many at once --- */

static void *hammer(void *arg)
{
    struct key_ts_request q = {.alg = CMS_SHA256, .imprint = {1}, .cert_req = true};
    err_t *e = arg;
    *e = OK;
    for (int i = 0; i < 200 && *e == OK; i++) {
        struct key_ts_reply r = {0};
        AUTO_BUF jwt = {0};
        *e = key_timestamp(keyd.k, &q, &r);
        buf_free(&r.token);
        if (*e == OK)
            *e = key_sign_token(keyd.k, &(struct key_claims){ID_CLAIMS}, &jwt);
    }
    return NULL;
}

static void threads_share_one_client(void **state)
{
    (void)state;
    pthread_t t[4];
    err_t e[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, hammer, &e[i]), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_ok(e[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_the_keys_of_each_purpose),
        cmocka_unit_test(chain_has_the_issuer_without_the_trust_anchor),
        cmocka_unit_test(a_purpose_that_does_not_exist_is_refused),
        cmocka_unit_test(id_token_verifies_and_says_what_was_asked),
        cmocka_unit_test(access_token_is_of_another_type),
        cmocka_unit_test(access_token_names_what_its_holder_must_prove),
        cmocka_unit_test(logout_token_has_its_event),
        cmocka_unit_test(several_at_once_are_each_judged_for_themselves),
        cmocka_unit_test(lifetime_is_capped),
        cmocka_unit_test(a_token_cannot_be_dressed_up_as_another),
        cmocka_unit_test(bad_claims_are_syntax),
        cmocka_unit_test(a_wrapped_key_opens_for_its_owner_only),
        cmocka_unit_test(a_wrapped_key_altered_anywhere_does_not_open),
        cmocka_unit_test(timestamps_verify_for_every_hash),
        cmocka_unit_test(without_cert_req_the_certificates_stay_out),
        cmocka_unit_test(the_token_says_what_the_reply_says),
        cmocka_unit_test(serials_differ_and_time_does_not_go_back),
        cmocka_unit_test(the_seal_signs_its_attributes),
        cmocka_unit_test(what_is_not_on_the_list_is_not_sealed),
        cmocka_unit_test(the_seal_signs_the_signed_info_of_a_container),
        cmocka_unit_test(what_is_no_signed_info_is_not_sealed),
        cmocka_unit_test(a_keyd_whose_list_has_no_containers_seals_none),
        cmocka_unit_test(crls_of_any_length_verify),
        cmocka_unit_test(a_crl_number_is_never_taken_again),
        cmocka_unit_test(a_bad_crl_entry_spoils_the_list),
        cmocka_unit_test(threads_share_one_client),
    };
    secret_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
