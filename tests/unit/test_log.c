/*
 * The log: every line is one JSON object of at most 2 kB, whatever comes in.
 */
#include "common/log.h"
#include "common/clock.h"
#include "common/json.h"
#include "tests/unit/unit.h"
#include <pthread.h>

static struct captured cap;

/* The one line that was written, parsed. */
static json_t *line(void)
{
    const char *text = capture_end(&cap);
    size_t n = strlen(text);
    assert_true(n > 0 && n <= 2048);
    assert_ptr_equal(strchr(text, '\n'), text + n - 1);
    json_t *j;
    assert_ok(json_parse(BYTES(text, n - 1), 4096, &j));
    return j;
}

static void an_event_is_one_json_line(void **state)
{
    (void)state;
    log_init("antin-test", LOG_INFO);
    clock_set_for_test(1795507200);
    capture_begin(&cap);
    log_event(LOG_WARNING, "keyd_gone", "try %d of %d", 1, 3);
    clock_set_for_test(0);
    AUTO_JSON j = line();
    assert_string_equal(json_string_value(json_object_get(j, "time")), "2026-11-24T08:00:00.000000Z");
    assert_string_equal(json_string_value(json_object_get(j, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(j, "program")), "antin-test");
    assert_string_equal(json_string_value(json_object_get(j, "event")), "keyd_gone");
    assert_string_equal(json_string_value(json_object_get(j, "detail")), "try 1 of 3");
    assert_null(json_object_get(j, "request"));
}

static void quiet_levels_write_nothing(void **state)
{
    (void)state;
    log_init("antin-test", LOG_WARNING);
    capture_begin(&cap);
    log_event(LOG_INFO, "quiet", "x");
    log_event(LOG_DEBUG, "quiet", "x");
    log_request(&(struct log_request){.id = "r", .method = "GET", .route = "/", .status = 200});
    assert_string_equal(capture_end(&cap), "");
    log_init("antin-test", LOG_INFO);
}

static void nothing_can_forge_a_line_or_a_member(void **state)
{
    (void)state;
    static const char evil[] = "a\"},\n{\"level\":\"error\\\r\t\x01\x1b[31m\x7f";
    capture_begin(&cap);
    log_event(LOG_ERROR, "evil", "%s", evil);
    AUTO_JSON j = line();
    assert_string_equal(json_string_value(json_object_get(j, "detail")), evil);
}

static void broken_utf8_becomes_a_replacement_character(void **state)
{
    (void)state;
    capture_begin(&cap);
    log_event(LOG_ERROR, "utf8", "%s", "Ấn\xff T\xc3n \xed\xa0\x80 \xc0\x80");
    AUTO_JSON j = line();
    assert_non_null(strstr(json_string_value(json_object_get(j, "detail")), "Ấn\xef\xbf\xbd T\xef\xbf\xbdn"));
}

static void a_long_detail_is_cut_and_the_line_stays_json(void **state)
{
    (void)state;
    static const char *const fill[] = {"x", "\"", "\x01", "ấ", "\xff", "\\"};
    for (size_t i = 0; i < sizeof fill / sizeof *fill; i++)
        for (size_t shift = 0; shift < 8; shift++) {
            AUTO_BUF b = {0};
            assert_ok(buf_addf(&b, "%.*s", (int)shift, "01234567"));
            for (int k = 0; k < 6000; k++)
                assert_ok(buf_add_str(&b, fill[i]));
            log_request_id("0123456789abcdef");
            capture_begin(&cap);
            log_event(LOG_ERROR, "long", "%s", buf_str(&b));
            AUTO_JSON j = line();
            assert_true(json_string_length(json_object_get(j, "detail")) > 100);
            log_request_id(NULL);
        }
}

static void every_member_may_be_too_long_at_once(void **state)
{
    (void)state;
    char s[3000];
    memset(s, '"', sizeof s - 1);
    s[sizeof s - 1] = '\0';
    for (size_t n = 0; n < 1200; n += 7) {
        capture_begin(&cap);
        log_request(&(struct log_request){
            .id = s + n, .method = s, .route = s + 2 * n, .status = 500, .error = s, .us = INT64_MAX, .in = UINT64_MAX, .out = UINT64_MAX});
        AUTO_JSON j = line();
        assert_non_null(json_object_get(j, "time"));
    }
}

static void a_request_is_one_line_with_its_numbers(void **state)
{
    (void)state;
    log_request_id("of-the-thread");
    capture_begin(&cap);
    log_request(&(struct log_request){.id = "r-1",
                                      .method = "POST",
                                      .route = "/v1/dossiers/{id}",
                                      .status = 409,
                                      .error = "ERR_CONFLICT",
                                      .us = 1234,
                                      .in = 5,
                                      .out = 77});
    AUTO_JSON j = line();
    log_request_id(NULL);
    assert_string_equal(json_string_value(json_object_get(j, "request")), "r-1");
    assert_string_equal(json_string_value(json_object_get(j, "route")), "/v1/dossiers/{id}");
    assert_string_equal(json_string_value(json_object_get(j, "error")), "ERR_CONFLICT");
    assert_int_equal(json_integer_value(json_object_get(j, "status")), 409);
    assert_int_equal(json_integer_value(json_object_get(j, "us")), 1234);
    assert_int_equal(json_integer_value(json_object_get(j, "in")), 5);
    assert_int_equal(json_integer_value(json_object_get(j, "out")), 77);
}

static void *other_thread(void *arg)
{
    (void)arg;
    log_event(LOG_INFO, "other", "x");
    return NULL;
}

static void a_request_id_belongs_to_its_thread(void **state)
{
    (void)state;
    pthread_t t;
    log_request_id("mine");
    capture_begin(&cap);
    assert_int_equal(pthread_create(&t, NULL, other_thread, NULL), 0);
    assert_int_equal(pthread_join(t, NULL), 0);
    AUTO_JSON theirs = line();
    assert_null(json_object_get(theirs, "request"));
    capture_begin(&cap);
    log_event(LOG_INFO, "here", "x");
    AUTO_JSON ours = line();
    assert_string_equal(json_string_value(json_object_get(ours, "request")), "mine");
    log_request_id(NULL);
}

static void a_time_has_six_digits_after_the_point(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        capture_begin(&cap);
        log_event(LOG_WARNING, "now", "x");
        AUTO_JSON j = line();
        const char *t = json_string_value(json_object_get(j, "time"));
        assert_int_equal(strlen(t), 27);
        assert_int_equal(strspn(t + 20, "0123456789"), 6);
        assert_string_equal(t + 26, "Z");
    }
}

static void *many_lines(void *name)
{
    for (int i = 0; i < 2000; i++)
        log_event(LOG_INFO, name, "%d", i);
    return NULL;
}

static void collected_lines_keep_their_order_and_an_error_does_not_wait(void **state)
{
    static char text[1 << 20];
    char *names[] = {"first", "second", "third"};
    long next[3] = {0};
    pthread_t t[3];
    FILE *f = tmpfile();
    int saved = dup(STDERR_FILENO);
    (void)state;
    assert_true(f != NULL && saved >= 0 && dup2(fileno(f), STDERR_FILENO) >= 0);
    log_in_background();
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&t[i], NULL, many_lines, names[i]), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
    log_event(LOG_ERROR, "at_once", "x"); /* and all before it */
    ssize_t n = pread(fileno(f), text, sizeof text - 1, 0);
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    (void)fclose(f);
    assert_true(n > 0);
    text[n] = '\0';
    int lines = 0;
    for (char *rest = NULL, *l = strtok_r(text, "\n", &rest); l != NULL; l = strtok_r(NULL, "\n", &rest), lines++) {
        AUTO_JSON j = NULL;
        assert_ok(json_parse(bytes_str(l), 4096, &j));
        for (int i = 0; i < 3; i++)
            if (strcmp(json_string_value(json_object_get(j, "event")), names[i]) == 0)
                assert_int_equal(strtol(json_string_value(json_object_get(j, "detail")), NULL, 10), next[i]++);
    }
    assert_int_equal(lines, 6001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_one_json_line),
        cmocka_unit_test(quiet_levels_write_nothing),
        cmocka_unit_test(nothing_can_forge_a_line_or_a_member),
        cmocka_unit_test(broken_utf8_becomes_a_replacement_character),
        cmocka_unit_test(a_long_detail_is_cut_and_the_line_stays_json),
        cmocka_unit_test(every_member_may_be_too_long_at_once),
        cmocka_unit_test(a_request_is_one_line_with_its_numbers),
        cmocka_unit_test(a_request_id_belongs_to_its_thread),
        cmocka_unit_test(a_time_has_six_digits_after_the_point),
        cmocka_unit_test(collected_lines_keep_their_order_and_an_error_does_not_wait), /* the last: there is no way back */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
