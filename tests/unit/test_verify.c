/*
 * antin-verify's library: what is valid is found valid, and nothing else ever is.
 * ETSI EN 319 102-1; ISO 32000-1 §12.8; RFC 5280 §6; RFC 3161.
 */
#include "tests/unit/testpdf.h"
#include "tests/unit/testtrust.h"

#include "signer/verify/verify.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* --- helpers --- */

static struct crl_memory memory;

static struct context now(void)
{
    return (struct context){.trust = &trust, .at = clock_now(), .memory = &memory};
}

/* Verdict and sub-indication of a CMS over content, made as said. */
static void verify_how(const struct ts_how *h, const char *content, struct file_result *out)
{
    AUTO_BUF cms = {0};
    struct context ctx = now();
    ts_cms_over(&pki, h, bytes_str(content), &cms);
    verify_bytes(&ctx, buf_bytes(&cms), bytes_str(content), out);
}

static bool has_note(const struct file_result *f, enum note note)
{
    for (size_t i = 0; i < f->findings.n; i++) {
        if (f->findings.item[i].note == note)
            return true;
    }
    for (size_t k = 0; k < f->signature_n; k++) {
        const struct findings *s = &f->signature[k].findings;
        for (size_t i = 0; i < s->n; i++) {
            if (s->item[i].note == note)
                return true;
        }
    }
    return false;
}

static void describe(const struct file_result *f)
{
    print_message("%s %s\n", verdict_name(f->findings.verdict), sub_name(f->findings.sub));
    for (size_t i = 0; i < f->findings.n; i++)
        print_message("  file: %s: %s\n", note_text(f->findings.item[i].note, LANG_EN), f->findings.item[i].detail);
    for (size_t k = 0; k < f->signature_n; k++) {
        const struct findings *s = &f->signature[k].findings;
        for (size_t i = 0; i < s->n; i++)
            print_message("  signature %zu: %s: %s\n", k, note_text(s->item[i].note, LANG_EN), s->item[i].detail);
    }
}

static void expect(struct file_result *f, enum verdict v, enum sub s, enum note note)
{
    if (f->findings.verdict != v || f->findings.sub != s || (note != NOTE_N && !has_note(f, note)))
        describe(f);
    assert_int_equal(f->findings.verdict, v);
    assert_int_equal(f->findings.sub, s);
    if (note != NOTE_N)
        assert_true(has_note(f, note));
    file_result_free(f);
}

static void expect_how(const struct ts_how *h, enum verdict v, enum sub s, enum note note)
{
    struct file_result f;
    verify_how(h, "content", &f);
    expect(&f, v, s, note);
}

static void make_pdf(const struct testpdf_spec *spec, const char *name)
{
    AUTO_BUF pdf = {0};
    char *path = tp_path(name);
    testpdf_make(spec, &pdf);
    tp_write(path, buf_bytes(&pdf));
    free(path);
}

static void sign(const char *name, const struct tp_id *who)
{
    char *path = tp_path(name);
    ts_sign_pdf(path, &pki, who, NULL);
    free(path);
}

static void verify_name(const char *name, struct file_result *out)
{
    struct context ctx = now();
    char *path = tp_path(name);
    assert_int_equal(verify_file(&ctx, path, NULL, out), OK);
    free(path);
}

static void append(const char *name, const char *text)
{
    AUTO_BUF all = {0};
    char *path = tp_path(name);
    tp_read(path, &all);
    assert_int_equal(buf_add_str(&all, text), OK);
    tp_write(path, buf_bytes(&all));
    free(path);
}

/* --- valid --- */

static void cades_with_timestamp_is_valid_and_tells_who_when_and_by_whom(void **state)
{
    (void)state;
    struct file_result f;
    verify_how(&(struct ts_how){.signer = &pki.citizen, .signing_time = clock_now(), .mime = "text/plain"}, "content", &f);
    assert_int_equal(f.signature_n, 1);
    const struct signature_result *r = &f.signature[0];
    assert_string_equal(r->signer.name, "Nguyễn Văn Ánh");
    assert_string_equal(r->signer.issuer_name, "Test Citizens CA");
    assert_string_equal(r->anchor, "Test Root");
    assert_string_equal(r->stamp[0].tsa.name, "Test TSA");
    assert_true(r->integrity && r->mathematics && r->path_valid && r->time_proven);
    assert_int_equal(r->revocation.status, STATUS_GOOD);
    assert_true(r->signer.der.len > 0);
    expect(&f, TOTAL_PASSED, SUB_NONE, NOTE_N);
}

static void every_accepted_algorithm_is_valid(void **state)
{
    (void)state;
    static const struct {
        enum tp_key key;
        enum cms_hash hash;
    } CASES[] = {{TP_P256, CMS_SHA256},    {TP_P256, CMS_SHA512},    {TP_P384, CMS_SHA384},    {TP_RSA2048, CMS_SHA256},
                 {TP_RSA2048, CMS_SHA512}, {TP_PSS2048, CMS_SHA256}, {TP_PSS2048, CMS_SHA512}, {TP_ED25519, CMS_SHA512}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct tp_id id = {0};
        tp_issue(&id, &(struct tp_spec){.cn = "Alg", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = CASES[i].key});
        expect_how(&(struct ts_how){.signer = &id, .hash = CASES[i].hash}, TOTAL_PASSED, SUB_NONE, NOTE_N);
        tp_free(&id);
    }
}

static void openssl_accepts_what_we_build(void **state)
{
    (void)state;
    AUTO_BUF cms = {0}, text = {0};
    ts_cms_over(&pki, &(struct ts_how){.signer = &pki.citizen, .signing_time = clock_now()}, bytes_str("content"), &cms);
    char *p7s = tp_path("c.p7s"), *content = tp_path("c"), *ca = tp_path("ca.pem");
    tp_write(p7s, buf_bytes(&cms));
    tp_write(content, bytes_str("content"));
    tp_write_pem(ca, (X509 *const[]){pki.root.cert, pki.ca.cert}, 2);
    int code = tp_run(&text, "openssl cms -verify -cades -binary -purpose any -inform DER -in c.p7s -content c -CAfile ca.pem");
    if (code != 0)
        fail_msg("%s", buf_str(&text));
    free(p7s);
    free(content);
    free(ca);
}

static void pdf_signed_twice_is_valid_twice(void **state)
{
    (void)state;
    struct file_result f;
    make_pdf(&(struct testpdf_spec){0}, "twice.pdf");
    sign("twice.pdf", &pki.citizen);
    sign("twice.pdf", &pki.other);
    verify_name("twice.pdf", &f);
    assert_int_equal(f.signature_n, 2);
    assert_false(f.signature[0].whole);
    assert_true(f.signature[1].whole);
    assert_string_equal(f.signature[1].signer.name, "Trần Thị Bưởi");
    expect(&f, TOTAL_PASSED, SUB_NONE, NOTE_LATER_REVISION);
}

static void shapes_of_pdf_signed_twice_are_valid(void **state)
{
    (void)state;
    static const char *const OPTIONS[] = {"--object-streams=generate", "--linearize", "--linearize --object-streams=generate", "--qdf"};
    make_pdf(&(struct testpdf_spec){.page = "/Annots 6 0 R", .more = {"[ ]"}}, "base.pdf");
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++) {
        struct file_result f;
        AUTO_BUF text = {0};
        assert_int_equal(tp_run(&text, "qpdf %s base.pdf shape.pdf", OPTIONS[i]), 0);
        sign("shape.pdf", &pki.citizen);
        sign("shape.pdf", &pki.other);
        verify_name("shape.pdf", &f);
        assert_int_equal(f.signature_n, 2);
        expect(&f, TOTAL_PASSED, SUB_NONE, NOTE_N);
    }
    AUTO_BUF hybrid = {0};
    struct file_result f;
    testpdf_hybrid(&hybrid);
    char *path = tp_path("hybrid.pdf");
    tp_write(path, buf_bytes(&hybrid));
    sign("hybrid.pdf", &pki.citizen);
    sign("hybrid.pdf", &pki.other);
    verify_name("hybrid.pdf", &f);
    expect(&f, TOTAL_PASSED, SUB_NONE, NOTE_N);
    free(path);
}

static void token_beside_its_file_is_valid(void **state)
{
    (void)state;
    struct context ctx = now();
    struct file_result f;
    AUTO_BUF token = {0};
    static const char *const HASHES[] = {"SHA256", "SHA384", "SHA512"};
    struct trust with_crls = trust;
    with_crls.crls = sk_X509_CRL_new_null();
    struct buf *crls[] = {&pki.root_crl, &pki.services_crl};
    for (size_t i = 0; i < 2; i++) {
        X509_CRL *crl = NULL;
        assert_int_equal(x509_crl_from_der(buf_bytes(crls[i]), &crl), OK);
        sk_X509_CRL_push(with_crls.crls, crl);
    }
    ctx.trust = &with_crls;
    for (size_t i = 0; i < 3; i++) {
        tp_timestamp(&pki.tsa, &pki.services, HASHES[i], bytes_str("data"), clock_now(), &token);
        verify_bytes(&ctx, buf_bytes(&token), bytes_str("data"), &f);
        expect(&f, TOTAL_PASSED, SUB_NONE, NOTE_N);
        verify_bytes(&ctx, buf_bytes(&token), bytes_str("other"), &f);
        expect(&f, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_STAMP_OTHER);
        verify_bytes(&ctx, buf_bytes(&token), BYTES(NULL, 0), &f);
        expect(&f, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_CONTENT_MISSING);
    }
    x509_crl_stack_free(&with_crls.crls);
}

/* --- content and signature value --- */

static void changed_content_is_invalid(void **state)
{
    (void)state;
    AUTO_BUF cms = {0};
    struct context ctx = now();
    struct file_result f;
    ts_cms_over(&pki, &(struct ts_how){.signer = &pki.citizen}, bytes_str("content"), &cms);
    verify_bytes(&ctx, buf_bytes(&cms), bytes_str("Content"), &f);
    assert_false(f.signature[0].integrity);
    expect(&f, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_HASH);
    verify_bytes(&ctx, buf_bytes(&cms), BYTES("", 0), &f);
    expect(&f, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_HASH);
    verify_bytes(&ctx, buf_bytes(&cms), BYTES(NULL, 0), &f);
    expect(&f, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_CONTENT_MISSING);
}

static void content_inside_must_be_the_content_beside(void **state)
{
    (void)state;
    AUTO_BUF attrs = {0}, signature = {0}, cms = {0};
    struct context ctx = now();
    struct file_result f;
    uint8_t digest[32];
    sha256(bytes_str("content"), digest);
    struct bytes cert = buf_bytes(&pki.citizen.der), chain = buf_bytes(&pki.ca.der),
                 crls[] = {buf_bytes(&pki.root_crl), buf_bytes(&pki.ca_crl)};
    assert_int_equal(cms_signed_attrs(&(struct cms_attrs){.digest = BYTES(digest, 32), .cert = cert}, &attrs), OK);
    tp_sign(&pki.citizen, CMS_SHA256, buf_bytes(&attrs), &signature);
    assert_int_equal(cms_signed_data(&(struct cms_signed){.content = bytes_str("content"),
                                                          .signed_attrs = buf_bytes(&attrs),
                                                          .cert = cert,
                                                          .chain = &chain,
                                                          .chain_n = 1,
                                                          .crls = crls,
                                                          .crls_n = 2,
                                                          .signature = buf_bytes(&signature)},
                                     &cms),
                     OK);
    verify_bytes(&ctx, buf_bytes(&cms), BYTES(NULL, 0), &f);
    expect(&f, TOTAL_PASSED, SUB_NONE, NOTE_N);
    verify_bytes(&ctx, buf_bytes(&cms), bytes_str("content"), &f);
    expect(&f, TOTAL_PASSED, SUB_NONE, NOTE_N);
    verify_bytes(&ctx, buf_bytes(&cms), bytes_str("other"), &f);
    expect(&f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_CONTENT_TWICE);
}

static void signature_by_another_key_is_invalid(void **state)
{
    (void)state;
    struct tp_id mixed = pki.citizen;
    mixed.key = pki.other.key;
    expect_how(&(struct ts_how){.signer = &mixed, .stamped_at = -1}, TOTAL_FAILED, SUB_SIG_CRYPTO_FAILURE, NOTE_SIGNATURE);
}

static void trailing_bytes_after_a_cms_are_invalid(void **state)
{
    (void)state;
    AUTO_BUF cms = {0};
    struct context ctx = now();
    struct file_result f;
    ts_cms_over(&pki, &(struct ts_how){.signer = &pki.citizen}, bytes_str("content"), &cms);
    assert_int_equal(buf_add(&cms, "\0", 1), OK);
    verify_bytes(&ctx, buf_bytes(&cms), bytes_str("content"), &f);
    assert_int_equal(f.findings.verdict, TOTAL_FAILED);
    file_result_free(&f);
}

/* A changed byte of a CMS either makes it not valid, or changed nothing that the signature or its proofs depend on. */
static void every_changed_byte_of_a_cms_is_never_valid(void **state)
{
    (void)state;
    AUTO_BUF cms = {0};
    struct context ctx = now();
    ts_cms_over(&pki, &(struct ts_how){.signer = &pki.citizen, .signing_time = clock_now()}, bytes_str("content"), &cms);
    unsigned valid = 0;
    for (size_t i = 0; i < cms.len; i++) {
        struct file_result f;
        cms.ptr[i] ^= 0x01;
        verify_bytes(&ctx, buf_bytes(&cms), bytes_str("content"), &f);
        if (f.findings.verdict == TOTAL_PASSED) {
            valid++;
            print_message("byte %zu of %zu: still valid\n", i, cms.len);
        }
        file_result_free(&f);
        cms.ptr[i] ^= 0x01;
    }
    assert_int_equal(valid, 0);
}

static void every_prefix_of_a_cms_is_never_valid(void **state)
{
    (void)state;
    AUTO_BUF cms = {0};
    struct context ctx = now();
    ts_cms_over(&pki, &(struct ts_how){.signer = &pki.citizen}, bytes_str("content"), &cms);
    for (size_t n = 0; n < cms.len; n++) {
        struct file_result f;
        uint8_t *copy = malloc(n + 1); /* a read past the end is seen by the sanitizer */
        memcpy(copy, cms.ptr, n);
        verify_bytes(&ctx, BYTES(copy, n), bytes_str("content"), &f);
        assert_int_not_equal(f.findings.verdict, TOTAL_PASSED);
        file_result_free(&f);
        free(copy);
    }
}

static void every_changed_byte_of_a_token_is_never_valid(void **state)
{
    (void)state;
    AUTO_BUF token = {0};
    struct context ctx = now();
    tp_timestamp(&pki.tsa, &pki.services, "SHA256", bytes_str("data"), clock_now(), &token);
    struct trust with_crls = trust;
    with_crls.crls = sk_X509_CRL_new_null();
    struct buf *crls[] = {&pki.root_crl, &pki.services_crl};
    for (size_t i = 0; i < 2; i++) {
        X509_CRL *crl = NULL;
        assert_int_equal(x509_crl_from_der(buf_bytes(crls[i]), &crl), OK);
        sk_X509_CRL_push(with_crls.crls, crl);
    }
    ctx.trust = &with_crls;
    unsigned valid = 0;
    for (size_t i = 0; i < token.len; i++) {
        struct file_result f;
        token.ptr[i] ^= 0x01;
        verify_bytes(&ctx, buf_bytes(&token), bytes_str("data"), &f);
        if (f.findings.verdict == TOTAL_PASSED) {
            valid++;
            print_message("byte %zu of %zu: still valid\n", i, token.len);
        }
        file_result_free(&f);
        token.ptr[i] ^= 0x01;
    }
    assert_int_equal(valid, 0);
    x509_crl_stack_free(&with_crls.crls);
}

static void every_changed_byte_of_a_pdf_is_never_valid(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    struct context ctx = now();
    make_pdf(&(struct testpdf_spec){0}, "bytes.pdf");
    char *path = tp_path("bytes.pdf");
    ts_sign_pdf(path, &pki, &pki.citizen, &(struct pades_opts){.signing_time = clock_now(), .contents_room = 4000});
    tp_read(path, &pdf);
    unsigned valid = 0;
    for (size_t i = 0; i < pdf.len; i++) {
        struct file_result f;
        pdf.ptr[i] ^= 0x01;
        verify_bytes(&ctx, buf_bytes(&pdf), BYTES(NULL, 0), &f);
        if (f.findings.verdict == TOTAL_PASSED) {
            valid++;
            print_message("byte %zu of %zu: still valid\n", i, pdf.len);
        }
        file_result_free(&f);
        pdf.ptr[i] ^= 0x01;
    }
    assert_int_equal(valid, 0);
    for (size_t n = 0; n < pdf.len; n += n < pdf.len - 200 ? 97 : 1) {
        struct file_result f;
        verify_bytes(&ctx, BYTES(pdf.ptr, n), BYTES(NULL, 0), &f);
        assert_int_not_equal(f.findings.verdict, TOTAL_PASSED);
        file_result_free(&f);
    }
    free(path);
}

/* --- trust and time --- */

static void unknown_root_cannot_be_decided(void **state)
{
    (void)state;
    struct ts_pki stranger;
    ts_pki_make(&stranger);
    AUTO_BUF cms = {0};
    struct context ctx = now();
    struct file_result f;
    ts_cms_over(&stranger, &(struct ts_how){.signer = &stranger.citizen}, bytes_str("content"), &cms);
    verify_bytes(&ctx, buf_bytes(&cms), bytes_str("content"), &f);
    expect(&f, INDETERMINATE, SUB_NO_CERTIFICATE_CHAIN_FOUND, NOTE_NO_CHAIN);
    ts_pki_free(&stranger);
}

static void missing_crl_cannot_be_decided_and_is_named(void **state)
{
    (void)state;
    struct file_result f;
    verify_how(&(struct ts_how){.signer = &pki.citizen, .no_crls = true}, "content", &f);
    bool named = false;
    for (size_t i = 0; i < f.signature[0].findings.n; i++)
        named = named || strstr(f.signature[0].findings.item[i].detail, "Test Citizens CA") != NULL;
    assert_true(named);
    expect(&f, INDETERMINATE, SUB_TRY_LATER, NOTE_REVOCATION_UNKNOWN);
}

static void revoked_with(const struct tp_revoked *r, const struct ts_how *h, enum verdict v, enum sub s, enum note note)
{
    ts_crls(&pki, r, 1);
    expect_how(h, v, s, note);
    ts_crls(&pki, NULL, 0);
}

static void revoked_before_signing_is_invalid(void **state)
{
    (void)state;
    int64_t t = clock_now();
    revoked_with(&(struct tp_revoked){&pki.citizen, t - 600, 0, 1}, &(struct ts_how){.signer = &pki.citizen}, TOTAL_FAILED, SUB_REVOKED,
                 NOTE_REVOKED);
}

static void revoked_after_signing_is_still_valid_thanks_to_the_timestamp(void **state)
{
    (void)state;
    int64_t t = clock_now();
    const struct tp_revoked r = {&pki.citizen, t - 600, 0, 1};
    revoked_with(&r, &(struct ts_how){.signer = &pki.citizen, .stamped_at = t - 1200}, TOTAL_PASSED, SUB_NONE, NOTE_REVOKED_LATER);
    revoked_with(&r, &(struct ts_how){.signer = &pki.citizen, .stamped_at = -1}, TOTAL_FAILED, SUB_REVOKED, NOTE_REVOKED);
}

static void invalidity_date_counts_when_it_is_earlier(void **state)
{
    (void)state;
    int64_t t = clock_now();
    const struct tp_revoked r = {&pki.citizen, t - 600, t - 7200, 1};
    revoked_with(&r, &(struct ts_how){.signer = &pki.citizen, .stamped_at = t - 3600}, TOTAL_FAILED, SUB_REVOKED, NOTE_REVOKED);
}

static void suspended_at_signing_is_invalid(void **state)
{
    (void)state;
    int64_t t = clock_now();
    revoked_with(&(struct tp_revoked){&pki.citizen, t - 600, 0, 6}, &(struct ts_how){.signer = &pki.citizen}, TOTAL_FAILED, SUB_REVOKED,
                 NOTE_SUSPENDED);
}

static void revocation_of_another_certificate_does_not_matter(void **state)
{
    (void)state;
    revoked_with(&(struct tp_revoked){&pki.other, clock_now() - 600, 0, 1}, &(struct ts_how){.signer = &pki.citizen}, TOTAL_PASSED,
                 SUB_NONE, NOTE_N);
}

static void crl_that_had_expired_at_signing_does_not_count(void **state)
{
    (void)state;
    int64_t t = clock_now();
    tp_crl(&pki.ca, t - 7200, t - 3600, NULL, 0, &pki.ca_crl);
    expect_how(&(struct ts_how){.signer = &pki.citizen}, INDETERMINATE, SUB_TRY_LATER, NOTE_REVOCATION_UNKNOWN);
    ts_crls(&pki, NULL, 0);
}

static void crl_signed_by_a_stranger_does_not_count(void **state)
{
    (void)state;
    struct ts_pki stranger;
    ts_pki_make(&stranger); /* the same names, other keys */
    struct buf own = take(&pki.ca_crl);
    assert_int_equal(buf_copy(&pki.ca_crl, buf_bytes(&stranger.ca_crl)), OK);
    expect_how(&(struct ts_how){.signer = &pki.citizen}, INDETERMINATE, SUB_TRY_LATER, NOTE_REVOCATION_UNKNOWN);
    buf_free(&pki.ca_crl);
    pki.ca_crl = own;
    ts_pki_free(&stranger);
}

static void expired_certificate_needs_a_timestamp(void **state)
{
    (void)state;
    struct tp_id old = {0};
    int64_t t = clock_now();
    tp_issue(&old, &(struct tp_spec){.cn = "Old", .profile = TP_CITIZEN, .issuer = &pki.ca, .from = t - 9000, .to = t - 1800});
    tp_crl(&pki.ca, t - 7200, t + 3600, NULL, 0, &pki.ca_crl);
    tp_crl(&pki.services, t - 7200, t + 3600, NULL, 0, &pki.services_crl);
    tp_crl(&pki.root, t - 7200, t + 3600, NULL, 0, &pki.root_crl);
    expect_how(&(struct ts_how){.signer = &old, .stamped_at = t - 3600}, TOTAL_PASSED, SUB_NONE, NOTE_N);
    expect_how(&(struct ts_how){.signer = &old, .stamped_at = -1}, INDETERMINATE, SUB_OUT_OF_BOUNDS_NO_POE, NOTE_EXPIRED_NO_PROOF);
    expect_how(&(struct ts_how){.signer = &old, .stamped_at = t - 900}, TOTAL_FAILED, SUB_EXPIRED, NOTE_EXPIRED);
    ts_crls(&pki, NULL, 0);
    tp_free(&old);
}

/* Its key may be anybody's by now, and the token's own time is what that somebody would forge. */
static void timestamp_by_a_certificate_that_has_expired_proves_nothing(void **state)
{
    (void)state;
    struct tp_id old = {0};
    int64_t t = clock_now();
    tp_issue(&old, &(struct tp_spec){.cn = "Old TSA", .profile = TP_TSA, .issuer = &pki.services, .from = t - 9000, .to = t - 1800});
    tp_crl(&pki.ca, t - 7200, t + 3600, NULL, 0, &pki.ca_crl);
    tp_crl(&pki.services, t - 7200, t + 3600, NULL, 0, &pki.services_crl);
    tp_crl(&pki.root, t - 7200, t + 3600, NULL, 0, &pki.root_crl);
    expect_how(&(struct ts_how){.signer = &pki.citizen, .tsa = &old, .stamped_at = t - 3600}, INDETERMINATE, SUB_OUT_OF_BOUNDS_NO_POE,
               NOTE_EXPIRED_NO_PROOF);
    ts_crls(&pki, NULL, 0);
    tp_free(&old);
}

static void certificate_of_the_future_is_invalid(void **state)
{
    (void)state;
    struct tp_id young = {0};
    int64_t t = clock_now();
    tp_issue(&young, &(struct tp_spec){.cn = "Young", .profile = TP_CITIZEN, .issuer = &pki.ca, .from = t + 3600});
    expect_how(&(struct ts_how){.signer = &young}, TOTAL_FAILED, SUB_NOT_YET_VALID, NOTE_NOT_YET_VALID);
    tp_free(&young);
}

static void certificates_for_other_purposes_are_refused(void **state)
{
    (void)state;
    struct tp_id server = {0};
    tp_issue(&server, &(struct tp_spec){.cn = "Server", .profile = TP_TLS_SERVER, .issuer = &pki.ca});
    expect_how(&(struct ts_how){.signer = &server}, INDETERMINATE, SUB_CHAIN_CONSTRAINTS_FAILURE, NOTE_PURPOSE);
    expect_how(&(struct ts_how){.signer = &pki.tsa, .issuer = &pki.services}, INDETERMINATE, SUB_CHAIN_CONSTRAINTS_FAILURE, NOTE_PURPOSE);
    expect_how(&(struct ts_how){.signer = &pki.ca, .issuer = &pki.root}, INDETERMINATE, SUB_CHAIN_CONSTRAINTS_FAILURE, NOTE_PURPOSE);
    tp_free(&server);
}

static void timestamps_by_certificates_for_other_purposes_are_refused(void **state)
{
    (void)state;
    struct tp_id loose = {0};
    tp_issue(&loose, &(struct tp_spec){.cn = "Loose TSA", .profile = TP_TSA_NOT_CRITICAL, .issuer = &pki.services});
    expect_how(&(struct ts_how){.signer = &pki.citizen, .tsa = &pki.tsa}, TOTAL_PASSED, SUB_NONE, NOTE_N);
    expect_how(&(struct ts_how){.signer = &pki.citizen, .tsa = &pki.other}, INDETERMINATE, SUB_CHAIN_CONSTRAINTS_FAILURE, NOTE_PURPOSE);
    expect_how(&(struct ts_how){.signer = &pki.citizen, .tsa = &loose}, INDETERMINATE, SUB_CHAIN_CONSTRAINTS_FAILURE, NOTE_PURPOSE);
    tp_free(&loose);
}

static void weak_algorithms_are_refused_by_name(void **state)
{
    (void)state;
    struct tp_id rsa1024 = {0}, sha1 = {0};
    struct file_result f;
    tp_issue(&rsa1024, &(struct tp_spec){.cn = "Short", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = TP_RSA1024});
    verify_how(&(struct ts_how){.signer = &rsa1024}, "content", &f);
    assert_string_equal(f.signature[0].findings.item[0].detail, "RSA 1024, until 2019-10-01");
    expect(&f, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM_ENDED);
    tp_issue(&sha1, &(struct tp_spec){.cn = "Sha1", .profile = TP_CITIZEN, .issuer = &pki.ca, .md = "SHA1"});
    verify_how(&(struct ts_how){.signer = &sha1}, "content", &f);
    assert_string_equal(f.signature[0].findings.item[0].detail, "sha1, until 2012-08-01");
    expect(&f, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM_ENDED);
    tp_free(&rsa1024);
    tp_free(&sha1);
}

static void timestamp_over_other_data_is_invalid(void **state)
{
    (void)state;
    AUTO_BUF attrs = {0}, signature = {0}, token = {0}, cms = {0};
    struct context ctx = now();
    struct file_result f;
    uint8_t digest[32];
    sha256(bytes_str("content"), digest);
    struct bytes cert = buf_bytes(&pki.citizen.der);
    assert_int_equal(cms_signed_attrs(&(struct cms_attrs){.digest = BYTES(digest, 32), .cert = cert}, &attrs), OK);
    tp_sign(&pki.citizen, CMS_SHA256, buf_bytes(&attrs), &signature);
    tp_timestamp(&pki.tsa, &pki.services, "SHA256", bytes_str("something else"), clock_now(), &token);
    struct bytes crls[] = {buf_bytes(&pki.root_crl), buf_bytes(&pki.ca_crl), buf_bytes(&pki.services_crl)}, chain = buf_bytes(&pki.ca.der);
    struct cms_signed s = {.signed_attrs = buf_bytes(&attrs),
                           .cert = cert,
                           .chain = &chain,
                           .chain_n = 1,
                           .crls = crls,
                           .crls_n = 3,
                           .signature = buf_bytes(&signature),
                           .timestamp = buf_bytes(&token)};
    assert_int_equal(cades_detached(&s, &cms), ERR_CRYPTO); /* we would not even build it */
    assert_int_equal(cms_signed_data(&s, &cms), OK);
    verify_bytes(&ctx, buf_bytes(&cms), bytes_str("content"), &f);
    assert_false(f.signature[0].time_proven);
    expect(&f, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_STAMP_OTHER);
}

static void timestamp_of_the_future_cannot_be_decided(void **state)
{
    (void)state;
    expect_how(&(struct ts_how){.signer = &pki.citizen, .stamped_at = clock_now() + 7200}, INDETERMINATE, SUB_TIMESTAMP_ORDER_FAILURE,
               NOTE_STAMP_FUTURE);
}

static void without_signing_certificate_attribute_cannot_be_decided(void **state)
{
    (void)state;
    AUTO_BUF text = {0}, cms = {0};
    struct context ctx = now();
    struct file_result f;
    char *cert = tp_path("citizen.pem"), *key = tp_path("citizen.key"), *content = tp_path("plain"), *p7s = tp_path("plain.p7s");
    tp_write_pem(cert, (X509 *const[]){pki.citizen.cert}, 1);
    FILE *k = fopen(key, "w");
    assert_int_equal(PEM_write_PrivateKey(k, pki.citizen.key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(k);
    tp_write(content, bytes_str("content"));
    assert_int_equal(
        tp_run(&text, "openssl cms -sign -binary -signer citizen.pem -inkey citizen.key -md sha256 -outform DER -in plain -out plain.p7s"),
        0);
    tp_read(p7s, &cms);
    verify_bytes(&ctx, buf_bytes(&cms), bytes_str("content"), &f);
    expect(&f, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_ATTRIBUTE_MISSING);
    free(cert);
    free(key);
    free(content);
    free(p7s);
}

/* --- PDF: coverage and later changes --- */

static void expect_pdf(const char *name, enum verdict v, enum sub s, enum note note)
{
    struct file_result f;
    verify_name(name, &f);
    expect(&f, v, s, note);
}

static void unsigned_pdf_is_not_valid(void **state)
{
    (void)state;
    make_pdf(&(struct testpdf_spec){0}, "unsigned.pdf");
    expect_pdf("unsigned.pdf", TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_NOT_SIGNED);
}

static void bytes_behind_the_last_revision_are_named(void **state)
{
    (void)state;
    make_pdf(&(struct testpdf_spec){0}, "tail.pdf");
    sign("tail.pdf", &pki.citizen);
    append("tail.pdf", "\n");
    expect_pdf("tail.pdf", TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_TRAILING);
}

static void garbage_behind_the_last_revision_is_invalid(void **state)
{
    (void)state;
    make_pdf(&(struct testpdf_spec){0}, "garbage.pdf");
    sign("garbage.pdf", &pki.citizen);
    append("garbage.pdf", "% a comment\n");
    expect_pdf("garbage.pdf", TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_PDF_DAMAGED);
}

/* Appends an update with these objects; entries of the trailer as the file's own. */
static void append_update(const char *name, const char *const *objects, const int *ids, size_t n)
{
    AUTO_BUF all = {0};
    char *path = tp_path(name);
    tp_read(path, &all);
    const char *last = NULL;
    for (const char *p = (char *)all.ptr; (p = memmem(p, all.len - (size_t)(p - (char *)all.ptr), "startxref\n", 10)) != NULL; p++)
        last = p;
    long prev = atol(last + 10);
    size_t at[8];
    for (size_t i = 0; i < n; i++) {
        at[i] = all.len;
        assert_int_equal(buf_addf(&all, "%d 0 obj\n%s\nendobj\n", ids[i], objects[i]), OK);
    }
    size_t xref = all.len;
    assert_int_equal(buf_add_str(&all, "xref\n"), OK);
    int size = 8;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(buf_addf(&all, "%d 1\n%010zu 00000 n \n", ids[i], at[i]), OK);
        size = ids[i] >= size ? ids[i] + 1 : size;
    }
    assert_int_equal(buf_addf(&all, "trailer\n<< /Size %d /Root 1 0 R /Prev %ld >>\nstartxref\n%zu\n%%%%EOF\n", size, prev, xref), OK);
    tp_write(path, buf_bytes(&all));
    free(path);
}

static void changed_page_content_in_an_update_is_invalid(void **state)
{
    (void)state;
    const char *object = "<< /Length 2 >>\nstream\nBT\nendstream";
    make_pdf(&(struct testpdf_spec){0}, "shadow.pdf");
    sign("shadow.pdf", &pki.citizen);
    append_update("shadow.pdf", &object, (const int[]){4}, 1);
    expect_pdf("shadow.pdf", TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_CHANGED_LATER);
}

static void later_signature_does_not_hide_a_change(void **state)
{
    (void)state;
    const char *object = "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 841 ] /Contents 4 0 R /Annots [ 7 0 R ] >>";
    struct file_result f;
    make_pdf(&(struct testpdf_spec){0}, "shadow2.pdf");
    sign("shadow2.pdf", &pki.citizen);
    append_update("shadow2.pdf", &object, (const int[]){3}, 1);
    sign("shadow2.pdf", &pki.other);
    verify_name("shadow2.pdf", &f);
    assert_int_equal(f.signature_n, 2);
    assert_int_equal(f.signature[0].findings.verdict, TOTAL_FAILED);
    assert_int_equal(f.signature[1].findings.verdict, TOTAL_PASSED); /* the second signer signed what there was */
    expect(&f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_CHANGED_LATER);
}

static void update_that_updates_nothing_is_invalid(void **state)
{
    (void)state;
    const char *object = "<< /Hidden (payload) >>";
    make_pdf(&(struct testpdf_spec){0}, "nothing.pdf");
    sign("nothing.pdf", &pki.citizen);
    append_update("nothing.pdf", &object, (const int[]){20}, 1);
    expect_pdf("nothing.pdf", TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_TRAILING);
}

static void validation_data_in_an_update_is_allowed(void **state)
{
    (void)state;
    const char *objects[] = {"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [ 7 0 R ] /SigFlags 3 >> /DSS 8 0 R >>",
                             "<< /Type /DSS >>"};
    make_pdf(&(struct testpdf_spec){0}, "dss.pdf");
    sign("dss.pdf", &pki.citizen);
    append_update("dss.pdf", objects, (const int[]){1, 8}, 2);
    expect_pdf("dss.pdf", TOTAL_PASSED, SUB_NONE, NOTE_LATER_REVISION);
}

static void form_actions_in_an_update_are_invalid(void **state)
{
    (void)state;
    static const char *const ATTACKS[] = {
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [ 7 0 R ] /SigFlags 3 >> /OpenAction << /S /JavaScript /JS (x) >> >>",
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [ 7 0 R << /FT /Tx /T (x) >> ] /SigFlags 3 >> >>",
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [ 7 0 R << /FT /Sig /T (x) /AA << >> >> ] /SigFlags 3 >> >>",
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [ ] /SigFlags 3 >> >>",
        "<< /Type /Catalog /Pages 2 0 R /Names << >> /AcroForm << /Fields [ 7 0 R ] /SigFlags 3 >> >>",
    };
    for (size_t i = 0; i < sizeof ATTACKS / sizeof *ATTACKS; i++) {
        struct file_result f;
        make_pdf(&(struct testpdf_spec){0}, "attack.pdf");
        sign("attack.pdf", &pki.citizen);
        append_update("attack.pdf", &ATTACKS[i], (const int[]){1}, 1);
        verify_name("attack.pdf", &f);
        assert_int_equal(f.findings.verdict, TOTAL_FAILED);
        file_result_free(&f);
    }
}

#define WIDGET "/Type /Annot /Subtype /Widget /FT /Sig /F 4 /P 3 0 R "
#define SIGNED_PAGE                                                                                                                        \
    "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> /Annots [ 7 0 R 9 0 R " \
    "] >>"
#define CATALOG_WITH(fields) "<< /Type /Catalog /Pages 2 0 R /DSS << >> /AcroForm << /Fields [ " fields " ] /SigFlags 3 >> >>"

static void expect_after_update(const char *catalog, const char *page, const char *field, enum verdict v)
{
    const char *objects[] = {catalog, page, field};
    struct file_result f;
    make_pdf(&(struct testpdf_spec){0}, "overlay.pdf");
    sign("overlay.pdf", &pki.citizen);
    append_update("overlay.pdf", objects, (const int[]){1, 3, 9}, 3);
    verify_name("overlay.pdf", &f);
    if (f.findings.verdict != v)
        describe(&f);
    assert_int_equal(f.findings.verdict, v);
    file_result_free(&f);
}

/* A widget over the page that is in no form: viewers show it, and no signature is ever checked for it. */
static void overlay_that_only_looks_like_a_signature_field_is_invalid(void **state)
{
    (void)state;
    expect_after_update(CATALOG_WITH("7 0 R"), SIGNED_PAGE, "<< " WIDGET "/T (x) /Rect [ 9 9 300 300 ] >>", TOTAL_FAILED);
    expect_after_update(CATALOG_WITH("7 0 R"), SIGNED_PAGE, "<< " WIDGET "/T (x) /Rect [ 0 0 0 0 ] >>", TOTAL_FAILED);
}

static void visible_field_that_nobody_signed_is_invalid(void **state)
{
    (void)state;
    expect_after_update(CATALOG_WITH("7 0 R 9 0 R"), SIGNED_PAGE, "<< " WIDGET "/T (x) /Rect [ 9 9 300 300 ] >>", TOTAL_FAILED);
}

static void visible_field_with_the_earlier_signature_as_its_own_is_invalid(void **state)
{
    (void)state;
    expect_after_update(CATALOG_WITH("7 0 R 9 0 R"), SIGNED_PAGE, "<< " WIDGET "/T (x) /Rect [ 9 9 300 300 ] /V 6 0 R >>", TOTAL_FAILED);
    expect_after_update(CATALOG_WITH("7 0 R 9 0 R"), SIGNED_PAGE, "<< " WIDGET "/T (x) /Rect [ 0 0 0 0 ] /V 6 0 R >>", TOTAL_FAILED);
}

static void field_that_is_seen_only_on_paper_or_by_some_viewers_is_visible(void **state)
{
    (void)state;
    expect_after_update(CATALOG_WITH("7 0 R 9 0 R"), SIGNED_PAGE,
                        "<< /Type /Annot /Subtype /Widget /FT /Sig /F 36 /P 3 0 R /T (x) /Rect [ 9 9 300 300 ] >>", TOTAL_FAILED);
    expect_after_update(CATALOG_WITH("7 0 R 9 0 R"), SIGNED_PAGE, "<< " WIDGET "/T (x) /Rect [ 9 9 300 300 1 ] >>", TOTAL_FAILED);
}

static void empty_invisible_field_for_the_next_signer_is_allowed(void **state)
{
    (void)state;
    expect_after_update(CATALOG_WITH("7 0 R 9 0 R"), SIGNED_PAGE, "<< " WIDGET "/T (x) /Rect [ 0 0 0 0 ] >>", TOTAL_PASSED);
}

static void field_with_actions_or_parts_is_invalid(void **state)
{
    (void)state;
    static const char *const FIELDS[] = {"<< " WIDGET "/T (x) /Rect [ 0 0 0 0 ] /AA << /D << /S /JavaScript /JS (x) >> >> >>",
                                         "<< " WIDGET "/T (x) /Rect [ 0 0 0 0 ] /A << /S /Launch >> >>",
                                         "<< " WIDGET "/T (x) /Rect [ 0 0 0 0 ] /Kids [ << /Subtype /Widget /Rect [ 9 9 300 300 ] >> ] >>",
                                         "<< " WIDGET "/T (x) /Rect [ 0 0 0 0 ] /Parent 7 0 R >>",
                                         "<< /Type /Annot /Subtype /FreeText /FT /Sig /Rect [ 9 9 300 300 ] >>"};
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++)
        expect_after_update(CATALOG_WITH("7 0 R 9 0 R"), SIGNED_PAGE, FIELDS[i], TOTAL_FAILED);
}

static void signature_wrapped_into_another_place_is_invalid(void **state)
{
    (void)state;
    /* the second range is moved: bytes between gap and range are no longer covered */
    AUTO_BUF pdf = {0};
    make_pdf(&(struct testpdf_spec){0}, "wrap.pdf");
    sign("wrap.pdf", &pki.citizen);
    char *path = tp_path("wrap.pdf");
    tp_read(path, &pdf);
    char *range = memmem(pdf.ptr, pdf.len, "/ByteRange [0 ", 14);
    unsigned long a, b, c;
    assert_int_equal(sscanf(range, "/ByteRange [0 %lu %lu %lu]", &a, &b, &c), 3);
    struct context ctx = now();
    static const long SHIFTS[][3] = {{-1, 0, 0}, {0, 1, -1}, {0, 0, -1}, {1, 0, 0}, {0, -1, 1}, {0, 0, 1}};
    for (size_t i = 0; i < sizeof SHIFTS / sizeof *SHIFTS; i++) {
        struct file_result f;
        char text[80];
        int n = snprintf(text, sizeof text, "/ByteRange [0 %lu %lu %lu]", a + (unsigned long)SHIFTS[i][0], b + (unsigned long)SHIFTS[i][1],
                         c + (unsigned long)SHIFTS[i][2]);
        memcpy(range, text, (size_t)n);
        verify_bytes(&ctx, buf_bytes(&pdf), BYTES(NULL, 0), &f);
        assert_int_equal(f.findings.verdict, TOTAL_FAILED);
        file_result_free(&f);
    }
    free(path);
}

static void encrypted_pdf_cannot_be_decided(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    make_pdf(&(struct testpdf_spec){0}, "plain.pdf");
    assert_int_equal(tp_run(&text, "qpdf --encrypt '' o 256 -- plain.pdf enc.pdf"), 0);
    expect_pdf("enc.pdf", INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_PDF_ENCRYPTED);
}

static void junk_and_other_files_are_never_valid(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {
        "", "0", "0\x80", "{}", "{\"type\":\"antin-dossier-manifest\"}", "%PDF-1.7\n%%EOF", "\x30\x82\xff\xff", "PK\3\4"};
    struct context ctx = now();
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
        struct file_result f;
        verify_bytes(&ctx, bytes_str(OTHERS[i]), BYTES(NULL, 0), &f);
        assert_int_not_equal(f.findings.verdict, TOTAL_PASSED);
        file_result_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cades_with_timestamp_is_valid_and_tells_who_when_and_by_whom),
        cmocka_unit_test(every_accepted_algorithm_is_valid),
        cmocka_unit_test(openssl_accepts_what_we_build),
        cmocka_unit_test(pdf_signed_twice_is_valid_twice),
        cmocka_unit_test(shapes_of_pdf_signed_twice_are_valid),
        cmocka_unit_test(token_beside_its_file_is_valid),
        cmocka_unit_test(changed_content_is_invalid),
        cmocka_unit_test(content_inside_must_be_the_content_beside),
        cmocka_unit_test(signature_by_another_key_is_invalid),
        cmocka_unit_test(trailing_bytes_after_a_cms_are_invalid),
        cmocka_unit_test(every_changed_byte_of_a_cms_is_never_valid),
        cmocka_unit_test(every_prefix_of_a_cms_is_never_valid),
        cmocka_unit_test(every_changed_byte_of_a_token_is_never_valid),
        cmocka_unit_test(every_changed_byte_of_a_pdf_is_never_valid),
        cmocka_unit_test(unknown_root_cannot_be_decided),
        cmocka_unit_test(missing_crl_cannot_be_decided_and_is_named),
        cmocka_unit_test(revoked_before_signing_is_invalid),
        cmocka_unit_test(revoked_after_signing_is_still_valid_thanks_to_the_timestamp),
        cmocka_unit_test(invalidity_date_counts_when_it_is_earlier),
        cmocka_unit_test(suspended_at_signing_is_invalid),
        cmocka_unit_test(revocation_of_another_certificate_does_not_matter),
        cmocka_unit_test(crl_that_had_expired_at_signing_does_not_count),
        cmocka_unit_test(crl_signed_by_a_stranger_does_not_count),
        cmocka_unit_test(expired_certificate_needs_a_timestamp),
        cmocka_unit_test(timestamp_by_a_certificate_that_has_expired_proves_nothing),
        cmocka_unit_test(certificate_of_the_future_is_invalid),
        cmocka_unit_test(certificates_for_other_purposes_are_refused),
        cmocka_unit_test(timestamps_by_certificates_for_other_purposes_are_refused),
        cmocka_unit_test(weak_algorithms_are_refused_by_name),
        cmocka_unit_test(timestamp_over_other_data_is_invalid),
        cmocka_unit_test(timestamp_of_the_future_cannot_be_decided),
        cmocka_unit_test(without_signing_certificate_attribute_cannot_be_decided),
        cmocka_unit_test(unsigned_pdf_is_not_valid),
        cmocka_unit_test(bytes_behind_the_last_revision_are_named),
        cmocka_unit_test(garbage_behind_the_last_revision_is_invalid),
        cmocka_unit_test(changed_page_content_in_an_update_is_invalid),
        cmocka_unit_test(later_signature_does_not_hide_a_change),
        cmocka_unit_test(update_that_updates_nothing_is_invalid),
        cmocka_unit_test(validation_data_in_an_update_is_allowed),
        cmocka_unit_test(form_actions_in_an_update_are_invalid),
        cmocka_unit_test(overlay_that_only_looks_like_a_signature_field_is_invalid),
        cmocka_unit_test(visible_field_that_nobody_signed_is_invalid),
        cmocka_unit_test(visible_field_with_the_earlier_signature_as_its_own_is_invalid),
        cmocka_unit_test(field_that_is_seen_only_on_paper_or_by_some_viewers_is_visible),
        cmocka_unit_test(empty_invisible_field_for_the_next_signer_is_allowed),
        cmocka_unit_test(field_with_actions_or_parts_is_invalid),
        cmocka_unit_test(signature_wrapped_into_another_place_is_invalid),
        cmocka_unit_test(encrypted_pdf_cannot_be_decided),
        cmocka_unit_test(junk_and_other_files_are_never_valid),
    };
    return cmocka_run_group_tests_name("verify", tests, trust_setup, trust_teardown);
}
