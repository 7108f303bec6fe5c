/*
 * CAdES from B-B to B-LTA: what OpenSSL must accept, what must not change when a level is raised, and levels that are not reached.
 * ETSI EN 319 122-1 §5, §6.3; RFC 5652 §5, §11.4.
 */
#include "tests/unit/testhand.h"
#include "tests/unit/unit.h"
#include "signer/formats/cades.h"
#include "signer/formats/cades_archive.h"
#include "signer/formats/cms_edit.h"
#include "signer/formats/tsp_token.h"

static const char text[] = "Giấy xác nhận thông tin về cư trú";

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    ts_pki_make(&pki);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_pki_free(&pki);
    tp_cleanup();
    return 0;
}

static const struct covered content = {{{(const uint8_t *)text, sizeof text - 1}}};

static void sign(const struct signing_key *key, bool enveloping, struct buf *cms)
{
    assert_ok(cades_sign(&content, &(struct cades_opts){.enveloping = enveloping, .signing_time = clock_now(), .mime_type = "text/plain"},
                         key, cms));
}

static void raise_to(const struct buf *cms, enum sig_level level, struct buf *out)
{
    enum sig_level reached;
    assert_ok(cades_raise(buf_bytes(cms), &content, level, &(struct cades_means){&tsa, crls_at_hand()}, out, &reached));
    assert_int_equal(reached, level);
    assert_ok(cades_level(buf_bytes(out), &reached));
    assert_int_equal(reached, level);
}

static void openssl_says(const struct buf *cms, bool enveloping, bool good)
{
    AUTO_BUF said = {0};
    char *p7s = tp_path("x.p7s"), *file = tp_path("x"), *ca = tp_path("ca.pem");
    tp_write(p7s, buf_bytes(cms));
    tp_write(file, content.part[0]);
    tp_write_pem(ca, (X509 *const[]){pki.root.cert, pki.ca.cert}, 2);
    int status = tp_run(&said, "openssl cms -verify -cades -binary -purpose any -inform DER -in x.p7s %s -CAfile ca.pem",
                        enveloping ? "" : "-content x");
    if ((status == 0) != good)
        fail_msg("openssl: %s", buf_str(&said));
    free(p7s);
    free(file);
    free(ca);
}

/* --- B-B --- */

static void every_kind_of_key_and_digest(void **state)
{
    static const struct {
        enum tp_key key;
        enum cms_hash hash;
        enum sign_scheme scheme;
    } CASES[] = {{TP_P256, CMS_SHA256, SIGN_ECDSA},      {TP_P384, CMS_SHA384, SIGN_ECDSA},
                 {TP_P256, CMS_SHA512, SIGN_ECDSA},      {TP_RSA2048, CMS_SHA256, SIGN_RSA_PKCS1},
                 {TP_RSA2048, CMS_SHA512, SIGN_RSA_PSS}, {TP_PSS2048, CMS_SHA384, SIGN_RSA_PSS},
                 {TP_P256, CMS_SHA3_256, SIGN_ECDSA},    {TP_RSA2048, CMS_SHA3_512, SIGN_RSA_PKCS1}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct tp_id id = {0};
        struct hall m;
        AUTO_BUF cms = {0};
        tp_issue(&id, &(struct tp_spec){.cn = "Kind", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = CASES[i].key});
        id.pss = CASES[i].scheme == SIGN_RSA_PSS;
        sign(key_of(&m, &id, CASES[i].hash, CASES[i].scheme), i % 2 == 1, &cms);
        openssl_says(&cms, i % 2 == 1, true);
        tp_free(&id);
    }
}

static void weak_keys_and_wrong_pairs_are_refused(void **state)
{
    static const struct {
        enum tp_key key;
        enum cms_hash hash;
        enum sign_scheme scheme;
    } CASES[] = {{TP_RSA1024, CMS_SHA256, SIGN_RSA_PKCS1},
                 {TP_P256, CMS_SHA256, SIGN_RSA_PSS},
                 {TP_RSA2048, CMS_SHA256, SIGN_ECDSA},
                 {TP_PSS2048, CMS_SHA256, SIGN_RSA_PKCS1},
                 {TP_ED25519, CMS_SHA256, SIGN_ED25519}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct tp_id id = {0};
        struct hall m;
        AUTO_BUF cms = {0};
        tp_issue(&id, &(struct tp_spec){.cn = "Weak", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = CASES[i].key});
        assert_err(cades_sign(&content, &(struct cades_opts){0}, key_of(&m, &id, CASES[i].hash, CASES[i].scheme), &cms), ERR_ALGORITHM);
        assert_int_equal(cms.len, 0);
        tp_free(&id);
    }
}

static void two_signers_stand_side_by_side(void **state)
{
    struct hall a, b;
    AUTO_BUF one = {0}, two = {0}, raised = {0};
    AUTO_SIGNED_DATA sd = {0};
    (void)state;
    sign(key_of(&a, &pki.citizen, CMS_SHA256, SIGN_ECDSA), false, &one);
    assert_ok(cades_add_signer(buf_bytes(&one), &content, &(struct cades_opts){.signing_time = clock_now()},
                               key_of(&b, &pki.other, CMS_SHA512, SIGN_ECDSA), &two));
    openssl_says(&two, false, true);
    raise_to(&two, LEVEL_LTA, &raised);
    openssl_says(&raised, false, true);
    assert_ok(signed_data_parse(buf_bytes(&raised), &sd));
    assert_int_equal(sd.signer_n, 2);
    assert_err(cades_add_signer(buf_bytes(&one), NULL, &(struct cades_opts){0}, &b.key, &two), ERR_NOT_FOUND); /* detached: over what? */
}

static void a_second_signer_signs_what_is_inside(void **state)
{
    struct hall a, b;
    AUTO_BUF one = {0}, two = {0};
    const struct covered other = {{BYTES("another file", 12)}};
    (void)state;
    sign(key_of(&a, &pki.citizen, CMS_SHA256, SIGN_ECDSA), true, &one);
    key_of(&b, &pki.other, CMS_SHA256, SIGN_ECDSA);
    assert_err(cades_add_signer(buf_bytes(&one), &other, &(struct cades_opts){0}, &b.key, &two), ERR_CONFLICT);
    assert_ok(cades_add_signer(buf_bytes(&one), NULL, &(struct cades_opts){0}, &b.key, &two));
    openssl_says(&two, true, true);
}

static void a_countersignature_is_over_the_signature_value(void **state)
{
    struct hall a, b;
    AUTO_BUF one = {0}, two = {0}, raised = {0};
    AUTO_SIGNED_DATA sd = {0};
    struct bytes value, attr;
    struct signer_info counter;
    uint8_t digest[32];
    (void)state;
    sign(key_of(&a, &pki.citizen, CMS_SHA256, SIGN_ECDSA), false, &one);
    assert_ok(cades_countersign(buf_bytes(&one), 0, clock_now(), key_of(&b, &pki.other, CMS_SHA256, SIGN_ECDSA), &tsa, &two));
    assert_err(cades_countersign(buf_bytes(&one), 1, 0, &b.key, NULL, &raised), ERR_NOT_FOUND);
    openssl_says(&two, false, true);
    raise_to(&two, LEVEL_LTA, &raised);
    assert_ok(signed_data_parse(buf_bytes(&raised), &sd));
    assert_ok(attribute_one(sd.signer[0].unsigned_attrs, OID_COUNTERSIGNATURE, &value));
    assert_ok(signer_info_parse(value, &counter));
    assert_err(attribute_one(counter.signed_attrs, OID_CONTENT_TYPE, &attr), ERR_NOT_FOUND);
    assert_ok(attribute_one(counter.signed_attrs, OID_MESSAGE_DIGEST, &attr));
    sha256(sd.signer[0].signature, digest);
    assert_memory_equal(attr.ptr + 2, digest, sizeof digest);
}

/* --- levels --- */

static void each_level_keeps_what_was_signed(void **state)
{
    struct hall m;
    AUTO_BUF b = {0};
    (void)state;
    sign(key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), false, &b);
    for (enum sig_level level = LEVEL_B; level <= LEVEL_LTA; level++) {
        AUTO_BUF raised = {0};
        AUTO_SIGNED_DATA was = {0}, is = {0};
        raise_to(&b, level, &raised);
        openssl_says(&raised, false, true);
        assert_ok(signed_data_parse(buf_bytes(&b), &was));
        assert_ok(signed_data_parse(buf_bytes(&raised), &is));
        assert_true(bytes_eq(was.signer[0].signed_attrs, is.signer[0].signed_attrs));
        assert_true(bytes_eq(was.signer[0].signature, is.signer[0].signature));
        assert_int_equal(sk_X509_CRL_num(is.crls), level >= LEVEL_LT ? 3 : 0);
    }
}

/* The imprint, computed anew from the message as it is with the newest archive timestamp taken off again. */
static void archive_holds(struct bytes with, struct bytes without)
{
    AUTO_SIGNED_DATA is = {0}, was = {0};
    AUTO_TSP_TOKEN t = {0};
    AUTO_BUF input = {0};
    struct bytes tokens[8], index;
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n, len;
    assert_ok(signed_data_parse(with, &is));
    assert_ok(signed_data_parse(without, &was));
    assert_ok(attribute_all(is.signer[0].unsigned_attrs, OID_ARCHIVE_TIMESTAMP_V3, tokens, 8, &n));
    assert_ok(tsp_token_read(tokens[n - 1], &t));
    assert_ok(attribute_one(t.sd.signer[0].unsigned_attrs, OID_ATS_HASH_INDEX_V3, &index));
    assert_ok(covered_digest(&content, t.md, digest, &len));
    assert_ok(archive_imprint_input(&was, &was.signer[0], BYTES(digest, len), index, &input));
    const struct covered data = {{buf_bytes(&input)}};
    assert_ok(tsp_token_covers(&t, &data));
}

/* Of content that is elsewhere its digest is enough. */
static void a_digest_stands_for_the_content(void **state)
{
    struct hall m;
    AUTO_BUF b = {0}, lt = {0}, lta = {0};
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    enum sig_level reached;
    (void)state;
    sign(key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), false, &b);
    raise_to(&b, LEVEL_LT, &lt);
    const struct cades_means means = {&tsa, crls_at_hand()};
    assert_ok(covered_digest(&content, EVP_sha256(), digest, &n));
    assert_ok(cades_raise_digest(buf_bytes(&lt), BYTES(digest, n), LEVEL_LTA, &means, &lta, &reached));
    assert_int_equal(reached, LEVEL_LTA);
    archive_holds(buf_bytes(&lta), buf_bytes(&lt));
    assert_err(cades_raise_digest(buf_bytes(&lt), BYTES(digest, 20), LEVEL_LTA, &means, &lta, &reached), ERR_UNSUPPORTED);
    assert_int_equal(reached, LEVEL_LT);
}

static void archive_timestamps_cover_what_they_must_and_are_renewed(void **state)
{
    struct hall m;
    AUTO_BUF b = {0}, lt = {0}, lta = {0}, renewed = {0};
    AUTO_SIGNED_DATA sd = {0};
    AUTO_BUF index = {0};
    struct bytes tokens[8];
    size_t n;
    (void)state;
    sign(key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), false, &b);
    raise_to(&b, LEVEL_LT, &lt);
    raise_to(&lt, LEVEL_LTA, &lta);
    archive_holds(buf_bytes(&lta), buf_bytes(&lt));
    raise_to(&lta, LEVEL_LTA, &renewed);
    archive_holds(buf_bytes(&renewed), buf_bytes(&lta));
    assert_ok(signed_data_parse(buf_bytes(&renewed), &sd));
    assert_ok(attribute_all(sd.signer[0].unsigned_attrs, OID_ARCHIVE_TIMESTAMP_V3, tokens, 8, &n));
    assert_int_equal(n, 2);
    assert_ok(archive_hash_index(&sd, &sd.signer[0], CMS_SHA256, &index));
    openssl_says(&renewed, false, true);
}

static void a_foreign_signature_is_raised_too(void **state)
{
    AUTO_BUF said = {0}, foreign = {0}, raised = {0};
    (void)state;
    char *file = tp_path("x"), *p7s = tp_path("f.p7s"), *cert = tp_path("c.pem"), *ca = tp_path("ca.pem"), *key = tp_path("k.pem");
    tp_write(file, content.part[0]);
    tp_write_pem(cert, (X509 *const[]){pki.citizen.cert}, 1);
    tp_write_pem(ca, (X509 *const[]){pki.ca.cert}, 1);
    FILE *f = fopen(key, "we");
    assert_true(f != NULL && PEM_write_PrivateKey(f, pki.citizen.key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(f) == 0);
    for (int streamed = 0; streamed < 2; streamed++) { /* -stream: BER with indefinite lengths */
        assert_int_equal(
            tp_run(&said, "openssl cms -sign -cades -binary %s -in x -signer c.pem -inkey k.pem -certfile ca.pem -outform DER -out f.p7s",
                   streamed ? "-stream -nodetach" : ""),
            0);
        tp_read(p7s, &foreign);
        raise_to(&foreign, LEVEL_LTA, &raised);
        openssl_says(&raised, streamed == 1, true);
    }
    free(file), free(p7s), free(cert), free(ca), free(key);
}

static void a_level_that_is_not_reached_is_not_claimed(void **state)
{
    struct hall m;
    AUTO_BUF b = {0}, out = {0};
    enum sig_level reached;
    const struct stamping bad[] = {{.stamp = away, .alg = CMS_SHA256}, {.stamp = lying, .alg = CMS_SHA256}};
    const err_t why[] = {ERR_TIMEOUT, ERR_STAMP};
    (void)state;
    sign(key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), false, &b);
    for (size_t i = 0; i < 2; i++) {
        assert_err(cades_raise(buf_bytes(&b), &content, LEVEL_LTA, &(struct cades_means){&bad[i], crls_at_hand()}, &out, &reached), why[i]);
        assert_int_equal(reached, LEVEL_B);
        assert_true(bytes_eq(buf_bytes(&out), buf_bytes(&b)));
    }
    struct vdata_source *knows_less = crls_at_hand();
    knows_less->crl_n = 2; /* nobody tells about the time-stamping certificate */
    assert_err(cades_raise(buf_bytes(&b), &content, LEVEL_LTA, &(struct cades_means){&tsa, knows_less}, &out, &reached), ERR_CERT_STATUS);
    assert_int_equal(reached, LEVEL_T);
    assert_ok(cades_level(buf_bytes(&out), &reached));
    assert_int_equal(reached, LEVEL_T);
    openssl_says(&out, false, true);
}

static void no_archive_without_the_content(void **state)
{
    struct hall m;
    AUTO_BUF b = {0}, out = {0};
    enum sig_level reached;
    (void)state;
    sign(key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), false, &b);
    assert_err(cades_raise(buf_bytes(&b), NULL, LEVEL_LTA, &(struct cades_means){&tsa, crls_at_hand()}, &out, &reached), ERR_NOT_FOUND);
    assert_int_equal(reached, LEVEL_LT);
}

/* --- editing --- */

static void nothing_added_nothing_changed(void **state)
{
    struct hall m;
    AUTO_BUF b = {0}, again = {0};
    AUTO_CMS_EDIT e = NULL;
    (void)state;
    sign(key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), false, &b);
    assert_ok(cms_edit_open(buf_bytes(&b), &e));
    assert_ok(cms_edit_add_cert(e, buf_bytes(&pki.citizen.der))); /* there already */
    assert_ok(cms_edit_write(e, &again));
    assert_true(bytes_eq(buf_bytes(&b), buf_bytes(&again)));
}

static void an_ocsp_response_has_its_place(void **state)
{
    struct hall m;
    AUTO_BUF b = {0}, with = {0}, ocsp = {0};
    AUTO_CMS_EDIT e = NULL;
    AUTO_SIGNED_DATA sd = {0};
    (void)state;
    sign(key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), false, &b);
    tp_ocsp(&pki.ca, &pki.citizen, &pki.ca, clock_now(), clock_now() + TP_DAY, 0, &ocsp);
    assert_ok(cms_edit_open(buf_bytes(&b), &e));
    assert_ok(cms_edit_add_ocsp(e, buf_bytes(&ocsp)));
    assert_ok(cms_edit_add_ocsp(e, buf_bytes(&ocsp)));
    assert_ok(cms_edit_write(e, &with));
    assert_ok(signed_data_parse(buf_bytes(&with), &sd));
    assert_int_equal(sd.ocsp_n, 1);
    assert_true(bytes_eq(sd.ocsp[0], buf_bytes(&ocsp)));
    openssl_says(&with, false, true);
}

static void every_prefix_is_refused(void **state)
{
    struct hall m;
    AUTO_BUF b = {0}, lta = {0};
    (void)state;
    sign(key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), false, &b);
    raise_to(&b, LEVEL_LTA, &lta);
    for (size_t n = 0; n < lta.len; n += n < 400 ? 1 : 37) {
        AUTO_CMS_EDIT e = NULL;
        assert_true(cms_edit_open(BYTES(lta.ptr, n), &e) != OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_key_and_digest),
        cmocka_unit_test(weak_keys_and_wrong_pairs_are_refused),
        cmocka_unit_test(two_signers_stand_side_by_side),
        cmocka_unit_test(a_second_signer_signs_what_is_inside),
        cmocka_unit_test(a_countersignature_is_over_the_signature_value),
        cmocka_unit_test(each_level_keeps_what_was_signed),
        cmocka_unit_test(archive_timestamps_cover_what_they_must_and_are_renewed),
        cmocka_unit_test(a_digest_stands_for_the_content),
        cmocka_unit_test(a_foreign_signature_is_raised_too),
        cmocka_unit_test(a_level_that_is_not_reached_is_not_claimed),
        cmocka_unit_test(no_archive_without_the_content),
        cmocka_unit_test(nothing_added_nothing_changed),
        cmocka_unit_test(an_ocsp_response_has_its_place),
        cmocka_unit_test(every_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
