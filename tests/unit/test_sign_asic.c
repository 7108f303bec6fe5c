/*
 * The antin-sign program and containers: made of files, raised, refused; what other programs find in them. ETSI EN 319 162-1.
 */
#include "tests/unit/testcli.h"

static int with_files(void **state)
{
    AUTO_BUF text = {0};
    int failed = fresh(state);
    write_in("tờ khai.xml", bytes_str("<tờ-khai xmlns=\"urn:test\"><tên>Trần Thị Bưởi</tên></tờ-khai>"));
    tp_run(&text, "rm -rf *.asice *.asics more; mkdir more; cp a.pdf more/a.pdf");
    crls_for_the_verifier();
    return failed;
}

static void lists(const char *container, const char *names)
{
    AUTO_BUF text = {0};
    char command[500];
    snprintf(command, sizeof command,
             "/usr/bin/python3 -c \"import zipfile,sys; z=zipfile.ZipFile('%s'); assert z.testzip() is None; "
             "print(' '.join(z.namelist()))\"",
             container);
    if (tp_run(&text, "%s", command) != 0 || strcmp(buf_str(&text), names) != 0)
        fail_msg("%s: %s", container, buf_str(&text));
}

static void files_of_any_kind_go_into_one_container_at_each_level(void **state)
{
    (void)state;
    static const char *const LEVELS[] = {"B-B", "B-T", "B-LT", "B-LTA"};
    for (size_t i = 0; i < 4; i++) {
        ASSERT_EXIT(0, LEVELS[i], KEY REACH "--format asic-e --overwrite --level %s --tsa %s a.pdf 'tờ khai.xml' note.txt", LEVELS[i],
                    services_url("/tsa"));
        verifier_says(0, "a.asice");
        lists("a.asice", "mimetype a.pdf tờ khai.xml note.txt META-INF/manifest.xml META-INF/signatures0.xml\n");
    }
    AUTO_BUF text = {0};
    assert_int_equal(
        tp_run(&text, "mkdir out && cd out && unzip -q ../a.asice && cmp a.pdf ../a.pdf && cmp 'tờ khai.xml' '../tờ khai.xml'"), 0);
}

static void containers_with_cades_signatures_are_made_and_raised(void **state)
{
    (void)state;
    static const char *const LEVELS[] = {"B-B", "B-T", "B-LT", "B-LTA"};
    for (size_t i = 0; i < 4; i++) {
        ASSERT_EXIT(0, LEVELS[i], KEY REACH "--format asic-e --kind cades --overwrite --level %s --tsa %s -o x.asice a.pdf note.txt",
                    LEVELS[i], services_url("/tsa"));
        verifier_says(0, "x.asice");
        if (i < 3)
            lists("x.asice", "mimetype a.pdf note.txt META-INF/ASiCManifest001.xml META-INF/signature001.p7s\n");
    }
}

static void a_simple_container_holds_one_file_each(void **state)
{
    (void)state;
    static const char *const LEVELS[] = {"B-B", "B-T", "B-LT", "B-LTA"};
    for (size_t i = 0; i < 4; i++) {
        ASSERT_EXIT(0, LEVELS[i], KEY REACH "--format asic-s --overwrite -j2 --level %s --tsa %s a.pdf note.txt", LEVELS[i],
                    services_url("/tsa"));
        verifier_says(0, "a.asics note.asics");
    }
    lists("note.asics", "mimetype note.txt META-INF/signature.p7s\n");
    AUTO_BUF text = {0};
    int code = tp_run(&text, "mkdir out && cd out && unzip -q ../note.asics && openssl cms -verify -cades -binary -purpose any -inform DER "
                             "-in META-INF/signature.p7s -content note.txt -CAfile ../root.pem -out /dev/null");
    if (code != 0)
        fail_msg("openssl: %s", buf_str(&text));
}

static void a_timestamp_alone_needs_no_key(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "ASiC-S timestamp", "--format asic-s --kind timestamp --tsa %s note.txt", services_url("/tsa"));
    verifier_says(0, "note.asics");
    lists("note.asics", "mimetype note.txt META-INF/timestamp.tst\n");
    int code =
        tp_run(&text, "mkdir out && cd out && unzip -q ../note.asics && openssl x509 -in ../root.pem > root.pem && openssl ts -verify "
                      "-token_in -in META-INF/timestamp.tst -data note.txt -CAfile root.pem");
    if (code != 0)
        fail_msg("openssl: %s", buf_str(&text));
    ASSERT_EXIT(1, "No usable timestamp", "--format asic-s --overwrite --kind timestamp --tsa %s note.txt", services_url("/wrong-nonce"));
}

static void containers_are_raised_in_their_place(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "ASiC-E B-B", KEY "--format asic-e a.pdf note.txt");
    ASSERT_EXIT(0, "ASiC-S B-B", KEY "--format asic-s note.txt");
    tp_run(&text, "cp a.asice b.asice");
    ASSERT_EXIT(0, "ASiC-E B-T", "extend --level B-T --tsa %s a.asice", services_url("/tsa"));
    ASSERT_EXIT(0, "already at B-T", "extend --level B-T --tsa %s a.asice", services_url("/tsa"));
    ASSERT_EXIT(0, "ASiC-S B-LTA", "extend " REACH "--tsa %s a.asice note.asics", services_url("/tsa"));
    int before = atomic_load(&stamps);
    ASSERT_EXIT(0, "ASiC-E B-LTA", "extend " REACH "--tsa %s a.asice", services_url("/tsa")); /* renewal */
    assert_int_equal(atomic_load(&stamps), before + 1);
    verifier_says(0, "a.asice note.asics");
    assert_int_not_equal(tp_run(&text, "cmp -s a.asice b.asice"), 0);
}

static void lower_levels_are_told_and_kept_under_their_own_name(void **state)
{
    (void)state;
    ASSERT_EXIT(2, "only B-B was reached, not B-T", KEY "--format asic-e --tsa %s a.pdf note.txt", services_url("/wrong-imprint"));
    verifier_says(0, "a.asice");
    ASSERT_EXIT(2, "only B-T was reached, not B-LTA", "extend " REACH "--offline --tsa %s a.asice", services_url("/tsa"));
    verifier_says(0, "a.asice");
    unsigned before = files_in_folder();
    ASSERT_EXIT(1, "only B-B was reached", KEY "--format asic-s --or-nothing --tsa %s note.txt", services_url("/rejected"));
    assert_int_equal(files_in_folder(), before);
}

static void what_was_changed_is_not_raised(void **state)
{
    (void)state;
    static const char *const KINDS[] = {"asic-e", "asic-e --kind cades", "asic-s"};
    for (size_t i = 0; i < 3; i++) {
        AUTO_BUF text = {0};
        ASSERT_EXIT(0, "B-B", KEY "--format %s --overwrite -o x.asice note.txt", KINDS[i]);
        assert_int_equal(tp_run(&text,
                                "cp x.asice before.asice; /usr/bin/python3 -c \"import zipfile; z=zipfile.ZipFile('before.asice'); "
                                "o=zipfile.ZipFile('x.asice','w'); "
                                "[o.writestr(i.filename, b'other' if i.filename == 'note.txt' else z.read(i)) for i in z.infolist()]; "
                                "o.close()\"; cp x.asice changed.asice"),
                         0);
        ASSERT_EXIT(1, "not what was signed", "extend " REACH "--level B-T --tsa %s x.asice", services_url("/tsa"));
        assert_int_equal(tp_run(&text, "cmp x.asice changed.asice"), 0);
    }
    assert_int_equal(atomic_load(&stamps), 0);
}

static void files_that_cannot_be_in_one_container_are_refused(void **state)
{
    (void)state;
    unsigned before = files_in_folder();
    ASSERT_EXIT(1, "two of one name", KEY "--format asic-e a.pdf more/a.pdf");
    ASSERT_EXIT(1, "absent.txt", KEY "--format asic-e a.pdf absent.txt");
    write_in("note-\\", bytes_str("x"));
    ASSERT_EXIT(1, "not safe", KEY "--format asic-e a.pdf 'note-\\'");
    ASSERT_EXIT(1, "NOT signed", KEY "--format asic-e more");
    assert_int_equal(files_in_folder(), before + 1);
}

static void damaged_containers_are_not_raised(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "B-B", KEY "--format asic-e a.pdf note.txt");
    tp_run(&text, "head -c 900 a.asice > cut.asice; cp cut.asice before.asice");
    ASSERT_EXIT(1, "archive is damaged", "extend " REACH "--tsa %s cut.asice", services_url("/tsa"));
    assert_int_equal(tp_run(&text, "cmp cut.asice before.asice"), 0);
}

static void a_full_disk_leaves_the_old_container(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "B-B", KEY "--format asic-s note.txt");
    tp_run(&text, "cp note.asics before.asics");
    int code = tp_run(&text, "ulimit -f 4; LANG=en '%s' extend " REACH "--tsa %s note.asics", sign, services_url("/tsa"));
    if (code != 1 || strstr(buf_str(&text), "disk is full") == NULL)
        fail_msg("exit %d: %s", code, buf_str(&text));
    assert_int_equal(tp_run(&text, "cmp note.asics before.asics && test -z \"$(ls -A | grep '^[.]antin')\""), 0);
}

/* Killed at any moment: the old container, or the whole new one, and nothing beside it. */
static void kill_at_any_moment_leaves_old_or_whole_new(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    unsigned old = 0, whole = 0;
    ASSERT_EXIT(0, "B-B", KEY "--format asic-e a.pdf note.txt");
    tp_run(&text, "cp a.asice before.asice");
    for (unsigned ms = 0; ms < 160; ms += 8) {
        tp_run(&text,
               "cp before.asice a.asice; '%s' extend " REACH "--level B-LTA --tsa %s a.asice >/dev/null 2>&1 & sleep 0.%03u; "
               "kill -9 $! 2>/dev/null; wait $! 2>/dev/null",
               sign, services_url("/tsa"), ms);
        bool same = tp_run(&text, "cmp -s a.asice before.asice") == 0;
        old += same;
        whole += !same;
        verifier_says(0, "a.asice");
        assert_int_equal(tp_run(&text, "test -z \"$(ls -A | grep '^[.]antin')\""), 0);
    }
    assert_true(old > 0 && whole > 0);
}

static void options_that_do_not_fit_are_usage_errors(void **state)
{
    (void)state;
    ASSERT_EXIT(3, "asic-s a CAdES", KEY "--format asic-s --kind xades note.txt");
    ASSERT_EXIT(3, "asic-s a CAdES", KEY "--format asic-e --kind timestamp --tsa http://127.0.0.1:1/ note.txt");
    ASSERT_EXIT(3, "new container", KEY "--kind cades note.txt");
    ASSERT_EXIT(3, "time-stamping service", "--format asic-s --kind timestamp note.txt");
    ASSERT_EXIT(3, "no key is needed", KEY "--format asic-s --kind timestamp --tsa http://127.0.0.1:1/ note.txt");
    ASSERT_EXIT(3, "unknown kind", KEY "--format asic-s --kind pades note.txt");
}

static void the_report_for_programs_names_the_format(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    json_t *j = NULL;
    run(&text, KEY "--json --format asic-e a.pdf note.txt");
    assert_ok(json_parse(buf_bytes(&text), 4096, &j));
    json_t *first = json_array_get(json_object_get(j, "files"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "format")), "ASiC-E");
    assert_string_equal(json_string_value(json_object_get(first, "reached")), "B-B");
    assert_string_equal(json_string_value(json_object_get(first, "output")), "a.asice");
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_FILES(f) cmocka_unit_test_setup(f, with_files)
        WITH_FILES(files_of_any_kind_go_into_one_container_at_each_level),
        WITH_FILES(containers_with_cades_signatures_are_made_and_raised),
        WITH_FILES(a_simple_container_holds_one_file_each),
        WITH_FILES(a_timestamp_alone_needs_no_key),
        WITH_FILES(containers_are_raised_in_their_place),
        WITH_FILES(lower_levels_are_told_and_kept_under_their_own_name),
        WITH_FILES(what_was_changed_is_not_raised),
        WITH_FILES(files_that_cannot_be_in_one_container_are_refused),
        WITH_FILES(damaged_containers_are_not_raised),
        WITH_FILES(a_full_disk_leaves_the_old_container),
        WITH_FILES(kill_at_any_moment_leaves_old_or_whole_new),
        WITH_FILES(options_that_do_not_fit_are_usage_errors),
        WITH_FILES(the_report_for_programs_names_the_format),
    };
    return cmocka_run_group_tests_name("antin-sign containers", tests, setup, teardown);
}
