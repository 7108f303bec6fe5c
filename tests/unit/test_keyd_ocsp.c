/*
 * keyd as OCSP responder: what it says holds for OpenSSL, for our own reader and for nobody but its own CA; everything else is refused.
 * certs/keyd/PROTOCOL.md; RFC 6960 §4.2, RFC 9654.
 */
#include "certs/crl.h"
#include "common/ipc.h"
#include "signer/formats/ocsp_client.h"
#include "tests/unit/keydproc.h"
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

static struct proc keyd;
static X509 *ca;
static struct ocsp_issuer issuer;

static int setup(void **state)
{
    (void)state;
    proc_begin(&keyd, ALL, "");
    assert_ok(x509_load(in_dir(&keyd, "ca/citizens.crt"), &ca));
    assert_ok(ocsp_issuer_of(ca, &issuer));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    x509_free(&ca);
    proc_end(&keyd);
    return 0;
}

static struct key_ocsp_entry about(uint8_t serial, enum key_ocsp_status status)
{
    struct key_ocsp_entry e = {.id = {.hash = OCSP_SHA1, .serial = {serial}, .serial_len = 1}, .status = status};
    memcpy(e.id.issuer_name, issuer.name[OCSP_SHA1], sizeof e.id.issuer_name);
    memcpy(e.id.issuer_key, issuer.key[OCSP_SHA1], sizeof e.id.issuer_key);
    return e;
}

static err_t ask(const struct key_ocsp_entry *e, size_t n)
{
    struct key_ocsp_reply r = {0};
    err_t err = key_ocsp(keyd.k, e, n, (struct bytes){0}, 3600, &r);
    buf_free(&r.der);
    return err;
}

/* The response after OpenSSL has verified it with the root alone as trust. */
static OCSP_BASICRESP *verified(const struct key_ocsp_reply *r)
{
    const uint8_t *p = r->der.ptr;
    AUTO_X509 root = NULL;
    OCSP_RESPONSE *whole = d2i_OCSP_RESPONSE(NULL, &p, (long)r->der.len);
    assert_non_null(whole);
    assert_ptr_equal(p, r->der.ptr + r->der.len);
    OCSP_BASICRESP *b = OCSP_response_get1_basic(whole);
    OCSP_RESPONSE_free(whole);
    assert_non_null(b);
    assert_ok(x509_load(in_dir(&keyd, "ca/root.crt"), &root));
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    assert_true(X509_STORE_add_cert(store, root) == 1 && sk_X509_push(chain, ca) == 1);
    assert_int_equal(OCSP_basic_verify(b, chain, store, 0), 1);
    sk_X509_free(chain);
    X509_STORE_free(store);
    return b;
}

static void each_status_is_told_as_it_was_given(void **state)
{
    (void)state;
    int64_t now = clock_now();
    struct key_ocsp_entry e[3] = {about(1, KEY_OCSP_GOOD), about(2, KEY_OCSP_REVOKED), about(3, KEY_OCSP_UNKNOWN)};
    struct key_ocsp_reply r = {0};
    const int want[] = {V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED, V_OCSP_CERTSTATUS_UNKNOWN};
    e[1].reason = 1;
    e[1].revoked_at = now - 100;
    e[1].invalid_since = now - 5000;
    assert_ok(key_ocsp(keyd.k, e, 3, (struct bytes){0}, 3600, &r));
    OCSP_BASICRESP *b = verified(&r);
    assert_in_range(r.this_update, now, clock_now());
    assert_int_equal(r.next_update, r.this_update + 3600);
    for (int i = 0; i < 3; i++) {
        ASN1_GENERALIZEDTIME *at = NULL, *from = NULL, *to = NULL;
        ASN1_INTEGER *serial = NULL;
        int reason = -1;
        int64_t t;
        OCSP_SINGLERESP *s = OCSP_resp_get0(b, i);
        assert_int_equal(OCSP_single_get0_status(s, &reason, &at, &from, &to), want[i]);
        assert_int_equal(OCSP_id_get0_info(NULL, NULL, NULL, &serial, (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(s)), 1);
        assert_int_equal(ASN1_INTEGER_get(serial), i + 1);
        assert_ok(x509_time(from, &t));
        assert_int_equal(t, r.this_update);
        assert_ok(x509_time(to, &t));
        assert_int_equal(t, r.next_update);
        assert_int_equal(OCSP_SINGLERESP_get_ext_count(s), i == 1);
        if (i != 1)
            continue;
        assert_int_equal(reason, 1);
        assert_ok(x509_time(at, &t));
        assert_int_equal(t, now - 100);
        ASN1_GENERALIZEDTIME *since = OCSP_SINGLERESP_get1_ext_d2i(s, NID_invalidity_date, NULL, NULL);
        assert_ok(x509_time(since, &t));
        assert_int_equal(t, now - 5000);
        ASN1_GENERALIZEDTIME_free(since);
    }
    OCSP_BASICRESP_free(b);
    buf_free(&r.der);
}

static void our_own_reader_believes_it(void **state)
{
    (void)state;
    struct key_info info[KEY_LIST_MAX];
    size_t n;
    AUTO_X509 responder = NULL;
    AUTO_OCSP_ANSWER a = {0};
    struct key_ocsp_reply r = {0};
    uint8_t serial[X509_SERIAL_MAX];
    assert_ok(key_list(keyd.k, KEY_OCSP, info, &n)); /* any certificate of the CA's will do: its own */
    assert_int_equal(n, 1);
    assert_ok(x509_from_der(BYTES(info[0].cert, info[0].cert_len), &responder));
    assert_ok(x509_serial_octets(responder, serial));
    struct key_ocsp_entry e = about(0, KEY_OCSP_GOOD);
    memcpy(e.id.serial, serial, sizeof serial);
    e.id.serial_len = sizeof serial;
    assert_ok(key_ocsp(keyd.k, &e, 1, (struct bytes){0}, 600, &r));
    assert_ok(ocsp_read(buf_bytes(&r.der), responder, ca, &a));
    assert_int_equal(a.status, OCSP_GOOD);
    assert_true(a.no_check && a.responder != NULL && X509_cmp(a.responder, responder) == 0);
    assert_true(r.der.len < 1024); /* RFC 5019 §2.2.1: small */
    buf_free(&r.der);
}

static void a_nonce_is_laid_down_as_it_came(void **state)
{
    (void)state;
    uint8_t nonce[OCSP_NONCE_MAX];
    random_bytes(nonce, sizeof nonce);
    const struct key_ocsp_entry e = about(1, KEY_OCSP_GOOD);
    for (const size_t *n = (const size_t[]){1, 16, 32, OCSP_NONCE_MAX, 0}; *n; n++) {
        struct key_ocsp_reply r = {0};
        assert_ok(key_ocsp(keyd.k, &e, 1, BYTES(nonce, *n), 600, &r));
        OCSP_BASICRESP *b = verified(&r);
        OCSP_REQUEST *q = OCSP_REQUEST_new();
        assert_int_equal(OCSP_request_add1_nonce(q, nonce, (int)*n), 1);
        assert_int_equal(OCSP_check_nonce(q, b), 1);
        OCSP_REQUEST_free(q);
        OCSP_BASICRESP_free(b);
        buf_free(&r.der);
    }
    struct key_ocsp_reply r = {0};
    assert_err(key_ocsp(keyd.k, &e, 1, BYTES(nonce, OCSP_NONCE_MAX + 1), 600, &r), ERR_SYNTAX);
}

/* The most that one response can hold fits. */
static void as_many_as_may_be_with_the_longest_names(void **state)
{
    (void)state;
    struct key_ocsp_entry e[KEY_OCSP_MAX + 1];
    uint8_t nonce[OCSP_NONCE_MAX] = {1};
    struct key_ocsp_reply r = {0};
    for (size_t i = 0; i <= KEY_OCSP_MAX; i++) {
        e[i] = (struct key_ocsp_entry){.id = {.hash = OCSP_SHA512, .serial_len = 20},
                                       .status = KEY_OCSP_REVOKED,
                                       .reason = 4,
                                       .revoked_at = clock_now(),
                                       .invalid_since = clock_now() - 9};
        memset(e[i].id.serial, 0xff, 20);
        memcpy(e[i].id.issuer_name, issuer.name[OCSP_SHA512], 64);
        memcpy(e[i].id.issuer_key, issuer.key[OCSP_SHA512], 64);
    }
    assert_ok(key_ocsp(keyd.k, e, KEY_OCSP_MAX, BYTES(nonce, sizeof nonce), 600, &r));
    OCSP_BASICRESP_free(verified(&r));
    buf_free(&r.der);
    assert_err(ask(e, KEY_OCSP_MAX + 1), ERR_SYNTAX);
    assert_err(ask(e, 0), ERR_SYNTAX);
}

static void of_other_cas_it_says_nothing_but_unknown(void **state)
{
    (void)state;
    struct key_ocsp_entry e[2] = {about(1, KEY_OCSP_GOOD), about(2, KEY_OCSP_GOOD)};
    e[1].id.issuer_key[3] ^= 1;
    assert_err(ask(e, 2), ERR_KEYD_REFUSED);
    e[1].status = KEY_OCSP_REVOKED;
    e[1].revoked_at = clock_now();
    assert_err(ask(e, 2), ERR_KEYD_REFUSED);
    e[1] = about(2, KEY_OCSP_UNKNOWN);
    e[1].id.issuer_key[3] ^= 1;
    assert_ok(ask(e, 2));
    e[0].id.issuer_name[0] ^= 1;
    assert_err(ask(e, 1), ERR_KEYD_REFUSED);
    e[0] = about(1, KEY_OCSP_GOOD);
    e[0].id.hash = OCSP_SHA256; /* the SHA-1 names under another hash's name */
    assert_err(ask(e, 1), ERR_KEYD_REFUSED);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    const struct key_ocsp_entry good = about(1, KEY_OCSP_GOOD);
    struct key_ocsp_entry e;
#define BAD(...)                            \
    do {                                    \
        e = good;                           \
        __VA_ARGS__;                        \
        assert_err(ask(&e, 1), ERR_SYNTAX); \
    } while (0)
    BAD(e.status = 0);
    BAD(e.status = KEY_OCSP_UNKNOWN + 1);
    BAD(e.id.hash = 0);
    BAD(e.id.hash = OCSP_HASH_END);
    BAD(e.id.serial_len = 0);
    BAD(e.id.serial_len = OCSP_SERIAL_MAX + 1);
    BAD(e.id.serial[19] = 1); /* after its length */
    BAD(e.id.issuer_name[20] = 1);
    BAD(e.id.issuer_key[63] = 1);
    BAD(e.revoked_at = clock_now()); /* good, and revoked */
    BAD(e.invalid_since = clock_now());
    BAD(e.reason = 1);
    BAD(e.status = KEY_OCSP_REVOKED); /* when? */
    BAD(e.status = KEY_OCSP_REVOKED, e.revoked_at = -5);
    BAD(e.status = KEY_OCSP_REVOKED, e.revoked_at = INT64_MAX);
    for (int reason = -1; reason < 300; reason++)
        if (!crl_reason_ok(reason) || reason == 8)
            BAD(e.status = KEY_OCSP_REVOKED, e.revoked_at = clock_now(), e.reason = reason);
    struct key_ocsp_reply r = {0};
    for (const int64_t *life = (const int64_t[]){59, 864001, -1, INT64_MAX, 1}; *life != 1; life++)
        assert_err(key_ocsp(keyd.k, &good, 1, (struct bytes){0}, *life, &r), ERR_SYNTAX);
}

static void its_word_ends_with_its_certificate(void **state)
{
    (void)state;
    struct key_info info[KEY_LIST_MAX];
    struct key_ocsp_reply r = {0};
    size_t n;
    const struct key_ocsp_entry e = about(1, KEY_OCSP_GOOD);
    assert_ok(key_list(keyd.k, KEY_OCSP, info, &n));
    assert_true(info[0].not_after > clock_now() + 80 * 86400 && info[0].not_after < clock_now() + 91 * 86400);
    assert_ok(key_ocsp(keyd.k, &e, 1, (struct bytes){0}, 864000, &r));
    assert_int_equal(r.next_update, r.this_update + 864000);
    buf_free(&r.der);
}

/* --- other keyds --- */

static void without_the_purpose_nothing_is_answered(void **state)
{
    (void)state;
    struct proc other = {0};
    ceremony(&other);
    assert_int_equal(run(&other, "sh", "-c",
                         "cd \"$0\" && for f in ./*.crt; do openssl x509 -in $f -noout -ext extendedKeyUsage 2>/dev/null | "
                         "grep -q OCSP && rm $f ${f%.crt}.key; done; true",
                         in_dir(&other, "keys")),
                     0);
    write_conf(&other, "token data tsa seal ca citizen", "");
    proc_start(&other);
    const struct key_ocsp_entry e = about(1, KEY_OCSP_UNKNOWN);
    struct key_ocsp_reply r = {0};
    assert_err(key_ocsp(other.k, &e, 1, (struct bytes){0}, 600, &r), ERR_KEYD_REFUSED);
    proc_end(&other);
}

/* Its certificate must be of this purpose, and its CA's stand behind it. */
static void a_certificate_of_another_kind_is_no_responders(void **state)
{
    (void)state;
    struct proc other = {0};
    ceremony(&other);
    write_conf(&other, ALL, "");
    assert_int_equal(run(&other, program("antin-keyd"), "-c", in_dir(&other, "keyd.conf"), "-t"), 0);
    /* only the first certificate of the file: nobody to have delegated */
    assert_int_equal(run(&other, "sh", "-c",
                         "cd \"$0\" && n=0 && for f in ./*.crt; do case \"$(openssl x509 -in $f -noout -ext extendedKeyUsage 2>/dev/null)\" in "
                         "*OCSP*) openssl x509 -in $f -out new && mv -f new $f && n=1;; esac; done; test $n = 1",
                         in_dir(&other, "keys")),
                     0);
    assert_int_equal(run(&other, program("antin-keyd"), "-c", in_dir(&other, "keyd.conf"), "-t"), 1);
    char *said = read_text(in_dir(&other, "out"));
    assert_non_null(strstr(said, "OCSP"));
    free(said);
    proc_end(&other);
}

static void an_address_in_the_profile_wants_one_in_the_configuration(void **state)
{
    (void)state;
    struct proc other = {0};
    ceremony(&other);
    write_conf(&other, ALL, "");
    assert_int_equal(run(&other, "sed", "-i", "/ocsp_url/d", in_dir(&other, "keyd.conf")), 0);
    assert_int_equal(run(&other, program("antin-keyd"), "-c", in_dir(&other, "keyd.conf"), "-t"), 1);
    char *said = read_text(in_dir(&other, "out"));
    assert_non_null(strstr(said, "citizen.ocsp_url"));
    free(said);
    proc_end(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_is_told_as_it_was_given),
        cmocka_unit_test(our_own_reader_believes_it),
        cmocka_unit_test(a_nonce_is_laid_down_as_it_came),
        cmocka_unit_test(as_many_as_may_be_with_the_longest_names),
        cmocka_unit_test(of_other_cas_it_says_nothing_but_unknown),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(its_word_ends_with_its_certificate),
        cmocka_unit_test(without_the_purpose_nothing_is_answered),
        cmocka_unit_test(a_certificate_of_another_kind_is_no_responders),
        cmocka_unit_test(an_address_in_the_profile_wants_one_in_the_configuration),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
