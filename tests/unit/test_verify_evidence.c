/*
 * Evidence records before the verifier: good for their file alone, for as long as they are renewed in time, and never when a byte was changed. RFC 4998 §5.3.
 */
#include "tests/unit/testevidence.h"
#include "tests/unit/testtrust.h"

struct seen {
    enum verdict verdict;
    enum note note; /* the first that made it so */
    size_t stamp_n;
    int64_t time;
};

static struct seen look(struct bytes record, unsigned object)
{
    struct file_result f;
    struct ers_digests d;
    char text[40];
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &trust, .at = clock_now(), .memory = &memory};
    te_object(object, text, &d);
    verify_bytes(&ctx, record, bytes_str(text), &f);
    struct seen s = {.verdict = f.findings.verdict};
    const struct findings *where = f.findings.n > 0 ? &f.findings : f.signature_n > 0 ? &f.signature[0].findings : NULL;
    for (size_t i = 0; where != NULL && i < where->n && s.note == 0; i++)
        s.note = where->item[i].verdict == s.verdict ? where->item[i].note : 0;
    if (f.signature_n > 0) {
        s.stamp_n = f.signature[0].stamp_n;
        s.time = f.signature[0].best_time;
    }
    file_result_free(&f);
    return s;
}

static void record_is_valid_for_its_file_and_tells_since_when(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_BUF record = {0};
    te_make(folder, CMS_SHA256, 30, te_means(true));
    assert_ok(ers_archive_renew(folder, te_means(true)));
    assert_ok(te_renew_tree(folder, CMS_SHA512, 30, te_means(true), false));
    assert_ok(te_record(folder, 17, &record));
    struct seen s = look(buf_bytes(&record), 17);
    assert_int_equal(s.verdict, TOTAL_PASSED);
    assert_int_equal(s.stamp_n, 3);
    assert_true(s.time != 0 && s.time <= clock_now());
    s = look(buf_bytes(&record), 1000);
    assert_int_equal(s.verdict, TOTAL_FAILED);
    assert_int_equal(s.note, NOTE_STAMP_OTHER);
}

static void single_object_and_two_are_valid_too(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 2; n++) {
        AUTO_STR folder = te_folder();
        AUTO_BUF record = {0};
        te_make(folder, CMS_SHA384, n, te_means(true));
        assert_ok(te_record(folder, n - 1, &record));
        assert_int_equal(look(buf_bytes(&record), n - 1).verdict, TOTAL_PASSED);
        assert_ok(te_renew_tree(folder, CMS_SHA512, n, te_means(true), false));
        assert_ok(te_record(folder, n - 1, &record));
        assert_int_equal(look(buf_bytes(&record), n - 1).verdict, TOTAL_PASSED);
    }
}

static void without_validation_data_it_cannot_be_decided(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_BUF record = {0};
    te_make(folder, CMS_SHA256, 3, te_means(false));
    assert_ok(te_record(folder, 1, &record));
    struct seen s = look(buf_bytes(&record), 1);
    assert_int_equal(s.verdict, INDETERMINATE);
    assert_int_equal(s.note, NOTE_REVOCATION_UNKNOWN);
}

/* A record stamped by a certificate that ends two days later, and renewed (or not) after so many days. */
static struct seen years_later(int renewed_after_days)
{
    AUTO_STR folder = te_folder();
    AUTO_BUF record = {0};
    struct tp_id lasting = pki.tsa;
    int64_t start = clock_now();
    pki.tsa = (struct tp_id){0};
    tp_issue(&pki.tsa, &(struct tp_spec){.cn = "Brief TSA", .profile = TP_TSA, .issuer = &pki.services, .to = start + 2 * TP_DAY});
    te_make(folder, CMS_SHA256, 9, te_means(true));
    tp_free(&pki.tsa);
    pki.tsa = lasting;
    if (renewed_after_days > 0) {
        clock_set_for_test(start + renewed_after_days * TP_DAY);
        ts_crls(&pki, NULL, 0);
        assert_ok(ers_archive_renew(folder, te_means(true)));
    }
    clock_set_for_test(start + 5 * TP_DAY);
    assert_ok(te_record(folder, 4, &record));
    struct seen s = look(buf_bytes(&record), 4);
    clock_set_for_test(0);
    ts_crls(&pki, NULL, 0);
    return s;
}

static void renewed_in_time_it_outlives_its_first_certificate(void **state)
{
    (void)state;
    struct seen s = years_later(1);
    assert_int_equal(s.verdict, TOTAL_PASSED);
    assert_int_equal(s.stamp_n, 2);
}

static void expired_without_renewal_it_cannot_be_decided(void **state)
{
    (void)state;
    struct seen s = years_later(0);
    assert_int_equal(s.verdict, INDETERMINATE);
    assert_int_equal(s.note, NOTE_EXPIRED_NO_PROOF);
}

/* The last timestamp could be had by anybody; the first was worth nothing any more. Renewing itself refuses, so that the record is made by hand. */
static void renewed_too_late_it_cannot_be_decided(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_BUF record = {0};
    struct tp_id lasting = pki.tsa;
    int64_t start = clock_now();
    pki.tsa = (struct tp_id){0};
    tp_issue(&pki.tsa, &(struct tp_spec){.cn = "Brief TSA", .profile = TP_TSA, .issuer = &pki.services, .to = start + 2 * TP_DAY});
    te_make(folder, CMS_SHA256, 9, te_means(true));
    tp_free(&pki.tsa);
    pki.tsa = lasting;
    clock_set_for_test(start + 3 * TP_DAY);
    ts_crls(&pki, NULL, 0);
    assert_ok(ers_archive_renew(folder, te_means(false)));
    assert_ok(te_record(folder, 4, &record));
    struct seen s = look(buf_bytes(&record), 4);
    clock_set_for_test(0);
    ts_crls(&pki, NULL, 0);
    assert_int_equal(s.verdict, INDETERMINATE);
    assert_int_equal(s.note, NOTE_EXPIRED_NO_PROOF);
}

/* All but the root's certificate that came with the token: the verifier has its own, and looks at no other. */
static void every_changed_byte_of_a_record_is_never_valid(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_BUF record = {0};
    te_make(folder, CMS_SHA256, 5, te_means(true));
    assert_ok(te_record(folder, 2, &record));
    uint8_t *root = memmem(record.ptr, record.len, pki.root.der.ptr, pki.root.der.len);
    for (uint8_t *p = record.ptr; p < record.ptr + record.len; p++) {
        if (root != NULL && p >= root && p < root + pki.root.der.len)
            continue;
        *p ^= 0x04;
        if (look(buf_bytes(&record), 2).verdict == TOTAL_PASSED)
            fail_msg("valid with byte %zu of %zu changed", (size_t)(p - record.ptr), record.len);
        *p ^= 0x04;
    }
}

static void every_prefix_of_a_record_is_never_valid(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_BUF record = {0};
    te_make(folder, CMS_SHA256, 5, te_means(true));
    assert_ok(te_record(folder, 2, &record));
    for (size_t n = 0; n < record.len; n += 11)
        assert_int_not_equal(look(BYTES(record.ptr, n), 2).verdict, TOTAL_PASSED);
}

static void record_is_found_beside_its_file(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_BUF record = {0};
    AUTO_STR file = tp_path("hồ sơ.xml");
    AUTO_STR beside = tp_path("hồ sơ.xml.ers");
    struct file_result f;
    struct ers_digests d;
    char text[40];
    struct context ctx = {.trust = &trust, .at = clock_now()};
    te_make(folder, CMS_SHA256, 5, te_means(true));
    assert_ok(te_record(folder, 2, &record));
    te_object(2, text, &d);
    tp_write(beside, buf_bytes(&record));
    assert_ok(verify_file(&ctx, beside, NULL, &f));
    assert_int_equal(f.findings.verdict, INDETERMINATE); /* without the file nothing can be said */
    file_result_free(&f);
    tp_write(file, bytes_str(text));
    assert_ok(verify_file(&ctx, beside, NULL, &f));
    assert_int_equal(f.findings.verdict, TOTAL_PASSED);
    assert_string_equal(f.format, "EVIDENCE");
    file_result_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_is_valid_for_its_file_and_tells_since_when),
        cmocka_unit_test(single_object_and_two_are_valid_too),
        cmocka_unit_test(without_validation_data_it_cannot_be_decided),
        cmocka_unit_test(renewed_in_time_it_outlives_its_first_certificate),
        cmocka_unit_test(expired_without_renewal_it_cannot_be_decided),
        cmocka_unit_test(renewed_too_late_it_cannot_be_decided),
        cmocka_unit_test(every_changed_byte_of_a_record_is_never_valid),
        cmocka_unit_test(every_prefix_of_a_record_is_never_valid),
        cmocka_unit_test(record_is_found_beside_its_file),
    };
    return cmocka_run_group_tests_name("evidence records, verified", tests, trust_setup, trust_teardown);
}
