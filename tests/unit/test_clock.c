/*
 * The clock and times as text. RFC 3339.
 */
#include "common/clock.h"
#include "tests/unit/unit.h"

static void times_are_written_and_read_back(void **state)
{
    (void)state;
    static const struct {
        int64_t t;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1, "1970-01-01T00:00:01Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {951782400, "2000-02-29T00:00:00Z"},
        {1795507200, "2026-11-24T08:00:00Z"},
        {4107542400, "2100-03-01T00:00:00Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
        {-62167219200, "0000-01-01T00:00:00Z"},
        {2147483648, "2038-01-19T03:14:08Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[CLOCK_RFC3339_LEN + 1];
        int64_t back;
        clock_rfc3339(rows[i].t, text);
        assert_string_equal(text, rows[i].text);
        assert_ok(clock_parse_rfc3339(text, &back));
        assert_int_equal(back, rows[i].t);
    }
}

static void a_time_outside_four_digit_years_stays_in_its_room(void **state)
{
    (void)state;
    char text[CLOCK_RFC3339_LEN + 1], local[CLOCK_LOCAL_CAP];
    clock_rfc3339(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    clock_rfc3339(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    clock_local(INT64_MAX, local);
    assert_string_equal(local, "23:59:59 31/12/9999 (+07:00)");
    clock_local(INT64_MIN, local);
    assert_true(strlen(local) < CLOCK_LOCAL_CAP);
}

static void vietnamese_readers_see_their_own_time(void **state)
{
    (void)state;
    char text[CLOCK_LOCAL_CAP];
    clock_local(1795507200, text);
    assert_string_equal(text, "15:00:00 24/11/2026 (+07:00)");
    clock_local(1798738200, text); /* 17:30 UTC on New Year's Eve is the next year there */
    assert_string_equal(text, "00:30:00 01/01/2027 (+07:00)");
}

static void offsets_and_fractions_are_understood(void **state)
{
    (void)state;
    static const char *const same[] = {
        "2026-11-24T08:00:00Z",        "2026-11-24t08:00:00z",        "2026-11-24 08:00:00Z",
        "2026-11-24T15:00:00+07:00",   "2026-11-24T02:30:00-05:30",   "2026-11-25T07:59:00+23:59",
        "2026-11-24T08:00:00.999999Z", "2026-11-24T08:00:00.5+00:00", "2026-11-24T08:00:00-00:00",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        int64_t t;
        assert_ok(clock_parse_rfc3339(same[i], &t));
        assert_int_equal(t, 1795507200);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "9999-12-31T23:59:59-00:01",
        "0000-01-01T00:00:00+00:01",
        "2026",
        "2026-11-24",
        "2026-11-24T08:00:00",
        "2026-11-24T08:00Z",
        "2026-11-24T08:00:00Zx",
        "2026-11-24T08:00:00Z ",
        " 2026-11-24T08:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T08:60:00Z",
        "2026-11-24T08:00:60Z",
        "2026-11-24T08:00:00+24:00",
        "2026-11-24T08:00:00+07:60",
        "2026-11-24T08:00:00+0700",
        "2026-11-24T08:00:00+07",
        "2026-11-24T08:00:00.Z",
        "2026-11-24T08:00:00.1234567890Z",
        "2026-11-24T08:00:00,5Z",
        "26-11-24T08:00:00Z",
        "+026-11-24T08:00:00Z",
        "2026-1-24T08:00:00Z",
        "2026-11-24T8:00:00Z",
        "2026/11/24T08:00:00Z",
        "2026-11-24X08:00:00Z",
        "12026-11-24T08:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t t;
        assert_err(clock_parse_rfc3339(bad[i], &t), ERR_SYNTAX);
    }
}

static void tests_can_stop_the_clock(void **state)
{
    (void)state;
    clock_set_for_test(1795507200);
    assert_int_equal(clock_now(), 1795507200);
    assert_int_equal(clock_now_us(), 1795507200000000);
    int64_t a = clock_mono_us();
    assert_true(clock_mono_us() >= a);
    clock_set_for_test(0);
    assert_int_not_equal(clock_now(), 1795507200);
    assert_true(clock_now() > 1700000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_and_read_back),
        cmocka_unit_test(a_time_outside_four_digit_years_stays_in_its_room),
        cmocka_unit_test(vietnamese_readers_see_their_own_time),
        cmocka_unit_test(offsets_and_fractions_are_understood),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(tests_can_stop_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
