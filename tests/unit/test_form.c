/*
 * Forms, queries, percent-encoding: strict and bounded. RFC 3986 §2, RFC 6749 §3.1.
 */
#include "common/form.h"
#include "tests/unit/unit.h"

static err_t parse(const char *text, struct form *f)
{
    return form_parse(bytes_str(text), f);
}

static void fields_are_decoded(void **state)
{
    (void)state;
    AUTO_FORM f = {0};
    assert_ok(parse("name=Nguy%E1%BB%85n+Th%e1%bb%8b&empty=&flag&a%26b=c%3Dd&text=l1%0D%0Al2&plus=%2B", &f));
    assert_string_equal(form_get(&f, "name", NULL), "Nguyễn Thị");
    assert_string_equal(form_get(&f, "empty", NULL), "");
    assert_string_equal(form_get(&f, "flag", NULL), "");
    assert_string_equal(form_get(&f, "a&b", NULL), "c=d");
    assert_string_equal(form_get(&f, "text", NULL), "l1\r\nl2");
    assert_string_equal(form_get(&f, "plus", NULL), "+");
    assert_null(form_get(&f, "absent", NULL));
    assert_null(form_get(&f, "Name", NULL));
    assert_int_equal(f.n, 6);
}

static void an_equals_sign_in_a_value_stays(void **state)
{
    (void)state;
    AUTO_FORM f = {0};
    assert_ok(parse("a=b=c==&&x=1&", &f));
    assert_string_equal(form_get(&f, "a", NULL), "b=c==");
    assert_int_equal(f.n, 2);
}

static void nothing_is_no_field(void **state)
{
    (void)state;
    AUTO_FORM empty = {0};
    AUTO_FORM none = {0};
    AUTO_FORM separators = {0};
    assert_ok(parse("", &empty));
    assert_int_equal(empty.n, 0);
    assert_ok(form_parse(BYTES(NULL, 0), &none));
    assert_int_equal(none.n, 0);
    assert_ok(parse("&&&", &separators));
    assert_int_equal(separators.n, 0);
}

static void bad_escapes_and_bytes_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "a=%",
        "a=%4",
        "a=%4g",
        "a=%g4",
        "a=%%41",
        "a=% 41",
        "a=%+1",
        "%=1",
        "a%=1",
        "a=%u0041",
        "a=%00",
        "%00=1",
        "a%00b=1",
        "a=x%00y",
        "a=%80",
        "a=%c0%80" /* overlong NUL */,
        "a=%c0%af" /* overlong slash */,
        "a=%e0%80%af",
        "a=%f0%80%80%af",
        "a=%ed%a0%80" /* surrogate */,
        "a=%f4%90%80%80",
        "a=%ff",
        "a=%e1%ba",
        "a=\xff",
        "a%0a=1",
        "a%0d=1",
        "a%7f=1",
        "a%09b=1",
        "a=x\ny",
        "a=x\r\n",
        "a=\x01",
        "a\tb=1",
        "a=\x7f",
        "=1",
        "=",
        "a=1&=2",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO_FORM f = {0};
        assert_err(parse(bad[i], &f), ERR_SYNTAX);
        assert_int_equal(f.n, 0); /* nothing of a refused form remains */
    }
    AUTO_FORM f = {0};
    assert_err(form_parse(BYTES("a=x\0y", 5), &f), ERR_SYNTAX);
}

static void doubled_parameters_are_told(void **state)
{
    (void)state;
    static const char *const doubled[] = {"a=1&a=2", "a=1&b=2&a=1", "a&a", "a=1&%61=2", "a=&a="};
    for (size_t i = 0; i < sizeof doubled / sizeof *doubled; i++) {
        AUTO_FORM f = {0};
        bool dup = false;
        assert_ok(parse(doubled[i], &f));
        assert_non_null(form_get(&f, "a", &dup));
        assert_true(dup);
    }
    AUTO_FORM f = {0};
    bool dup = true;
    assert_ok(parse("a=1&A=2&aa=3", &f));
    assert_string_equal(form_get(&f, "a", &dup), "1");
    assert_false(dup);
    dup = true;
    assert_null(form_get(&f, "none", &dup));
    assert_false(dup);
}

static void more_fields_than_the_limit_are_too_large(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    AUTO_FORM f = {0};
    for (int i = 0; i < FORM_FIELDS_MAX; i++)
        assert_ok(buf_addf(&b, "%sf%d=%d", i > 0 ? "&" : "", i, i));
    assert_ok(form_parse(buf_bytes(&b), &f));
    assert_int_equal(f.n, FORM_FIELDS_MAX);
    form_free(&f);
    assert_ok(buf_add_str(&b, "&"));
    assert_ok(form_parse(buf_bytes(&b), &f));
    form_free(&f);
    assert_ok(buf_add_str(&b, "x"));
    assert_err(form_parse(buf_bytes(&b), &f), ERR_TOO_LARGE);
    assert_int_equal(f.n, 0);
}

static void only_unreserved_characters_stay_unescaped(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    assert_ok(url_encode(&b, "AZaz09-._~"));
    assert_string_equal(buf_str(&b), "AZaz09-._~");
    b.len = 0;
    assert_ok(url_encode(&b, " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}\n\x7fễ"));
    assert_string_equal(buf_str(&b),
                        "%20%21%22%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E%60%7B%7C%7D%0A%7F%E1%BB%85");
}

static void decoding_undoes_encoding_for_every_byte(void **state)
{
    (void)state;
    AUTO_BUF all = {0};
    AUTO_BUF escaped = {0};
    AUTO_BUF back = {0};
    for (int c = 1; c < 128; c++) {
        char ch = (char)c;
        assert_ok(buf_add(&all, &ch, 1));
    }
    assert_ok(buf_add_str(&all, "Ấn Tín 😀"));
    assert_ok(url_encode(&escaped, buf_str(&all)));
    assert_ok(url_decode(buf_bytes(&escaped), &back));
    assert_true(bytes_eq(buf_bytes(&all), buf_bytes(&back)));
}

static void url_decoding_keeps_plus_and_refuses_the_rest(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    assert_ok(buf_add_str(&b, "keep"));
    assert_ok(url_decode(BYTES_STR("a+b%2F"), &b));
    assert_string_equal(buf_str(&b), "keepa+b/");
    static const char *const bad[] = {"%", "%2", "%zz", "%00", "%ff", "%c0%af", "a\nb"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_err(url_decode(bytes_str(bad[i]), &b), ERR_SYNTAX);
        assert_string_equal(buf_str(&b), "keepa+b/");
    }
}

static void parameters_are_appended_to_any_url(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"https://p.example/cb", "https://p.example/cb?code=a%26b"},
        {"https://p.example/cb?x=1", "https://p.example/cb?x=1&code=a%26b"},
        {"https://p.example/cb?", "https://p.example/cb?code=a%26b"},
        {"https://p.example/cb?x&", "https://p.example/cb?x&code=a%26b"},
        {"", "?code=a%26b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_BUF b = {0};
        assert_ok(buf_add_str(&b, rows[i][0]));
        assert_ok(url_add_param(&b, "code", "a&b"));
        assert_string_equal(buf_str(&b), rows[i][1]);
    }
    AUTO_BUF b = {0};
    assert_ok(buf_add_str(&b, "u"));
    assert_ok(url_add_param(&b, "state", NULL));
    assert_string_equal(buf_str(&b), "u");
    assert_ok(url_add_param(&b, "state", ""));
    assert_string_equal(buf_str(&b), "u?state=");
}

static void a_parameter_is_never_lost_behind_a_fragment(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    assert_ok(buf_add_str(&b, "https://p.example/cb#top"));
    assert_err(url_add_param(&b, "code", "x"), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_decoded),
        cmocka_unit_test(an_equals_sign_in_a_value_stays),
        cmocka_unit_test(nothing_is_no_field),
        cmocka_unit_test(bad_escapes_and_bytes_are_refused),
        cmocka_unit_test(doubled_parameters_are_told),
        cmocka_unit_test(more_fields_than_the_limit_are_too_large),
        cmocka_unit_test(only_unreserved_characters_stay_unescaped),
        cmocka_unit_test(decoding_undoes_encoding_for_every_byte),
        cmocka_unit_test(url_decoding_keeps_plus_and_refuses_the_rest),
        cmocka_unit_test(parameters_are_appended_to_any_url),
        cmocka_unit_test(a_parameter_is_never_lost_behind_a_fragment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
