/*
 * Certificates and CRLs: strict loading, names that cannot forge a line, serials, times, key usage periods.
 * RFC 5280, RFC 4514, RFC 7093, RFC 7468.
 */
#include "certs/profile.h"
#include "common/x509.h"
#include "tests/unit/testpki.h"
#include "tests/unit/unit.h"

static struct tp_id root, leaf;
static struct buf root_pem, crl_der;

static int setup(void **state)
{
    (void)state;
    tp_issue(&root, &(struct tp_spec){.cn = "Test Root", .profile = TP_ROOT, .key = TP_P384, .md = "SHA384"});
    tp_issue(&leaf, &(struct tp_spec){.cn = "Nguyễn Văn Ánh", .profile = TP_CITIZEN, .issuer = &root});
    tp_crl(&root, clock_now() - 60, clock_now() + 3600, NULL, 0, &crl_der);
    assert_ok(x509_to_pem(root.cert, &root_pem));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tp_free(&root);
    tp_free(&leaf);
    buf_free(&root_pem);
    buf_free(&crl_der);
    return 0;
}

static void der_round_trips_and_trailing_bytes_are_refused(void **state)
{
    (void)state;
    AUTO_X509 c = NULL;
    AUTO_BUF der = {0};
    assert_ok(x509_from_der(buf_bytes(&leaf.der), &c));
    assert_ok(x509_to_der(c, &der));
    assert_true(bytes_eq(buf_bytes(&der), buf_bytes(&leaf.der)));
    AUTO_X509 none = NULL;
    assert_ok(buf_add(&der, "\0", 1));
    assert_err(x509_from_der(buf_bytes(&der), &none), ERR_SYNTAX);
    assert_null(none);
}

static void every_cut_of_a_certificate_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < leaf.der.len; n++) {
        AUTO_X509 none = NULL;
        assert_err(x509_from_der(BYTES(leaf.der.ptr, n), &none), ERR_SYNTAX);
    }
    for (size_t n = 0; n < crl_der.len; n++) {
        AUTO_X509_CRL none = NULL;
        assert_err(x509_crl_from_der(BYTES(crl_der.ptr, n), &none), ERR_SYNTAX);
    }
}

static void an_oversized_certificate_is_refused_unread(void **state)
{
    (void)state;
    AUTO_X509 none = NULL;
    uint8_t *big = calloc(1, X509_DER_MAX + 1);
    assert_err(x509_from_der(BYTES(big, X509_DER_MAX + 1), &none), ERR_TOO_LARGE);
    free(big);
}

static err_t bundle(const char *text, int *certs, int *crls)
{
    AUTO_X509_STACK c = NULL;
    AUTO_X509_CRL_STACK l = NULL;
    err_t e = x509_bundle_parse(BYTES_STR(text), &c, crls ? &l : NULL);
    *certs = c ? sk_X509_num(c) : 0;
    if (crls)
        *crls = l ? sk_X509_CRL_num(l) : 0;
    return e;
}

static void pem_of_crl(struct buf *out)
{
    AUTO_X509_CRL c = NULL;
    BIO *b = BIO_new(BIO_s_mem());
    char *p = NULL;
    assert_ok(x509_crl_from_der(buf_bytes(&crl_der), &c));
    assert_int_equal(PEM_write_bio_X509_CRL(b, c), 1);
    long n = BIO_get_mem_data(b, &p);
    assert_ok(buf_add(out, p, (size_t)n));
    BIO_free(b);
}

static void a_bundle_holds_certificates_and_crls_in_any_order(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    int certs, crls;
    assert_ok(buf_add_bytes(&b, buf_bytes(&root_pem)));
    pem_of_crl(&b);
    assert_ok(buf_add_str(&b, "some words between\n"));
    assert_ok(buf_add_bytes(&b, buf_bytes(&root_pem)));
    assert_ok(bundle(buf_str(&b), &certs, &crls));
    assert_int_equal(certs, 2);
    assert_int_equal(crls, 1);
    assert_err(bundle(buf_str(&b), &certs, NULL), ERR_SYNTAX); /* no CRL is wanted here */
}

static void a_bundle_with_anything_else_is_refused(void **state)
{
    (void)state;
    int certs, crls;
    assert_err(bundle("", &certs, &crls), ERR_SYNTAX);
    assert_err(bundle("no PEM at all", &certs, &crls), ERR_SYNTAX);
    assert_err(bundle("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &certs, &crls), ERR_SYNTAX);
    assert_err(bundle("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", &certs, &crls), ERR_SYNTAX);
    AUTO_BUF cut = {0};
    assert_ok(buf_add_bytes(&cut, buf_bytes(&root_pem)));
    assert_ok(buf_add(&cut, root_pem.ptr, root_pem.len / 2)); /* the second one is cut */
    assert_err(bundle(buf_str(&cut), &certs, &crls), ERR_SYNTAX);
}

static void der_files_are_taken_too(void **state)
{
    (void)state;
    AUTO_X509_STACK c = NULL;
    AUTO_X509_CRL_STACK l = NULL;
    assert_ok(x509_bundle_parse(buf_bytes(&leaf.der), &c, &l));
    assert_ok(x509_bundle_parse(buf_bytes(&crl_der), &c, &l));
    assert_int_equal(sk_X509_num(c), 1);
    assert_int_equal(sk_X509_CRL_num(l), 1);
    assert_err(x509_bundle_load("/nonexistent", &c, &l), ERR_IO);
    assert_err(x509_bundle_load("/tmp", &c, &l), ERR_IO);
}

static void one_certificate_means_one(void **state)
{
    (void)state;
    char *dir = dir_new(), path[512];
    AUTO_X509 c = NULL;
    AUTO_BUF two = {0};
    assert_ok(buf_add_bytes(&two, buf_bytes(&root_pem)));
    assert_ok(buf_add_bytes(&two, buf_bytes(&root_pem)));
    file_write(dir, "one", buf_bytes(&root_pem));
    file_write(dir, "two", buf_bytes(&two));
    (void)snprintf(path, sizeof path, "%s/two", dir);
    assert_err(x509_load(path, &c), ERR_SYNTAX);
    (void)snprintf(path, sizeof path, "%s/one", dir);
    assert_ok(x509_load(path, &c));
    dir_remove(dir, (const char *const[]){"one", "two", NULL});
}

/* --- names --- */

static void name_is(X509_NAME *n, const char *want)
{
    AUTO_BUF text = {0};
    assert_ok(x509_name_text(n, &text));
    assert_string_equal(buf_str(&text), want);
    X509_NAME_free(n);
}

static void names_come_most_specific_first_in_utf8(void **state)
{
    (void)state;
    X509_NAME *n = NULL;
    assert_ok(name_parse("/C=VN/O=Sở Tư pháp/CN=Ấn Tín", &n));
    name_is(n, "CN=Ấn Tín, O=Sở Tư pháp, C=VN");
}

static void a_name_cannot_forge_another_attribute_or_line(void **state)
{
    (void)state;
    X509_NAME *n = X509_NAME_new();
    const char evil[] = " x, O=Court\n+CN=\"real\"\\;<y> ";
    assert_int_equal(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const uint8_t *)evil, -1, -1, 0), 1);
    name_is(n, "CN=\\ x\\, O\\=Court\\0A\\+CN\\=\\\"real\\\"\\\\\\;\\<y\\>\\ ");
    n = X509_NAME_new();
    assert_int_equal(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const uint8_t *)"a\0b", 3, -1, 0), 1);
    name_is(n, "CN=a\\00b"); /* a NUL does not end it */
}

static void old_string_types_become_utf8(void **state)
{
    (void)state;
    X509_NAME *n = X509_NAME_new();
    const uint8_t bmp[] = {0x1e, 0xa4, 0, 'n'};
    assert_int_equal(X509_NAME_add_entry_by_NID(n, NID_commonName, V_ASN1_BMPSTRING, bmp, sizeof bmp, -1, 0), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(n, "1.2.3.4", V_ASN1_UTF8STRING, (const uint8_t *)"v", 1, -1, 0), 1);
    name_is(n, "1.2.3.4=v, CN=Ấn");
}

static void the_last_value_of_an_attribute_counts(void **state)
{
    (void)state;
    X509_NAME *n = NULL;
    AUTO_BUF v = {0};
    assert_ok(name_parse("/C=VN/CN=first/CN=second", &n));
    assert_ok(x509_name_attr(n, NID_commonName, &v));
    assert_string_equal(buf_str(&v), "second");
    assert_err(x509_name_attr(n, NID_surname, &v), ERR_NOT_FOUND);
    X509_NAME_free(n);
}

/* --- numbers and times --- */

static err_t serial_of(const char *hex, char out[41])
{
    BIGNUM *b = NULL;
    X509 *c = X509_new();
    assert_true(BN_hex2bn(&b, hex) > 0);
    assert_non_null(BN_to_ASN1_INTEGER(b, X509_get_serialNumber(c)));
    err_t e = x509_serial_hex(c, out);
    uint8_t octets[20];
    if (e == OK) {
        assert_ok(x509_serial_octets(c, octets));
        BIGNUM *back = BN_bin2bn(octets, 20, NULL);
        assert_int_equal(BN_cmp(b, back), 0);
        BN_free(back);
    }
    BN_free(b);
    X509_free(c);
    return e;
}

static void serials_are_positive_and_at_most_twenty_octets(void **state)
{
    (void)state;
    char hex[41];
    assert_ok(serial_of("1", hex));
    assert_string_equal(hex, "01");
    assert_ok(serial_of("80ABcdef", hex));
    assert_string_equal(hex, "80ABCDEF");
    assert_ok(serial_of("7fffffffffffffffffffffffffffffffffffffff", hex));
    assert_int_equal(strlen(hex), 40);
    assert_err(serial_of("1ffffffffffffffffffffffffffffffffffffffff", hex), ERR_SYNTAX);
    assert_err(serial_of("-5", hex), ERR_SYNTAX);
}

static void validity_is_read_in_seconds(void **state)
{
    (void)state;
    int64_t from, to, kfrom, kto;
    assert_ok(x509_validity(leaf.cert, &from, &to));
    assert_true(from < clock_now() && to > clock_now());
    assert_ok(x509_key_usage_period(leaf.cert, &kfrom, &kto)); /* none: the certificate's own */
    assert_int_equal(kfrom, from);
    assert_int_equal(kto, to);
    assert_err(x509_time(NULL, &from), ERR_SYNTAX);
}

/* --- keys --- */

static void spki_round_trips_and_trailing_bytes_are_refused(void **state)
{
    (void)state;
    AUTO_BUF spki = {0}, again = {0};
    AUTO_PKEY k = NULL;
    AUTO_PKEY none = NULL;
    assert_ok(x509_spki(leaf.cert, &spki));
    assert_ok(pkey_from_spki(buf_bytes(&spki), &k));
    assert_int_equal(EVP_PKEY_eq(k, leaf.key), 1);
    assert_ok(pkey_spki(k, &again));
    assert_true(bytes_eq(buf_bytes(&spki), buf_bytes(&again)));
    assert_ok(buf_add(&spki, "x", 1));
    assert_err(pkey_from_spki(buf_bytes(&spki), &none), ERR_SYNTAX);
    assert_err(pkey_from_spki(BYTES(NULL, 0), &none), ERR_SYNTAX);
}

static void key_ids_tell_keys_apart(void **state)
{
    (void)state;
    char a[44], b[44];
    uint8_t ski[20], other[20];
    assert_ok(x509_key_id(leaf.cert, a));
    assert_ok(x509_key_id(root.cert, b));
    assert_int_equal(strlen(a), 43);
    assert_string_not_equal(a, b);
    assert_ok(pkey_ski(leaf.key, ski));
    assert_ok(pkey_ski(root.key, other));
    assert_memory_not_equal(ski, other, sizeof ski);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(der_round_trips_and_trailing_bytes_are_refused),
        cmocka_unit_test(every_cut_of_a_certificate_is_refused),
        cmocka_unit_test(an_oversized_certificate_is_refused_unread),
        cmocka_unit_test(a_bundle_holds_certificates_and_crls_in_any_order),
        cmocka_unit_test(a_bundle_with_anything_else_is_refused),
        cmocka_unit_test(der_files_are_taken_too),
        cmocka_unit_test(one_certificate_means_one),
        cmocka_unit_test(names_come_most_specific_first_in_utf8),
        cmocka_unit_test(a_name_cannot_forge_another_attribute_or_line),
        cmocka_unit_test(old_string_types_become_utf8),
        cmocka_unit_test(the_last_value_of_an_attribute_counts),
        cmocka_unit_test(serials_are_positive_and_at_most_twenty_octets),
        cmocka_unit_test(validity_is_read_in_seconds),
        cmocka_unit_test(spki_round_trips_and_trailing_bytes_are_refused),
        cmocka_unit_test(key_ids_tell_keys_apart),
    };
    secret_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
