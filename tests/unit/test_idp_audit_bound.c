/*
 * Refusals in the audit log: bounded by event and by whom they are about, counted when left out. And the words a browser is known by.
 */
#include "tests/unit/unit.h"

#include "common/clock.h"
#include "idp/rules/audit_bound.h"
#include "idp/rules/browser_kind.h"
#include "idp/store/cursor.h"
#include <stdio.h>

#define MINUTE 60
#define BOUND 10 /* unless configured otherwise */
static int64_t now = 1700000000 - 1700000000 % MINUTE;

static int next_minute(void **state)
{
    (void)state;
    now += MINUTE;
    clock_set_for_test(now);
    return 0;
}

static unsigned taken(const char *event, const char *whose, int tries)
{
    unsigned n = 0, left_out;

    for (int i = 0; i < tries; i++)
        n += audit_bound_take(event, whose, &left_out);
    return n;
}

static void a_flood_gets_a_bounded_number_of_rows_a_minute(void **state)
{
    (void)state;
    assert_int_equal(taken("client.auth_failed", "flooded", 5000), BOUND);
}

static void what_was_left_out_is_told_in_a_later_minute(void **state)
{
    unsigned left_out;

    (void)state;
    assert_int_equal(taken("client.auth_failed", "told", BOUND + 25), BOUND);
    next_minute(NULL);
    assert_true(audit_bound_take("client.auth_failed", "told", &left_out));
    assert_int_equal(left_out, 25);
    assert_true(audit_bound_take("client.auth_failed", "told", &left_out));
    assert_int_equal(left_out, 0);
}

static void one_clients_flood_hides_nobody_elses_row(void **state)
{
    (void)state;
    (void)taken("client.auth_failed", "loud", 5000);
    assert_int_equal(taken("client.auth_failed", "quiet", 1), 1);
    assert_int_equal(taken("form.refused", "loud", 1), 1);
}

static void many_names_fill_no_more_than_the_table(void **state)
{
    char name[32];
    unsigned n = 0, left_out;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "client-%d", i);
        n += audit_bound_take("client.auth_failed", name, &left_out);
    }
    assert_true(n <= 4096);
    next_minute(NULL); /* and the next minute is free again */
    assert_int_equal(taken("client.auth_failed", "client-5", 1), 1);
}

static void browsers_are_known_by_words_of_ours_alone(void **state)
{
    static const struct {
        const char *agent, *words;
    } seen[] = {
        {"Mozilla/5.0 (Linux; Android 13; SM-A536E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
         "Chrome, Android"},
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/120.0",
         "Edge, Windows"},
        {"Mozilla/5.0 (Windows NT 10.0; rv:121.0) Gecko/20100101 Firefox/121.0", "Firefox, Windows"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 "
         "Safari/604.1",
         "Safari, iPhone"},
        {"Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 Chrome/110 Mobile Safari/537.36 Zalo android/12", "Zalo, Android"},
        {"<script>alert(1)</script>", ""},
        {"079204001234 Nguyễn Văn An", ""},
        {"", ""},
        {NULL, ""},
    };
    char out[BROWSER_KIND_CAP];

    (void)state;
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        browser_kind(seen[i].agent, out);
        assert_string_equal(out, seen[i].words);
    }
}

static void a_cursor_is_read_as_it_was_written_and_nothing_else(void **state)
{
    static const char *const bad[] = {
        "",
        ".",
        "1",
        "1.",
        "-1.00000000-0000-0000-0000-000000000000",
        "1.00000000-0000-0000-0000-00000000000",
        "1.00000000-0000-0000-0000-00000000000G",
        "99999999999999999.00000000-0000-0000-0000-000000000000",
        "1.00000000-0000-0000-0000-000000000000'",
        " 1.00000000-0000-0000-0000-000000000000",
    };
    const struct cursor c = {.us = 1764000000123456, .id = "0a0b0c0d-0000-4000-8000-0123456789ab"};
    struct cursor back;
    char text[CURSOR_CAP];

    (void)state;
    cursor_write(&c, text);
    assert_ok(cursor_read(text, &back));
    assert_true(back.us == c.us);
    assert_string_equal(back.id, c.id);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(cursor_read(bad[i], &back), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_flood_gets_a_bounded_number_of_rows_a_minute, next_minute),
        cmocka_unit_test_setup(what_was_left_out_is_told_in_a_later_minute, next_minute),
        cmocka_unit_test_setup(one_clients_flood_hides_nobody_elses_row, next_minute),
        cmocka_unit_test_setup(many_names_fill_no_more_than_the_table, next_minute),
        cmocka_unit_test(browsers_are_known_by_words_of_ours_alone),
        cmocka_unit_test(a_cursor_is_read_as_it_was_written_and_nothing_else),
    };
    secret_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
