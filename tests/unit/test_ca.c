/*
 * antin-ca, as an operator runs it: ceremonies, profiles, revocation, and that nothing is signed before its intent is on the disk.
 * docs/man/antin-ca.1; RFC 5280, RFC 3161 §2.3, EN 319 412-2.
 */
#include "certs/crl.h"
#include "certs/issue.h"
#include "tests/unit/keydproc.h"
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static struct proc p; /* no process here: its folder */

static int setup(void **state)
{
    (void)state;
    ceremony(&p);
    assert_int_equal(run(&p, "openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", in_dir(&p, "c.key")),
                     0);
    assert_int_equal(run(&p, "openssl", "req", "-new", "-key", in_dir(&p, "c.key"), "-subj", "/CN=whoever/O=CA me", "-addext",
                         "basicConstraints=CA:TRUE", "-out", in_dir(&p, "c.csr")),
                     0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    proc_end(&p);
    return 0;
}

#define CA_DIR "--ca-dir", in_dir(&p, "ca")
#define PASS "--passphrase-file", in_dir(&p, "pass")
#define KEYS "--ca-keys", in_dir(&p, "keys"), "--domain-key", in_dir(&p, "domain")
#define NAME "/C=VN/SN=Nguyễn/GN=Văn An/serialNumber=an-1/CN=Nguyễn Văn An"

static int issue_citizen(const char *subject, char serial[64])
{
    int code = antin_ca(&p, "issue", CA_DIR, "--profile", "citizen", "--csr", in_dir(&p, "c.csr"), KEYS, "--subject", subject, "--out",
                        in_dir(&p, "c.crt"));
    out_line(&p, serial, 64);
    return code;
}

static bool said(const char *what)
{
    char *out = read_text(in_dir(&p, "out"));
    bool has = strstr(out, what) != NULL;
    if (!has)
        print_error("said: %s\n", out);
    free(out);
    return has;
}

/* The row of a serial number in the index. */
static bool index_says(const char *serial, const char *what)
{
    char *text = read_text(in_dir(&p, "ca/index"));
    char *line = strstr(text, serial);
    bool has = false;
    if (line) {
        line[strcspn(line, "\n")] = '\0';
        has = strstr(line, what) != NULL;
    }
    free(text);
    return has;
}

static X509 *issued(const char *profile)
{
    AUTO_JSON all = NULL;
    X509 *c = NULL;
    assert_int_equal(antin_ca(&p, "list", CA_DIR, "--json"), 0);
    all = json_load_file(in_dir(&p, "out"), 0, NULL);
    for (size_t i = 0; i < json_array_size(all) && !c; i++) {
        const json_t *r = json_array_get(all, i);
        if (!strcmp(json_string_value(json_object_get(r, "profile")), profile)) {
            char name[128];
            (void)snprintf(name, sizeof name, "ca/issued/%s.crt", json_string_value(json_object_get(r, "serial")));
            assert_ok(x509_load(in_dir(&p, name), &c));
        }
    }
    assert_non_null(c);
    return c;
}

static bool critical(const X509 *c, int nid)
{
    int at = X509_get_ext_by_NID(c, nid, -1);
    assert_true(at >= 0);
    return X509_EXTENSION_get_critical(X509_get_ext(c, at));
}

/* --- what a ceremony makes --- */

static void everything_verifies_up_to_the_root(void **state)
{
    (void)state;
    static const struct {
        const char *profile, *ca;
    } all[] = {{"tsa", "ca/services.crt"}, {"seal", "ca/services.crt"}};
    assert_int_equal(run(&p, "openssl", "verify", "-x509_strict", "-CAfile", in_dir(&p, "ca/root.crt"), in_dir(&p, "ca/services.crt")), 0);
    assert_int_equal(run(&p, "openssl", "verify", "-x509_strict", "-CAfile", in_dir(&p, "ca/root.crt"), in_dir(&p, "ca/citizens.crt")), 0);
    for (size_t i = 0; i < 2; i++) {
        AUTO_X509 c = issued(all[i].profile);
        AUTO_BUF pem = {0};
        assert_ok(x509_to_pem(c, &pem));
        write_text(in_dir(&p, "one.pem"), buf_str(&pem));
        assert_int_equal(run(&p, "openssl", "verify", "-x509_strict", "-CAfile", in_dir(&p, "ca/root.crt"), "-untrusted",
                             in_dir(&p, all[i].ca), in_dir(&p, "one.pem")),
                         0);
    }
}

static void the_root_is_on_p384_and_for_twenty_years(void **state)
{
    (void)state;
    AUTO_X509 c = NULL;
    int64_t from, to;
    assert_ok(x509_load(in_dir(&p, "ca/root.crt"), &c));
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(c)), 384);
    assert_ok(x509_validity(c, &from, &to));
    assert_in_range((to - from) / 86400, 20 * 365, 20 * 365 + 6);
    assert_int_equal(X509_get_key_usage(c), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_true(critical(c, NID_basic_constraints) && critical(c, NID_key_usage));
}

static void issuing_cas_may_not_make_cas(void **state)
{
    (void)state;
    for (const char *const *n = (const char *const[]){"ca/services.crt", "ca/citizens.crt", NULL}; *n; n++) {
        AUTO_X509 c = NULL;
        assert_ok(x509_load(in_dir(&p, *n), &c));
        assert_int_equal(X509_get_pathlen(c), 0);
    }
}

static void the_tsa_has_its_purpose_alone_and_critical(void **state)
{
    (void)state;
    AUTO_X509 c = issued("tsa");
    int64_t from, to, kfrom, kto;
    assert_true(critical(c, NID_ext_key_usage));
    assert_int_equal(X509_get_extended_key_usage(c), XKU_TIMESTAMP);
    assert_ok(x509_validity(c, &from, &to));
    assert_ok(x509_key_usage_period(c, &kfrom, &kto));
    assert_true(kto + 5 * 365 * 86400 < to); /* what it signs last still has a valid certificate for years */
}

static void an_ocsp_signer_comes_from_a_request(void **state)
{
    (void)state;
    AUTO_X509 c = NULL;
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, "--profile", "ocsp", "--csr", in_dir(&p, "c.csr"), KEYS, "--out", in_dir(&p, "o.crt")),
                     0);
    assert_ok(x509_load(in_dir(&p, "o.crt"), &c));
    assert_int_equal(X509_get_extended_key_usage(c), XKU_OCSP_SIGN);
    assert_true(X509_get_ext_by_NID(c, NID_id_pkix_OCSP_noCheck, -1) >= 0);
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, "--profile", "ocsp", "--key-out", in_dir(&p, "keys"), KEYS), 0); /* or keyd's own key */
}

static void nothing_but_the_key_is_taken_from_a_request(void **state)
{
    (void)state;
    char serial[64];
    AUTO_X509 c = NULL;
    AUTO_BUF name = {0};
    assert_int_equal(issue_citizen(NAME, serial), 0);
    assert_ok(x509_load(in_dir(&p, "c.crt"), &c));
    assert_ok(x509_name_text(X509_get_subject_name(c), &name));
    assert_string_equal(buf_str(&name), "CN=Nguyễn Văn An, serialNumber=an-1, GN=Văn An, SN=Nguyễn, C=VN");
    assert_int_equal(X509_check_ca(c), 0);
    assert_int_equal(X509_get_key_usage(c), KU_NON_REPUDIATION);
    assert_true(index_says(serial, "valid"));
}

/* --- refusals --- */

static void a_request_not_signed_by_its_own_key_is_refused(void **state)
{
    (void)state;
    X509_REQ *r = X509_REQ_new();
    EVP_PKEY *mine = key_new(JOSE_ES256), *other = key_new(JOSE_ES256);
    assert_true(X509_REQ_set_pubkey(r, mine) && X509_REQ_sign(r, other, EVP_sha256()) > 0);
    BIO *b = BIO_new_file(in_dir(&p, "bad.csr"), "w");
    assert_int_equal(PEM_write_bio_X509_REQ(b, r), 1);
    BIO_free(b);
    X509_REQ_free(r);
    EVP_PKEY_free(mine);
    EVP_PKEY_free(other);
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, "--profile", "citizen", "--csr", in_dir(&p, "bad.csr"), KEYS, "--subject", NAME), 2);
    assert_true(said("not signed by its own key"));
}

static void a_key_on_another_curve_is_refused(void **state)
{
    (void)state;
    assert_int_equal(run(&p, "openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", in_dir(&p, "r.key"), "-subj", "/CN=x",
                         "-out", in_dir(&p, "r.csr")),
                     0);
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, "--profile", "citizen", "--csr", in_dir(&p, "r.csr"), KEYS, "--subject", NAME), 2);
    assert_int_equal(run(&p, "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-nodes", "-keyout",
                         in_dir(&p, "r.key"), "-subj", "/CN=x", "-out", in_dir(&p, "r.csr")),
                     0);
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, "--profile", "citizen", "--csr", in_dir(&p, "r.csr"), KEYS, "--subject", NAME), 2);
}

static void a_subject_outside_the_profile_is_refused(void **state)
{
    (void)state;
    char serial[64];
    const struct {
        const char *subject;
        int code;
    } bad[] = {
        {"/C=VN/CN=An", 2},                        /* serialNumber is required */
        {"/C=VN/CN=An/serialNumber=1/O=Sở", 2},    /* O is not allowed */
        {"/C=VN/CN=An/CN=Binh/serialNumber=1", 2}, /* doubled */
        {"/C=VNM/CN=An/serialNumber=1", 3},        /* two letters */
        {"/C=VN/CN=/serialNumber=1", 3},
        {"/C=VN/CN=\xff\xfe/serialNumber=1", 3},
        {"CN=An", 3},
        {"", 3},
        {"/C=VN/X=1/CN=An/serialNumber=1", 3},
        {"/C=VN/serialNumber=1/CN=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         3}, /* 65 characters: RFC 5280 ub-common-name */
    };
    char *before = read_text(in_dir(&p, "ca/index"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (issue_citizen(bad[i].subject, serial) != bad[i].code)
            fail_msg("%s", bad[i].subject);
    char *after = read_text(in_dir(&p, "ca/index"));
    assert_string_equal(before, after); /* refused before any intent */
    free(before);
    free(after);
    assert_int_equal(issue_citizen("/C=VN/serialNumber=1/CN=Sở Tư pháp \\/ Phòng 1", serial), 0);
}

static void validity_stays_inside_profile_and_issuer(void **state)
{
    (void)state;
    assert_int_equal(
        antin_ca(&p, "issue", CA_DIR, "--profile", "citizen", "--csr", in_dir(&p, "c.csr"), KEYS, "--subject", NAME, "--days", "1097"), 2);
    assert_int_equal(
        antin_ca(&p, "issue", CA_DIR, "--profile", "citizen", "--csr", in_dir(&p, "c.csr"), KEYS, "--subject", NAME, "--days", "0"), 3);
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, "--profile", "citizen", "--csr", in_dir(&p, "c.csr"), KEYS, "--subject", NAME,
                              "--not-before", "2020-01-01T00:00:00Z"),
                     2);
    assert_true(said("outside the issuer's"));
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, "--profile", "citizen", "--csr", in_dir(&p, "c.csr"), KEYS, "--subject", NAME,
                              "--not-before", "yesterday"),
                     3);
}

static void a_second_ceremony_or_ca_is_refused(void **state)
{
    (void)state;
    assert_int_equal(
        antin_ca(&p, "init", in_dir(&p, "ca"), "--organization", "X", "--crl-base", "http://x", "--aia-base", "http://x", PASS), 2);
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, PASS, "--profile", "services-ca"), 2);
    assert_int_equal(antin_ca(&p, "domain-key", "--out", in_dir(&p, "domain")), 2);
}

static void a_wrong_passphrase_or_domain_key_signs_nothing(void **state)
{
    (void)state;
    write_text(in_dir(&p, "wrong"), "incorrect horse battery\n");
    assert_int_equal(antin_ca(&p, "crl", CA_DIR, "--passphrase-file", in_dir(&p, "wrong"), "--ca", "root", "--out", in_dir(&p, "no.crl")),
                     1);
    assert_true(said("wrong key or passphrase"));
    assert_int_not_equal(access(in_dir(&p, "no.crl"), F_OK), 0);
    write_text(in_dir(&p, "short"), "short\n");
    assert_int_equal(antin_ca(&p, "crl", CA_DIR, "--passphrase-file", in_dir(&p, "short"), "--ca", "root", "--out", in_dir(&p, "no.crl")),
                     1);
    assert_int_equal(antin_ca(&p, "domain-key", "--out", in_dir(&p, "domain2")), 0);
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, "--profile", "citizen", "--csr", in_dir(&p, "c.csr"), "--ca-keys", in_dir(&p, "keys"),
                              "--domain-key", in_dir(&p, "domain2"), "--subject", NAME),
                     1);
}

static void usage_errors_say_what_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(antin_ca(&p, "frobnicate"), 3);
    assert_int_equal(antin_ca(&p, "issue", CA_DIR), 3);
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, "--profile", "../../etc/passwd"), 3);
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, "--profile", "nothing"), 3);
    assert_int_equal(antin_ca(&p, "list", CA_DIR, "--purpose", "tsa"), 3);
    assert_int_equal(antin_ca(&p, "list", CA_DIR, "too", "much"), 3);
    assert_int_equal(antin_ca(&p, "list", "--ca-dir", "/nonexistent"), 1);
    assert_int_equal(antin_ca(&p, "crl", CA_DIR, PASS, "--ca", "moon", "--out", in_dir(&p, "x")), 3);
    for (const char *const *c = (const char *const[]){"init", "issue", "revoke", "list", "crl", "domain-key", "jwks", NULL}; *c; c++)
        assert_int_equal(antin_ca(&p, *c, "--help"), 0);
    assert_int_equal(antin_ca(&p, "key", "new", "--help"), 0);
    assert_int_equal(antin_ca(&p, "--help"), 0);
}

/* --- the index --- */

static void an_unwritable_index_signs_nothing(void **state)
{
    (void)state;
    char serial[64];
    (void)unlink(in_dir(&p, "c.crt"));
    assert_int_equal(mkdir(in_dir(&p, "ca/index.new"), 0700), 0); /* in the way of the temporary file, also for root */
    assert_int_equal(issue_citizen(NAME, serial), 1);
    assert_true(said("nothing was signed"));
    assert_int_not_equal(access(in_dir(&p, "c.crt"), F_OK), 0);
    assert_int_equal(rmdir(in_dir(&p, "ca/index.new")), 0);
    assert_int_equal(issue_citizen(NAME, serial), 0);
}

static void a_crash_after_the_intent_leaves_a_row_that_can_be_revoked(void **state)
{
    (void)state;
    char serial[64] = "";
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, "--profile", "citizen", "--csr", in_dir(&p, "c.csr"), KEYS, "--subject", NAME, "--out",
                              "/nonexistent/folder/c.crt"),
                     1);
    char *text = read_text(in_dir(&p, "ca/index"));
    char *at = strstr(text, "\tintent\t");
    assert_non_null(at);
    while (at > text && at[-1] != '\n')
        at--;
    (void)snprintf(serial, sizeof serial, "%.40s", at);
    free(text);
    assert_int_equal(antin_ca(&p, "revoke", serial, CA_DIR), 0);
    assert_true(index_says(serial, "revoked"));
}

static void a_damaged_index_stops_everything(void **state)
{
    (void)state;
    char *was = read_text(in_dir(&p, "ca/index"));
    AUTO_BUF cut = {0};
    assert_ok(buf_add(&cut, was, strlen(was) - 5));
    write_text(in_dir(&p, "ca/index"), buf_str(&cut));
    assert_int_equal(antin_ca(&p, "list", CA_DIR), 1);
    assert_true(said("damaged line"));
    write_text(in_dir(&p, "ca/index"), was);
    free(was);
    assert_int_equal(antin_ca(&p, "list", CA_DIR), 0);
}

/* --- revocation --- */

static void a_revoked_certificate_is_in_the_next_crl_with_reason_and_times(void **state)
{
    (void)state;
    char serial[64];
    AUTO_X509_CRL crl = NULL;
    AUTO_X509 c = NULL;
    X509_REVOKED *r = NULL;
    int64_t t;
    assert_int_equal(issue_citizen(NAME, serial), 0);
    assert_int_equal(antin_ca(&p, "revoke", serial, CA_DIR, "--reason", "keyCompromise", "--at", "2026-01-02T03:04:05Z", "--invalid-since",
                              "2026-01-01T07:00:00+07:00"),
                     0);
    assert_int_equal(antin_ca(&p, "revoke", serial, CA_DIR), 2);
    assert_int_equal(antin_ca(&p, "crl", CA_DIR, "--ca", "citizens", KEYS, "--out", in_dir(&p, "citizens.crl")), 0);
    assert_int_equal(
        run(&p, "openssl", "crl", "-inform", "DER", "-in", in_dir(&p, "citizens.crl"), "-noout", "-CAfile", in_dir(&p, "ca/citizens.crt")),
        0);
    assert_true(said("verify OK"));
    STACK_OF(X509_CRL) *crls = NULL;
    STACK_OF(X509) *none = NULL;
    assert_ok(x509_bundle_load(in_dir(&p, "citizens.crl"), &none, &crls));
    crl = sk_X509_CRL_pop(crls);
    sk_X509_CRL_free(crls);
    assert_ok(x509_load(in_dir(&p, "c.crt"), &c));
    assert_int_equal(X509_CRL_get0_by_serial(crl, &r, X509_get_serialNumber(c)), 1);
    assert_ok(x509_time(X509_REVOKED_get0_revocationDate(r), &t));
    assert_int_equal(t, 1767323045);
    ASN1_ENUMERATED *why = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);
    assert_int_equal(ASN1_ENUMERATED_get(why), 1);
    ASN1_ENUMERATED_free(why);
    ASN1_GENERALIZEDTIME *since = X509_REVOKED_get_ext_d2i(r, NID_invalidity_date, NULL, NULL);
    assert_ok(x509_time(since, &t));
    assert_int_equal(t, 1767225600);
    ASN1_GENERALIZEDTIME_free(since);
}

static uint64_t number_of(const char *file)
{
    STACK_OF(X509_CRL) *crls = NULL;
    STACK_OF(X509) *none = NULL;
    assert_ok(x509_bundle_load(in_dir(&p, file), &none, &crls));
    ASN1_INTEGER *n = X509_CRL_get_ext_d2i(sk_X509_CRL_value(crls, 0), NID_crl_number, NULL, NULL);
    uint64_t v = 0;
    assert_int_equal(ASN1_INTEGER_get_uint64(&v, n), 1);
    ASN1_INTEGER_free(n);
    x509_crl_stack_free(&crls);
    return v;
}

static void crl_numbers_grow_and_pem_is_possible(void **state)
{
    (void)state;
    assert_int_equal(antin_ca(&p, "crl", CA_DIR, PASS, "--ca", "root", "--out", in_dir(&p, "root.crl")), 0);
    uint64_t first = number_of("root.crl");
    assert_int_equal(antin_ca(&p, "crl", CA_DIR, PASS, "--ca", "root", "--pem", "--out", in_dir(&p, "root.pem")), 0);
    assert_true(number_of("root.pem") == first + 1);
    assert_int_equal(antin_ca(&p, "crl", CA_DIR, PASS, "--ca", "services", "--days", "30", "--out", in_dir(&p, "services.crl")), 0);
    assert_int_equal(
        run(&p, "openssl", "crl", "-inform", "DER", "-in", in_dir(&p, "services.crl"), "-noout", "-CAfile", in_dir(&p, "ca/services.crt")),
        0);
    assert_true(said("verify OK"));
}

static void an_unknown_serial_or_reason_is_refused(void **state)
{
    (void)state;
    assert_int_equal(antin_ca(&p, "revoke", "1234", CA_DIR), 2);
    assert_int_equal(antin_ca(&p, "revoke", "1234", CA_DIR, "--reason", "bored"), 3);
    assert_int_equal(antin_ca(&p, "revoke", "1234", CA_DIR, "--reason", "removeFromCRL"), 3);
    assert_int_equal(antin_ca(&p, "revoke", CA_DIR), 3);
}

/* --- keys of keyd --- */

static void a_key_certified_elsewhere_takes_its_place(void **state)
{
    (void)state;
    char id[64], name[128];
    assert_int_equal(antin_ca(&p, "key", "new", "--purpose", "seal", "--dir", in_dir(&p, "keys"), "--domain-key", in_dir(&p, "domain")), 0);
    out_line(&p, id, sizeof id);
    assert_int_equal(antin_ca(&p, "key", "csr", "--dir", in_dir(&p, "keys"), "--domain-key", in_dir(&p, "domain"), "--subject",
                              "/C=VN/O=X/CN=Seal 2", "--out", in_dir(&p, "seal.csr"), "--", id),
                     0);
    (void)snprintf(name, sizeof name, "keys/%s.crt", id);
    assert_int_equal(antin_ca(&p, "issue", CA_DIR, PASS, "--profile", "seal", "--csr", in_dir(&p, "seal.csr"), "--out", in_dir(&p, name)),
                     0);
    write_conf(&p, ALL, "");
    assert_int_equal(run(&p, program("antin-keyd"), "-c", in_dir(&p, "keyd.conf"), "-t"), 0);
    assert_true(said(id));
    assert_int_equal(unlink(in_dir(&p, name)), 0); /* without its certificate keyd does not start */
    assert_int_equal(run(&p, program("antin-keyd"), "-c", in_dir(&p, "keyd.conf"), "-t"), 1);
    (void)snprintf(name, sizeof name, "keys/%s.key", id);
    assert_int_equal(unlink(in_dir(&p, name)), 0);
}

static void the_jwks_has_public_token_keys_alone(void **state)
{
    (void)state;
    assert_int_equal(antin_ca(&p, "jwks", in_dir(&p, "keys"), "--domain-key", in_dir(&p, "domain")), 0);
    AUTO_JSON set = json_load_file(in_dir(&p, "out"), 0, NULL);
    assert_int_equal(json_array_size(json_object_get(set, "keys")), 1);
    const json_t *k = json_array_get(json_object_get(set, "keys"), 0);
    assert_null(json_object_get(k, "d"));
    assert_string_equal(json_string_value(json_object_get(k, "use")), "sig");
}

static void key_files_are_for_their_owner_alone(void **state)
{
    (void)state;
    assert_int_equal(run(&p, "sh", "-c", "find \"$0\" -name '*.key' -perm /077 | grep . && exit 1; exit 0", p.dir), 0);
    struct stat st;
    assert_int_equal(stat(in_dir(&p, "domain"), &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
}

/* --- the library --- */

static void reasons_have_their_names(void **state)
{
    (void)state;
    for (int r = -1; r < 12; r++) {
        const char *n = crl_reason_name(r);
        assert_true((n != NULL) == crl_reason_ok(r));
        if (n)
            assert_int_equal(crl_reason_from(n), r);
    }
    assert_false(crl_reason_ok(7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_verifies_up_to_the_root),
        cmocka_unit_test(the_root_is_on_p384_and_for_twenty_years),
        cmocka_unit_test(issuing_cas_may_not_make_cas),
        cmocka_unit_test(the_tsa_has_its_purpose_alone_and_critical),
        cmocka_unit_test(an_ocsp_signer_comes_from_a_request),
        cmocka_unit_test(nothing_but_the_key_is_taken_from_a_request),
        cmocka_unit_test(a_request_not_signed_by_its_own_key_is_refused),
        cmocka_unit_test(a_key_on_another_curve_is_refused),
        cmocka_unit_test(a_subject_outside_the_profile_is_refused),
        cmocka_unit_test(validity_stays_inside_profile_and_issuer),
        cmocka_unit_test(a_second_ceremony_or_ca_is_refused),
        cmocka_unit_test(a_wrong_passphrase_or_domain_key_signs_nothing),
        cmocka_unit_test(usage_errors_say_what_is_wrong),
        cmocka_unit_test(an_unwritable_index_signs_nothing),
        cmocka_unit_test(a_crash_after_the_intent_leaves_a_row_that_can_be_revoked),
        cmocka_unit_test(a_damaged_index_stops_everything),
        cmocka_unit_test(a_revoked_certificate_is_in_the_next_crl_with_reason_and_times),
        cmocka_unit_test(crl_numbers_grow_and_pem_is_possible),
        cmocka_unit_test(an_unknown_serial_or_reason_is_refused),
        cmocka_unit_test(a_key_certified_elsewhere_takes_its_place),
        cmocka_unit_test(the_jwks_has_public_token_keys_alone),
        cmocka_unit_test(key_files_are_for_their_owner_alone),
        cmocka_unit_test(reasons_have_their_names),
    };
    secret_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
