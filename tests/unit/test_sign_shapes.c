/*
 * The antin-sign program and signatures of JSON, and those that are about a file beside them. ETSI TS 119 182-1, EN 319 132-1.
 */
#include "tests/unit/testcli.h"

static int with_json(void **state)
{
    AUTO_BUF text = {0};
    int failed = fresh(state);
    tp_run(&text, "rm -rf *.json *.jws *.xml elsewhere; mkdir elsewhere");
    write_in("đơn.json", bytes_str("{\"hồ sơ\": \"H29-240601-0001\", \"lệ phí\": 30000}"));
    write_key("second-key.pem", pki.other.key, NULL);
    write_cert("second-cert.pem", &pki.other, &pki.ca);
    crls_for_the_verifier();
    return failed;
}

static void json_is_signed_and_raised_to_b_t(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "đơn.json.jades.json: JAdES B-B", KEY "--format jades đơn.json");
    ASSERT_EXIT(0, "note.txt.jades.json: JAdES B-T", KEY "--format jades --tsa %s note.txt", services_url("/tsa"));
    verifier_says(0, "*.jades.json");
    ASSERT_EXIT(0, "JAdES B-T", "extend --level B-T --tsa %s đơn.json.jades.json", services_url("/tsa"));
    ASSERT_EXIT(0, "already at B-T", "extend --level B-T --tsa %s đơn.json.jades.json", services_url("/tsa"));
    ASSERT_EXIT(2, "only B-T was reached, not B-LTA", KEY "--format jades --overwrite --level B-LTA --tsa %s note.txt",
                services_url("/tsa"));
    verifier_says(0, "*.jades.json");
    assert_int_equal(tp_run(&text, "/usr/bin/python3 -c \"import json,base64; j=json.load(open('đơn.json.jades.json')); p=j['payload']; "
                                   "assert base64.urlsafe_b64decode(p+'='*(-len(p)%%4)) == open('đơn.json','rb').read()\""),
                     0);
}

static void the_compact_form_is_one_line(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "đơn.json.jws: JAdES B-B", KEY "--format jades --compact đơn.json");
    verifier_says(0, "đơn.json.jws");
    assert_int_equal(tp_run(&text, "tr -cd . < đơn.json.jws | wc -c"), 0);
    assert_string_equal(buf_str(&text), "2\n");
    ASSERT_EXIT(0, "JAdES B-T", "extend --level B-T --tsa %s đơn.json.jws", services_url("/tsa")); /* becomes the flattened form */
    verifier_says(0, "đơn.json.jws");
}

static void a_second_signer_signs_the_same_json(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "B-B", KEY "--format jades đơn.json");
    ASSERT_EXIT(0, "JAdES B-T", "--key second-key.pem --cert second-cert.pem --add --tsa %s đơn.json.jades.json", services_url("/tsa"));
    AUTO_BUF text = {0};
    tp_run(&text, "'%s' --lang en --trust root.pem --crl ca.crl --crl services.crl --crl root.crl đơn.json.jades.json", verify);
    assert_non_null(strstr(buf_str(&text), "Lê Thị Hoa"));
    assert_non_null(strstr(buf_str(&text), "Trần Thị Bưởi"));
    verifier_says(0, "đơn.json.jades.json");
}

/* The same for both: signed about the file beside it, raised, and neither when that file is another or gone. */
static void about_a_file_beside(const char *format, const char *signature, const char *level)
{
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "B-B", KEY "--format %s --detached --overwrite note.txt", format);
    verifier_says(0, signature);
    ASSERT_EXIT(0, level, "extend " REACH "--level %s --tsa %s %s", level, services_url("/tsa"), signature);
    verifier_says(0, signature);
    tp_run(&text, "cp note.txt kept; cp %s before; echo other > note.txt", signature);
    ASSERT_EXIT(1, "not what was signed", "extend " REACH "--tsa %s %s", services_url("/tsa"), signature);
    verifier_says(1, signature);
    tp_run(&text, "rm note.txt");
    ASSERT_EXIT(1, "not there", "extend " REACH "--tsa %s %s", services_url("/tsa"), signature);
    tp_run(&text, "cp kept elsewhere/note.txt");
    ASSERT_EXIT(strcmp(format, "jades") == 0 ? 1 : 0, "", "extend " REACH "--content elsewhere/note.txt --tsa %s %s", services_url("/tsa"),
                signature);
    tp_run(&text, "mv kept note.txt; rm before");
    verifier_says(0, signature);
}

static void xml_and_json_signatures_are_about_a_file_beside_them(void **state)
{
    (void)state;
    about_a_file_beside("xades", "note.txt.xades.xml", "B-LTA");
    about_a_file_beside("jades", "note.txt.jades.json", "B-T");
}

static void a_name_leads_to_its_own_folder_only(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "B-B", KEY "--format xades --detached note.txt");
    assert_int_equal(tp_run(&text, "cp note.txt elsewhere/; sed 's,URI=\"note.txt\",URI=\"elsewhere/note.txt\",' note.txt.xades.xml > "
                                   "other.xades.xml; ! cmp -s note.txt.xades.xml other.xades.xml"),
                     0);
    ASSERT_EXIT(1, "not there", "extend " REACH "--level B-T --tsa %s other.xades.xml", services_url("/tsa"));
}

static void options_that_do_not_fit_are_usage_errors(void **state)
{
    (void)state;
    ASSERT_EXIT(3, "for xades and jades", KEY "--detached note.txt");
    ASSERT_EXIT(3, "for xades and jades", KEY "--format xades --enveloping --detached note.txt");
    ASSERT_EXIT(3, "no place for a timestamp", KEY "--format jades --compact --tsa http://127.0.0.1:1/ note.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_JSON(f) cmocka_unit_test_setup(f, with_json)
        WITH_JSON(json_is_signed_and_raised_to_b_t),    WITH_JSON(the_compact_form_is_one_line),
        WITH_JSON(a_second_signer_signs_the_same_json), WITH_JSON(xml_and_json_signatures_are_about_a_file_beside_them),
        WITH_JSON(a_name_leads_to_its_own_folder_only), WITH_JSON(options_that_do_not_fit_are_usage_errors),
    };
    return cmocka_run_group_tests_name("antin-sign, JSON and files beside", tests, setup, teardown);
}
