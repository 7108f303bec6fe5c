/*
 * Containers that outlive their certificates: archive timestamps over ASiC-E with CAdES, evidence records in containers; verified with a root alone.
 * ETSI EN 319 162-1 §4.4.5.2, §A.7, §A.8; EN 319 102-1 §5.6.2; RFC 4998.
 */
#include "tests/unit/testtrust.h"
#include "tests/unit/unit.h"
#include "signer/formats/asic.h"
#include "signer/formats/fade.h"
#include "signer/verify/verify.h"

static const struct asic_file FILES[] = {
    {"to-khai.txt", "text/plain", {(const uint8_t *)"to khai", 7}},
    {"phu-luc.pdf", "application/pdf", {(const uint8_t *)"%PDF-1.7 no real one", 20}},
};

static void sign(bool xades, struct buf *out)
{
    struct hall m;
    const struct signing_key *key = key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA);
    const struct asic_opts o = {.type = ASIC_E, .signing_time = clock_now()};
    const struct zip_sink sink = {zip_to_buf, out};
    out->len = 0;
    assert_ok(xades ? asic_sign_xades(FILES, 2, &o, key, &sink) : asic_sign_cades(FILES, 2, &o, key, &sink));
}

static err_t raise_by(const struct buf *b, enum sig_level level, const struct stamping *ts, struct buf *out, enum sig_level *reached)
{
    AUTO_ASIC a = {0};
    out->len = 0;
    TRY(asic_open(buf_bytes(b), &a));
    return asic_raise(&a, level, &(struct cades_means){ts, crls_at_hand()}, &(struct zip_sink){zip_to_buf, out}, reached);
}

static void to_lta(struct buf *b)
{
    AUTO_BUF from = take(b);
    enum sig_level reached;
    assert_ok(raise_by(&from, LEVEL_LTA, &tsa, b, &reached));
    assert_int_equal(reached, LEVEL_LTA);
}

static enum sig_level level_of(const struct buf *b)
{
    AUTO_ASIC a = {0};
    enum sig_level level;
    assert_ok(asic_open(buf_bytes(b), &a));
    assert_ok(asic_level(&a, &level));
    return level;
}

/* The container's verdict, and the note that must be among its findings (NOTE_N: none). */
static void verdict_is(const struct buf *b, enum verdict want, enum note note)
{
    struct context ctx = {.trust = &trust, .at = clock_now()};
    struct file_result f;
    bool found = note == NOTE_N;
    verify_bytes(&ctx, buf_bytes(b), BYTES(NULL, 0), &f);
    for (size_t i = 0; i < f.findings.n; i++)
        found |= f.findings.item[i].note == note;
    for (size_t k = 0; k < f.signature_n; k++) {
        for (size_t i = 0; i < f.signature[k].findings.n; i++) {
            found |= f.signature[k].findings.item[i].note == note;
            if (f.findings.verdict != want)
                print_message("%zu: %s %s\n", k, note_code(f.signature[k].findings.item[i].note), f.signature[k].findings.item[i].detail);
        }
    }
    if (f.findings.verdict != want || !found)
        fail_msg("verdict %s, not %s with %s", verdict_name(f.findings.verdict), verdict_name(want), note < NOTE_N ? note_code(note) : "");
    file_result_free(&f);
}

static void valid(const struct buf *b)
{
    verdict_is(b, TOTAL_PASSED, NOTE_N);
}

/* One entry with another content, or without it (text NULL). */
static void change(const struct buf *b, const char *name, const char *text, struct buf *out)
{
    AUTO_ZIP z = {0};
    AUTO_ZIP_WRITER w = {.sink = {zip_to_buf, out}};
    out->len = 0;
    assert_ok(zip_open(buf_bytes(b), &z));
    assert_non_null(zip_find(&z, bytes_str(name)));
    for (size_t i = 0; i < z.n; i++) {
        if (!zip_is(&z.entry[i], name))
            assert_ok(zip_add_same(&w, &z.entry[i]));
        else if (text != NULL)
            assert_ok(zip_add(&w, z.entry[i].name, bytes_str(text), false));
    }
    assert_ok(zip_finish(&w));
}

/* --- archive timestamps --- */

static void an_archive_timestamp_covers_all_that_is_there(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, said = {0};
    AUTO_ASIC a = {0};
    AUTO_STR path = tp_path("c.asice");
    AUTO_STR pem = tp_path("chain.pem");
    sign(false, &b);
    to_lta(&b);
    valid(&b);
    assert_int_equal(level_of(&b), LEVEL_LTA);
    assert_ok(asic_open(buf_bytes(&b), &a));
    const struct zip_entry *list = zip_find(&a.zip, bytes_str("META-INF/ASiCArchiveManifest.xml"));
    assert_non_null(list);
    for (size_t i = 1; i < a.zip.n; i++)
        assert_true(asic_archived(&a, &a.zip.entry[i]) || &a.zip.entry[i] == list || zip_is(&a.zip.entry[i], "META-INF/timestamp001.tst"));
    tp_write(path, buf_bytes(&b));
    tp_write_pem(pem, (X509 *const[]){pki.root.cert, pki.services.cert}, 2);
    if (tp_run(&said, "rm -rf out && unzip -q c.asice -d out && openssl ts -verify -data out/META-INF/ASiCArchiveManifest.xml -token_in "
                      "-in out/META-INF/timestamp001.tst -CAfile chain.pem") != 0)
        fail_msg("%s", buf_str(&said));
}

static void each_renewal_keeps_what_was_there(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, c = {0};
    AUTO_ASIC before = {0}, after = {0};
    enum sig_level reached;
    sign(false, &b);
    to_lta(&b);
    to_lta(&b);
    assert_ok(raise_by(&b, LEVEL_LTA, &tsa, &c, &reached));
    valid(&c);
    assert_ok(asic_open(buf_bytes(&b), &before));
    assert_ok(asic_open(buf_bytes(&c), &after));
    assert_int_equal(before.n + 1, after.n);
    static const char *const SAME[] = {"to-khai.txt", "phu-luc.pdf", "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s",
                                       "META-INF/ASiCArchiveManifest001.xml"};
    for (size_t i = 0; i < 5; i++) {
        const struct zip_entry *was = zip_find(&before.zip, bytes_str(SAME[i])), *is = zip_find(&after.zip, bytes_str(SAME[i]));
        assert_non_null(was);
        assert_non_null(is);
        assert_true(bytes_eq(was->whole, is->whole));
    }
    AUTO_BUF own = {0};
    struct bytes list;
    assert_ok(zip_read(zip_find(&after.zip, bytes_str("META-INF/ASiCArchiveManifest.xml")), 1 << 20, &own, &list));
    assert_non_null(memmem(list.ptr, list.len, "ASiCArchiveManifest002.xml\" MimeType=\"text/xml\" Rootfile=\"true\"", 63));
}

static struct tp_id lasting;

static void brief_service(int64_t until)
{
    lasting = pki.tsa;
    pki.tsa = (struct tp_id){0};
    tp_issue(&pki.tsa, &(struct tp_spec){.cn = "Brief TSA", .profile = TP_TSA, .issuer = &pki.services, .to = until});
}

static void lasting_service(void)
{
    tp_free(&pki.tsa);
    pki.tsa = lasting;
}

static void renewed_in_time_it_outlives_its_certificates(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, once = {0};
    int64_t start = clock_now();
    sign(false, &b);
    brief_service(start + 2 * TP_DAY);
    to_lta(&b); /* the signature's timestamp and the archive's are both by it */
    lasting_service();
    assert_ok(buf_copy(&once, buf_bytes(&b)));
    clock_set_for_test(start + TP_DAY);
    ts_crls(&pki, NULL, 0);
    to_lta(&b);
    clock_set_for_test(start + 5 * TP_DAY);
    valid(&b);
    verdict_is(&once, INDETERMINATE, NOTE_EXPIRED_NO_PROOF);
    clock_set_for_test(0);
    ts_crls(&pki, NULL, 0);
}

static void it_lasts_as_long_as_its_newest_archive_timestamp(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, c = {0};
    AUTO_ASIC a = {0}, again = {0}, more = {0};
    struct hall m;
    int64_t start = clock_now(), until;
    sign(false, &b);
    brief_service(start + 2 * TP_DAY);
    to_lta(&b);
    lasting_service();
    assert_ok(asic_open(buf_bytes(&b), &a));
    assert_ok(fade_of_container(&a, &until));
    assert_int_equal(until, start + 2 * TP_DAY);
    assert_ok(asic_add_signature(&a, start, key_of(&m, &pki.other, CMS_SHA256, SIGN_ECDSA), &(struct zip_sink){zip_to_buf, &c}));
    assert_ok(asic_open(buf_bytes(&c), &more));
    assert_err(fade_of_container(&more, &until), ERR_NOT_FOUND); /* one signature has none */
    clock_set_for_test(start + 5);                               /* not in the same second */
    AUTO_BUF renewed = {0};
    enum sig_level reached;
    assert_ok(raise_by(&b, LEVEL_LTA, &tsa, &renewed, &reached));
    clock_set_for_test(0);
    assert_ok(asic_open(buf_bytes(&renewed), &again));
    assert_ok(fade_of_container(&again, &until));
    assert_true(until > start + 365 * TP_DAY);
}

/* A key that was stolen after the archive timestamp made none of what that covers. */
static void a_service_revoked_later_does_no_harm_to_what_is_archived(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, t = {0};
    enum sig_level reached;
    int64_t start = clock_now();
    struct trust own = trust;
    AUTO_STR list = tp_path("services.crl");
    sign(false, &b);
    brief_service(start + 90 * TP_DAY);
    assert_ok(raise_by(&b, LEVEL_LT, &tsa, &t, &reached));
    struct tp_id stolen = pki.tsa;
    pki.tsa = lasting;
    AUTO_BUF archived = {0};
    assert_ok(raise_by(&t, LEVEL_LTA, &tsa, &archived, &reached));
    clock_set_for_test(start + 5 * TP_DAY);
    AUTO_BUF crl = {0};
    struct tp_revoked r = {.who = &stolen, .at = start + 4 * TP_DAY, .reason = CRL_REASON_KEY_COMPROMISE};
    tp_crl(&pki.services, clock_now() - 60, clock_now() + TP_DAY, &r, 1, &crl);
    tp_write(list, buf_bytes(&crl));
    trust.crls = NULL;
    assert_ok(trust_load_crls(&trust, list));
    valid(&archived);
    verdict_is(&t, TOTAL_FAILED, NOTE_REVOKED);
    sk_X509_CRL_pop_free(trust.crls, X509_CRL_free);
    trust = own;
    tp_free(&stolen);
    clock_set_for_test(0);
}

static void what_is_archived_must_not_change(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, c = {0}, d = {0};
    AUTO_ASIC a = {0};
    struct hall m;
    enum sig_level reached;
    sign(false, &b);
    to_lta(&b);
    static const char *const NAMES[] = {"phu-luc.pdf", "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s",
                                        "META-INF/ASiCArchiveManifest.xml", "META-INF/timestamp001.tst"};
    for (size_t i = 0; i < 5; i++) {
        for (int gone = 0; gone < 2; gone++) {
            struct context ctx = {.trust = &trust, .at = clock_now()};
            struct file_result f;
            change(&b, NAMES[i], gone ? NULL : "other", &c);
            verify_bytes(&ctx, buf_bytes(&c), BYTES(NULL, 0), &f);
            assert_int_not_equal(f.findings.verdict, TOTAL_PASSED);
            file_result_free(&f);
            assert_int_not_equal(raise_by(&c, LEVEL_LTA, &tsa, &d, &reached), OK);
        }
    }
    assert_ok(asic_open(buf_bytes(&b), &a));
    d.len = 0;
    assert_err(
        asic_countersign(&a, 0, clock_now(), key_of(&m, &pki.other, CMS_SHA256, SIGN_ECDSA), NULL, &(struct zip_sink){zip_to_buf, &d}),
        ERR_CONFLICT);
}

static void a_signature_added_later_needs_a_further_timestamp(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, c = {0};
    AUTO_ASIC a = {0};
    struct hall m;
    sign(false, &b);
    to_lta(&b);
    assert_ok(asic_open(buf_bytes(&b), &a));
    assert_ok(asic_add_signature(&a, clock_now(), key_of(&m, &pki.other, CMS_SHA256, SIGN_ECDSA), &(struct zip_sink){zip_to_buf, &c}));
    assert_int_equal(level_of(&c), LEVEL_B);
    to_lta(&c);
    assert_int_equal(level_of(&c), LEVEL_LTA);
    valid(&c);
}

static err_t honest_once(void *arg, enum cms_hash alg, struct bytes digest, struct buf *token)
{
    return (*(unsigned *)arg)++ == 0 ? honest(&stamps, alg, digest, token) : ERR_TIMEOUT;
}

static void without_the_archive_timestamp_lt_is_said(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, c = {0};
    unsigned asked = 0;
    enum sig_level reached;
    const struct stamping once = {.stamp = honest_once, .arg = &asked, .alg = CMS_SHA256}, liar = {.stamp = lying, .alg = CMS_SHA256};
    sign(false, &b);
    assert_err(raise_by(&b, LEVEL_LTA, &once, &c, &reached), ERR_TIMEOUT);
    assert_int_equal(reached, LEVEL_LT);
    assert_int_equal(level_of(&c), LEVEL_LT);
    valid(&c);
    AUTO_BUF again = {0};
    assert_err(raise_by(&c, LEVEL_LTA, &liar, &again, &reached), ERR_STAMP);
    assert_int_equal(reached, LEVEL_LT);
    to_lta(&c);
    assert_err(raise_by(&c, LEVEL_LTA, &liar, &again, &reached), ERR_STAMP); /* what it had, it has */
    assert_int_equal(reached, LEVEL_LTA);
    valid(&again);
}

/* --- evidence records --- */

static const struct cades_means *means(void)
{
    static struct cades_means m;
    m = (struct cades_means){&tsa, crls_at_hand()};
    return &m;
}

static void evidence_alone_makes_a_container(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, c = {0};
    assert_ok(asic_prove(&FILES[0], clock_now(), means(), &(struct zip_sink){zip_to_buf, &b}));
    valid(&b);
    change(&b, "to-khai.txt", "other", &c);
    verdict_is(&c, TOTAL_FAILED, NOTE_STAMP_OTHER);
    change(&b, "META-INF/evidencerecord.ers", "other", &c);
    verdict_is(&c, TOTAL_FAILED, NOTE_FORMAT);
    assert_err(asic_prove(&FILES[0], 0, &(struct cades_means){NULL, NULL}, &(struct zip_sink){zip_to_buf, &c}), ERR_STAMP);
    assert_err(asic_prove(&FILES[0], 0, &(struct cades_means){&tsa, NULL}, &(struct zip_sink){zip_to_buf, &c}), ERR_CERT_STATUS);
}

static void prove(struct buf *b)
{
    AUTO_BUF from = take(b);
    AUTO_ASIC a = {0};
    assert_ok(asic_open(buf_bytes(&from), &a));
    assert_ok(asic_add_evidence(&a, clock_now(), means(), &(struct zip_sink){zip_to_buf, b}));
}

static void evidence_is_about_every_file(void **state)
{
    (void)state;
    for (int xades = 0; xades < 2; xades++) {
        AUTO_BUF b = {0}, lt = {0}, c = {0};
        enum sig_level reached;
        sign(xades, &b);
        assert_ok(raise_by(&b, LEVEL_LT, &tsa, &lt, &reached));
        prove(&lt);
        valid(&lt);
        change(&lt, "phu-luc.pdf", "other", &c);
        verdict_is(&c, TOTAL_FAILED, NOTE_COMPONENT_CHANGED);
        change(&lt, xades ? "META-INF/signatures0.xml" : "META-INF/signature001.p7s", "<other/>", &c);
        verdict_is(&c, TOTAL_FAILED, NOTE_COMPONENT_CHANGED);
        change(&lt, "META-INF/evidencerecord001.ers", "other", &c);
        verdict_is(&c, TOTAL_FAILED, NOTE_FORMAT);
        prove(&lt); /* and one about the first */
        valid(&lt);
    }
}

/* The record leads to a timestamp over what the list names; a list that names less, or more, is another list. */
static void a_record_of_another_container_is_found_out(void **state)
{
    (void)state;
    AUTO_BUF b = {0}, other = {0}, mixed = {0}, own = {0};
    AUTO_ZIP z = {0}, from = {0};
    AUTO_ZIP_WRITER w = {.sink = {zip_to_buf, &mixed}};
    struct bytes record;
    sign(false, &b);
    sign(true, &other);
    prove(&b);
    prove(&other);
    assert_ok(zip_open(buf_bytes(&b), &z));
    assert_ok(zip_open(buf_bytes(&other), &from));
    assert_ok(zip_read(zip_find(&from, bytes_str("META-INF/evidencerecord001.ers")), 1 << 20, &own, &record));
    for (size_t i = 0; i < z.n; i++) {
        if (zip_is(&z.entry[i], "META-INF/evidencerecord001.ers"))
            assert_ok(zip_add(&w, z.entry[i].name, record, false));
        else
            assert_ok(zip_add_same(&w, &z.entry[i]));
    }
    assert_ok(zip_finish(&w));
    verdict_is(&mixed, TOTAL_FAILED, NOTE_STAMP_OTHER);
}

static void evidence_lets_signatures_outlive_their_certificates(void **state)
{
    (void)state;
    for (int xades = 0; xades < 2; xades++) {
        AUTO_BUF b = {0}, lt = {0}, alone = {0};
        enum sig_level reached;
        int64_t start = clock_now();
        sign(xades, &b);
        brief_service(start + 2 * TP_DAY);
        assert_ok(raise_by(&b, LEVEL_LT, &tsa, &lt, &reached));
        lasting_service();
        assert_ok(buf_copy(&alone, buf_bytes(&lt)));
        prove(&lt);
        clock_set_for_test(start + 5 * TP_DAY);
        valid(&lt);
        verdict_is(&alone, INDETERMINATE, NOTE_EXPIRED_NO_PROOF);
        clock_set_for_test(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_archive_timestamp_covers_all_that_is_there),
        cmocka_unit_test(each_renewal_keeps_what_was_there),
        cmocka_unit_test(renewed_in_time_it_outlives_its_certificates),
        cmocka_unit_test(it_lasts_as_long_as_its_newest_archive_timestamp),
        cmocka_unit_test(a_service_revoked_later_does_no_harm_to_what_is_archived),
        cmocka_unit_test(what_is_archived_must_not_change),
        cmocka_unit_test(a_signature_added_later_needs_a_further_timestamp),
        cmocka_unit_test(without_the_archive_timestamp_lt_is_said),
        cmocka_unit_test(evidence_alone_makes_a_container),
        cmocka_unit_test(evidence_is_about_every_file),
        cmocka_unit_test(a_record_of_another_container_is_found_out),
        cmocka_unit_test(evidence_lets_signatures_outlive_their_certificates),
    };
    return cmocka_run_group_tests(tests, trust_setup, trust_teardown);
}
