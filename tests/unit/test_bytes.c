/*
 * Buffers, encodings, UTF-8. RFC 4648, RFC 3629.
 */
#include "tests/unit/unit.h"

static void a_buffer_keeps_a_nul_after_its_bytes(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    assert_string_equal(buf_str(&b), "");
    for (int i = 0; i < 1000; i++) {
        assert_ok(buf_add_str(&b, "ab"));
        assert_int_equal(b.ptr[b.len], 0);
    }
    assert_int_equal(b.len, 2000);
    assert_ok(buf_add(&b, NULL, 0));
    assert_ok(buf_copy(&b, BYTES_STR("short")));
    assert_string_equal(buf_str(&b), "short");
    assert_int_equal(b.len, 5);
}

static void formatted_text_is_appended_whole(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    assert_ok(buf_add_str(&b, "x"));
    char wide[300];
    memset(wide, 'y', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    assert_ok(buf_addf(&b, "%d%s", 7, wide));
    assert_int_equal(b.len, 1 + 1 + 299);
    assert_int_equal(b.ptr[1], '7');
}

static void an_impossible_size_is_refused(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    assert_err(buf_reserve(&b, SIZE_MAX), ERR_NOMEM);
    assert_err(buf_reserve(&b, SIZE_MAX / 2), ERR_NOMEM);
    assert_ok(buf_add_str(&b, "abc"));
    assert_err(buf_reserve(&b, SIZE_MAX - 3), ERR_NOMEM);
    assert_string_equal(buf_str(&b), "abc");
}

static void take_leaves_nothing_behind(void **state)
{
    (void)state;
    struct buf b = {0};
    assert_ok(buf_add_str(&b, "mine"));
    AUTO_BUF c = take(&b);
    assert_null(b.ptr);
    assert_int_equal(b.len, 0);
    assert_string_equal(buf_str(&c), "mine");
    buf_free(&b);
    AUTO_FD fd = dup(STDERR_FILENO);
    int copy = fd;
    fd_close(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(fcntl(copy, F_GETFD), -1);
}

static void strings_are_copied_over_each_other(void **state)
{
    (void)state;
    AUTO_STR s = NULL;
    assert_ok(str_copy(&s, "one"));
    assert_ok(str_copy(&s, s + 1)); /* a part of itself */
    assert_string_equal(s, "ne");
    str_free(&s);
    assert_null(s);
}

static void bytes_compare_by_length_and_content(void **state)
{
    (void)state;
    assert_true(bytes_eq(BYTES_STR(NULL), BYTES_STR("")));
    assert_true(bytes_eq(BYTES("a\0b", 3), BYTES("a\0b", 3)));
    assert_false(bytes_eq(BYTES("a\0b", 3), BYTES("a\0c", 3)));
    assert_false(bytes_eq(BYTES_STR("a"), BYTES_STR("ab")));
}

static void base64_of_rfc4648_section_10(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xff\xfe\xfd", "//79", "__79"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[16];
        uint8_t back[16];
        size_t n;
        struct bytes in = bytes_str(rows[i][0]);
        b64_encode(in, text);
        assert_string_equal(text, rows[i][1]);
        assert_int_equal(strlen(text), B64_LEN(in.len));
        assert_ok(b64_decode(bytes_str(text), back, sizeof back, &n));
        assert_true(bytes_eq(in, BYTES(back, n)));
        b64url_encode(in, text);
        assert_string_equal(text, rows[i][2]);
        assert_int_equal(strlen(text), B64URL_LEN(in.len));
        assert_ok(b64url_decode(bytes_str(text), back, sizeof back, &n));
        assert_true(bytes_eq(in, BYTES(back, n)));
    }
}

static void base64_has_one_spelling(void **state)
{
    (void)state;
    static const char *const bad_url[] = {
        "Zg==",
        "Zg=",
        "Z",
        "Zm9vY",
        "Zm 9v",
        "Zm9v\n",
        " Zm9v",
        "Zm9+",
        "Zm/v",
        "Zh" /* stray bits */,
        "Zm9" /* stray bits */,
        "Zm9v.",
        "=",
        "Zm9v====",
        "\xc5\xbdm9v",
    };
    static const char *const bad_std[] = {
        "Zg",   "Zg=",  "Zg===",  "Z===",  "====", "=",        "Zm8",       "Zh==", "Zm9=",
        "Zm-v", "Zm_v", "Zm9v\n", "Zm9v ", "Z=g=", "Zg==Zg==", "Zm9vZg==x", " Zm9",
    };
    uint8_t out[32];
    size_t n;
    for (size_t i = 0; i < sizeof bad_url / sizeof *bad_url; i++)
        assert_err(b64url_decode(bytes_str(bad_url[i]), out, sizeof out, &n), ERR_SYNTAX);
    for (size_t i = 0; i < sizeof bad_std / sizeof *bad_std; i++)
        assert_err(b64_decode(bytes_str(bad_std[i]), out, sizeof out, &n), ERR_SYNTAX);
    assert_err(b64url_decode(BYTES("Zm\0v", 4), out, sizeof out, &n), ERR_SYNTAX);
}

static void decoding_never_writes_past_the_room(void **state)
{
    (void)state;
    uint8_t out[4] = {9, 9, 9, 9};
    size_t n;
    assert_err(b64url_decode(BYTES_STR("Zm9v"), out, 2, &n), ERR_TOO_LARGE);
    assert_err(b64url_decode(BYTES_STR("Zm8"), out, 1, &n), ERR_TOO_LARGE);
    assert_err(b64_decode(BYTES_STR("Zm8="), out, 1, &n), ERR_TOO_LARGE);
    assert_err(hex_decode(BYTES_STR("aabb"), out, 1, &n), ERR_TOO_LARGE);
    assert_int_equal(out[0], 9);
    assert_ok(b64url_decode(BYTES_STR("Zm8"), out, 2, &n));
    assert_ok(b64_decode(BYTES_STR("Zm8="), out, 2, &n));
    assert_int_equal(n, 2);
    assert_int_equal(out[2], 9);
    assert_ok(b64url_decode(BYTES(NULL, 0), NULL, 0, &n));
    assert_int_equal(n, 0);
}

static void hex_goes_both_ways_and_refuses_the_rest(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "0g", "g0", "0x", " 0", "0 ", "+1", "00:", "\n\n", "-1"};
    uint8_t out[8];
    char text[9];
    size_t n;
    assert_ok(hex_decode(BYTES_STR("00ffAb7F"), out, sizeof out, &n));
    hex_encode(BYTES(out, n), text);
    assert_string_equal(text, "00ffab7f");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(hex_decode(bytes_str(bad[i]), out, sizeof out, &n), ERR_SYNTAX);
}

static void valid_utf8_is_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "plain",
                                       "Ấn Tín",
                                       "Nguyễn Thị Hồng Ánh",
                                       "\x7f\x01",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(utf8_valid(bytes_str(good[i])));
}

static void what_is_not_utf8_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80" /* overlong NUL */,
        "\xc1\xbf",
        "\xc0\xaf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80" /* surrogate */,
        "\xed\xbf\xbf",
        "\xf4\x90\x80\x80" /* above U+10FFFF */,
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xc3",
        "\xe1\xba",
        "\xf0\x9f\x98",
        "\xc3(",
        "\xe1\xba(",
        "\xf0\x9f\x98(",
        "\xf8\x88\x80\x80\x80",
        "a\x80",
        "\xe1\x80\xc0",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_valid(bytes_str(bad[i])));
    assert_false(utf8_valid(BYTES("a\0b", 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_keeps_a_nul_after_its_bytes),
        cmocka_unit_test(formatted_text_is_appended_whole),
        cmocka_unit_test(an_impossible_size_is_refused),
        cmocka_unit_test(take_leaves_nothing_behind),
        cmocka_unit_test(strings_are_copied_over_each_other),
        cmocka_unit_test(bytes_compare_by_length_and_content),
        cmocka_unit_test(base64_of_rfc4648_section_10),
        cmocka_unit_test(base64_has_one_spelling),
        cmocka_unit_test(decoding_never_writes_past_the_room),
        cmocka_unit_test(hex_goes_both_ways_and_refuses_the_rest),
        cmocka_unit_test(valid_utf8_is_accepted),
        cmocka_unit_test(what_is_not_utf8_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
