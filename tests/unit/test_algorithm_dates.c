/*
 * Algorithms end, certificates expire, keys are lost: what is proven to be older stays valid, and nothing else does.
 * ETSI EN 319 102-1 §5.2.8, §5.6.2; TS 119 312.
 */
#include "tests/unit/testhand.h"
#include "tests/unit/unit.h"
#include "signer/formats/algorithm.h"
#include "signer/formats/algorithm_policy.h"
#include "signer/formats/cms_edit.h"
#include "signer/formats/pades_dss.h"
#include "signer/formats/pades_sign.h"
#include "signer/formats/xades.h"
#include "signer/verify/verify.h"
#include "tests/unit/testpdf.h"

#define HOUR 3600
#define START 1795507200 /* 2026-11-24 08:00 UTC */
#define IN_2030 1893456000
#define IN_2011 1293840000
#define CONTENT "nội dung"

static struct trust trust;
static const struct covered content = {{{(const uint8_t *)CONTENT, sizeof CONTENT - 1}}};

static void make_pki(int64_t now)
{
    clock_set_for_test(now);
    ts_pki_make(&pki);
    char *root = tp_path("root.pem");
    tp_write_pem(root, (X509 *const[]){pki.root.cert}, 1);
    assert_ok(trust_new(&trust));
    assert_ok(trust_load(&trust, root));
    free(root);
}

static void drop_pki(void)
{
    trust_free(&trust);
    ts_pki_free(&pki);
    clock_set_for_test(0);
}

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tp_cleanup();
    return 0;
}

static int begin(void **state)
{
    (void)state;
    make_pki(START);
    return 0;
}

static int end(void **state)
{
    (void)state;
    drop_pki();
    return 0;
}

/* --- a service of one's own choice --- */

static err_t by(void *arg, enum cms_hash alg, struct bytes digest, struct buf *token)
{
    tp_timestamp_of(arg, &pki.services, cms_hash_md(alg), digest, clock_now(), token);
    return OK;
}

static struct stamping stamping_by(const struct tp_id *tsa_id)
{
    return (struct stamping){.stamp = by, .arg = (void *)(uintptr_t)tsa_id, .alg = CMS_SHA256};
}

/* --- three formats, one shape: a signature with a timestamp by one service, archived by another an hour later --- */

enum form { CADES, PADES, XADES, FORM_N };
static const char *const FORM[] = {"CAdES", "PAdES", "XAdES"};

static void keep(const struct buf *bytes)
{
    char *path = tp_path("work");
    tp_write(path, buf_bytes(bytes));
    free(path);
}

static void sign(enum form form, const struct tp_id *who, enum sign_scheme scheme, const struct stamping *ts)
{
    struct hall m;
    AUTO_BUF made = {0}, out = {0};
    enum sig_level reached;
    const struct signing_key *key = key_of(&m, who, CMS_SHA256, scheme);
    char *path = tp_path("work");
    if (form == CADES) {
        assert_ok(cades_sign(&content, &(struct cades_opts){.signing_time = clock_now()}, key, &made));
        if (ts != NULL)
            assert_ok(cades_raise(buf_bytes(&made), &content, LEVEL_T, &(struct cades_means){ts, NULL}, &out, &reached));
        keep(ts != NULL ? &out : &made);
    } else if (form == XADES) {
        assert_ok(xades_sign_enveloping(content.part[0], &(struct xades_opts){.signing_time = clock_now()}, key, &made));
        if (ts != NULL)
            assert_ok(xades_raise(buf_bytes(&made), LEVEL_T, &(struct xades_means){.ts = ts}, &out, &reached));
        keep(ts != NULL ? &out : &made);
    } else {
        testpdf_make(&(struct testpdf_spec){0}, &made);
        keep(&made);
        AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
        assert_ok(pades_sign(fd, &(struct pades_opts){.signing_time = clock_now()}, key, ts));
    }
    free(path);
}

static void raise_to(enum form form, enum sig_level level, const struct stamping *ts)
{
    AUTO_BUF before = {0}, after = {0};
    enum sig_level reached = LEVEL_B;
    char *path = tp_path("work");
    tp_read(path, &before);
    if (form == CADES) {
        assert_ok(cades_raise(buf_bytes(&before), &content, level, &(struct cades_means){ts, crls_at_hand()}, &after, &reached));
        keep(&after);
    } else if (form == XADES) {
        assert_ok(xades_raise(buf_bytes(&before), level, &(struct xades_means){.ts = ts, .source = crls_at_hand()}, &after, &reached));
        keep(&after);
    } else {
        AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
        assert_ok(pades_raise(fd, level, &(struct cades_means){ts, crls_at_hand()}, &reached));
    }
    assert_int_equal(reached, level);
    free(path);
}

static bool has_note(const struct findings *f, enum note note)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->item[i].note == note)
            return true;
    }
    return false;
}

/* Verdict at a time; note: one that the first signature must have (NOTE_N: none is asked for). best_time of a valid one: START. */
static void at(enum form form, int64_t t, enum verdict want, enum note note)
{
    struct file_result f;
    AUTO_BUF file = {0};
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &trust, .at = t, .memory = &memory};
    char *path = tp_path("work");
    tp_read(path, &file);
    verify_bytes(&ctx, buf_bytes(&file), form == CADES ? content.part[0] : (struct bytes){0}, &f);
    assert_true(f.signature_n > 0);
    const struct findings *s = &f.signature[0].findings;
    if (f.findings.verdict != want || (note != NOTE_N && !has_note(s, note)))
        for (size_t i = 0; i < s->n; i++)
            print_message("%s: %s: %s\n", FORM[form], note_text(s->item[i].note, LANG_EN), s->item[i].detail);
    assert_int_equal(f.findings.verdict, want);
    assert_true(note == NOTE_N || has_note(s, note));
    if (want == TOTAL_PASSED)
        assert_int_equal(f.signature[0].best_time, START);
    file_result_free(&f);
    free(path);
}

/* --- certificates and keys of time-stamping services --- */

static void an_archive_timestamp_outlives_the_certificate_of_the_first(void **state)
{
    (void)state;
    struct tp_id brief = {0};
    tp_issue(&brief, &(struct tp_spec){.cn = "Brief TSA", .profile = TP_TSA, .issuer = &pki.services, .to = START + 12 * HOUR});
    const struct stamping first = stamping_by(&brief), second = stamping_by(&pki.tsa);
    for (enum form form = CADES; form < FORM_N; form++) {
        clock_set_for_test(START);
        sign(form, &pki.citizen, SIGN_ECDSA, &first);
        raise_to(form, LEVEL_LT, &first);
        at(form, START + HOUR, TOTAL_PASSED, NOTE_N);
        at(form, START + 30 * TP_DAY, INDETERMINATE, NOTE_EXPIRED_NO_PROOF);
        clock_set_for_test(START + HOUR);
        raise_to(form, LEVEL_LTA, &second);
        at(form, START + 30 * TP_DAY, TOTAL_PASSED, NOTE_N);
    }
    tp_free(&brief);
}

static void renewals_outlive_archive_timestamps(void **state)
{
    (void)state;
    struct tp_id brief = {0};
    tp_issue(&brief, &(struct tp_spec){.cn = "Brief TSA", .profile = TP_TSA, .issuer = &pki.services, .to = START + 12 * HOUR});
    const struct stamping first = stamping_by(&brief), second = stamping_by(&pki.tsa);
    for (enum form form = CADES; form < FORM_N; form++) {
        clock_set_for_test(START);
        sign(form, &pki.citizen, SIGN_ECDSA, &first);
        clock_set_for_test(START + HOUR);
        raise_to(form, LEVEL_LTA, &first);
        at(form, START + 2 * HOUR, TOTAL_PASSED, NOTE_N);
        at(form, START + 30 * TP_DAY, INDETERMINATE, NOTE_EXPIRED_NO_PROOF);
        clock_set_for_test(START + 2 * HOUR);
        raise_to(form, LEVEL_LTA, &second);
        at(form, START + 30 * TP_DAY, TOTAL_PASSED, NOTE_N);
    }
    tp_free(&brief);
}

/* RFC 3161 §4: a lost key makes all its tokens worthless, but for those that are proven to be older than the loss. */
static void a_key_lost_after_the_archive_was_made_does_no_harm(void **state)
{
    (void)state;
    struct tp_id careless = {0};
    tp_issue(&careless, &(struct tp_spec){.cn = "Careless TSA", .profile = TP_TSA, .issuer = &pki.services});
    const struct stamping first = stamping_by(&careless), second = stamping_by(&pki.tsa);
    trust.crls = trust.crls != NULL ? trust.crls : sk_X509_CRL_new_null();
    for (enum form form = CADES; form < FORM_N; form++) {
        for (int late = 0; late < 2; late++) {
            AUTO_BUF der = {0};
            X509_CRL *crl = NULL;
            clock_set_for_test(START);
            sign(form, &pki.citizen, SIGN_ECDSA, &first);
            clock_set_for_test(START + 2 * HOUR);
            raise_to(form, LEVEL_LTA, &second);
            at(form, START + 4 * HOUR, TOTAL_PASSED, NOTE_N);
            const struct tp_revoked lost = {&careless, START + (late ? 3 : 1) * HOUR, 0, CRL_REASON_KEY_COMPROMISE};
            tp_crl(&pki.services, START + 4 * HOUR, START + 9 * HOUR, &lost, 1, &der);
            assert_ok(x509_crl_from_der(buf_bytes(&der), &crl));
            assert_true(sk_X509_CRL_push(trust.crls, crl) > 0);
            at(form, START + 5 * HOUR, late ? TOTAL_PASSED : TOTAL_FAILED, late ? NOTE_REVOKED_LATER : NOTE_REVOKED);
            X509_CRL_free(sk_X509_CRL_pop(trust.crls));
        }
    }
    tp_free(&careless);
}

/* --- algorithms --- */

static void a_timestamp_keeps_what_an_ended_algorithm_signed(void **state)
{
    (void)state;
    struct tp_id rsa = {0};
    const struct stamping strong = stamping_by(&pki.tsa);
    tp_issue(&rsa, &(struct tp_spec){.cn = "RSA", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = TP_RSA2048});
    for (enum form form = CADES; form < FORM_N; form++) {
        clock_set_for_test(START);
        sign(form, &rsa, SIGN_RSA_PKCS1, NULL);
        at(form, IN_2030, INDETERMINATE, NOTE_ALGORITHM_ENDED);
        sign(form, &rsa, SIGN_RSA_PKCS1, &strong);
        raise_to(form, LEVEL_LT, &strong);
        at(form, START + HOUR, TOTAL_PASSED, NOTE_N);
        at(form, IN_2030, TOTAL_PASSED, NOTE_N);
    }
    tp_free(&rsa);
}

static void an_ended_algorithm_of_a_timestamp_needs_an_archive(void **state)
{
    (void)state;
    struct tp_id rsa = {0};
    tp_issue(&rsa, &(struct tp_spec){.cn = "RSA TSA", .profile = TP_TSA, .issuer = &pki.services, .key = TP_RSA2048});
    const struct stamping weak = stamping_by(&rsa), strong = stamping_by(&pki.tsa);
    for (enum form form = CADES; form < FORM_N; form++) {
        clock_set_for_test(START);
        sign(form, &pki.citizen, SIGN_ECDSA, &weak);
        raise_to(form, LEVEL_LT, &weak);
        at(form, START + HOUR, TOTAL_PASSED, NOTE_N);
        at(form, IN_2030, INDETERMINATE, NOTE_ALGORITHM_ENDED);
        clock_set_for_test(START + HOUR);
        raise_to(form, LEVEL_LTA, &strong);
        at(form, IN_2030, TOTAL_PASSED, NOTE_N);
    }
    tp_free(&rsa);
}

/* Certificates that came after the archive timestamp: it does not speak for their age. */
static void what_was_added_behind_the_archive_is_not_proven_by_it(void **state)
{
    (void)state;
    struct tp_id rsa = {0};
    AUTO_BUF cms = {0}, more = {0};
    AUTO_CMS_EDIT e = NULL;
    char *path = tp_path("work");
    tp_issue(&rsa, &(struct tp_spec){.cn = "RSA TSA", .profile = TP_TSA, .issuer = &pki.services, .key = TP_RSA2048});
    const struct stamping weak = stamping_by(&rsa), strong = stamping_by(&pki.tsa);
    sign(CADES, &pki.citizen, SIGN_ECDSA, &weak);
    raise_to(CADES, LEVEL_LTA, &strong);
    at(CADES, IN_2030, TOTAL_PASSED, NOTE_N);
    tp_read(path, &cms);
    assert_ok(cms_edit_open(buf_bytes(&cms), &e));
    assert_ok(cms_edit_add_cert(e, buf_bytes(&pki.other.der)));
    assert_ok(cms_edit_write(e, &more));
    keep(&more);
    at(CADES, START + HOUR, TOTAL_PASSED, NOTE_N);
    at(CADES, IN_2030, INDETERMINATE, NOTE_ALGORITHM_ENDED);
    tp_free(&rsa);
    free(path);
}

/* A timestamp over the signature, put behind everything that is there. */
static void stamp_behind(const struct tp_id *by, int64_t when)
{
    AUTO_BUF cms = {0}, more = {0}, token = {0};
    AUTO_CMS_EDIT e = NULL;
    AUTO_STR path = tp_path("work");
    tp_read(path, &cms);
    assert_ok(cms_edit_open(buf_bytes(&cms), &e));
    ts_token(by, &pki.services, cms_edit_base(e)->signer[0].signature, when, &token);
    assert_ok(cms_edit_add_unsigned(e, 0, OID_TIMESTAMP_TOKEN, buf_bytes(&token)));
    assert_ok(cms_edit_write(e, &more));
    keep(&more);
}

/* Nor does it speak for a timestamp that was put there later, with a key that had expired by then, to make the signature older than it is. */
static void a_timestamp_behind_the_archive_is_not_proven_by_it(void **state)
{
    (void)state;
    struct tp_id brief = {0};
    tp_issue(&brief, &(struct tp_spec){.cn = "Brief TSA", .profile = TP_TSA, .issuer = &pki.services, .to = START + 12 * HOUR});
    const struct stamping second = stamping_by(&pki.tsa);
    sign(CADES, &pki.citizen, SIGN_ECDSA, &second);
    clock_set_for_test(START + 2 * HOUR);
    raise_to(CADES, LEVEL_LTA, &second);
    stamp_behind(&brief, START - HOUR);
    at(CADES, START + 30 * TP_DAY, INDETERMINATE, NOTE_EXPIRED_NO_PROOF);
    tp_free(&brief);
}

/* The same of the certificate that comes inside of such a timestamp: who can forge certificates today has not had one then. */
static void nor_is_the_certificate_in_it(void **state)
{
    (void)state;
    struct tp_id forged = {0};
    make_pki(IN_2011);
    tp_issue(&forged, &(struct tp_spec){.cn = "Forged TSA", .profile = TP_TSA, .issuer = &pki.services, .md = "SHA1"});
    const struct stamping second = stamping_by(&pki.tsa);
    sign(CADES, &pki.citizen, SIGN_ECDSA, &second);
    raise_to(CADES, LEVEL_LTA, &second);
    stamp_behind(&forged, IN_2011 - HOUR);
    at(CADES, IN_2011 + 3000 * TP_DAY, INDETERMINATE, NOTE_ALGORITHM_ENDED);
    tp_free(&forged);
    drop_pki();
}

/* A certificate by SHA-1 of 2011: good for what a timestamp of 2011 proves, and for nothing of today. */
static void sha1_counts_for_what_is_proven_to_be_of_its_time(void **state)
{
    (void)state;
    struct tp_id old = {0};
    struct file_result f;
    static const int64_t TIMES[] = {IN_2011, START};
    for (size_t i = 0; i < 2; i++) {
        AUTO_BUF cms = {0};
        make_pki(TIMES[i]);
        tp_issue(&old, &(struct tp_spec){.cn = "Old", .profile = TP_CITIZEN, .issuer = &pki.ca, .md = "SHA1"});
        ts_cms_over(&pki, &(struct ts_how){.signer = &old}, content.part[0], &cms);
        verify_bytes(&(struct context){.trust = &trust, .at = TIMES[i] + TP_DAY}, buf_bytes(&cms), content.part[0], &f);
        assert_int_equal(f.findings.verdict, i == 0 ? TOTAL_PASSED : INDETERMINATE);
        assert_int_equal(f.findings.sub, i == 0 ? SUB_NONE : SUB_CRYPTO_CONSTRAINTS_FAILURE);
        file_result_free(&f);
        verify_bytes(&(struct context){.trust = &trust, .at = TIMES[i] + 3000 * TP_DAY}, buf_bytes(&cms), content.part[0], &f);
        assert_int_equal(f.findings.verdict, i == 0 ? TOTAL_PASSED : INDETERMINATE);
        file_result_free(&f);
        tp_free(&old);
        drop_pki();
    }
}

/* --- the table --- */

static void what_has_ended_signs_no_more_and_is_named(void **state)
{
    (void)state;
    static const struct {
        enum tp_key key;
        enum sign_scheme scheme;
        const char *day, *name; /* NULL: no end is set */
    } CASES[] = {
        {TP_RSA1024, SIGN_RSA_PKCS1, "2019-10-01T00:00:00Z", "RSA 1024, until 2019-10-01"},
        {TP_RSA2048, SIGN_RSA_PKCS1, "2029-01-01T00:00:00Z", "RSA 2048, until 2029-01-01"},
        {TP_RSA2048, SIGN_RSA_PSS, "2029-01-01T00:00:00Z", "RSA 2048, until 2029-01-01"},
        {TP_PSS2048, SIGN_RSA_PSS, "2029-01-01T00:00:00Z", "RSA 2048, until 2029-01-01"},
        {TP_RSA3072, SIGN_RSA_PKCS1, "2034-01-01T00:00:00Z", "RSA PKCS#1 v1.5, until 2034-01-01"},
        {TP_RSA3072, SIGN_RSA_PSS, NULL, NULL},
        {TP_P256, SIGN_ECDSA, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char name[ALGORITHM_NAME_CAP];
        int64_t day = 4102444800; /* 2100 */
        EVP_PKEY *key = tp_key(CASES[i].key);
        if (CASES[i].day != NULL)
            assert_ok(clock_parse_rfc3339(CASES[i].day, &day));
        assert_ok(algorithm_for_signing(key, CASES[i].scheme, CMS_SHA256, day - 1, name));
        assert_err(algorithm_for_signing(key, CASES[i].scheme, CMS_SHA256, day, name), CASES[i].day != NULL ? ERR_ALGORITHM : OK);
        if (CASES[i].name != NULL)
            assert_string_equal(name, CASES[i].name);
        EVP_PKEY_free(key);
    }
}

static void what_is_in_no_row_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *group, *name;
    } CURVES[] = {{"P-224", "EC secp224r1"}, {"secp256k1", "EC secp256k1"}, {"P-192", "EC prime192v1"}};
    char name[ALGORITHM_NAME_CAP];
    for (size_t i = 0; i < sizeof CURVES / sizeof *CURVES; i++) {
        EVP_PKEY *key = EVP_EC_gen(CURVES[i].group);
        assert_non_null(key);
        assert_err(algorithm_for_signing(key, SIGN_ECDSA, CMS_SHA256, START, name), ERR_ALGORITHM);
        assert_string_equal(name, CURVES[i].name);
        EVP_PKEY_free(key);
    }
    EVP_PKEY *tiny = EVP_RSA_gen(768), *dsa = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    assert_err(algorithm_key(tiny, name, NULL), ERR_UNSUPPORTED);
    assert_string_equal(name, "RSA 768");
    assert_err(algorithm_key(dsa, name, NULL), ERR_UNSUPPORTED);
    assert_string_equal(name, "ED448 456");
    EVP_PKEY_free(tiny);
    EVP_PKEY_free(dsa);
    /* MD5: 1.2.840.113549.2.5 */
    static const uint8_t MD5[] = {0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05, 0x05, 0x00};
    const EVP_MD *md;
    assert_err(algorithm_digest(BYTES(MD5, sizeof MD5), &md, name, NULL), ERR_UNSUPPORTED);
    assert_string_equal(name, "md5");
}

static void the_first_to_end_counts(void **state)
{
    (void)state;
    struct algorithm_end e = {0};
    assert_false(algorithm_ended(&e, INT64_MAX));
    algorithm_end_merge(&e, &(struct algorithm_end){200, "b"});
    algorithm_end_merge(&e, &(struct algorithm_end){300, "c"});
    algorithm_end_merge(&e, &(struct algorithm_end){0, ""});
    algorithm_end_merge(&e, &(struct algorithm_end){100, "a"});
    assert_string_equal(e.name, "a");
    assert_false(algorithm_ended(&e, 99));
    assert_true(algorithm_ended(&e, 100));
}

/* Larger sizes never end earlier than smaller ones, and no row stands there twice. */
static void the_table_is_in_order(void **state)
{
    (void)state;
    size_t n;
    const struct algorithm_policy *row = algorithm_policy_rows(&n);
    for (size_t i = 1; i < n; i++) {
        bool same = row[i].use == row[i - 1].use && row[i].id == row[i - 1].id;
        assert_true(!same || (row[i].bits > row[i - 1].bits && (row[i].until == 0 || row[i].until > row[i - 1].until)));
    }
    assert_null(algorithm_policy_find(USE_KEY, NID_rsaEncryption, 1023));
    assert_null(algorithm_policy_find(USE_KEY, NID_rsaEncryption, 8193));
    assert_null(algorithm_policy_find(USE_DIGEST, NID_md5, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_archive_timestamp_outlives_the_certificate_of_the_first, begin, end),
        cmocka_unit_test_setup_teardown(renewals_outlive_archive_timestamps, begin, end),
        cmocka_unit_test_setup_teardown(a_key_lost_after_the_archive_was_made_does_no_harm, begin, end),
        cmocka_unit_test_setup_teardown(a_timestamp_keeps_what_an_ended_algorithm_signed, begin, end),
        cmocka_unit_test_setup_teardown(an_ended_algorithm_of_a_timestamp_needs_an_archive, begin, end),
        cmocka_unit_test_setup_teardown(what_was_added_behind_the_archive_is_not_proven_by_it, begin, end),
        cmocka_unit_test_setup_teardown(a_timestamp_behind_the_archive_is_not_proven_by_it, begin, end),
        cmocka_unit_test(nor_is_the_certificate_in_it),
        cmocka_unit_test(sha1_counts_for_what_is_proven_to_be_of_its_time),
        cmocka_unit_test(what_has_ended_signs_no_more_and_is_named),
        cmocka_unit_test(what_is_in_no_row_is_refused_by_name),
        cmocka_unit_test(the_first_to_end_counts),
        cmocka_unit_test(the_table_is_in_order),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
