/*
 * antin-sign renew: archive timestamps that are about to end get another, over a folder, whatever interrupts it. docs/man/antin-sign.1.
 */
#include "tests/unit/testcli.h"
#include "signer/formats/signed_data.h"

/* A folder with a file of each format, archived by a service that ends in five days, and files that are none of that. */
static int with_archive(void **state)
{
    AUTO_BUF text = {0};
    int failed = fresh(state);
    tp_run(&text, "rm -rf archive; mkdir -p archive/2024/hồ-sơ; cp a.pdf note.txt archive/; cp a.pdf archive/2024/unsigned.pdf; "
                  ": > archive/empty; echo '<a/>' > archive/2024/plain.xml; ln -s ../a.pdf archive/link.pdf");
    write_in("archive/2024/tờ.xml", bytes_str("<a><b>1</b></a>"));
    crls_for_the_verifier();
    return failed;
}

#define SIGN KEY REACH "--level B-LTA --tsa %s "

static void archive_by(const char *service)
{
    const char *tsa = services_url(service);
    ASSERT_EXIT(0, "B-LTA", SIGN "archive/a.pdf archive/note.txt", tsa);
    ASSERT_EXIT(0, "B-LTA", SIGN "--format xades archive/2024/tờ.xml", tsa);
    ASSERT_EXIT(0, "B-LTA", SIGN "--format asic-e -o archive/2024/hồ-sơ/x.asice a.pdf note.txt", tsa);
    ASSERT_EXIT(0, "B-LTA", SIGN "--format asic-s -o archive/2024/hồ-sơ/y.asics note.txt", tsa);
    ASSERT_EXIT(0, "B-LTA", SIGN "--format asic-e --kind cades -o archive/2024/hồ-sơ/z.asice note.txt", tsa);
    ASSERT_EXIT(0, "B-T", KEY "--tsa %s -o archive/2024/only-t.pdf a.pdf", tsa);
}
#define ARCHIVED "archive/a.signed.pdf archive/note.txt.p7s archive/2024/*.signed.xml archive/2024/*/x.asice archive/2024/*/[yz].asic?"

static void what_is_about_to_end_is_renewed_and_nothing_else(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    archive_by("/fading");
    tp_run(&text, "cp -r archive before");
    int at_first = atomic_load(&stamps);
    ASSERT_EXIT(0, "6 renewed, 0 still good, 7 without an archive timestamp, 0 failed", "renew " REACH "-j2 --tsa %s archive",
                services_url("/tsa"));
    assert_int_equal(atomic_load(&stamps), at_first + 7); /* one to learn how long the service's last */
    verifier_says(0, ARCHIVED);
    assert_int_equal(tp_run(&text, "for f in archive/2024/only-t.pdf archive/a.pdf archive/2024/unsigned.pdf archive/note.txt; do "
                                   "cmp $f before/${f#archive/} || exit 1; done; rm -r before; test -L archive/link.pdf"),
                     0);
    ASSERT_EXIT(0, "0 renewed, 6 still good, 7 without", "renew " REACH "--tsa %s archive", services_url("/tsa"));
    assert_int_equal(atomic_load(&stamps), at_first + 7); /* nothing was due: the service was not even asked */
}

static void a_service_that_ends_no_later_gains_nothing(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    archive_by("/fading");
    tp_run(&text, "cp -r archive before");
    int at_first = atomic_load(&stamps);
    ASSERT_EXIT(1, "end no later", "renew " REACH "--tsa %s archive", services_url("/fading"));
    assert_int_equal(atomic_load(&stamps), at_first + 1);
    assert_int_equal(tp_run(&text, "diff -r archive before && rm -r before"), 0);
}

static void how_soon_is_the_callers_choice(void **state)
{
    (void)state;
    archive_by("/fading");
    ASSERT_EXIT(0, "0 renewed, 6 still good", "renew " REACH "--within 3 --tsa %s archive", services_url("/tsa"));
    ASSERT_EXIT(0, "6 renewed, 0 still good", "renew " REACH "--within 6 --tsa %s archive", services_url("/tsa"));
}

static void a_file_that_cannot_be_renewed_is_named_and_stops_no_other(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    archive_by("/fading");
    tp_run(&text, "echo other > archive/note.txt; head -c 3000 archive/a.signed.pdf > archive/cut.pdf");
    ASSERT_EXIT(1, "note.txt.p7s: The content is not what was signed", "renew " REACH "--tsa %s archive", services_url("/tsa"));
    ASSERT_EXIT(1, "cut.pdf: The PDF is cut off", "renew " REACH "--tsa %s archive", services_url("/tsa"));
    verifier_says(0, "archive/a.signed.pdf archive/2024/*.signed.xml archive/2024/*/x.asice archive/2024/*/[yz].asic?");
    ASSERT_EXIT(1, "0 renewed, 5 still good", "renew " REACH "--tsa %s archive", services_url("/tsa"));
}

static void a_service_that_is_away_leaves_all_as_it_was(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    archive_by("/fading");
    tp_run(&text, "cp -r archive before");
    ASSERT_EXIT(1, "0 renewed, 0 still good, 7 without an archive timestamp, 6 failed",
                "renew " REACH "--tsa http://127.0.0.1:1/tsa archive");
    ASSERT_EXIT(1, "6 failed", "renew " REACH "--tsa %s archive", services_url("/wrong-imprint"));
    ASSERT_EXIT(1, "6 failed", "renew --trust root.pem --offline --no-cache --tsa %s archive", services_url("/tsa"));
    assert_int_equal(tp_run(&text, "diff -r archive before && rm -r before"), 0);
}

static void the_report_for_programs_tells_when_each_ends(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    json_t *j = NULL, *one;
    size_t i;
    unsigned with_end = 0;
    archive_by("/fading");
    run(&text, "renew --json --within 0 " REACH "--tsa http://127.0.0.1:1/tsa archive");
    assert_ok(json_parse(buf_bytes(&text), 65536, &j));
    json_array_foreach(json_object_get(j, "files"), i, one)
    {
        const char *status = json_string_value(json_object_get(one, "status"));
        with_end += json_object_get(one, "until") != NULL;
        assert_true(strcmp(status, "unchanged") == 0 || strcmp(status, "passed") == 0);
    }
    assert_int_equal(with_end, 6);
    json_decref(j);
}

/* How many archive timestamps the first signature has. */
static size_t archive_stamps(const char *name)
{
    AUTO_SIGNED_DATA sd = {0};
    AUTO_BUF cms = {0};
    AUTO_STR path = tp_path(name);
    struct bytes tokens[16];
    size_t n;
    tp_read(path, &cms);
    assert_ok(signed_data_parse(buf_bytes(&cms), &sd));
    assert_ok(attribute_all(sd.signer[0].unsigned_attrs, OID_ARCHIVE_TIMESTAMP_V3, tokens, 16, &n));
    return n;
}

#define MANY 40

/* Killed again and again, and run again: in the end each file was renewed, and exactly once. */
static void whatever_kills_it_the_next_run_does_only_what_is_left(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    unsigned runs = 0, cut_short = 0;
    ASSERT_EXIT(0, "B-LTA", SIGN "note.txt", services_url("/fading"));
    tp_run(&text, "rm -rf archive; mkdir archive; for i in $(seq %d); do cp note.txt archive/$i; cp note.txt.p7s archive/$i.p7s; done",
           MANY);
    for (int code = 1; code != 0 && runs < 60; runs++) {
        code = tp_run(
            &text, "'%s' renew " REACH "-j2 --tsa %s archive >/dev/null 2>&1 & sleep 0.%03u; kill -9 $! 2>/dev/null; wait $! 2>/dev/null",
            sign, services_url("/tsa"), 40 + 15 * runs);
        cut_short += code != 0;
        for (unsigned i = 1; i <= MANY; i++) {
            char name[40];
            snprintf(name, sizeof name, "archive/%u.p7s", i);
            size_t n = archive_stamps(name);
            assert_true(n == 1 || n == 2);
        }
    }
    assert_true(cut_short > 0);
    ASSERT_EXIT(0, "0 renewed, 40 still good", "renew " REACH "--tsa %s archive", services_url("/tsa"));
    verifier_says(0, "archive/*.p7s");
    for (unsigned i = 1; i <= MANY; i++) {
        char name[40];
        snprintf(name, sizeof name, "archive/%u.p7s", i);
        assert_int_equal(archive_stamps(name), 2);
    }
}

static void what_a_killed_run_left_is_not_taken_for_a_file(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "B-LTA", SIGN "note.txt", services_url("/fading"));
    tp_run(&text, "rm -rf archive; mkdir archive; cp note.txt.p7s archive/.antin-old; cp note.txt.p7s archive/.antin-new; "
                  "touch -d '2 hours ago' archive/.antin-old");
    ASSERT_EXIT(0, "0 renewed, 0 still good, 0 without", "renew " REACH "--tsa %s archive", services_url("/tsa"));
    assert_false(there("archive/.antin-old"));
    assert_true(there("archive/.antin-new")); /* somebody may be at work */
}

static void usage_errors_are_3(void **state)
{
    (void)state;
    ASSERT_EXIT(3, "--tsa", "renew archive");
    ASSERT_EXIT(3, "no files", "renew --tsa http://127.0.0.1:1/");
    ASSERT_EXIT(3, "not there", "renew --tsa http://127.0.0.1:1/ absent");
    ASSERT_EXIT(3, "takes no", "renew --level B-T --tsa http://127.0.0.1:1/ archive");
    ASSERT_EXIT(3, "is for renew", "extend --within 3 --tsa http://127.0.0.1:1/ archive");
    ASSERT_EXIT(3, "no key", "renew " KEY "--tsa http://127.0.0.1:1/ archive");
    ASSERT_EXIT(3, "number of days", "renew --within -1 --tsa http://127.0.0.1:1/ archive");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_ARCHIVE(f) cmocka_unit_test_setup(f, with_archive)
        WITH_ARCHIVE(what_is_about_to_end_is_renewed_and_nothing_else),
        WITH_ARCHIVE(a_service_that_ends_no_later_gains_nothing),
        WITH_ARCHIVE(how_soon_is_the_callers_choice),
        WITH_ARCHIVE(a_file_that_cannot_be_renewed_is_named_and_stops_no_other),
        WITH_ARCHIVE(a_service_that_is_away_leaves_all_as_it_was),
        WITH_ARCHIVE(the_report_for_programs_tells_when_each_ends),
        WITH_ARCHIVE(whatever_kills_it_the_next_run_does_only_what_is_left),
        WITH_ARCHIVE(what_a_killed_run_left_is_not_taken_for_a_file),
        WITH_ARCHIVE(usage_errors_are_3),
    };
    return cmocka_run_group_tests_name("antin-sign renew", tests, setup, teardown);
}
