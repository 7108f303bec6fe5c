/*
 * The antin-sign program and evidence over many files: made, taken, renewed, and what is refused. docs/man/antin-sign.1, RFC 4998.
 */
#include "tests/unit/testservices.h"
#include "tests/unit/unit.h"
#include <sys/stat.h>

static char sign[4096], verify[4096];

static void write_in(const char *name, struct bytes v)
{
    AUTO_STR path = tp_path(name);
    tp_write(path, v);
}

static void find(const char *name, char out[4096])
{
    const char *build = getenv("ANTIN_BUILD");
    char relative[512];
    snprintf(relative, sizeof relative, "%s/bin/%s", build != NULL ? build : "build", name);
    if (realpath(relative, out) == NULL)
        out[0] = '\0';
}

static int setup(void **state)
{
    (void)state;
    find("antin-sign", sign);
    find("antin-verify", verify);
    secret_init();
    formats_errors_register();
    services_start();
    AUTO_STR root = tp_path("root.pem");
    tp_write_pem(root, (X509 *const[]){pki.root.cert}, 1);
    write_in("services.crl", buf_bytes(&served_services_crl));
    write_in("root.crl", buf_bytes(&pki.root_crl));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    services_stop();
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    if (sign[0] == '\0' || verify[0] == '\0')
        return -1;
    tp_run(&text, "rm -rf proof hồ-sơ; mkdir hồ-sơ; for i in 1 2 3 4 5 6 7; do echo số $i > hồ-sơ/tờ-$i.txt; done");
    atomic_store(&stamps, 0);
    return 0;
}

#define REACH "--trust root.pem --private-addresses --no-cache -o proof "

#define ASSERT_EXIT(code, words, ...)                                                                 \
    do {                                                                                              \
        AUTO_BUF t_ = {0};                                                                            \
        char a_[2000];                                                                                \
        snprintf(a_, sizeof a_, __VA_ARGS__);                                                         \
        int c_ = tp_run(&t_, "LC_ALL= LC_MESSAGES= LANG=en XDG_CACHE_HOME= HOME= '%s' %s", sign, a_); \
        if (c_ != (code) || strstr(buf_str(&t_), words) == NULL)                                      \
            fail_msg("%s: exit %d: %s", a_, c_, buf_str(&t_));                                        \
    } while (0)

static void verifier_says(int code, const char *files)
{
    AUTO_BUF text = {0};
    int c = tp_run(&text, "'%s' --lang en --trust root.pem --crl services.crl --crl root.crl %s", verify, files);
    if (c != code)
        fail_msg("antin-verify %s: exit %d: %s", files, c, buf_str(&text));
}

static void one_timestamp_covers_all_files_and_each_has_its_record(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "", "evidence create " REACH "--tsa %s hồ-sơ/*", services_url("/tsa"));
    assert_int_equal(atomic_load(&stamps), 1);
    ASSERT_EXIT(0, "", "evidence get -o proof hồ-sơ/*.txt");
    verifier_says(0, "hồ-sơ/*.ers");
}

static void renewed_by_timestamp_and_by_hash_tree_it_stays_valid(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "", "evidence create " REACH "--tsa %s hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(0, "", "evidence renew " REACH "--tsa %s", services_url("/tsa"));
    ASSERT_EXIT(0, "", "evidence renew " REACH "--tsa %s --hash sha512 hồ-sơ/*", services_url("/tsa"));
    assert_int_equal(atomic_load(&stamps), 3);
    ASSERT_EXIT(0, "", "evidence get -o proof hồ-sơ/*.txt");
    verifier_says(0, "hồ-sơ/*.ers");
}

static void changed_file_has_no_record_and_its_old_one_is_invalid(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "", "evidence create " REACH "--tsa %s hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(0, "", "evidence get -o proof hồ-sơ/tờ-3.txt");
    tp_run(&text, "echo khác > hồ-sơ/tờ-3.txt");
    verifier_says(1, "hồ-sơ/tờ-3.txt.ers");
    ASSERT_EXIT(1, "tờ-3.txt", "evidence get --overwrite -o proof hồ-sơ/tờ-3.txt hồ-sơ/tờ-4.txt");
    verifier_says(0, "hồ-sơ/tờ-4.txt.ers");
    ASSERT_EXIT(1, "tờ-3.txt", "evidence renew " REACH "--tsa %s --hash sha512 hồ-sơ/*.txt", services_url("/tsa"));
}

static void file_left_out_of_a_renewal_is_told(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "", "evidence create " REACH "--tsa %s hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(1, "were not given", "evidence renew " REACH "--tsa %s --hash sha512 hồ-sơ/tờ-[1-6].txt", services_url("/tsa"));
}

static void older_results_stay(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "", "evidence create " REACH "--tsa %s hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(1, "exists already", "evidence create " REACH "--tsa %s hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(0, "", "evidence get -o proof hồ-sơ/tờ-1.txt");
    ASSERT_EXIT(1, "exists already", "evidence get -o proof hồ-sơ/tờ-1.txt");
    ASSERT_EXIT(0, "", "evidence get --overwrite -o proof hồ-sơ/tờ-1.txt");
}

static void service_that_lies_leaves_no_evidence(void **state)
{
    (void)state;
    ASSERT_EXIT(1, "nonce", "evidence create " REACH "--tsa %s hồ-sơ/*", services_url("/wrong-nonce"));
    ASSERT_EXIT(1, "not there", "evidence get -o proof hồ-sơ/tờ-1.txt");
}

static void usage_errors_are_told(void **state)
{
    (void)state;
    ASSERT_EXIT(3, "create, renew or get", "evidence");
    ASSERT_EXIT(3, "create, renew or get", "evidence destroy -o proof");
    ASSERT_EXIT(3, "--tsa", "evidence create -o proof hồ-sơ/*");
    ASSERT_EXIT(3, "-o", "evidence get hồ-sơ/tờ-1.txt");
    ASSERT_EXIT(3, "no files", "evidence get -o proof");
    ASSERT_EXIT(3, "or neither", "evidence renew -o proof --tsa %s hồ-sơ/tờ-1.txt", services_url("/tsa"));
    ASSERT_EXIT(3, "digest", "evidence create -o proof --hash sha1 --tsa %s hồ-sơ/tờ-1.txt", services_url("/tsa"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_timestamp_covers_all_files_and_each_has_its_record, fresh),
        cmocka_unit_test_setup(renewed_by_timestamp_and_by_hash_tree_it_stays_valid, fresh),
        cmocka_unit_test_setup(changed_file_has_no_record_and_its_old_one_is_invalid, fresh),
        cmocka_unit_test_setup(file_left_out_of_a_renewal_is_told, fresh),
        cmocka_unit_test_setup(older_results_stay, fresh),
        cmocka_unit_test_setup(service_that_lies_leaves_no_evidence, fresh),
        cmocka_unit_test_setup(usage_errors_are_told, fresh),
    };
    return cmocka_run_group_tests_name("antin-sign evidence", tests, setup, teardown);
}
