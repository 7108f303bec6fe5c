/*
 * Texts in two languages, and which one a browser wants. RFC 9110 §12.5.4.
 */
#include "common/text.h"
#include "common/log.h"
#include "tests/unit/unit.h"

static struct captured cap;

/* Loads a pair of files; what the log said is in cap. */
static err_t load(const char *vi, const char *en, struct texts **out)
{
    char *dir = dir_new();
    file_write_str(dir, "vi.txt", vi);
    if (en != NULL)
        file_write_str(dir, "en.txt", en);
    capture_begin(&cap);
    err_t e = texts_load((const char *const[]){dir, NULL}, out);
    (void)capture_end(&cap);
    dir_remove(dir, (const char *const[]){"vi.txt", "en.txt", NULL});
    return e;
}

static void texts_are_found_by_language_and_key(void **state)
{
    (void)state;
    AUTO(texts_free) struct texts *t = NULL;
    assert_ok(load("# Ghi chú\n\nlogin.title = Đăng nhập\n  b-2_x=a = b \r\n", "login.title=Sign in\nb-2_x = c", &t));
    assert_string_equal(text_get(t, LANG_VI, "login.title"), "Đăng nhập");
    assert_string_equal(text_get(t, LANG_EN, "login.title"), "Sign in");
    assert_string_equal(text_get(t, LANG_VI, "b-2_x"), "a = b");
    assert_string_equal(text_get(t, LANG_EN, "b-2_x"), "c");
}

static void a_missing_text_gives_its_key_and_is_logged(void **state)
{
    (void)state;
    AUTO(texts_free) struct texts *t = NULL;
    assert_ok(load("a = 1\n", "a = 1\n", &t));
    static const char key[] = "no.such";
    capture_begin(&cap);
    for (int i = 0; i < 1000; i++)
        assert_ptr_equal(text_get(t, LANG_EN, key), key);
    assert_non_null(strstr(capture_end(&cap), "no.such"));
    assert_true(cap.len < 20000); /* but not without end */
}

static void faulty_files_are_refused_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *vi, *en, *says;
    } rows[] = {
        {"a = 1\nb = 2\n", "a = 1\n", "b is not in en.txt"},
        {"a = 1\n", "a = 1\nb = 2\n", "b is not in vi.txt"},
        {"a = 1\n", NULL, "en.txt"},
        {"a = 1\njust words\n", "a = 1\n", "vi.txt:2: no \\\"key = value"},
        {"a = 1\na = 2\n", "a = 1\n", "vi.txt:2: the key came already"},
        {"a =\n", "a = 1\n", "vi.txt:1: no text"},
        {"= x\n", "a = 1\n", "vi.txt:1: the key"},
        {"A = x\n", "a = 1\n", "vi.txt:1: the key"},
        {"a b = x\n", "a = 1\n", "vi.txt:1: the key"},
        {"a = \xff\n", "a = 1\n", "vi.txt:1: not UTF-8"},
        {"a = \xc0\xaf\n", "a = 1\n", "vi.txt:1: not UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO(texts_free) struct texts *t = NULL;
        assert_err(load(rows[i].vi, rows[i].en, &t), ERR_CONFIG);
        assert_null(t);
        if (strstr(cap.text, rows[i].says) == NULL)
            fail_msg("row %zu said: %s", i, cap.text);
    }
}

static void all_missing_keys_are_named(void **state)
{
    (void)state;
    AUTO(texts_free) struct texts *t = NULL;
    assert_err(load("a = 1\nb = 2\n", "c = 3\n", &t), ERR_CONFIG);
    assert_non_null(strstr(cap.text, "a is not in en.txt"));
    assert_non_null(strstr(cap.text, "b is not in en.txt"));
    assert_non_null(strstr(cap.text, "c is not in vi.txt"));
}

static void later_directories_override(void **state)
{
    (void)state;
    char *one = dir_new(), *two = dir_new();
    file_write_str(one, "vi.txt", "a = một\nb = hai\n");
    file_write_str(one, "en.txt", "a = one\nb = two\n");
    file_write_str(two, "vi.txt", "a = mới\nc = ba\n");
    file_write_str(two, "en.txt", "a = new\nc = three\n");
    AUTO(texts_free) struct texts *t = NULL;
    assert_ok(texts_load((const char *const[]){one, two, NULL}, &t));
    assert_string_equal(text_get(t, LANG_VI, "a"), "mới");
    assert_string_equal(text_get(t, LANG_EN, "b"), "two");
    assert_string_equal(text_get(t, LANG_VI, "c"), "ba");
    dir_remove(one, (const char *const[]){"vi.txt", "en.txt", NULL});
    dir_remove(two, (const char *const[]){"vi.txt", "en.txt", NULL});
}

/* The repository's own files: tests run from its root. */
static void every_common_error_has_a_text_in_both_languages(void **state)
{
    (void)state;
    AUTO(texts_free) struct texts *t = NULL;
    assert_ok(texts_load((const char *const[]){"common/texts", NULL}, &t));
    for (err_t e = OK; e < ERR_COMMON_END; e++)
        for (int l = 0; l < LANG_N; l++)
            assert_ptr_not_equal(text_get(t, (enum lang)l, err_info(e)->text), err_info(e)->text);
}

static void accept_language_is_weighed(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum lang want;
    } rows[] = {
        {NULL, LANG_VI},
        {"", LANG_VI},
        {"vi", LANG_VI},
        {"en", LANG_EN},
        {"EN-gb", LANG_EN},
        {"en-US,en;q=0.9,vi;q=0.8", LANG_EN},
        {"vi-VN,vi;q=0.9,en-US;q=0.6,en;q=0.5", LANG_VI},
        {"fr, en;q=0.5, vi;q=0.7", LANG_VI},
        {"fr;q=1.0, de;q=0.9", LANG_VI},
        {"fr, en;q=0.001", LANG_EN},
        {"en;q=0", LANG_VI},
        {"en;q=0.000, vi;q=0.001", LANG_VI},
        {"vi;q=0.5, en;q=0.5", LANG_VI},
        {"en;q=0.5, vi;q=0.5", LANG_EN}, /* of equal ones the first */
        {"*", LANG_VI},
        {"en, *;q=0.1", LANG_EN},
        {"*;q=1, en;q=0.5", LANG_VI},
        {"vi;q=0, *", LANG_EN}, /* all but Vietnamese */
        {"vi;q=0, en;q=0", LANG_VI},
        {"en ; q=0.9 , vi ; q=0.1", LANG_EN},
        {"\ten;Q=0.9", LANG_EN},
        {"eng", LANG_VI},
        {"e", LANG_VI},
        {"en_US", LANG_VI},
        {"en;q=2", LANG_VI},
        {"en;q=-1", LANG_VI},
        {"en;q=", LANG_VI},
        {"en;q=1.001", LANG_VI},
        {"en;q=0.1234", LANG_VI},
        {"en;q=1.0000", LANG_VI},
        {"en;q=abc", LANG_VI},
        {"en;level=1", LANG_VI},
        {"en;;q=1", LANG_VI},
        {",,,en,,,", LANG_EN},
        {";;;,=,q=1", LANG_VI},
        {"vi\xff, en", LANG_EN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (lang_from_accept(rows[i].value) != rows[i].want)
            fail_msg("%s", rows[i].value == NULL ? "(none)" : rows[i].value);
    assert_string_equal(lang_code(LANG_VI), "vi");
    assert_string_equal(lang_code(LANG_EN), "en");
}

int main(void)
{
    log_init("test", LOG_INFO);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_found_by_language_and_key), cmocka_unit_test(a_missing_text_gives_its_key_and_is_logged),
        cmocka_unit_test(faulty_files_are_refused_and_named),  cmocka_unit_test(all_missing_keys_are_named),
        cmocka_unit_test(later_directories_override),          cmocka_unit_test(every_common_error_has_a_text_in_both_languages),
        cmocka_unit_test(accept_language_is_weighed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
