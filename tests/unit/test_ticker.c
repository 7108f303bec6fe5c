/*
 * A thread that works, sleeps, and works again.
 */
#include "common/clock.h"
#include "common/ticker.h"
#include "tests/unit/unit.h"
#include <stdatomic.h>
#include <unistd.h>

struct box {
    atomic_int ran, entered;
    atomic_bool hold;
    int64_t next_ms;
    struct ticker *ticker;
};

static int64_t count(void *arg)
{
    struct box *b = arg;

    b->entered++;
    while (b->hold && !ticker_stopping(b->ticker))
        usleep(1000);
    b->ran++;
    return b->next_ms;
}

static bool comes_to(atomic_int *n, int want)
{
    for (int64_t end = clock_mono_us() + 5000000; clock_mono_us() < end; usleep(1000))
        if (*n >= want)
            return true;
    return false;
}

static void it_works_again_when_its_time_has_come(void **state)
{
    (void)state;
    struct box b = {.next_ms = 1};
    assert_ok(ticker_open(count, &b, 0, &b.ticker));
    assert_true(comes_to(&b.ran, 3));
    ticker_close(&b.ticker);
    assert_null(b.ticker);
    int ran = b.ran;
    usleep(20000);
    assert_int_equal(b.ran, ran);
}

static void it_waits_for_its_first_time(void **state)
{
    (void)state;
    struct box b = {.next_ms = 3600000};
    assert_ok(ticker_open(count, &b, 3600000, &b.ticker));
    usleep(20000);
    assert_int_equal(b.ran, 0);
    ticker_ring(b.ticker);
    assert_true(comes_to(&b.ran, 1));
    ticker_close(&b.ticker); /* an hour before its time: at once */
}

static void a_ring_during_work_is_not_lost(void **state)
{
    (void)state;
    struct box b = {.next_ms = 3600000, .hold = true};
    assert_ok(ticker_open(count, &b, 0, &b.ticker));
    assert_true(comes_to(&b.entered, 1));
    ticker_ring(b.ticker);
    ticker_ring(b.ticker);
    b.hold = false;
    assert_true(comes_to(&b.ran, 2));
    usleep(20000);
    assert_int_equal(b.ran, 2);
    ticker_close(&b.ticker);
}

static void work_that_lasts_hears_that_it_must_end(void **state)
{
    (void)state;
    struct box b = {.next_ms = 1, .hold = true};
    assert_ok(ticker_open(count, &b, 0, &b.ticker));
    assert_true(comes_to(&b.entered, 1));
    ticker_close(&b.ticker);
    assert_int_equal(b.ran, 1);
}

static void nobody_is_rung_and_closed_without_harm(void **state)
{
    (void)state;
    struct ticker *none = NULL;
    ticker_ring(none);
    ticker_close(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_works_again_when_its_time_has_come),  cmocka_unit_test(it_waits_for_its_first_time),
        cmocka_unit_test(a_ring_during_work_is_not_lost),         cmocka_unit_test(work_that_lasts_hears_that_it_must_end),
        cmocka_unit_test(nobody_is_rung_and_closed_without_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
