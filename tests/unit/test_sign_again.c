/*
 * The antin-sign program and what is signed already: signatures beside those that are there, and over them. docs/man/antin-sign.1.
 */
#include "tests/unit/testcli.h"

#define SECOND "--key second-key.pem --cert second-cert.pem "

static int with_second(void **state)
{
    AUTO_BUF text = {0};
    int failed = fresh(state);
    write_key("second-key.pem", pki.other.key, NULL);
    write_cert("second-cert.pem", &pki.other, &pki.ca);
    tp_run(&text, "rm -rf *.asice *.asics");
    crls_for_the_verifier();
    return failed;
}

/* antin-verify's report names these, and says that all is valid. */
static void verified_with(const char *file, const char *const words[])
{
    AUTO_BUF text = {0};
    int c = tp_run(&text, "'%s' --lang en --trust root.pem --crl ca.crl --crl services.crl --crl root.crl %s", verify, file);
    for (size_t i = 0; words[i] != NULL; i++) {
        if (c != 0 || strstr(buf_str(&text), words[i]) == NULL)
            fail_msg("%s: exit %d, '%s' in %s", file, c, words[i], buf_str(&text));
    }
}
#define BOTH ((const char *const[]){"Trần Thị Bưởi", "Lê Thị Hoa", "signature 2", NULL})

static void a_second_signer_signs_beside_the_first(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "B-B", KEY "note.txt");
    ASSERT_EXIT(0, "note.txt.p7s: CAdES B-T", SECOND "--add --tsa %s note.txt.p7s", services_url("/tsa"));
    verified_with("note.txt.p7s", BOTH);
    assert_int_equal(tp_run(&text, "openssl cms -verify -cades -binary -purpose any -inform DER -in note.txt.p7s -content note.txt "
                                   "-CAfile root.pem -out /dev/null"),
                     0);
    ASSERT_EXIT(0, "CAdES B-B", KEY "--enveloping note.txt");
    ASSERT_EXIT(0, "CAdES B-LTA", SECOND REACH "--add --level B-LTA --tsa %s note.txt.p7m", services_url("/tsa"));
    verified_with("note.txt.p7m", BOTH);
}

static void a_second_signer_signs_in_a_container_and_in_a_pdf(void **state)
{
    (void)state;
    static const char *const KINDS[] = {"asic-e", "asic-e --kind cades", "asic-s"};
    for (size_t i = 0; i < 3; i++) {
        ASSERT_EXIT(0, "B-T", KEY "--format %s --overwrite --tsa %s -o x.asice note.txt", KINDS[i], services_url("/tsa"));
        ASSERT_EXIT(0, "B-LT", SECOND REACH "--add --level B-LT --tsa %s x.asice", services_url("/tsa"));
        verified_with("x.asice", BOTH);
    }
    ASSERT_EXIT(0, "B-B", KEY "a.pdf");
    ASSERT_EXIT(0, "a.signed.pdf: PAdES B-B", SECOND "--add a.signed.pdf");
    verified_with("a.signed.pdf", BOTH);
}

static void a_second_signer_signs_in_an_xml_document(void **state)
{
    (void)state;
    write_in("note.xml", bytes_str("<a><b>1</b></a>"));
    ASSERT_EXIT(0, "B-T", KEY "--format xades --overwrite --tsa %s note.xml", services_url("/tsa"));
    ASSERT_EXIT(0, "note.signed.xml: XAdES B-LT", SECOND REACH "--add --level B-LT --tsa %s note.signed.xml", services_url("/tsa"));
    verified_with("note.signed.xml", BOTH);
    ASSERT_EXIT(0, "XAdES B-LTA", "extend " REACH "--tsa %s note.signed.xml", services_url("/tsa"));
    verified_with("note.signed.xml", BOTH);
}

#define OVER ((const char *const[]){"COUNTERSIGNATURE", "Lê Thị Hoa", "the digital signature of Trần Thị Bưởi", NULL})

static void a_countersignature_is_made_and_reported(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "B-T", KEY "--tsa %s note.txt", services_url("/tsa"));
    ASSERT_EXIT(0, "note.txt.p7s: CAdES B-B", SECOND "--counter note.txt.p7s");
    verified_with("note.txt.p7s", OVER);
    ASSERT_EXIT(0, "CAdES B-T", SECOND "--counter --signer 1 --tsa %s note.txt.p7s", services_url("/tsa"));
    ASSERT_EXIT(0, "CAdES B-LTA", "extend " REACH "--tsa %s note.txt.p7s", services_url("/tsa"));
    verified_with("note.txt.p7s", OVER);
    ASSERT_EXIT(0, "B-B", KEY "--format asic-s note.txt");
    ASSERT_EXIT(0, "ASiC-S B-T", SECOND "--counter --tsa %s note.asics", services_url("/tsa"));
    verified_with("note.asics", OVER);
}

static void a_service_that_lies_leaves_the_countersignature_at_b_b(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "B-B", KEY "note.txt");
    ASSERT_EXIT(2, "only B-B was reached, not B-T", SECOND "--counter --tsa %s note.txt.p7s", services_url("/wrong-nonce"));
    verified_with("note.txt.p7s", OVER);
    ASSERT_EXIT(0, "B-B", KEY "--format asic-e --kind cades note.txt");
    ASSERT_EXIT(2, "only B-B was reached, not B-T", SECOND "--counter --tsa %s note.asice", services_url("/expired"));
    verified_with("note.asice", OVER);
}

static void among_several_signers_one_must_be_named(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "B-B", KEY "note.txt");
    ASSERT_EXIT(0, "B-B", SECOND "--add note.txt.p7s");
    ASSERT_EXIT(1, "--signer 1-2", SECOND "--counter note.txt.p7s");
    ASSERT_EXIT(1, "not there", SECOND "--counter --signer 3 note.txt.p7s");
    ASSERT_EXIT(0, "B-B", KEY "--counter --signer 2 note.txt.p7s");
    verified_with("note.txt.p7s", (const char *const[]){"the digital signature of Lê Thị Hoa", NULL});
}

static void nothing_is_signed_over_what_was_changed(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "B-B", KEY "note.txt");
    tp_run(&text, "cp note.txt.p7s before; echo other > note.txt");
    ASSERT_EXIT(1, "not what was signed", SECOND "--add note.txt.p7s");
    ASSERT_EXIT(1, "not what was signed", SECOND "--counter note.txt.p7s");
    tp_run(&text, "rm note.txt");
    ASSERT_EXIT(1, "not there", SECOND "--add note.txt.p7s");
    assert_int_equal(tp_run(&text, "cmp note.txt.p7s before && rm before"), 0);
}

static void what_has_no_such_place_is_refused(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "B-B", KEY "a.pdf");
    ASSERT_EXIT(0, "B-B", KEY "--format asic-e note.txt");
    ASSERT_EXIT(0, "timestamp", "--format asic-s --kind timestamp --tsa %s note.txt", services_url("/tsa"));
    ASSERT_EXIT(1, "not supported", SECOND "--counter a.signed.pdf");
    ASSERT_EXIT(1, "not supported", SECOND "--counter note.asice");
    ASSERT_EXIT(1, "not supported", SECOND "--add note.asics");
    ASSERT_EXIT(1, "NOT signed", SECOND "--add note.txt");
}

static void options_that_do_not_fit_are_usage_errors(void **state)
{
    (void)state;
    ASSERT_EXIT(3, "different things", KEY "--add --counter note.txt.p7s");
    ASSERT_EXIT(3, "different things", "extend --add --tsa http://127.0.0.1:1/ note.txt.p7s");
    ASSERT_EXIT(3, "extend raises", KEY "--counter --level B-LTA --tsa http://127.0.0.1:1/ note.txt.p7s");
    ASSERT_EXIT(3, "for --counter", KEY "--signer 1 note.txt.p7s");
    ASSERT_EXIT(3, "go by what is there", KEY "--add --format cades note.txt.p7s");
    ASSERT_EXIT(3, "is needed", "--add note.txt.p7s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_SECOND(f) cmocka_unit_test_setup(f, with_second)
        WITH_SECOND(a_second_signer_signs_beside_the_first),
        WITH_SECOND(a_second_signer_signs_in_a_container_and_in_a_pdf),
        WITH_SECOND(a_second_signer_signs_in_an_xml_document),
        WITH_SECOND(a_countersignature_is_made_and_reported),
        WITH_SECOND(a_service_that_lies_leaves_the_countersignature_at_b_b),
        WITH_SECOND(among_several_signers_one_must_be_named),
        WITH_SECOND(nothing_is_signed_over_what_was_changed),
        WITH_SECOND(what_has_no_such_place_is_refused),
        WITH_SECOND(options_that_do_not_fit_are_usage_errors),
    };
    return cmocka_run_group_tests_name("antin-sign upon what is signed", tests, setup, teardown);
}
