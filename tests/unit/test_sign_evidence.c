/*
 * The antin-sign program and evidence over many files: made, taken, renewed, and what is refused. docs/man/antin-sign.1, RFC 4998.
 */
#include "tests/unit/testcli.h"

static int with_files(void **state)
{
    AUTO_BUF text = {0};
    tp_run(&text, "rm -rf proof hồ-sơ; mkdir hồ-sơ; for i in 1 2 3 4 5 6 7; do echo số $i > hồ-sơ/tờ-$i.txt; done");
    crls_for_the_verifier();
    return fresh(state);
}

#define PROOF REACH "-o proof "

static void one_timestamp_covers_all_files_and_each_has_its_record(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "", "evidence create " PROOF "--tsa %s hồ-sơ/*", services_url("/tsa"));
    assert_int_equal(atomic_load(&stamps), 1);
    ASSERT_EXIT(0, "", "evidence get -o proof hồ-sơ/*.txt");
    verifier_says(0, "hồ-sơ/*.ers");
}

static void renewed_by_timestamp_and_by_hash_tree_it_stays_valid(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "", "evidence create " PROOF "--tsa %s hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(0, "", "evidence renew " PROOF "--tsa %s", services_url("/tsa"));
    ASSERT_EXIT(0, "", "evidence renew " PROOF "--tsa %s --hash sha512 hồ-sơ/*", services_url("/tsa"));
    assert_int_equal(atomic_load(&stamps), 3);
    ASSERT_EXIT(0, "", "evidence get -o proof hồ-sơ/*.txt");
    verifier_says(0, "hồ-sơ/*.ers");
}

static void many_threads_make_the_same_evidence(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "", "evidence create " PROOF "-j 4 --tsa %s hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(0, "", "evidence renew " PROOF "-j 4 --tsa %s --hash sha512 hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(0, "", "evidence get -o proof hồ-sơ/*.txt");
    verifier_says(0, "hồ-sơ/*.ers");
    tp_run(&text, "echo khác > hồ-sơ/tờ-3.txt");
    ASSERT_EXIT(1, "tờ-3.txt", "evidence renew " PROOF "-j 4 --tsa %s --hash sha3-256 hồ-sơ/*.txt", services_url("/tsa"));
}

static void changed_file_has_no_record_and_its_old_one_is_invalid(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "", "evidence create " PROOF "--tsa %s hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(0, "", "evidence get -o proof hồ-sơ/tờ-3.txt");
    tp_run(&text, "echo khác > hồ-sơ/tờ-3.txt");
    verifier_says(1, "hồ-sơ/tờ-3.txt.ers");
    ASSERT_EXIT(1, "tờ-3.txt", "evidence get --overwrite -o proof hồ-sơ/tờ-3.txt hồ-sơ/tờ-4.txt");
    verifier_says(0, "hồ-sơ/tờ-4.txt.ers");
    ASSERT_EXIT(1, "tờ-3.txt", "evidence renew " PROOF "--tsa %s --hash sha512 hồ-sơ/*.txt", services_url("/tsa"));
}

static void file_left_out_of_a_renewal_is_told(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "", "evidence create " PROOF "--tsa %s hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(1, "were not given", "evidence renew " PROOF "--tsa %s --hash sha512 hồ-sơ/tờ-[1-6].txt", services_url("/tsa"));
}

static void older_results_stay(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "", "evidence create " PROOF "--tsa %s hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(1, "exists already", "evidence create " PROOF "--tsa %s hồ-sơ/*", services_url("/tsa"));
    ASSERT_EXIT(0, "", "evidence get -o proof hồ-sơ/tờ-1.txt");
    ASSERT_EXIT(1, "exists already", "evidence get -o proof hồ-sơ/tờ-1.txt");
    ASSERT_EXIT(0, "", "evidence get --overwrite -o proof hồ-sơ/tờ-1.txt");
}

static void service_that_lies_leaves_no_evidence(void **state)
{
    (void)state;
    ASSERT_EXIT(1, "nonce", "evidence create " PROOF "--tsa %s hồ-sơ/*", services_url("/wrong-nonce"));
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
        cmocka_unit_test_setup(one_timestamp_covers_all_files_and_each_has_its_record, with_files),
        cmocka_unit_test_setup(renewed_by_timestamp_and_by_hash_tree_it_stays_valid, with_files),
        cmocka_unit_test_setup(many_threads_make_the_same_evidence, with_files),
        cmocka_unit_test_setup(changed_file_has_no_record_and_its_old_one_is_invalid, with_files),
        cmocka_unit_test_setup(file_left_out_of_a_renewal_is_told, with_files),
        cmocka_unit_test_setup(older_results_stay, with_files),
        cmocka_unit_test_setup(service_that_lies_leaves_no_evidence, with_files),
        cmocka_unit_test_setup(usage_errors_are_told, with_files),
    };
    return cmocka_run_group_tests_name("antin-sign evidence", tests, setup, teardown);
}
