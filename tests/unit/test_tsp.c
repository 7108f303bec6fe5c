/*
 * Time-stamp queries: every fault under its own PKIFailureInfo, and replies that `openssl ts` reads. RFC 3161 §2.4.
 */
#include "tests/unit/testsign.h"

#include "signer/formats/tsp.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

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

/* A query made by the openssl program. */
static void query(const char *options, struct buf *out)
{
    AUTO_BUF text = {0};
    char *data = tp_path("data"), *path = tp_path("q.tsq");
    tp_write(data, bytes_str("data"));
    if (tp_run(&text, "openssl ts -query -data data %s -out q.tsq", options) != 0)
        fail_msg("openssl: %s", buf_str(&text));
    tp_read(path, out);
    free(data);
    free(path);
}

static void openssl_queries_are_read(void **state)
{
    (void)state;
    AUTO_BUF q = {0};
    struct tsp_query parsed;
    uint8_t digest[64];
    query("-sha256 -cert", &q);
    assert_int_equal(tsp_query_parse(buf_bytes(&q), &parsed), OK);
    sha256(bytes_str("data"), digest);
    assert_int_equal(parsed.alg, CMS_SHA256);
    assert_memory_equal(parsed.imprint, digest, 32);
    assert_true(parsed.cert_req);
    assert_int_equal(parsed.nonce_len, 8);
    assert_string_equal(parsed.policy, "");

    query("-sha512 -no_nonce -tspolicy 1.2.3.4", &q);
    assert_int_equal(tsp_query_parse(buf_bytes(&q), &parsed), OK);
    sha512(bytes_str("data"), digest);
    assert_int_equal(parsed.alg, CMS_SHA512);
    assert_memory_equal(parsed.imprint, digest, 64);
    assert_false(parsed.cert_req);
    assert_int_equal(parsed.nonce_len, 0);
    assert_string_equal(parsed.policy, "1.2.3.4");

    query("-sha384", &q);
    assert_int_equal(tsp_query_parse(buf_bytes(&q), &parsed), OK);
    assert_int_equal(parsed.alg, CMS_SHA384);
}

static void other_hashes_are_bad_alg(void **state)
{
    (void)state;
    static const char *const HASHES[] = {"-sha1", "-md5", "-sha224", "-sha3-256", "-ripemd160"};
    for (size_t i = 0; i < sizeof HASHES / sizeof *HASHES; i++) {
        AUTO_BUF q = {0}, text = {0};
        struct tsp_query parsed;
        char *data = tp_path("data");
        tp_write(data, bytes_str("data"));
        free(data);
        if (tp_run(&text, "openssl ts -query -data data %s -out q.tsq", HASHES[i]) != 0)
            continue; /* this openssl has no such hash */
        query(HASHES[i], &q);
        assert_int_equal(tsp_query_parse(buf_bytes(&q), &parsed), ERR_TSP_ALG);
    }
}

static void truncated_or_followed_queries_are_bad_data_format(void **state)
{
    (void)state;
    AUTO_BUF q = {0};
    struct tsp_query parsed;
    query("-sha256 -cert", &q);
    for (size_t n = 0; n < q.len; n++) {
        uint8_t *copy = malloc(n + 1);
        memcpy(copy, q.ptr, n);
        assert_int_equal(tsp_query_parse(BYTES(copy, n), &parsed), ERR_TSP_FORMAT);
        free(copy);
    }
    assert_int_equal(buf_add(&q, "\0", 1), OK);
    assert_int_equal(tsp_query_parse(buf_bytes(&q), &parsed), ERR_TSP_FORMAT);
    static uint8_t large[TSP_QUERY_MAX + 1] = {0x30};
    assert_int_equal(tsp_query_parse(BYTES(large, sizeof large), &parsed), ERR_TSP_FORMAT);
}

static void every_changed_byte_is_answered(void **state)
{
    (void)state;
    AUTO_BUF q = {0};
    struct tsp_query parsed;
    query("-sha256 -cert", &q);
    for (size_t i = 0; i < q.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            q.ptr[i] ^= (uint8_t)(1 << bit);
            err_t e = tsp_query_parse(buf_bytes(&q), &parsed);
            assert_true(e == OK || e == ERR_TSP_FORMAT || e == ERR_TSP_REQUEST || e == ERR_TSP_ALG || e == ERR_TSP_EXTENSION);
            q.ptr[i] ^= (uint8_t)(1 << bit);
        }
    }
}

#define IMPRINT                                                            \
    "\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20" \
    "0123456789abcdef0123456789abcdef"

static void hand_made(const char *tail, size_t n, uint8_t version, struct buf *out)
{
    uint8_t head[2] = {0x30, (uint8_t)(3 + sizeof IMPRINT - 1 + n)}, v[3] = {2, 1, version};
    out->len = 0;
    assert_int_equal(buf_add(out, head, 2), OK);
    assert_int_equal(buf_add(out, v, 3), OK);
    assert_int_equal(buf_add(out, IMPRINT, sizeof IMPRINT - 1), OK);
    assert_int_equal(buf_add(out, tail, n), OK);
}

static void each_fault_has_its_own_failure(void **state)
{
    (void)state;
    static const struct {
        const char *tail;
        size_t n;
        uint8_t version;
        err_t want;
    } CASES[] = {
        {"", 0, 1, OK},
        {"", 0, 2, ERR_TSP_REQUEST},
        {"\x02\x01\x05", 3, 1, OK},                 /* nonce 5 */
        {"\x02\x01\x00", 3, 1, OK},                 /* nonce 0 */
        {"\x02\x01\xff", 3, 1, ERR_TSP_REQUEST},    /* negative */
        {"\x02\x02\x00\x05", 4, 1, ERR_TSP_FORMAT}, /* padded: not DER */
        {"\x02\x22\x00\xff"
         "0123456789abcdef0123456789abcdef",
         36, 1, ERR_TSP_REQUEST}, /* 33 octets */
        {"\x02\x20"
         "0123456789abcdef0123456789abcdef",
         34, 1, OK},                            /* 32 octets */
        {"\x01\x01\xff", 3, 1, OK},             /* certReq */
        {"\x01\x01\x00", 3, 1, ERR_TSP_FORMAT}, /* the default written out: not DER */
        {"\x01\x01\x01", 3, 1, ERR_TSP_FORMAT}, /* TRUE is FF in DER */
        {"\xa0\x0b\x30\x09\x06\x03\x2a\x03\x04\x04\x02\x05\x00", 13, 1, ERR_TSP_EXTENSION},
        {"\xa0\x0e\x30\x0c\x06\x03\x2a\x03\x04\x01\x01\xff\x04\x02\x05\x00", 16, 1, ERR_TSP_EXTENSION}, /* critical */
        {"\x05\x00", 2, 1, ERR_TSP_FORMAT},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        AUTO_BUF q = {0};
        struct tsp_query parsed;
        hand_made(CASES[i].tail, CASES[i].n, CASES[i].version, &q);
        err_t e = tsp_query_parse(buf_bytes(&q), &parsed);
        if (e != CASES[i].want)
            print_message("case %zu\n", i);
        assert_int_equal(e, CASES[i].want);
    }
}

static void digest_of_wrong_length_is_bad_data_format(void **state)
{
    (void)state;
    AUTO_BUF q = {0};
    struct tsp_query parsed;
    hand_made("", 0, 1, &q);
    q.ptr[1]--; /* the digest one octet shorter, all lengths with it */
    q.ptr[6]--;
    q.ptr[21]--;
    q.len--;
    assert_int_equal(tsp_query_parse(buf_bytes(&q), &parsed), ERR_TSP_FORMAT);
}

static void nonce_is_handed_on_as_it_came(void **state)
{
    (void)state;
    AUTO_BUF q = {0};
    struct tsp_query parsed;
    hand_made("\x02\x02\x00\x80", 4, 1, &q);
    assert_int_equal(tsp_query_parse(buf_bytes(&q), &parsed), OK);
    assert_int_equal(parsed.nonce_len, 1);
    assert_int_equal(parsed.nonce[0], 0x80);
    hand_made("\x02\x01\x00", 3, 1, &q);
    assert_int_equal(tsp_query_parse(buf_bytes(&q), &parsed), OK);
    assert_int_equal(parsed.nonce_len, 1); /* a nonce of zero is a nonce */
    assert_int_equal(parsed.nonce[0], 0);
}

static void openssl_reads_refusals(void **state)
{
    (void)state;
    static const struct {
        err_t e;
        const char *words;
    } CASES[] = {{ERR_TSP_ALG, "unrecognized or unsupported algorithm identifier"},
                 {ERR_TSP_REQUEST, "transaction not permitted or supported"},
                 {ERR_TSP_FORMAT, "the data submitted has the wrong format"},
                 {ERR_TSP_TIME, "the TSA's time source is not available"},
                 {ERR_TSP_POLICY, "the requested TSA policy is not supported by the TSA"},
                 {ERR_TSP_EXTENSION, "the requested extension is not supported by the TSA"},
                 {ERR_KEYD_DOWN, "the request cannot be handled due to system failure"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        AUTO_BUF reply = {0}, text = {0};
        char *path = tp_path("r.tsr");
        assert_int_equal(tsp_reply_failure(CASES[i].e, &reply), OK);
        tp_write(path, buf_bytes(&reply));
        tp_run(&text, "openssl ts -reply -in r.tsr -text");
        if (strstr(buf_str(&text), "Status: Rejected") == NULL || strstr(buf_str(&text), CASES[i].words) == NULL)
            fail_msg("openssl: %s", buf_str(&text));
        free(path);
    }
}

static void openssl_verifies_a_granted_reply(void **state)
{
    (void)state;
    AUTO_BUF token = {0}, reply = {0}, text = {0};
    struct ts_pki pki;
    ts_pki_make(&pki);
    ts_token(&pki.tsa, &pki.services, bytes_str("data"), clock_now(), &token);
    assert_int_equal(tsp_reply(buf_bytes(&token), &reply), OK);
    char *path = tp_path("r.tsr"), *data = tp_path("data"), *root = tp_path("root.pem"), *ca = tp_path("services.pem");
    tp_write(path, buf_bytes(&reply));
    tp_write(data, bytes_str("data"));
    tp_write_pem(root, (X509 *const[]){pki.root.cert}, 1);
    tp_write_pem(ca, (X509 *const[]){pki.services.cert}, 1);
    if (tp_run(&text, "openssl ts -verify -data data -in r.tsr -CAfile root.pem -untrusted services.pem") != 0)
        fail_msg("openssl: %s", buf_str(&text));
    tp_write(data, bytes_str("Data"));
    assert_int_not_equal(tp_run(&text, "openssl ts -verify -data data -in r.tsr -CAfile root.pem -untrusted services.pem"), 0);
    free(path);
    free(data);
    free(root);
    free(ca);
    ts_pki_free(&pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_queries_are_read),
        cmocka_unit_test(other_hashes_are_bad_alg),
        cmocka_unit_test(truncated_or_followed_queries_are_bad_data_format),
        cmocka_unit_test(every_changed_byte_is_answered),
        cmocka_unit_test(each_fault_has_its_own_failure),
        cmocka_unit_test(digest_of_wrong_length_is_bad_data_format),
        cmocka_unit_test(nonce_is_handed_on_as_it_came),
        cmocka_unit_test(openssl_reads_refusals),
        cmocka_unit_test(openssl_verifies_a_granted_reply),
    };
    return cmocka_run_group_tests_name("tsp", tests, setup, teardown);
}
