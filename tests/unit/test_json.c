/*
 * Strict, bounded JSON. RFC 8259, RFC 7493.
 */
#include "common/json.h"
#include "tests/unit/unit.h"

static err_t parse(const char *text)
{
    AUTO_JSON j = NULL;
    err_t e = json_parse(bytes_str(text), 1 << 20, &j);
    assert_true((e == OK) == (j != NULL));
    return e;
}

static void json_texts_are_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}",
        "[]",
        "null",
        "true",
        "\"x\"",
        "0",
        "-1",
        "1e3",
        "1.5",
        " {\"a\" : [1, 2.5, \"Ấn Tín\", null]}\n",
        "\"\\ud83d\\ude00\"",
        "\"[[[[[[[[[[[[[[[[[[[[\"",
        "\"\\\"[[[[[[[[[[[[[[[[[[[[\"",
        "9223372036854775807",
        "-9223372036854775808",
        "{\"a\":{\"a\":1}}",
        "\"\x7f\"",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_ok(parse(good[i]));
}

static void what_is_not_one_json_text_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         " ",        "{",        "}",       "[1,]",      "{\"a\":1,}", "{a:1}",   "{'a':1}",
        "[1 2]",    "nul",      "True",     "NaN",     "Infinity",  "-",          "+1",      "01",
        "1.",       ".5",       "0x10",     "1e",      "\"",        "\"a",        "\"\\x\"", "\"\\u12\"",
        "\"a\nb\"", "\"a\tb\"", "/* */ {}", "{} // c", "{\"a\" 1}", "[,]",        "{1:2}",   "\xef\xbb\xbf{}" /* BOM: RFC 8259 §8.1 */,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(parse(bad[i]), ERR_SYNTAX);
}

static void trailing_bytes_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"{}{}", "{} x", "[1]]", "1 2", "\"a\"\"b\"", "{}\n{}", "null,"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(parse(bad[i]), ERR_SYNTAX);
    AUTO_JSON j = NULL;
    assert_err(json_parse(BYTES("{}\0", 3), 100, &j), ERR_SYNTAX);
    assert_err(json_parse(BYTES("{\"a\0b\":1}", 9), 100, &j), ERR_SYNTAX);
}

static void doubled_names_are_refused(void **state)
{
    (void)state;
    assert_err(parse("{\"a\":1,\"a\":1}"), ERR_SYNTAX);
    assert_err(parse("{\"a\":1,\"b\":2,\"\\u0061\":3}"), ERR_SYNTAX);
    assert_err(parse("[{\"x\":{\"a\":1,\"a\":2}}]"), ERR_SYNTAX);
}

static void bad_unicode_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"\"\\ud800\"",      "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\udc00\\ud800\"", "\"\\ud800x\"",
                                      "\"\xed\xa0\x80\"", "\"\xff\"",    "\"\xc0\xaf\"",       "\"\\u0000\"",        "{\"\\u0000\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(parse(bad[i]), ERR_SYNTAX);
}

static void numbers_beyond_64_bits_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"9223372036854775808", "-9223372036854775809", "100000000000000000000000000000", "1e400", "-1e400",
                                      "[1e999999999]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(parse(bad[i]), ERR_SYNTAX);
}

static void depth_ends_at_its_limit(void **state)
{
    (void)state;
    for (size_t depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
        AUTO_BUF b = {0};
        for (size_t i = 0; i < depth; i++)
            assert_ok(buf_add_str(&b, i % 2 ? "{\"a\":" : "["));
        assert_ok(buf_add_str(&b, "1"));
        for (size_t i = depth; i-- > 0;)
            assert_ok(buf_add_str(&b, i % 2 ? "}" : "]"));
        assert_err(parse(buf_str(&b)), depth <= JSON_DEPTH_MAX ? OK : ERR_SYNTAX);
    }
}

static void a_depth_bomb_never_reaches_the_recursive_parser(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    for (int i = 0; i < 1000000; i++)
        assert_ok(buf_add_str(&b, "["));
    AUTO_JSON j = NULL;
    assert_err(json_parse(buf_bytes(&b), 2000000, &j), ERR_SYNTAX);
    b.len = 0;
    assert_ok(buf_add_str(&b, "[\"\\\\\","));
    for (int i = 0; i < 100000; i++)
        assert_ok(buf_add_str(&b, "{\"a\":"));
    assert_err(json_parse(buf_bytes(&b), 2000000, &j), ERR_SYNTAX);
}

static void a_text_over_the_limit_is_too_large(void **state)
{
    (void)state;
    AUTO_JSON j = NULL;
    assert_ok(json_parse(BYTES_STR("[1]"), 3, &j));
    json_free(&j);
    assert_err(json_parse(BYTES_STR("[1] "), 3, &j), ERR_TOO_LARGE);
    assert_null(j);
}

static void strings_are_told_from_absence_and_other_types(void **state)
{
    (void)state;
    AUTO_JSON j = NULL;
    assert_ok(json_parse(BYTES_STR("{\"s\":\"abc\",\"e\":\"\",\"n\":1,\"z\":null,\"a\":[],\"o\":{}}"), 1000, &j));
    const char *s;
    assert_ok(json_get_str(j, "s", 3, &s));
    assert_string_equal(s, "abc");
    assert_ok(json_get_str(j, "absent", 3, &s));
    assert_null(s);
    assert_ok(json_get_str(j, "e", 3, &s));
    assert_string_equal(s, "");
    assert_ok(json_need_str(j, "s", 3, &s));
    static const char *const other[] = {"n", "z", "a", "o"};
    for (size_t i = 0; i < 4; i++) {
        assert_err(json_get_str(j, other[i], 10, &s), ERR_SYNTAX);
        assert_null(s);
    }
    assert_err(json_get_str(j, "s", 2, &s), ERR_SYNTAX);
    assert_err(json_need_str(j, "e", 3, &s), ERR_SYNTAX);
    assert_null(s);
    assert_err(json_need_str(j, "absent", 3, &s), ERR_SYNTAX);
    assert_err(json_get_str(json_object_get(j, "a"), "s", 3, &s), ERR_SYNTAX); /* not an object */
    assert_err(json_get_str(NULL, "s", 3, &s), ERR_SYNTAX);
}

static void a_string_with_nul_is_refused(void **state)
{
    (void)state;
    AUTO_JSON j = json_pack("{s:s#}", "s", "a\0b", 3);
    const char *s;
    assert_err(json_get_str(j, "s", 10, &s), ERR_SYNTAX);
}

static void numbers_have_their_range_and_type(void **state)
{
    (void)state;
    AUTO_JSON j = NULL;
    assert_ok(json_parse(BYTES_STR("{\"i\":5,\"r\":5.0,\"s\":\"5\",\"b\":true,\"z\":null}"), 1000, &j));
    int64_t n;
    assert_ok(json_get_int(j, "i", 5, 5, 0, &n));
    assert_int_equal(n, 5);
    assert_ok(json_get_int(j, "absent", 0, 9, 7, &n));
    assert_int_equal(n, 7);
    assert_err(json_get_int(j, "i", 6, 9, 0, &n), ERR_SYNTAX);
    assert_err(json_get_int(j, "i", 0, 4, 0, &n), ERR_SYNTAX);
    static const char *const other[] = {"r", "s", "b", "z"};
    for (size_t i = 0; i < 4; i++)
        assert_err(json_get_int(j, other[i], 0, 9, 0, &n), ERR_SYNTAX);
    bool b;
    assert_ok(json_get_bool(j, "b", false, &b));
    assert_true(b);
    assert_ok(json_get_bool(j, "absent", true, &b));
    assert_true(b);
    assert_err(json_get_bool(j, "i", false, &b), ERR_SYNTAX);
    assert_err(json_get_bool(j, "z", false, &b), ERR_SYNTAX);
    assert_err(json_get_bool(NULL, "b", false, &b), ERR_SYNTAX);
}

static void unknown_members_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", NULL};
    static const struct {
        const char *text;
        err_t want;
    } rows[] = {
        {"{}", OK},         {"{\"a\":1}", OK},   {"{\"a\":1,\"b\":2}", OK}, {"{\"a\":1,\"c\":2}", ERR_SYNTAX}, {"{\"A\":1}", ERR_SYNTAX},
        {"[]", ERR_SYNTAX}, {"null", ERR_SYNTAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_JSON j = NULL;
        assert_ok(json_parse(bytes_str(rows[i].text), 100, &j));
        assert_err(json_only(j, names), rows[i].want);
    }
}

static void text_is_compact_and_appended(void **state)
{
    (void)state;
    AUTO_JSON j = json_pack("{s:s,s:[i,b]}", "name", "Ấn \"Tín\"", "list", 1, 0);
    AUTO_BUF b = {0};
    assert_ok(buf_add_str(&b, "x="));
    assert_ok(json_text(j, &b));
    assert_string_equal(buf_str(&b), "x={\"name\":\"Ấn \\\"Tín\\\"\",\"list\":[1,false]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_texts_are_accepted),
        cmocka_unit_test(what_is_not_one_json_text_is_refused),
        cmocka_unit_test(trailing_bytes_are_refused),
        cmocka_unit_test(doubled_names_are_refused),
        cmocka_unit_test(bad_unicode_is_refused),
        cmocka_unit_test(numbers_beyond_64_bits_are_refused),
        cmocka_unit_test(depth_ends_at_its_limit),
        cmocka_unit_test(a_depth_bomb_never_reaches_the_recursive_parser),
        cmocka_unit_test(a_text_over_the_limit_is_too_large),
        cmocka_unit_test(strings_are_told_from_absence_and_other_types),
        cmocka_unit_test(a_string_with_nul_is_refused),
        cmocka_unit_test(numbers_have_their_range_and_type),
        cmocka_unit_test(unknown_members_are_refused),
        cmocka_unit_test(text_is_compact_and_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
