/*
 * The error registry: every failure has a usable row, unknown numbers fall back to the internal error.
 */
#include "tests/unit/unit.h"

static void every_common_error_has_a_row(void **state)
{
    (void)state;
    for (err_t e = OK + 1; e < ERR_COMMON_END; e++) {
        const struct err_row *r = err_info(e);
        assert_int_equal(strncmp(r->name, "ERR_", 4), 0);
        assert_true(r->status >= 400 && r->status <= 599);
        assert_true(r->code[0] != '\0' && r->code[strspn(r->code, "abcdefghijklmnopqrstuvwxyz_")] == '\0');
        assert_int_equal(strncmp(r->text, "err.", 4), 0);
    }
}

static void rows_belong_to_their_numbers(void **state)
{
    (void)state;
    assert_string_equal(err_info(ERR_NOMEM)->name, "ERR_NOMEM");
    assert_string_equal(err_info(ERR_UNSUPPORTED)->name, "ERR_UNSUPPORTED");
    assert_int_equal(err_info(ERR_TOO_LARGE)->status, 413);
    assert_string_equal(err_info(OK)->name, "OK");
}

static void unknown_numbers_are_internal_errors(void **state)
{
    (void)state;
    const err_t unknown[] = {-1, ERR_COMMON_END, ERR_APP_BASE + 2, ERR_APP_BASE - 1, ERR_FORMAT_BASE, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_string_equal(err_info(unknown[i])->name, "ERR_INTERNAL");
}

static void registered_rows_are_found(void **state)
{
    (void)state;
    static const struct err_row app[] = {{"ERR_A", 400, "a", ERR_QUIET, "err.a"}, {"ERR_B", 401, "b", ERR_WARN, "err.b"}};
    static const struct err_row formats[] = {{"ERR_F", 422, "f", ERR_QUIET, "err.f"}};
    err_register(ERR_APP_BASE, app, 2);
    err_register(ERR_FORMAT_BASE, formats, 1);
    assert_string_equal(err_info(ERR_APP_BASE)->name, "ERR_A");
    assert_string_equal(err_info(ERR_APP_BASE + 1)->name, "ERR_B");
    assert_string_equal(err_info(ERR_FORMAT_BASE)->name, "ERR_F");
    assert_string_equal(err_info(ERR_APP_BASE + 2)->name, "ERR_INTERNAL");
    assert_string_equal(err_info(ERR_FORMAT_BASE + 1)->name, "ERR_INTERNAL");
}

static err_t gives(err_t e, bool *reached_end)
{
    TRY(e);
    *reached_end = true;
    return OK;
}

static void try_returns_the_first_failure(void **state)
{
    (void)state;
    bool end = false;
    assert_err(gives(ERR_SYNTAX, &end), ERR_SYNTAX);
    assert_false(end);
    assert_ok(gives(OK, &end));
    assert_true(end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_common_error_has_a_row),        cmocka_unit_test(rows_belong_to_their_numbers),
        cmocka_unit_test(unknown_numbers_are_internal_errors), cmocka_unit_test(registered_rows_are_found),
        cmocka_unit_test(try_returns_the_first_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
