/*
 * Certificates parsed once: what is shared, what never stands in for something else, and threads that ask together.
 */
#include "common/x509_shared.h"
#include "tests/unit/testpki.h"
#include "tests/unit/unit.h"
#include <pthread.h>

#define MANY (2 * X509_SHARED_SLOTS)

static struct tp_id root, leaf;

static int setup(void **state)
{
    (void)state;
    tp_issue(&root, &(struct tp_spec){.cn = "Test Root", .profile = TP_ROOT});
    tp_issue(&leaf, &(struct tp_spec){.cn = "Nguyễn Văn Ánh", .profile = TP_CITIZEN, .issuer = &root});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    x509_shared_forget();
    tp_free(&root);
    tp_free(&leaf);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    x509_shared_forget();
    return 0;
}

static void the_same_bytes_are_parsed_once(void **state)
{
    (void)state;
    AUTO_X509 a = NULL;
    AUTO_X509 b = NULL;
    AUTO_X509 later = NULL;
    assert_ok(x509_shared(buf_bytes(&leaf.der), &a));
    assert_ok(x509_shared(buf_bytes(&leaf.der), &b));
    assert_ptr_equal(a, b);
    x509_free(&b);
    x509_shared_forget();
    assert_int_equal(X509_cmp(a, leaf.cert), 0); /* still held by us */
    assert_ok(x509_shared(buf_bytes(&leaf.der), &later));
    assert_int_equal(X509_cmp(later, leaf.cert), 0);
}

static void one_changed_bit_is_another_certificate(void **state)
{
    (void)state;
    AUTO_X509 good = NULL;
    assert_ok(x509_shared(buf_bytes(&leaf.der), &good));
    for (size_t i = 0; i < leaf.der.len; i++) {
        AUTO_X509 other = NULL;
        leaf.der.ptr[i] ^= 1;
        if (x509_shared(buf_bytes(&leaf.der), &other) == OK) {
            assert_ptr_not_equal(other, good);
            assert_int_not_equal(X509_cmp(other, good), 0);
        }
        leaf.der.ptr[i] ^= 1;
    }
    AUTO_X509 again = NULL;
    assert_ok(x509_shared(buf_bytes(&leaf.der), &again));
    assert_int_equal(X509_cmp(again, leaf.cert), 0);
}

static void what_is_known_still_ends_where_it_ends(void **state)
{
    (void)state;
    AUTO_BUF longer = {0};
    AUTO_X509 good = NULL;
    AUTO_X509 none = NULL;
    assert_ok(x509_shared(buf_bytes(&leaf.der), &good));
    assert_ok(buf_copy(&longer, buf_bytes(&leaf.der)));
    assert_ok(buf_add(&longer, "\0", 1));
    assert_err(x509_shared(buf_bytes(&longer), &none), ERR_SYNTAX);
    assert_err(x509_shared(BYTES(leaf.der.ptr, leaf.der.len - 1), &none), ERR_SYNTAX);
    assert_err(x509_shared(BYTES(leaf.der.ptr, 0), &none), ERR_SYNTAX);
    assert_err(x509_shared(BYTES(leaf.der.ptr, X509_DER_MAX + 1), &none), ERR_TOO_LARGE);
    assert_null(none);
}

static void a_large_certificate_is_parsed_each_time(void **state)
{
    (void)state;
    AUTO_BUF points = {0};
    struct tp_id large = {0};
    for (unsigned i = 0; i < 100; i++)
        assert_ok(buf_addf(&points, "%sURI:http://example.org/a-long-path-to-a-list-of-revoked-certificates/%u.crl", i ? "," : "", i));
    tp_issue(&large, &(struct tp_spec){.cn = "Large", .profile = TP_CITIZEN, .issuer = &root, .points = buf_str(&points)});
    assert_true(large.der.len > X509_SHARED_DER_MAX);
    AUTO_X509 a = NULL;
    AUTO_X509 b = NULL;
    assert_ok(x509_shared(buf_bytes(&large.der), &a));
    assert_ok(x509_shared(buf_bytes(&large.der), &b));
    assert_ptr_not_equal(a, b);
    tp_free(&large);
}

/* More than there are slots, from several threads: each always gets its own. */
static struct tp_id many[MANY];

static void *ask(void *arg)
{
    for (unsigned round = 0; round < 50; round++) {
        for (size_t i = 0; i < MANY; i++) {
            AUTO_X509 c = NULL;
            if (x509_shared(buf_bytes(&many[i].der), &c) != OK || X509_cmp(c, many[i].cert) != 0)
                return arg;
        }
    }
    return NULL;
}

static void threads_get_what_they_asked_for(void **state)
{
    (void)state;
    pthread_t t[4];
    void *wrong;
    for (size_t i = 0; i < MANY; i++)
        tp_issue(&many[i], &(struct tp_spec){.cn = "Nguyễn Văn Ánh", .profile = TP_CITIZEN, .issuer = &root});
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, ask, &root), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(t[i], &wrong), 0);
        assert_null(wrong);
    }
    for (size_t i = 0; i < MANY; i++)
        tp_free(&many[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_same_bytes_are_parsed_once, forget),
        cmocka_unit_test_setup(one_changed_bit_is_another_certificate, forget),
        cmocka_unit_test_setup(what_is_known_still_ends_where_it_ends, forget),
        cmocka_unit_test_setup(a_large_certificate_is_parsed_each_time, forget),
        cmocka_unit_test_setup(threads_get_what_they_asked_for, forget),
    };
    secret_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
