/*
 * Secrets: files, comparison, randomness, hashes.
 */
#include "common/secret.h"
#include "tests/unit/unit.h"
#include <sys/stat.h>

static void copies_are_independent_and_may_overlap(void **state)
{
    (void)state;
    AUTO_SECRET s = {0};
    char text[] = "mật khẩu";
    assert_ok(secret_copy(&s, BYTES_STR(text)));
    memset(text, 'x', sizeof text - 1);
    assert_true(secret_eq(secret_bytes(&s), BYTES_STR("mật khẩu")));
    assert_ok(secret_copy(&s, BYTES(s.ptr + 2, 3))); /* a part of itself */
    assert_int_equal(s.len, 3);
    assert_ok(secret_copy(&s, BYTES(NULL, 0)));
    assert_int_equal(s.len, 0);
    secret_free(&s);
    assert_null(s.ptr);
}

static void comparison_sees_length_and_every_byte(void **state)
{
    (void)state;
    uint8_t a[40], b[40];
    random_bytes(a, sizeof a);
    memcpy(b, a, sizeof a);
    assert_true(secret_eq(BYTES(a, sizeof a), BYTES(b, sizeof b)));
    for (size_t i = 0; i < sizeof b; i++) {
        b[i] ^= 1;
        assert_false(secret_eq(BYTES(a, sizeof a), BYTES(b, sizeof b)));
        b[i] ^= 1;
    }
    assert_false(secret_eq(BYTES(a, 39), BYTES(b, 40)));
    assert_true(secret_eq(BYTES(NULL, 0), BYTES(NULL, 0)));
}

static void wiping_leaves_zeros(void **state)
{
    (void)state;
    uint8_t a[16], zero[16] = {0};
    random_bytes(a, sizeof a);
    secret_wipe(a, sizeof a);
    assert_memory_equal(a, zero, sizeof a);
}

static void a_file_gives_its_bytes_without_the_final_newline(void **state)
{
    (void)state;
    char *dir = dir_new(), path[300];
    (void)snprintf(path, sizeof path, "%s/s", dir);
    AUTO_SECRET s = {0};
    static const struct {
        const char *in, *out;
        size_t max;
    } rows[] = {{"abc\n", "abc", 3}, {"abc", "abc", 3}, {"abc\n\n", "abc\n", 4}, {"", "", 3}, {"\n", "", 0}, {" a ", " a ", 10}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        file_write_str(dir, "s", rows[i].in);
        assert_ok(secret_read_file(&s, path, rows[i].max));
        assert_true(secret_eq(secret_bytes(&s), bytes_str(rows[i].out)));
    }
    file_write(dir, "s", BYTES("a\0b", 3));
    assert_ok(secret_read_file(&s, path, 3));
    assert_int_equal(s.len, 3);
    dir_remove(dir, (const char *const[]){"s", NULL});
}

static void a_file_that_is_no_secret_is_refused(void **state)
{
    (void)state;
    char *dir = dir_new(), path[300];
    AUTO_SECRET s = {0};
    assert_ok(secret_copy(&s, BYTES_STR("old")));
    (void)snprintf(path, sizeof path, "%s/none", dir);
    assert_err(secret_read_file(&s, path, 100), ERR_IO);
    assert_int_equal(s.len, 0); /* nothing old remains */
    assert_err(secret_read_file(&s, dir, 100), ERR_IO);
    assert_err(secret_read_file(&s, "/dev/zero", 100), ERR_IO);
    (void)snprintf(path, sizeof path, "%s/fifo", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_err(secret_read_file(&s, path, 100), ERR_IO); /* and does not hang */
    (void)snprintf(path, sizeof path, "%s/long", dir);
    file_write_str(dir, "long", "0123456789\n");
    assert_err(secret_read_file(&s, path, 9), ERR_TOO_LARGE);
    file_write_str(dir, "long", "0123456789abcdefghij");
    assert_err(secret_read_file(&s, path, 9), ERR_TOO_LARGE);
    dir_remove(dir, (const char *const[]){"fifo", "long", NULL});
}

static void tokens_have_their_length_and_never_repeat(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 16, 32, 47, 48, 49, 96, 97, 200};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char a[B64URL_LEN(200) + 1], b[B64URL_LEN(200) + 1];
        uint8_t raw[200];
        size_t n;
        random_token(a, sizes[i]);
        random_token(b, sizes[i]);
        assert_int_equal(strlen(a), B64URL_LEN(sizes[i]));
        assert_ok(b64url_decode(bytes_str(a), raw, sizeof raw, &n));
        assert_int_equal(n, sizes[i]);
        if (sizes[i] >= 16)
            assert_string_not_equal(a, b);
    }
}

static void uuids_are_version_4(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        char u[UUID_LEN + 1];
        random_uuid(u);
        assert_int_equal(strlen(u), UUID_LEN);
        assert_true(u[8] == '-' && u[13] == '-' && u[18] == '-' && u[23] == '-');
        assert_int_equal(u[14], '4');
        assert_non_null(strchr("89ab", u[19]));
    }
}

static void hashes_match_published_values(void **state)
{
    (void)state;
    uint8_t h[SHA512_LEN];
    char hex[2 * SHA512_LEN + 1];
    sha256(BYTES_STR("abc"), h);
    hex_encode(BYTES(h, SHA256_LEN), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256(BYTES(NULL, 0), h);
    hex_encode(BYTES(h, SHA256_LEN), hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha512(BYTES_STR("abc"), h);
    hex_encode(BYTES(h, SHA512_LEN), hex);
    assert_string_equal(
        hex,
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    /* RFC 4231 §4.3 and §4.7 (a key longer than a block) */
    hmac_sha256(BYTES_STR("Jefe"), BYTES_STR("what do ya want for nothing?"), h);
    hex_encode(BYTES(h, SHA256_LEN), hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    uint8_t key[131];
    memset(key, 0xaa, sizeof key);
    hmac_sha256(BYTES(key, sizeof key), BYTES_STR("Test Using Larger Than Block-Size Key - Hash Key First"), h);
    hex_encode(BYTES(h, SHA256_LEN), hex);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    hmac_sha256(BYTES(NULL, 0), BYTES(NULL, 0), h);
    hex_encode(BYTES(h, SHA256_LEN), hex);
    assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

int main(void)
{
    secret_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_independent_and_may_overlap),
        cmocka_unit_test(comparison_sees_length_and_every_byte),
        cmocka_unit_test(wiping_leaves_zeros),
        cmocka_unit_test(a_file_gives_its_bytes_without_the_final_newline),
        cmocka_unit_test(a_file_that_is_no_secret_is_refused),
        cmocka_unit_test(tokens_have_their_length_and_never_repeat),
        cmocka_unit_test(uuids_are_version_4),
        cmocka_unit_test(hashes_match_published_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
