/*
 * Canonical JSON: the examples of RFC 8785 and what must be refused.
 */
#include "signer/formats/jcs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static void assert_canonical(const char *in, const char *out)
{
    AUTO_BUF text = {0};
    json_t *j = json_loads(in, JSON_DECODE_ANY, NULL);
    assert_non_null(j);
    assert_int_equal(jcs_write(j, &text), OK);
    assert_string_equal(buf_str(&text), out);
    json_decref(j);
}

/* §3.2.2 and §3.2.4 */
static void sample_of_the_rfc(void **state)
{
    (void)state;
    assert_canonical("{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],"
                     "\"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\"literals\": [null, true, false]}",
                     "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
                     "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

/* §3.2.3: the emoji (a surrogate pair, D83D) sorts before U+FB33. */
static void members_are_sorted_by_utf16_code_units(void **state)
{
    (void)state;
    assert_canonical(
        "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
        "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\",\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\","
        "\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

static void shorter_names_come_first(void **state)
{
    (void)state;
    assert_canonical("{\"ab\":1,\"a\":2,\"\":3,\"b\":4}", "{\"\":3,\"a\":2,\"ab\":1,\"b\":4}");
}

/* Appendix B, as text */
static void numbers_are_those_of_ecmascript(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } CASES[] = {{0.0, "0"},
                 {-0.0, "0"},
                 {5e-324, "5e-324"},
                 {-5e-324, "-5e-324"},
                 {1.7976931348623157e308, "1.7976931348623157e+308"},
                 {9007199254740992.0, "9007199254740992"},
                 {-9007199254740992.0, "-9007199254740992"},
                 {295147905179352830000.0, "295147905179352830000"},
                 {9.999999999999997e22, "9.999999999999997e+22"},
                 {1e23, "1e+23"},
                 {1.0000000000000001e23, "1.0000000000000001e+23"},
                 {999999999999999700000.0, "999999999999999700000"},
                 {999999999999999900000.0, "999999999999999900000"},
                 {1e21, "1e+21"},
                 {9.999999999999997e-7, "9.999999999999997e-7"},
                 {0.000001, "0.000001"},
                 {333333333.3333332, "333333333.3333332"},
                 {333333333.33333325, "333333333.33333325"},
                 {333333333.3333333, "333333333.3333333"},
                 {333333333.3333334, "333333333.3333334"},
                 {333333333.33333343, "333333333.33333343"},
                 {-0.0000033333333333333333, "-0.0000033333333333333333"},
                 {1424953923781206.2, "1424953923781206.2"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        AUTO_BUF text = {0};
        json_t *j = json_real(CASES[i].v);
        assert_int_equal(jcs_write(j, &text), OK);
        assert_string_equal(buf_str(&text), CASES[i].text);
        json_decref(j);
    }
}

static void every_control_character_has_its_escape(void **state)
{
    (void)state;
    assert_canonical("[\"\\u0001\\u0008\\u0009\\u000a\\u000b\\u000c\\u000d\\u001f\\u007f\"]",
                     "[\"\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\x7f\"]");
}

static void integers_beyond_2_53_are_refused(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    json_t *large = json_integer(9007199254740992), *good = json_integer(-9007199254740991);
    assert_int_equal(jcs_write(large, &text), ERR_UNSUPPORTED);
    assert_int_equal(jcs_write(good, &text), OK);
    json_decref(large);
    json_decref(good);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    json_t *j = json_array();
    for (int i = 0; i < 40; i++) {
        json_t *outer = json_array();
        json_array_append_new(outer, j);
        j = outer;
    }
    assert_int_equal(jcs_write(j, &text), ERR_TOO_LARGE);
    json_decref(j);
}

static void reading_takes_the_canonical_text_alone(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {
        "{ \"a\":1}", "{\"a\":1}\n", "{\"b\":1,\"a\":2}", "{\"a\":1.0}",           "{\"a\":\"\\u0041\"}", "{\"a\":1,\"a\":1}", "{\"a\":1",
        "",           "{\"a\":01}",  "{\"a\":\"\\/\"}",   "\xef\xbb\xbf{\"a\":1}", "{\"a\":-0}"};
    json_t *j = NULL;
    assert_int_equal(jcs_read(bytes_str("{\"a\":1}"), 100, &j), OK);
    json_decref(j);
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        assert_int_equal(jcs_read(bytes_str(OTHERS[i]), 100, &j), ERR_SYNTAX);
    assert_int_equal(jcs_read(bytes_str("{\"a\":1}"), 6, &j), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample_of_the_rfc),
        cmocka_unit_test(members_are_sorted_by_utf16_code_units),
        cmocka_unit_test(shorter_names_come_first),
        cmocka_unit_test(numbers_are_those_of_ecmascript),
        cmocka_unit_test(every_control_character_has_its_escape),
        cmocka_unit_test(integers_beyond_2_53_are_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(reading_takes_the_canonical_text_alone),
    };
    return cmocka_run_group_tests_name("jcs", tests, NULL, NULL);
}
