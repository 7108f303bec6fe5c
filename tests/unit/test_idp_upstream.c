/*
 * An upstream provider's claims, read by the operator's mapping: other names, other forms, other levels; and what is never guessed at.
 * idp/rules/upstream_claims.h; the names are those that the national portal's broker and VNeID use.
 */
#include "common/clock.h"
#include "idp/rules/upstream_claims.h"
#include "tests/unit/unit.h"

static char number[] = "SoDinhDanh", birth_date[] = "NgaySinh", birth_format[] = "DD/MM/YYYY", level[] = "accountLevel", one[] = "1 LoA1",
            two[] = "2 LoA2";

static struct upstream_conf conf(void)
{
    return (struct upstream_conf){.number = number,
                                  .birth_date = birth_date,
                                  .birth_format = birth_format,
                                  .level = level,
                                  .level_1 = one,
                                  .level_2 = two,
                                  .level_max = 2};
}

/* NULL: no UserInfo. */
static err_t read_texts(const struct upstream_conf *c, const char *id_token, const char *userinfo, struct upstream_person *out)
{
    AUTO_JSON a = json_loads(id_token, 0, NULL);
    AUTO_JSON b = userinfo ? json_loads(userinfo, 0, NULL) : NULL;

    assert_non_null(a);
    return upstream_person_read(c, a, b, out);
}

#define CONF()                       \
    struct upstream_conf c = conf(); \
    struct upstream_person p;        \
    (void)state

static void names_forms_and_levels_are_the_operator_s(void **state)
{
    CONF();
    assert_ok(read_texts(&c, "{\"SoDinhDanh\":\"079 199 001 234\",\"NgaySinh\":\"31/12/1999\",\"accountLevel\":2}", NULL, &p));
    assert_string_equal(p.number, "079199001234");
    assert_string_equal(p.birth_date, "1999-12-31");
    assert_int_equal(p.level, 2);
    assert_ok(read_texts(&c, "{\"SoDinhDanh\":\"079199001234\",\"accountLevel\":\"LoA1\"}", NULL, &p));
    assert_string_equal(p.birth_date, "");
    assert_int_equal(p.level, 1);
}

static void a_name_may_be_a_url_or_a_way_inside(void **state)
{
    CONF();
    c.number = (char[]){"https://id.example.vn/so.dinh.danh"};
    assert_ok(read_texts(&c, "{\"https://id.example.vn/so.dinh.danh\":\"079199001234\",\"accountLevel\":1}", NULL, &p));
    c.number = (char[]){"data.citizenPid"};
    assert_ok(read_texts(&c, "{\"data\":{\"citizenPid\":\"079199001235\"},\"accountLevel\":1}", NULL, &p));
    assert_string_equal(p.number, "079199001235");
    assert_err(read_texts(&c, "{\"data\":\"079199001235\",\"accountLevel\":1}", NULL, &p), ERR_UPSTREAM_ANSWER);
}

static void the_id_token_goes_before_userinfo_and_they_must_agree(void **state)
{
    CONF();
    assert_ok(read_texts(&c, "{\"accountLevel\":1}", "{\"SoDinhDanh\":\"079199001234\"}", &p));
    assert_ok(read_texts(&c, "{\"SoDinhDanh\":\"079199001234\",\"accountLevel\":1}", "{\"SoDinhDanh\":\"079199001234\"}", &p));
    assert_err(read_texts(&c, "{\"SoDinhDanh\":\"079199001234\",\"accountLevel\":1}", "{\"SoDinhDanh\":\"079199001235\"}", &p),
               ERR_UPSTREAM_ANSWER);
    assert_err(read_texts(&c, "{\"SoDinhDanh\":\"079199001234\",\"accountLevel\":1}", "{\"accountLevel\":2}", &p), ERR_UPSTREAM_ANSWER);
}

static void a_level_is_bounded_and_never_guessed(void **state)
{
    CONF();
    const char *const second = "{\"SoDinhDanh\":\"079199001234\",\"accountLevel\":2}",
                      *const other = "{\"SoDinhDanh\":\"079199001234\",\"accountLevel\":\"1 2\"}";
    c.level_max = 1;
    assert_ok(read_texts(&c, second, NULL, &p));
    assert_int_equal(p.level, 1);
    assert_err(read_texts(&c, other, NULL, &p), ERR_UPSTREAM_LEVEL);
    assert_err(read_texts(&c, "{\"SoDinhDanh\":\"079199001234\"}", NULL, &p), ERR_UPSTREAM_LEVEL);
    c.level_default = 1;
    assert_ok(read_texts(&c, other, NULL, &p));
    assert_int_equal(p.level, 1);
}

static void what_is_no_number_is_refused(void **state)
{
    CONF();
    const char *const bad[] = {
        "{\"accountLevel\":2}",
        "{\"SoDinhDanh\":\"\",\"accountLevel\":2}",
        "{\"SoDinhDanh\":\"0791990012345\",\"accountLevel\":2}",
        "{\"SoDinhDanh\":79199001234,\"accountLevel\":2}",
        "{\"SoDinhDanh\":\"07919900123x\",\"accountLevel\":2}",
        "{\"SoDinhDanh\":[\"079199001234\"],\"accountLevel\":2}",
        "{\"SoDinhDanh\":true,\"accountLevel\":2}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(read_texts(&c, bad[i], NULL, &p), ERR_UPSTREAM_ANSWER);
}

static void dates_are_read_as_they_are_said_to_be_written(void **state)
{
    char out[DATE_LEN + 1];
    (void)state;
    const char *const good[][3] = {
        {"YYYY-MM-DD", "1999-12-31", "1999-12-31"},
        {"DD/MM/YYYY", "31/12/1999", "1999-12-31"},
        {"DDMMYYYY", "31121999", "1999-12-31"},
        {"YYYYMMDD", "19991231", "1999-12-31"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(upstream_date_format_ok(good[i][0]));
        assert_ok(upstream_date_read(good[i][0], good[i][1], out));
        assert_string_equal(out, good[i][2]);
    }
    const char *const bad[][2] = {
        {"DD/MM/YYYY", "12/31/1999"}, {"DD/MM/YYYY", "31-12-1999"}, {"DD/MM/YYYY", "1/1/1999"}, {"YYYYMMDD", "1999123"},
        {"YYYYMMDD", "199912311"},    {"YYYY-MM-DD", "+999-12-31"}, {"YYYY-MM-DD", ""},         {"DDMMYYYY", "30021999"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(upstream_date_read(bad[i][0], bad[i][1], out), ERR_SYNTAX);
    const char *const formats[] = {"", "MM/DD", "YYYY-MM-DD DD", "DD/MM/YY", "DD/MM/YYYY 00", "DD  ..  MM  ..  YYYY"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        assert_false(upstream_date_format_ok(formats[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_forms_and_levels_are_the_operator_s),
        cmocka_unit_test(a_name_may_be_a_url_or_a_way_inside),
        cmocka_unit_test(the_id_token_goes_before_userinfo_and_they_must_agree),
        cmocka_unit_test(a_level_is_bounded_and_never_guessed),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(dates_are_read_as_they_are_said_to_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
