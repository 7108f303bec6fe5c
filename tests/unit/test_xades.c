/*
 * XAdES from B-B to B-LTA: what xmlsec1 must accept, what must not change when a level is raised, and levels that are not reached.
 * ETSI EN 319 132-1 §5, §6.3; XML Signature 1.1.
 */
#include "tests/unit/testxml.h"
#include "tests/unit/unit.h"
#include "signer/formats/tsp_token.h"

static const struct signing_key *usual(struct hall *m)
{
    return key_of(m, &pki.citizen, CMS_SHA256, SIGN_ECDSA);
}

/* All references and the value, by our own reader. */
static void check_all(const struct buf *xml, size_t count)
{
    AUTO_XADES x = NULL;
    assert_ok(xades_open(buf_bytes(xml), &x));
    assert_int_equal(xades_count(x), count);
    for (size_t i = 0; i < count; i++) {
        const struct xades_signature *s = xades_signature(x, i);
        AUTO_X509 cert = NULL;
        struct bytes der;
        for (size_t r = 0; r < s->ref_n; r++)
            assert_ok(xades_check_ref(&s->ref[r], &tx_files));
        assert_ok(xades_signer(s, &der));
        assert_ok(x509_from_der(der, &cert));
        assert_ok(xades_check_value(s, cert));
        assert_true(s->signing_time != 0);
        assert_false(s->unknown_unsigned);
    }
}

/* --- B-B --- */

static void files_are_signed_by_name(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF xml = {0};
    AUTO_XADES x = NULL;
    tx_sign(TX_DETACHED, usual(&m), &xml);
    tx_xmlsec_says(&xml, true);
    check_all(&xml, 1);
    assert_ok(xades_open(buf_bytes(&xml), &x));
    const struct xades_signature *s = xades_signature(x, 0);
    assert_int_equal(s->ref_n, 3);
    assert_string_equal(s->ref[1].name, TX_FILES[1].name);
    assert_string_equal(s->ref[0].mime_type, "text/plain");
    assert_int_equal(xades_check_ref(&s->ref[0], NULL), ERR_NOT_FOUND);
}

static void a_digest_may_be_given_instead_of_a_file(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF xml = {0};
    uint8_t digest[32];
    struct xades_data data = {.name = TX_FILES[0].name, .digest = BYTES(digest, 32)};
    const struct xades_opts o = {.signing_time = clock_now()};
    sha256(bytes_str(TX_FILES[0].text), digest);
    assert_ok(xades_sign_detached(&data, 1, NULL, &o, usual(&m), &xml));
    tx_xmlsec_says(&xml, true);
    data.digest.len = 31;
    assert_err(xades_sign_detached(&data, 1, NULL, &o, usual(&m), &xml), ERR_SYNTAX);
    data.digest.len = 0;
    assert_err(xades_sign_detached(&data, 1, NULL, &o, usual(&m), &xml), ERR_SYNTAX);
    assert_err(xades_sign_detached(&data, 0, &tx_files, &o, usual(&m), &xml), ERR_SYNTAX);
    data.name = "không có";
    assert_err(xades_sign_detached(&data, 1, &tx_files, &o, usual(&m), &xml), ERR_NOT_FOUND);
    data.name = "/etc/passwd";
    assert_err(xades_sign_detached(&data, 1, &tx_files, &o, usual(&m), &xml), ERR_SYNTAX);
}

/* Prepared here, signed over there, filled here again: the same as at once. */
static void a_key_may_be_elsewhere(void **state)
{
    (void)state;
    struct hall m;
    AUTO(xades_prepared_free) struct xades_prepared p = {0};
    AUTO_BUF signature = {0};
    AUTO_BUF xml = {0};
    const struct xades_data data = {.name = TX_FILES[1].name};
    const struct xades_opts o = {.signing_time = clock_now(), .container = true};
    const struct signing_key *key = usual(&m);
    struct signing_key without = *key;
    without.sign = NULL;
    assert_ok(xades_prepare_detached(&data, 1, &tx_files, &o, &without, &p));
    assert_memory_equal(p.signed_info.ptr, "<ds:SignedInfo xmlns:ds=", 24);
    assert_ok(key->sign(key->arg, buf_bytes(&p.signed_info), &signature));
    assert_ok(xades_fill(buf_bytes(&p.text), p.value_at, &without, buf_bytes(&signature), &xml));
    tx_xmlsec_says(&xml, true);
    check_all(&xml, 1);
    assert_err(xades_fill(buf_bytes(&p.text), p.text.len + 1, &without, buf_bytes(&signature), &xml), ERR_SYNTAX);
    assert_err(xades_fill(buf_bytes(&p.text), p.value_at, &without, BYTES(signature.ptr, 8), &xml), ERR_CRYPTO);
    assert_err(xades_fill(buf_bytes(&p.text), p.value_at, &without, BYTES("", 0), &xml), ERR_CRYPTO);
}

static void what_is_enveloped_comes_out_again(void **state)
{
    (void)state;
    struct hall m;
    uint8_t every[256];
    for (unsigned i = 0; i < 256; i++)
        every[i] = (uint8_t)i;
    for (size_t n = 0; n <= 256; n += 128) {
        AUTO_BUF xml = {0}, content = {0};
        AUTO_XADES x = NULL;
        assert_ok(xades_sign_enveloping(BYTES(every, n), &(struct xades_opts){.signing_time = clock_now()}, usual(&m), &xml));
        tx_xmlsec_says(&xml, true);
        check_all(&xml, 1);
        assert_ok(xades_open(buf_bytes(&xml), &x));
        assert_int_equal(xades_signature(x, 0)->ref[0].kind, XADES_OBJECT);
        assert_ok(xades_ref_content(&xades_signature(x, 0)->ref[0], &content));
        assert_true(bytes_eq(buf_bytes(&content), BYTES(every, n)));
    }
}

static void a_document_keeps_every_byte_around_its_signature(void **state)
{
    (void)state;
    static const char *const DOCUMENTS[] = {
        TX_DOCUMENT,
        "<a/>",
        "<a:b xmlns:a='urn:x' c = \"1 > 2\" />",
        "<?xml version='1.0'?>\n<!-- x --><a xmlns=\"urn:y\"><b>&amp;&#xD;\r\n<![CDATA[<&]]></b><c/></a\n>\n<!-- sau --><?pi x?>\n",
        "<a><!-- </a> --><b x='/a>'/><![CDATA[</a>]]></a>",
    };
    struct hall m;
    for (size_t i = 0; i < sizeof DOCUMENTS / sizeof *DOCUMENTS; i++) {
        AUTO_BUF xml = {0}, content = {0}, before = {0};
        AUTO_XADES x = NULL;
        AUTO_XML doc = NULL;
        assert_ok(xades_sign_enveloped(bytes_str(DOCUMENTS[i]), &(struct xades_opts){.signing_time = clock_now()}, usual(&m), &xml));
        tx_xmlsec_says(&xml, true);
        check_all(&xml, 1);
        char *at = strstr(buf_str(&xml), "<ds:Signature "), *end = strstr(buf_str(&xml), "</ds:Signature>");
        size_t head = (size_t)(at - buf_str(&xml)), tail = strlen(end + 15);
        if (strchr(DOCUMENTS[i], '/')[1] != '>' || i == 0) { /* but for empty roots, taking it out gives the document back */
            assert_int_equal(head + tail, strlen(DOCUMENTS[i]));
            assert_memory_equal(xml.ptr, DOCUMENTS[i], head);
            assert_string_equal(end + 15, DOCUMENTS[i] + head);
        }
        assert_ok(xml_parse(bytes_str(DOCUMENTS[i]), &doc));
        assert_ok(xml_canonical((xmlNode *)doc, NULL, C14N_EXCLUSIVE, NULL, &before));
        assert_ok(xades_open(buf_bytes(&xml), &x));
        assert_int_equal(xades_signature(x, 0)->ref[0].kind, XADES_DOCUMENT);
        assert_ok(xades_ref_content(&xades_signature(x, 0)->ref[0], &content));
        assert_true(bytes_eq(buf_bytes(&content), buf_bytes(&before)));
    }
}

/* Each leaves the others out (XPath Filter 2.0 §4.2), so that none breaks another, also when one of them is raised. */
static void several_people_sign_one_document(void **state)
{
    (void)state;
    struct hall m, n;
    AUTO_BUF one = {0}, two = {0}, three = {0}, raised = {0};
    const struct xades_opts o = {.signing_time = clock_now()};
    enum sig_level reached;
    assert_ok(xades_sign_enveloped(bytes_str(TX_DOCUMENT), &o, usual(&m), &one));
    assert_ok(xades_sign_enveloped(buf_bytes(&one), &o, key_of(&n, &pki.other, CMS_SHA256, SIGN_ECDSA), &two));
    check_all(&two, 2);
    tx_xmlsec_says(&two, true);
    assert_ok(xades_raise(buf_bytes(&two), LEVEL_LTA, &(struct xades_means){&tsa, crls_at_hand(), NULL}, &raised, &reached));
    check_all(&raised, 2);
    tx_xmlsec_says(&raised, true);
    assert_ok(xades_sign_enveloped(buf_bytes(&raised), &o, usual(&m), &three));
    check_all(&three, 3);
    tx_replace(&two, "Trần Thị Bưởi", "Trần Thị Cam");
    assert_err(xades_sign_enveloped(buf_bytes(&two), &o, usual(&m), &three), ERR_BAD_SIGNATURE);
}

static void every_kind_of_key_and_digest(void **state)
{
    (void)state;
    static const struct {
        enum tp_key key;
        enum sign_scheme scheme;
        enum cms_hash hash;
        bool xmlsec; /* this version of it knows the algorithm */
    } KINDS[] = {
        {TP_P256, SIGN_ECDSA, CMS_SHA256, true},         {TP_P256, SIGN_ECDSA, CMS_SHA512, true},
        {TP_P384, SIGN_ECDSA, CMS_SHA384, true},         {TP_P256, SIGN_ECDSA, CMS_SHA3_256, false},
        {TP_RSA2048, SIGN_RSA_PKCS1, CMS_SHA256, true},  {TP_RSA2048, SIGN_RSA_PKCS1, CMS_SHA384, true},
        {TP_RSA2048, SIGN_RSA_PKCS1, CMS_SHA512, true},  {TP_RSA2048, SIGN_RSA_PSS, CMS_SHA256, false},
        {TP_RSA2048, SIGN_RSA_PSS, CMS_SHA3_512, false}, {TP_PSS2048, SIGN_RSA_PSS, CMS_SHA384, false},
        {TP_ED25519, SIGN_ED25519, CMS_SHA512, false},
    };
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        struct hall m;
        struct tp_id id = {0};
        AUTO_BUF xml = {0};
        tp_issue(&id, &(struct tp_spec){.cn = "Ai đó", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = KINDS[i].key});
        id.pss = KINDS[i].scheme == SIGN_RSA_PSS;
        tx_sign(TX_ENVELOPED, key_of(&m, &id, KINDS[i].hash, KINDS[i].scheme), &xml);
        check_all(&xml, 1);
        if (KINDS[i].xmlsec)
            tx_xmlsec_says(&xml, true);
        tp_free(&id);
    }
}

static void weak_keys_and_wrong_pairs_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum tp_key key;
        enum sign_scheme scheme;
        enum cms_hash hash;
    } WRONG[] = {
        {TP_RSA1024, SIGN_RSA_PKCS1, CMS_SHA256},   {TP_P256, SIGN_RSA_PKCS1, CMS_SHA256},  {TP_RSA2048, SIGN_ECDSA, CMS_SHA256},
        {TP_RSA2048, SIGN_RSA_PKCS1, CMS_SHA3_256}, {TP_ED25519, SIGN_ED25519, CMS_SHA256}, {TP_PSS2048, SIGN_RSA_PKCS1, CMS_SHA256},
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        struct hall m;
        struct tp_id id = {0};
        AUTO_BUF xml = {0};
        tp_issue(&id, &(struct tp_spec){.cn = "Ai đó", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = WRONG[i].key});
        assert_err(xades_sign_enveloping(bytes_str("x"), &(struct xades_opts){0}, key_of(&m, &id, WRONG[i].hash, WRONG[i].scheme), &xml),
                   ERR_ALGORITHM);
        tp_free(&id);
    }
}

/* --- levels --- */

static void raise_to(const struct buf *xml, enum sig_level level, struct buf *out)
{
    enum sig_level reached;
    assert_ok(xades_raise(buf_bytes(xml), level, &(struct xades_means){&tsa, crls_at_hand(), &tx_files}, out, &reached));
    assert_int_equal(reached, level);
    assert_ok(xades_level(buf_bytes(out), &reached));
    assert_int_equal(reached, level);
}

static void stamps_cover(const struct buf *xml, size_t want)
{
    AUTO_XADES x = NULL;
    assert_ok(xades_open(buf_bytes(xml), &x));
    const struct xades_signature *s = xades_signature(x, 0);
    assert_int_equal(s->stamp_n, want);
    for (size_t k = 0; k < want; k++) {
        AUTO_TSP_TOKEN t = {0};
        uint8_t digest[EVP_MAX_MD_SIZE];
        size_t n;
        assert_ok(tsp_token_read(buf_bytes(&s->stamp[k].token), &t));
        assert_ok(xades_stamp_digest(s, k, CMS_SHA256, &tx_files, digest, &n));
        assert_ok(tsp_token_is_of(&t, CMS_SHA256, BYTES(digest, n)));
    }
}

static void each_level_keeps_what_was_signed(void **state)
{
    (void)state;
    struct hall m;
    for (enum tx_shape shape = TX_DETACHED; shape <= TX_ENVELOPED; shape++) {
        AUTO_BUF b = {0}, t = {0}, lt = {0}, lta = {0}, renewed = {0};
        AUTO_XADES x = NULL;
        tx_sign(shape, usual(&m), &b);
        raise_to(&b, LEVEL_T, &t);
        raise_to(&t, LEVEL_LT, &lt);
        raise_to(&lt, LEVEL_LTA, &lta);
        raise_to(&lta, LEVEL_LTA, &renewed);
        static const size_t STAMPS[] = {0, 1, 1, 2, 3};
        const struct buf *all[] = {&b, &t, &lt, &lta, &renewed};
        for (size_t i = 0; i < 5; i++) {
            check_all(all[i], 1);
            tx_xmlsec_says(all[i], true);
            stamps_cover(all[i], STAMPS[i]);
        }
        assert_ok(xades_open(buf_bytes(&lt), &x));
        const struct validation_data *v = &xades_signature(x, 0)->values;
        assert_int_equal(v->crl_n, 3); /* root's, citizens' CA's, services' CA's: each once */
    }
}

/* A byte of anything that an archive timestamp covers, and its imprint is another. */
static void archive_timestamps_cover_what_they_must(void **state)
{
    (void)state;
    static const char *const PLACES[] = {"<ds:DigestValue>",
                                         "v-",
                                         "<ds:X509Certificate>",
                                         "<xades:SigningTime>",
                                         "<xades:EncapsulatedCRLValue>",
                                         "<xades:EncapsulatedTimeStamp>",
                                         "<can-bo>"};
    struct hall m;
    AUTO_BUF b = {0}, lta = {0};
    tx_sign(TX_ENVELOPED, usual(&m), &b);
    raise_to(&b, LEVEL_LTA, &lta);
    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        AUTO_BUF changed = {0};
        AUTO_XADES x = NULL;
        AUTO_TSP_TOKEN t = {0};
        uint8_t digest[EVP_MAX_MD_SIZE];
        size_t n;
        assert_ok(buf_copy(&changed, buf_bytes(&lta)));
        char *at = strstr((char *)changed.ptr, PLACES[i]);
        assert_non_null(at);
        at += strlen(PLACES[i]) + (PLACES[i][0] == 'v' ? 40 : 3);
        *at = *at == '1' ? '2' : '1';
        err_t e = xades_open(buf_bytes(&changed), &x);
        if (e != OK)
            fail_msg("%s: %s", PLACES[i], err_info(e)->name);
        const struct xades_signature *s = xades_signature(x, 0);
        assert_int_equal(s->stamp[1].kind, XADES_ARCHIVE_STAMP);
        assert_ok(tsp_token_read(buf_bytes(&s->stamp[1].token), &t));
        assert_ok(xades_stamp_digest(s, 1, CMS_SHA256, &tx_files, digest, &n));
        assert_err(tsp_token_is_of(&t, CMS_SHA256, BYTES(digest, n)), ERR_STAMP);
    }
}

static void a_level_that_is_not_reached_is_not_claimed(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF b = {0}, t = {0}, out = {0};
    enum sig_level reached;
    static const struct stamping none = {.stamp = away, .alg = CMS_SHA256}, liar = {.stamp = lying, .alg = CMS_SHA256};
    struct vdata_source nothing = *crls_at_hand();
    nothing.crl_n = 0;
    tx_sign(TX_DETACHED, usual(&m), &b);
    assert_err(xades_raise(buf_bytes(&b), LEVEL_LTA, &(struct xades_means){&none, crls_at_hand(), &tx_files}, &out, &reached), ERR_TIMEOUT);
    assert_int_equal(reached, LEVEL_B);
    assert_true(bytes_eq(buf_bytes(&b), buf_bytes(&out)));
    assert_err(xades_raise(buf_bytes(&b), LEVEL_T, &(struct xades_means){&liar, crls_at_hand(), &tx_files}, &out, &reached), ERR_STAMP);
    assert_int_equal(reached, LEVEL_B);
    assert_err(xades_raise(buf_bytes(&b), LEVEL_T, &(struct xades_means){0}, &out, &reached), ERR_STAMP);
    assert_err(xades_raise(buf_bytes(&b), LEVEL_LTA, &(struct xades_means){&tsa, &nothing, &tx_files}, &out, &reached), ERR_CERT_STATUS);
    assert_int_equal(reached, LEVEL_T);
    assert_ok(xades_level(buf_bytes(&out), &reached));
    assert_int_equal(reached, LEVEL_T);
    assert_err(xades_raise(buf_bytes(&b), LEVEL_LTA, &(struct xades_means){&tsa, crls_at_hand(), NULL}, &out, &reached), ERR_NOT_FOUND);
    assert_int_equal(reached, LEVEL_LT); /* no archive without the files */
    check_all(&out, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_signed_by_name),
        cmocka_unit_test(a_digest_may_be_given_instead_of_a_file),
        cmocka_unit_test(a_key_may_be_elsewhere),
        cmocka_unit_test(what_is_enveloped_comes_out_again),
        cmocka_unit_test(a_document_keeps_every_byte_around_its_signature),
        cmocka_unit_test(several_people_sign_one_document),
        cmocka_unit_test(every_kind_of_key_and_digest),
        cmocka_unit_test(weak_keys_and_wrong_pairs_are_refused),
        cmocka_unit_test(each_level_keeps_what_was_signed),
        cmocka_unit_test(archive_timestamps_cover_what_they_must),
        cmocka_unit_test(a_level_that_is_not_reached_is_not_claimed),
    };
    return cmocka_run_group_tests(tests, tx_setup, tx_teardown);
}
