/*
 * The configuration reader: types, limits, and every mistake named with its line.
 */
#include "common/config.h"
#include "tests/unit/unit.h"
#include <sys/stat.h>

struct conf {
    char *listen;
    long threads;
    bool https;
    struct secret pepper;
    char *share;
};

static const struct config_key keys[] = {
    {.section = "http",
     .name = "listen",
     .type = CONFIG_STR,
     .offset = offsetof(struct conf, listen),
     .required = true,
     .help = "where to listen"},
    {.section = "http",
     .name = "threads",
     .type = CONFIG_INT,
     .offset = offsetof(struct conf, threads),
     .def = "2",
     .min = 1,
     .max = 64,
     .help = "threads"},
    {.section = "http",
     .name = "https",
     .type = CONFIG_BOOL,
     .offset = offsetof(struct conf, https),
     .def = "no",
     .help = "the public origin is https"},
    {.section = "secrets",
     .name = "pepper",
     .type = CONFIG_SECRET,
     .offset = offsetof(struct conf, pepper),
     .required = true,
     .help = "for look-ups"},
    {.section = "",
     .name = "share",
     .type = CONFIG_STR,
     .offset = offsetof(struct conf, share),
     .def = "/usr/share/antin",
     .help = "pages and texts"},
};
#define N_KEYS (sizeof keys / sizeof *keys)

static char *dir;
static char said[8192]; /* what config_load printed */

static int setup(void **state)
{
    (void)state;
    (void)umask(077); /* secrets must be closed to others */
    dir = dir_new();
    file_write_str(dir, "pepper", "hạt tiêu\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dir_remove(dir, (const char *const[]){"pepper", "conf", NULL});
    return 0;
}

/* Loads a text in which @ stands for the test's folder. */
static err_t load_bytes(struct bytes text, struct conf *out)
{
    AUTO_BUF b = {0};
    for (size_t i = 0; i < text.len; i++)
        assert_ok(text.ptr[i] == '@' ? buf_add_str(&b, dir) : buf_add(&b, text.ptr + i, 1));
    file_write(dir, "conf", buf_bytes(&b));
    char path[300];
    (void)snprintf(path, sizeof path, "%s/conf", dir);
    memset(said, 0, sizeof said);
    FILE *errs = fmemopen(said, sizeof said - 1, "w");
    *out = (struct conf){0};
    err_t e = config_load(path, keys, N_KEYS, out, errs);
    (void)fclose(errs);
    return e;
}

static err_t load(const char *text, struct conf *out)
{
    return load_bytes(bytes_str(text), out);
}

#define GOOD "[http]\nlisten = 127.0.0.1:8400\n[secrets]\npepper = @/pepper\n"

static void a_good_file_fills_every_field(void **state)
{
    (void)state;
    struct conf c;
    assert_ok(load("# comment\n; another\nshare=/opt/antin\n\n[http]\n listen = unix:/run/a b \nthreads: 8\nhttps = Yes ; in "
                   "front\n[secrets]\npepper = @/pepper\n",
                   &c));
    assert_string_equal(said, "");
    assert_string_equal(c.listen, "unix:/run/a b");
    assert_int_equal(c.threads, 8);
    assert_true(c.https);
    assert_true(secret_eq(secret_bytes(&c.pepper), BYTES_STR("hạt tiêu")));
    assert_string_equal(c.share, "/opt/antin");
    config_free(keys, N_KEYS, &c);
    assert_null(c.listen);
}

static void absent_keys_take_their_defaults(void **state)
{
    (void)state;
    struct conf c;
    assert_ok(load(GOOD, &c));
    assert_int_equal(c.threads, 2);
    assert_false(c.https);
    assert_string_equal(c.share, "/usr/share/antin");
    config_free(keys, N_KEYS, &c);
}

static void every_bool_word_is_known(void **state)
{
    (void)state;
    static const char *const yes[] = {"yes", "TRUE", "on", "1"}, *const no[] = {"no", "False", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        char text[200];
        struct conf c;
        (void)snprintf(text, sizeof text, "[http]\nhttps=%s\nlisten=x\n[secrets]\npepper=@/pepper\n", yes[i]);
        assert_ok(load(text, &c));
        assert_true(c.https);
        config_free(keys, N_KEYS, &c);
        (void)snprintf(text, sizeof text, "[http]\nhttps=%s\nlisten=x\n[secrets]\npepper=@/pepper\n", no[i]);
        assert_ok(load(text, &c));
        assert_false(c.https);
        config_free(keys, N_KEYS, &c);
    }
}

/* Each file has one mistake; the message must hold the words. */
static void each_mistake_is_refused_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {GOOD "colour = red\n", "conf:5: unknown key \"colour\" in section [secrets]"},
        {GOOD "listen = x\n", "conf:5: unknown key \"listen\" in section [secrets]"}, /* of another section */
        {"Listen = x\n" GOOD, "conf:1: unknown key \"Listen\" in section []"},
        {"[secrets]\npepper = @/pepper\n", "listen is missing in section [http]"},
        {"[http]\nlisten =\n[secrets]\npepper = @/pepper\n", "conf:2: listen has no value"},
        {"[http]\nlisten = x\nlisten = x\n[secrets]\npepper = @/pepper\n", "conf:3: listen was already set in line 2"},
        {"[http]\nlisten = x\nthreads = 0\n[secrets]\npepper = @/pepper\n", "conf:3: threads: 0 is outside 1 to 64"},
        {"[http]\nlisten = x\nthreads = 65\n[secrets]\npepper = @/pepper\n", "threads: 65 is outside 1 to 64"},
        {"[http]\nlisten = x\nthreads = 2x\n[secrets]\npepper = @/pepper\n", "threads: \"2x\" is not a whole number"},
        {"[http]\nlisten = x\nthreads = +2\n[secrets]\npepper = @/pepper\n", "not a whole number"},
        {"[http]\nlisten = x\nthreads = 0x2\n[secrets]\npepper = @/pepper\n", "not a whole number"},
        {"[http]\nlisten = x\nthreads = 99999999999999999999\n[secrets]\npepper = @/pepper\n", "not a whole number"},
        {"[http]\nlisten = x\nthreads =\n[secrets]\npepper = @/pepper\n", "threads has no value"},
        {"[http]\nlisten = x\nhttps = maybe\n[secrets]\npepper = @/pepper\n", "https: \"maybe\" is neither yes nor no"},
        {"[http]\nlisten = x\n[secrets]\npepper = @/nothing\n", "nothing cannot be read"},
        {"[http]\nlisten = x\n[secrets]\npepper = @\n", "cannot be read"},
        {"[http]\nlisten = x\njust words\n[secrets]\npepper = @/pepper\n", "conf:3: \"just words\" is no \"key = value\""},
        {"[http]\nlisten = x\n continued\n[secrets]\npepper = @/pepper\n", "conf:3: \"continued\" is no \"key = value\""},
        {"[http\nlisten = x\n[secrets]\npepper = @/pepper\n", "conf:1: not understood"},
        {"[http]\nlisten = \xff\n[secrets]\npepper = @/pepper\n", "conf:2: the line is not valid UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct conf c;
        assert_err(load(rows[i].text, &c), ERR_CONFIG);
        if (strstr(said, rows[i].says) == NULL)
            fail_msg("row %zu said: %s", i, said);
        assert_null(c.listen); /* nothing is left half-filled */
        assert_null(c.pepper.ptr);
    }
}

static void all_mistakes_are_named_not_only_the_first(void **state)
{
    (void)state;
    struct conf c;
    assert_err(load("[http]\nthreads = many\nhttps = perhaps\nspeed = 9\n", &c), ERR_CONFIG);
    static const char *const says[] = {"conf:2: threads", "conf:3: https", "conf:4: unknown key \"speed\"", "listen is missing",
                                       "pepper is missing"};
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        assert_non_null(strstr(said, says[i]));
}

static void a_line_that_is_too_long_or_holds_nul_is_refused(void **state)
{
    (void)state;
    struct conf c;
    AUTO_BUF b = {0};
    assert_ok(buf_add_str(&b, "[http]\nlisten = "));
    for (int i = 0; i < 5000; i++)
        assert_ok(buf_add_str(&b, "x"));
    assert_ok(buf_add_str(&b, "\nthreads = none\n[secrets]\npepper = @/pepper\n"));
    assert_err(load_bytes(buf_bytes(&b), &c), ERR_CONFIG);
    assert_non_null(strstr(said, "conf:2: the line is too long"));
    assert_non_null(strstr(said, "conf:3: threads")); /* the count of lines stays right */
    assert_err(load_bytes(BYTES("[http]\nlisten = x\0y\n[secrets]\npepper=@/pepper\n", 45), &c), ERR_CONFIG);
    assert_non_null(strstr(said, "conf:2: the line"));
}

static void a_secret_is_never_in_the_message(void **state)
{
    (void)state;
    struct conf c;
    AUTO_BUF b = {0};
    for (int i = 0; i < 5000; i++)
        assert_ok(buf_add_str(&b, "S"));
    file_write(dir, "pepper", buf_bytes(&b));
    assert_err(load(GOOD, &c), ERR_CONFIG);
    assert_non_null(strstr(said, "longer than 4096 bytes"));
    assert_null(strstr(said, "SSS"));
    file_write_str(dir, "pepper", "\n");
    assert_err(load(GOOD, &c), ERR_CONFIG);
    assert_non_null(strstr(said, "pepper is empty"));
    file_write_str(dir, "pepper", "hạt tiêu\n");
}

static void a_secret_open_to_others_is_refused(void **state)
{
    (void)state;
    static const mode_t open_modes[] = {0604, 0602, 0601, 0644, 0666}, closed[] = {0400, 0600, 0440, 0640};
    char path[300];
    struct conf c;
    (void)snprintf(path, sizeof path, "%s/pepper", dir);
    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        assert_int_equal(chmod(path, open_modes[i]), 0);
        assert_err(load(GOOD, &c), ERR_CONFIG);
        assert_non_null(strstr(said, "open to every user"));
    }
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
        assert_int_equal(chmod(path, closed[i]), 0);
        assert_ok(load(GOOD, &c));
        config_free(keys, N_KEYS, &c);
    }
    assert_int_equal(chmod(path, 0600), 0);
}

static void a_file_that_cannot_be_opened_is_an_error(void **state)
{
    (void)state;
    struct conf c = {0};
    char *text = NULL;
    size_t n;
    FILE *errs = open_memstream(&text, &n);
    assert_err(config_load("/nonexistent/antin.conf", keys, N_KEYS, &c, errs), ERR_CONFIG);
    assert_err(config_load(dir, keys, N_KEYS, &c, errs), ERR_CONFIG);
    (void)fclose(errs);
    assert_non_null(strstr(text, "/nonexistent/antin.conf: "));
    free(text);
}

static void the_key_table_prints_as_a_file(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    config_print_keys(keys, N_KEYS, to);
    (void)fclose(to);
    assert_non_null(strstr(text, "[http]\n# where to listen\nlisten = (required)\n"));
    assert_non_null(strstr(text, "# a whole number, 1 to 64\n# threads = 2\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_fills_every_field),
        cmocka_unit_test(absent_keys_take_their_defaults),
        cmocka_unit_test(every_bool_word_is_known),
        cmocka_unit_test(each_mistake_is_refused_and_named),
        cmocka_unit_test(all_mistakes_are_named_not_only_the_first),
        cmocka_unit_test(a_line_that_is_too_long_or_holds_nul_is_refused),
        cmocka_unit_test(a_secret_is_never_in_the_message),
        cmocka_unit_test(a_secret_open_to_others_is_refused),
        cmocka_unit_test(a_file_that_cannot_be_opened_is_an_error),
        cmocka_unit_test(the_key_table_prints_as_a_file),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
