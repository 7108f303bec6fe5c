/*
 * JAdES B-B and B-T: what jwcrypto must accept, what the header must hold, and every way to misread a JWS.
 * ETSI TS 119 182-1 §5, §6.3; RFC 7515; RFC 7797; RFC 8725 §2.
 */
#include "tests/unit/testjson.h"
#include "tests/unit/unit.h"
#include "signer/formats/tsp_token.h"

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    ts_pki_make(&pki);
    tj_files_write();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_pki_free(&pki);
    buf_free(&tj_large);
    tp_cleanup();
    return 0;
}

static const struct signing_key *usual(struct hall *m)
{
    return key_of(m, &pki.citizen, CMS_SHA256, SIGN_ECDSA);
}

static void sign(enum jades_form form, bool plain, struct buf *out)
{
    struct hall m;
    const struct jades_opts o = {.signing_time = clock_now(), .form = form, .plain = plain};
    assert_ok(jades_sign(bytes_str(TJ_CONTENT), &o, usual(&m), out));
}

/* All files and values, by our own reader. */
static void check_all(const struct buf *jws, size_t count)
{
    AUTO_JADES j = NULL;
    assert_ok(jades_open(buf_bytes(jws), &j));
    assert_int_equal(jades_count(j), count);
    for (size_t i = 0; i < count; i++) {
        const struct jades_signature *s = jades_signature(j, i);
        AUTO_X509 cert = NULL;
        struct bytes der;
        for (size_t r = 0; r < s->ref_n; r++)
            assert_ok(jades_check_ref(s, r, &tj_files));
        assert_ok(jades_signer(s, &der));
        assert_ok(x509_from_der(der, &cert));
        assert_ok(jades_check_value(s, cert, &tj_files));
        assert_true(s->signing_time != 0 && !s->unknown_unsigned);
    }
}

static err_t open_text(const char *text)
{
    AUTO_JADES j = NULL;
    return jades_open(bytes_str(text), &j);
}

static err_t open_forged(const char *header, const char *payload, const char *unprotected)
{
    AUTO_BUF b = {0};
    AUTO_JADES j = NULL;
    tj_forge(header, payload, unprotected, &b);
    return jades_open(buf_bytes(&b), &j);
}

/* --- B-B --- */

static void content_is_signed_in_every_form(void **state)
{
    (void)state;
    for (enum jades_form form = JADES_COMPACT; form <= JADES_GENERAL; form++) {
        AUTO_BUF b = {0}, content = {0};
        AUTO_JADES j = NULL;
        sign(form, false, &b);
        assert_true(jades_looks_like(buf_bytes(&b)));
        check_all(&b, 1);
        tj_jwcrypto_says(&b, TJ_CONTENT, true);
        assert_ok(jades_open(buf_bytes(&b), &j));
        assert_int_equal(jades_form_of(j), form);
        assert_ok(jades_content(jades_signature(j, 0), &content));
        assert_string_equal(buf_str(&content), TJ_CONTENT);
    }
}

/* TS 119 182-1 §6.3: alg, cty, x5c, one digest of the certificate, iat alone (from 2025-05-15 on); nothing that may not be critical is. */
static void the_header_has_what_baseline_b_wants(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    sign(JADES_FLATTENED, false, &b);
    AUTO_JSON h = tj_header(&b, 0);
    assert_string_equal(json_string_value(json_object_get(h, "alg")), "ES256");
    assert_string_equal(json_string_value(json_object_get(h, "cty")), "json");
    assert_int_equal(json_array_size(json_object_get(h, "x5c")), 2);
    assert_int_equal(json_string_length(json_object_get(h, "x5t#S256")), 43);
    assert_true(json_is_integer(json_object_get(h, "iat")));
    assert_null(json_object_get(h, "sigT"));
    assert_null(json_object_get(h, "crit"));
}

static void content_may_stand_there_as_it_is(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    sign(JADES_FLATTENED, true, &b);
    assert_non_null(strstr(buf_str(&b), "Trần Thị Bưởi"));
    AUTO_JSON h = tj_header(&b, 0);
    assert_true(json_is_false(json_object_get(h, "b64")) && tj_has(json_object_get(h, "crit"), "b64"));
    check_all(&b, 1);
    tj_jwcrypto_says(&b, TJ_CONTENT, true);
}

static void content_that_a_form_cannot_hold_as_it_is_is_refused(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF b = {0};
    struct jades_opts o = {.signing_time = clock_now(), .form = JADES_COMPACT, .plain = true};
    assert_err(jades_sign(bytes_str("1.5"), &o, usual(&m), &b), ERR_SYNTAX);
    assert_err(jades_sign(bytes_str("\"Bưởi\""), &o, usual(&m), &b), ERR_SYNTAX);
    assert_ok(jades_sign(bytes_str("{\"a\": 1}"), &o, usual(&m), &b));
    check_all(&b, 1);
    o.form = JADES_FLATTENED;
    assert_err(jades_sign(bytes_str("\xff\xfe"), &o, usual(&m), &b), ERR_SYNTAX);
    assert_err(jades_sign(BYTES("a\0b", 3), &o, usual(&m), &b), ERR_SYNTAX);
    o.plain = false;
    assert_err(jades_sign(BYTES("", 0), &o, usual(&m), &b), ERR_SYNTAX);
    assert_ok(jades_sign(BYTES("a\0b", 3), &o, usual(&m), &b));
    AUTO_JSON h = tj_header(&b, 0);
    assert_null(json_object_get(h, "cty")); /* nobody said what it is */
}

static void files_are_signed_by_name(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF b = {0};
    AUTO_JADES j = NULL;
    tj_sign_files(usual(&m), JADES_FLATTENED, &b);
    check_all(&b, 1);
    tj_jwcrypto_says(&b, NULL, true);
    AUTO_JSON h = tj_header(&b, 0);
    assert_null(json_object_get(h, "cty")); /* §5.1.3: not beside sigD */
    assert_true(tj_has(json_object_get(h, "crit"), "sigD") && tj_has(json_object_get(h, "crit"), "b64"));
    assert_ok(jades_open(buf_bytes(&b), &j));
    const struct jades_signature *s = jades_signature(j, 0);
    assert_int_equal(s->ref_n, 2);
    assert_string_equal(s->ref[1].name, TJ_NAMES[1]);
    assert_string_equal(s->ref[0].mime_type, "text/plain");
    assert_int_equal(jades_check_ref(s, 0, NULL), ERR_NOT_FOUND);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF b = {0};
    const struct jades_opts o = {.signing_time = clock_now(), .form = JADES_FLATTENED};
    static const char *const NAMES[] = {"", "/etc/passwd", "../x", "a/../../x", "\xff"};
    uint8_t digest[32] = {1};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const struct jades_data data = {.name = NAMES[i], .digest = BYTES(digest, 32)};
        assert_err(jades_sign_files(&data, 1, NULL, &o, usual(&m), &b), ERR_SYNTAX);
    }
    const struct jades_data twice[] = {{.name = "x", .digest = BYTES(digest, 32)}, {.name = "x", .digest = BYTES(digest, 32)}};
    assert_err(jades_sign_files(twice, 2, NULL, &o, usual(&m), &b), ERR_SYNTAX);
    assert_err(jades_sign_files(twice, 0, NULL, &o, usual(&m), &b), ERR_SYNTAX);
}

/* §5.2.8.3.3: without b64=false the digest is of the base64url text. Made here as others make it. */
static void files_signed_in_base64url_are_read(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, text = {0}, digest_text = {0}, header = {0};
    uint8_t digest[32];
    assert_ok(base64url_put(&text, buf_bytes(&tj_large)));
    sha256(buf_bytes(&text), digest);
    assert_ok(base64url_put(&digest_text, BYTES(digest, 32)));
    assert_ok(buf_addf(
        &header,
        "{\"alg\":\"ES256\",\"x5c\":[\"%%s\"],\"sigT\":\"2025-01-02T03:04:05Z\",\"sigD\":{\"mId\":"
        "\"http://uri.etsi.org/19182/ObjectIdByURIHash\",\"pars\":[\"%%C4%%90%%C6%%A1n%%20xin%%20%%281%%29%%20%%26%%20%%232.bin\"],"
        "\"hashM\":\"S256\",\"hashV\":[\"%s\"]},\"crit\":[\"sigT\",\"sigD\"]}",
        buf_str(&digest_text)));
    tj_forge(buf_str(&header), "", "", &b);
    check_all(&b, 1);
    AUTO_JADES j = NULL;
    assert_ok(jades_open(buf_bytes(&b), &j));
    assert_int_equal(jades_signature(j, 0)->signing_time, 1735787045);
}

static void content_that_is_elsewhere_is_asked_for(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    AUTO_JADES j = NULL;
    AUTO_X509 cert = NULL;
    sign(JADES_COMPACT, false, &b);
    char *text = (char *)b.ptr, *one = strchr(text, '.'), *two = strchr(one + 1, '.');
    memmove(one + 1, two, strlen(two) + 1);
    assert_ok(jades_open(bytes_str(text), &j));
    const struct jades_signature *s = jades_signature(j, 0);
    assert_true(s->detached);
    assert_ok(x509_from_der(buf_bytes(&pki.citizen.der), &cert));
    assert_err(jades_check_value(s, cert, NULL), ERR_NOT_FOUND);
    assert_ok(jades_check_value(s, cert, &tj_files));
}

/* --- algorithms --- */

static void every_algorithm_with_a_name_signs(void **state)
{
    (void)state;
    static const struct {
        enum tp_key key;
        enum sign_scheme scheme;
        enum cms_hash hash;
        const char *name;
    } ALGS[] = {
        {TP_P256, SIGN_ECDSA, CMS_SHA256, "ES256"},        {TP_P384, SIGN_ECDSA, CMS_SHA384, "ES384"},
        {TP_RSA2048, SIGN_RSA_PKCS1, CMS_SHA256, "RS256"}, {TP_RSA2048, SIGN_RSA_PKCS1, CMS_SHA512, "RS512"},
        {TP_PSS2048, SIGN_RSA_PSS, CMS_SHA256, "PS256"},   {TP_PSS2048, SIGN_RSA_PSS, CMS_SHA384, "PS384"},
        {TP_ED25519, SIGN_ED25519, CMS_SHA512, "EdDSA"},
    };
    for (size_t i = 0; i < sizeof ALGS / sizeof *ALGS; i++) {
        struct tp_id id = {0};
        struct hall m;
        AUTO_BUF b = {0};
        tp_issue(&id, &(struct tp_spec){.cn = "Test", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = ALGS[i].key});
        const struct signing_key *key = key_of(&m, &id, ALGS[i].hash, ALGS[i].scheme);
        assert_ok(jades_sign(bytes_str(TJ_CONTENT), &(struct jades_opts){.signing_time = clock_now()}, key, &b));
        AUTO_JSON h = tj_header(&b, 0);
        assert_string_equal(json_string_value(json_object_get(h, "alg")), ALGS[i].name);
        check_all(&b, 1);
        if (ALGS[i].key != TP_PSS2048) /* jwcrypto takes no restricted keys */
            tj_jwcrypto_says(&b, TJ_CONTENT, true);
        tp_free(&id);
    }
}

static void what_jose_has_no_name_for_is_refused(void **state)
{
    (void)state;
    static const enum cms_hash HASHES[] = {CMS_SHA384, CMS_SHA512, CMS_SHA3_256};
    for (size_t i = 0; i < 3; i++) { /* RFC 7518 §3.4: P-256 goes with SHA-256 alone */
        struct hall m;
        AUTO_BUF b = {0};
        const struct signing_key *key = key_of(&m, &pki.citizen, HASHES[i], SIGN_ECDSA);
        assert_err(jades_sign(bytes_str(TJ_CONTENT), &(struct jades_opts){.form = JADES_FLATTENED}, key, &b), ERR_ALGORITHM);
    }
}

static void an_algorithm_of_another_key_does_not_verify(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    AUTO_X509 cert = NULL;
    assert_ok(x509_from_der(buf_bytes(&pki.citizen.der), &cert));
    static const char *const NAMES[] = {"ES384", "RS256", "PS256", "EdDSA"};
    for (size_t i = 0; i < 4; i++) {
        AUTO_JADES j = NULL;
        char header[100];
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"iat\":1,\"x5c\":[\"%%s\"]}", NAMES[i]);
        tj_forge(header, "e30", "", &b);
        assert_ok(jades_open(buf_bytes(&b), &j));
        assert_err(jades_check_value(jades_signature(j, 0), cert, NULL), ERR_ALGORITHM);
    }
    assert_err(open_forged("{\"alg\":\"none\",\"x5c\":[\"%s\"]}", "e30", ""), ERR_ALGORITHM);
    assert_err(open_forged("{\"alg\":\"HS256\",\"x5c\":[\"%s\"]}", "e30", ""), ERR_ALGORITHM);
    assert_err(open_forged("{\"alg\":\"ES256K\",\"x5c\":[\"%s\"]}", "e30", ""), ERR_ALGORITHM);
}

/* --- changed things --- */

static void any_changed_character_is_found(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    AUTO_X509 cert = NULL;
    sign(JADES_COMPACT, false, &b);
    assert_ok(x509_from_der(buf_bytes(&pki.citizen.der), &cert));
    for (size_t i = 0; i < b.len; i += 7) {
        AUTO_JADES j = NULL;
        uint8_t was = b.ptr[i];
        b.ptr[i] = was == 'A' ? 'B' : 'A';
        if (jades_open(buf_bytes(&b), &j) == OK)
            assert_int_not_equal(jades_check_value(jades_signature(j, 0), cert, &tj_files), OK);
        b.ptr[i] = was;
    }
    check_all(&b, 1);
}

static void a_certificate_that_is_not_named_is_not_the_signers(void **state)
{
    (void)state;
    AUTO_JADES j = NULL;
    AUTO_BUF b = {0};
    struct bytes der;
    tj_forge("{\"alg\":\"ES256\",\"iat\":1,\"x5t#S256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"x5c\":[\"%s\"]}", "e30", "", &b);
    assert_ok(jades_open(buf_bytes(&b), &j));
    assert_err(jades_signer(jades_signature(j, 0), &der), ERR_NOT_FOUND);
    assert_false(jades_names_cert(jades_signature(j, 0), buf_bytes(&pki.citizen.der)));
}

/* --- headers that are not as they must be --- */

static void headers_are_read_strictly(void **state)
{
    (void)state;
#define FINE "\"alg\":\"ES256\",\"x5c\":[\"%s\"]"
#define FILES(pars, hash, crit)                                                                                                           \
    "{" FINE ",\"sigD\":{\"mId\":\"http://uri.etsi.org/19182/ObjectIdByURIHash\",\"pars\":[" pars "],\"hashM\":\"S256\",\"hashV\":[" hash \
    "]}" crit "}"
#define HASH "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
    static const struct {
        const char *header;
        err_t want;
    } HEADERS[] = {
        {"{" FINE "}", OK},
        {"{" FINE ",\"kid\":\"x\",\"jwk\":{},\"anything\":1}", OK},
        {"{" FINE ",\"alg\":\"ES256\"}", ERR_JADES}, /* twice */
        {"[" FINE "]", ERR_JADES},
        {"{\"alg\":1,\"x5c\":[\"%s\"]}", ERR_JADES},
        {"{\"alg\":\"ES256\"}", ERR_JADES}, /* whose? */
        {"{\"alg\":\"ES256\",\"x5c\":[]}", ERR_JADES},
        {"{\"alg\":\"ES256\",\"x5c\":[1]}", ERR_JADES},
        {"{\"alg\":\"ES256\",\"x5c\":[\"MIIB\\n\"]}", ERR_JADES},
        {"{" FINE ",\"x5t\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", ERR_JADES}, /* SHA-1 */
        {"{" FINE ",\"x5t#S256\":\"AAAA\"}", ERR_JADES},
        {"{" FINE ",\"x5t#S256\":" HASH ",\"x5t#o\":{\"digAlg\":\"S256\",\"digVal\":" HASH "}}", ERR_JADES},
        {"{" FINE ",\"x5t#o\":{\"digAlg\":\"S256\",\"digVal\":" HASH "}}", OK},
        {"{" FINE ",\"x5t#o\":{\"digAlg\":\"S1\",\"digVal\":" HASH "}}", ERR_ALGORITHM},
        {"{" FINE ",\"sigX5ts\":[{\"digAlg\":\"S256\",\"digVal\":" HASH "},{\"digAlg\":\"S256\",\"digVal\":" HASH "}]}", OK},
        {"{" FINE ",\"iat\":1,\"sigT\":\"2025-01-02T03:04:05Z\"}", ERR_JADES},
        {"{" FINE ",\"iat\":\"1\"}", ERR_JADES},
        {"{" FINE ",\"iat\":-5}", ERR_JADES},
        {"{" FINE ",\"sigT\":\"yesterday\"}", ERR_JADES},
        {"{" FINE ",\"b64\":false}", ERR_JADES}, /* not critical: others would read it otherwise */
        {"{" FINE ",\"b64\":0,\"crit\":[\"b64\"]}", ERR_JADES},
        {"{" FINE ",\"crit\":[]}", ERR_JADES},
        {"{" FINE ",\"crit\":\"b64\"}", ERR_JADES},
        {"{" FINE ",\"crit\":[\"b64\"]}", ERR_JADES}, /* not there */
        {"{" FINE ",\"crit\":[\"alg\"]}", ERR_JADES},
        {"{" FINE ",\"b64\":true,\"crit\":[\"b64\",\"b64\"]}", ERR_JADES},
        {"{" FINE ",\"exp\":1,\"crit\":[\"exp\"]}", ERR_UNSUPPORTED},
        {"{" FINE ",\"sigPId\":{},\"crit\":[\"sigPId\"]}", ERR_UNSUPPORTED},
        {FILES("\"a\"", HASH, ""), ERR_JADES}, /* not critical */
        {FILES("\"a\",\"b\"", HASH, ",\"crit\":[\"sigD\"]"), ERR_JADES},
        {FILES("\"a\",\"a\"", HASH "," HASH, ",\"crit\":[\"sigD\"]"), ERR_JADES},
        {FILES("\"a\",\"%%61\"", HASH "," HASH, ",\"crit\":[\"sigD\"]"), ERR_UNSUPPORTED},
        {FILES("\"../a\"", HASH, ",\"crit\":[\"sigD\"]"), ERR_UNSUPPORTED},
        {FILES("\"https://x/a\"", HASH, ",\"crit\":[\"sigD\"]"), ERR_UNSUPPORTED},
        {FILES("", "", ",\"crit\":[\"sigD\"]"), ERR_JADES},
        {"{" FINE ",\"sigD\":{\"mId\":\"http://uri.etsi.org/19182/HttpHeaders\",\"pars\":[\"digest\"]},\"crit\":[\"sigD\"]}",
         ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof HEADERS / sizeof *HEADERS; i++) {
        err_t e = open_forged(HEADERS[i].header, strstr(HEADERS[i].header, "sigD") != NULL ? "" : "e30", "");
        if (e != HEADERS[i].want)
            print_error("%s\n", HEADERS[i].header);
        assert_err(e, HEADERS[i].want);
    }
    assert_err(open_forged(FILES("\"a\"", HASH, ",\"crit\":[\"sigD\"]"), "e30", ""), ERR_JADES); /* content and files */
}

static void serialisations_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        err_t want;
    } TEXTS[] = {
        {"", ERR_JADES},
        {"{", ERR_JADES},
        {"{}", ERR_JADES},
        {"[]", ERR_JADES},
        {"a.b", ERR_JADES},
        {"a.b.c.d", ERR_JADES},
        {".b.c", ERR_JADES},
        {"e30.e30.", ERR_JADES},
        {"e30=.e30.e30", ERR_JADES},
        {"{\"signatures\":[]}", ERR_JADES},
        {"{\"signatures\":[1]}", ERR_JADES},
        {"{\"signatures\":[],\"signature\":\"x\"}", ERR_UNSUPPORTED},
        {"{\"payload\":1,\"protected\":\"e30\",\"signature\":\"e30\"}", ERR_JADES},
        {"{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"e30\",\"more\":1}", ERR_UNSUPPORTED},
        {"{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"e30\"} ", ERR_JADES}, /* no alg */
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        err_t e = open_text(TEXTS[i].text);
        if (TEXTS[i].want == ERR_UNSUPPORTED) /* which of two faults is named does not matter */
            assert_int_not_equal(e, OK);
        else
            assert_err(e, TEXTS[i].want);
    }
    assert_err(open_forged("{" FINE "}", "e3", ""), ERR_JADES); /* bits left over */
    assert_err(open_forged("{" FINE "}", "e30", "\"header\":{\"kid\":\"x\"},"), ERR_UNSUPPORTED);
    assert_err(open_forged("{" FINE "}", "e30", "\"header\":{\"etsiU\":[]},"), ERR_JADES);
    assert_err(open_forged("{" FINE "}", "e30", "\"header\":{\"etsiU\":[\"e30\"]},"), ERR_JADES);
    assert_err(open_forged("{" FINE "}", "e30", "\"header\":{\"etsiU\":[{\"a\":1,\"b\":2}]},"), ERR_JADES);
    assert_err(open_forged("{" FINE "}", "e30", "\"header\":{\"etsiU\":[{\"a\":1},\"eyJhIjoxfQ\"]},"), ERR_JADES);
    assert_err(open_forged("{" FINE "}", "e30", "\"header\":{\"etsiU\":[{\"sigTst\":{\"tstTokens\":[]}}]},"), ERR_JADES);
    assert_err(open_forged("{" FINE "}", "e30", "\"header\":{\"etsiU\":[{\"sigTst\":{\"tstTokens\":[{\"val\":\"!\"}]}}]},"), ERR_JADES);
    assert_err(
        open_forged("{" FINE "}", "e30", "\"header\":{\"etsiU\":[{\"sigTst\":{\"canonAlg\":\"x\",\"tstTokens\":[{\"val\":\"AA==\"}]}}]},"),
        ERR_UNSUPPORTED);
    assert_err(open_forged("{" FINE "}", "e30", "\"header\":{\"etsiU\":[{\"cSig\":\"x\"}]},"), OK);
}

static void other_json_is_not_taken_for_a_signature(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {"{}",
                                         "{\"signature\":\"x\"}",
                                         "{\"a\":\"\\\"signature\\\"\"}",
                                         "[\"signature\"]",
                                         "{\"signatures\":{}}",
                                         "eyJ is how it begins",
                                         "a.b.c",
                                         "ey",
                                         ""};
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        assert_false(jades_looks_like(bytes_str(OTHERS[i])));
}

/* --- several signers --- */

static void signers_stand_beside_each_other(void **state)
{
    (void)state;
    for (enum jades_form form = JADES_COMPACT; form <= JADES_GENERAL; form++) {
        struct hall m;
        AUTO_BUF b = {0}, two = {0};
        AUTO_JADES j = NULL;
        sign(form, false, &b);
        assert_ok(jades_add_signer(buf_bytes(&b), NULL, &(struct jades_opts){.signing_time = clock_now()},
                                   key_of(&m, &pki.other, CMS_SHA256, SIGN_ECDSA), &two));
        check_all(&two, 2);
        tj_jwcrypto_says(&two, TJ_CONTENT, true);
        assert_ok(jades_open(buf_bytes(&two), &j));
        assert_int_equal(jades_form_of(j), JADES_GENERAL);
    }
    struct hall m;
    AUTO_BUF b = {0}, two = {0};
    tj_sign_files(usual(&m), JADES_FLATTENED, &b);
    assert_err(jades_add_signer(buf_bytes(&b), NULL, &(struct jades_opts){0}, usual(&m), &two), ERR_NOT_FOUND);
    assert_ok(jades_add_signer(buf_bytes(&b), &tj_files, &(struct jades_opts){.signing_time = 5}, usual(&m), &two));
    check_all(&two, 2);
}

static void nothing_is_signed_that_the_others_did_not_sign(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF b = {0}, two = {0};
    sign(JADES_FLATTENED, true, &b);
    char *at = strstr((char *)b.ptr, "000.00.01");
    assert_non_null(at);
    at[0] = '1';
    tj_jwcrypto_says(&b, TJ_CONTENT, false);
    assert_err(jades_add_signer(buf_bytes(&b), NULL, &(struct jades_opts){0}, usual(&m), &two), ERR_BAD_SIGNATURE);
    assert_int_equal(two.len, 0);
}

/* --- B-T --- */

static void a_timestamp_is_over_the_signature_as_it_is_written(void **state)
{
    (void)state;
    for (enum jades_form form = JADES_COMPACT; form <= JADES_GENERAL; form++) {
        AUTO_BUF b = {0}, t = {0};
        AUTO_JADES j = NULL;
        enum sig_level reached, level;
        sign(form, false, &b);
        assert_ok(jades_raise(buf_bytes(&b), LEVEL_T, &(struct jades_means){&tsa}, &t, &reached));
        assert_int_equal(reached, LEVEL_T);
        assert_ok(jades_level(buf_bytes(&t), &level));
        assert_int_equal(level, LEVEL_T);
        check_all(&t, 1);
        tj_jwcrypto_says(&t, TJ_CONTENT, true);
        assert_ok(jades_open(buf_bytes(&t), &j));
        const struct jades_signature *s = jades_signature(j, 0);
        assert_int_equal(s->stamp_n, 1);
        AUTO_TSP_TOKEN token = {0};
        assert_ok(tsp_token_read(buf_bytes(&s->stamp[0].token), &token));
        assert_ok(tsp_token_covers(&token, &(struct covered){{bytes_str(s->value_text)}}));
    }
}

static void raising_again_changes_nothing(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, t = {0}, again = {0};
    enum sig_level reached;
    sign(JADES_FLATTENED, false, &b);
    assert_ok(jades_raise(buf_bytes(&b), LEVEL_T, &(struct jades_means){&tsa}, &t, &reached));
    assert_ok(jades_raise(buf_bytes(&t), LEVEL_T, &(struct jades_means){NULL}, &again, &reached));
    assert_true(bytes_eq(buf_bytes(&t), buf_bytes(&again)));
}

static void a_level_that_is_not_reached_is_not_claimed(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, out = {0};
    enum sig_level reached;
    const struct stamping gone = {.stamp = away, .alg = CMS_SHA256}, liar = {.stamp = lying, .alg = CMS_SHA256};
    sign(JADES_COMPACT, false, &b);
    assert_err(jades_raise(buf_bytes(&b), LEVEL_T, &(struct jades_means){&gone}, &out, &reached), ERR_TIMEOUT);
    assert_int_equal(reached, LEVEL_B);
    assert_true(bytes_eq(buf_bytes(&out), buf_bytes(&b)));
    assert_err(jades_raise(buf_bytes(&b), LEVEL_T, &(struct jades_means){&liar}, &out, &reached), ERR_STAMP);
    assert_int_equal(reached, LEVEL_B);
    assert_err(jades_raise(buf_bytes(&b), LEVEL_T, &(struct jades_means){NULL}, &out, &reached), ERR_STAMP);
    assert_err(jades_raise(buf_bytes(&b), LEVEL_LT, &(struct jades_means){&tsa}, &out, &reached), ERR_UNSUPPORTED);
    assert_int_equal(reached, LEVEL_T);
    check_all(&out, 1);
}

static void clear_unsigned_properties_stay_clear(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, t = {0};
    AUTO_JADES j = NULL;
    enum sig_level reached;
    tj_forge("{" FINE ",\"iat\":1}", "e30", "\"header\":{\"etsiU\":[{\"xVals\":[]}]},", &b);
    assert_ok(jades_raise(buf_bytes(&b), LEVEL_T, &(struct jades_means){&tsa}, &t, &reached));
    assert_non_null(strstr(buf_str(&t), "{\"sigTst\":{\"tstTokens\":[{\"val\":"));
    assert_ok(jades_open(buf_bytes(&t), &j));
    assert_int_equal(jades_signature(j, 0)->stamp_n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_is_signed_in_every_form),
        cmocka_unit_test(the_header_has_what_baseline_b_wants),
        cmocka_unit_test(content_may_stand_there_as_it_is),
        cmocka_unit_test(content_that_a_form_cannot_hold_as_it_is_is_refused),
        cmocka_unit_test(files_are_signed_by_name),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(files_signed_in_base64url_are_read),
        cmocka_unit_test(content_that_is_elsewhere_is_asked_for),
        cmocka_unit_test(every_algorithm_with_a_name_signs),
        cmocka_unit_test(what_jose_has_no_name_for_is_refused),
        cmocka_unit_test(an_algorithm_of_another_key_does_not_verify),
        cmocka_unit_test(any_changed_character_is_found),
        cmocka_unit_test(a_certificate_that_is_not_named_is_not_the_signers),
        cmocka_unit_test(headers_are_read_strictly),
        cmocka_unit_test(serialisations_are_read_strictly),
        cmocka_unit_test(other_json_is_not_taken_for_a_signature),
        cmocka_unit_test(signers_stand_beside_each_other),
        cmocka_unit_test(nothing_is_signed_that_the_others_did_not_sign),
        cmocka_unit_test(a_timestamp_is_over_the_signature_as_it_is_written),
        cmocka_unit_test(raising_again_changes_nothing),
        cmocka_unit_test(a_level_that_is_not_reached_is_not_claimed),
        cmocka_unit_test(clear_unsigned_properties_stay_clear),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
