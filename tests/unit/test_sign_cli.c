/*
 * The antin-sign program: keys of each kind, formats and levels, services that fail, what stays of the files. docs/man/antin-sign.1.
 */
#include "tests/unit/testcli.h"

/* --- levels --- */

static void a_pdf_is_signed_at_each_level(void **state)
{
    (void)state;
    static const char *const LEVELS[] = {"B-B", "B-T", "B-LT", "B-LTA"};
    crls_for_the_verifier();
    for (size_t i = 0; i < 4; i++) {
        ASSERT_EXIT(0, LEVELS[i], KEY REACH "--level %s --tsa %s -o %s.pdf a.pdf", LEVELS[i], services_url("/tsa"), LEVELS[i]);
        char name[32];
        snprintf(name, sizeof name, "%s.pdf", LEVELS[i]);
        verifier_says(0, name);
        AUTO_BUF text = {0};
        assert_int_equal(tp_run(&text, "pdfsig -nocert %s && qpdf --check %s", name, name), 0);
        assert_non_null(strstr(buf_str(&text), "Signature is Valid."));
        assert_null(strstr(buf_str(&text), "Mismatch"));
    }
}

static void a_file_is_signed_at_each_level(void **state)
{
    (void)state;
    static const char *const LEVELS[] = {"B-B", "B-T", "B-LT", "B-LTA"};
    crls_for_the_verifier();
    for (size_t i = 0; i < 4; i++) {
        ASSERT_EXIT(0, LEVELS[i], KEY REACH "--overwrite --mime text/plain --level %s --tsa %s note.txt", LEVELS[i], services_url("/tsa"));
        verifier_says(0, "note.txt.p7s");
        AUTO_BUF text = {0};
        int code = tp_run(&text, "openssl cms -verify -cades -binary -purpose any -inform DER -in note.txt.p7s -content note.txt "
                                 "-CAfile root.pem -out /dev/null");
        if (code != 0)
            fail_msg("openssl %s: %s", LEVELS[i], buf_str(&text));
    }
}

static void a_signature_locks_the_fields_of_a_form(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0}, text = {0};
    testpdf_make(&(struct testpdf_spec){.catalog = "/AcroForm << /Fields [ 6 0 R ] >>", .more = {"<< /FT /Tx /T (Amount) /V (1) >>"}},
                 &pdf);
    write_in("note-form.pdf", buf_bytes(&pdf));
    crls_for_the_verifier();
    ASSERT_EXIT(0, "B-B", KEY "--lock listed --lock-field Amount --certify 2 note-form.pdf");
    verifier_says(0, "note-form.signed.pdf");
    assert_int_equal(
        tp_run(&text, "grep -aq '/FieldMDP .*/Include /Fields . (Amount)' note-form.signed.pdf && qpdf --check note-form.signed.pdf"), 0);
}

static void an_enveloping_message_holds_the_file(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "note.txt.p7m", KEY "--enveloping note.txt");
    assert_int_equal(tp_run(&text,
                            "openssl cms -verify -cades -binary -purpose any -inform DER -in note.txt.p7m -CAfile root.pem -out back "
                            "&& cmp back note.txt && rm back"),
                     0);
}

static void levels_are_raised_later_in_place(void **state)
{
    (void)state;
    crls_for_the_verifier();
    ASSERT_EXIT(0, "B-B", KEY "a.pdf note.txt");
    for (unsigned i = 0; i < 3; i++) {
        static const char *const LEVELS[] = {"B-T", "B-LT", "B-LTA"};
        ASSERT_EXIT(0, LEVELS[i], "extend " REACH "--level %s --tsa %s a.signed.pdf note.txt.p7s", LEVELS[i], services_url("/tsa"));
        verifier_says(0, "a.signed.pdf note.txt.p7s");
    }
    int before = atomic_load(&stamps);
    ASSERT_EXIT(0, "already at B-LTA", "extend " REACH "--level B-LT a.signed.pdf note.txt.p7s");
    assert_int_equal(atomic_load(&stamps), before);
    ASSERT_EXIT(0, "B-LTA", "extend " REACH "--tsa %s a.signed.pdf note.txt.p7s", services_url("/tsa")); /* renewal */
    assert_int_equal(atomic_load(&stamps), before + 2);
    verifier_says(0, "a.signed.pdf note.txt.p7s");
}

static void foreign_signatures_are_raised_too(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    crls_for_the_verifier();
    assert_int_equal(
        tp_run(&text,
               "openssl cms -sign -cades -binary -md sha256 -signer cert.pem -inkey key.pem -in note.txt -outform DER -out note.txt.p7s"),
        0);
    ASSERT_EXIT(0, "B-LTA", "extend " REACH "--tsa %s note.txt.p7s", services_url("/tsa"));
    verifier_says(0, "note.txt.p7s");
}

#define IDS "--id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties --id-attr:Id http://www.w3.org/2000/09/xmldsig#:Object "

static void xml_is_signed_inside_or_around_at_each_level(void **state)
{
    (void)state;
    static const char *const LEVELS[] = {"B-B", "B-T", "B-LT", "B-LTA"};
    AUTO_BUF text = {0};
    write_in("note.xml", bytes_str("<tờ-khai xmlns=\"urn:test\"><tên>Trần Thị Bưởi</tên></tờ-khai>"));
    assert_int_equal(tp_run(&text, "sed -n '/BEGIN/,$p' cert.pem > untrusted.pem"), 0);
    for (size_t i = 0; i < 4; i++) {
        ASSERT_EXIT(0, LEVELS[i], KEY REACH "--format xades --overwrite --level %s --tsa %s note.xml", LEVELS[i], services_url("/tsa"));
        ASSERT_EXIT(0, LEVELS[i], KEY REACH "--format xades --enveloping --overwrite --level %s --tsa %s note.txt", LEVELS[i],
                    services_url("/tsa"));
        int code = tp_run(&text, "for f in note.signed.xml note.txt.xades.xml; do xmlsec1 --verify " IDS
                                 "--trusted-pem root.pem --untrusted-pem untrusted.pem $f || exit 1; done");
        if (code != 0)
            fail_msg("xmlsec1, %s: %s", LEVELS[i], buf_str(&text));
    }
}

static void xml_signatures_are_raised_and_changed_ones_are_not(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    write_in("note.xml", bytes_str("<a><b>1</b></a>"));
    write_in("note-doctype.xml", bytes_str("<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>"));
    ASSERT_EXIT(1, "DOCTYPE", KEY "--format xades note-doctype.xml");
    ASSERT_EXIT(1, "not well-formed", KEY "--format xades note.txt");
    ASSERT_EXIT(0, "XAdES B-B", KEY "--format xades note.xml");
    tp_run(&text, "sed 's,<b>1</b>,<b>2</b>,' note.signed.xml > note-changed.xml");
    ASSERT_EXIT(1, "not what was signed", "extend --level B-T --tsa %s note-changed.xml", services_url("/tsa"));
    ASSERT_EXIT(2, "only B-T was reached", "extend " REACH "--offline --tsa %s note.signed.xml", services_url("/tsa"));
    ASSERT_EXIT(0, "XAdES B-LTA", "extend " REACH "--tsa %s note.signed.xml", services_url("/tsa"));
    ASSERT_EXIT(0, "already at B-LTA", "extend --level B-LT note.signed.xml");
    assert_int_equal(tp_run(&text, "grep -c '<b>1</b>' note.signed.xml"), 0);
}

/* --- keys --- */

static void keys_come_from_pem_and_pkcs12(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "B-B", "--key locked.pem --cert cert.pem --password-file password a.pdf");
    ASSERT_EXIT(0, "B-B", "--p12 key.p12 --password-file password note.txt");
    assert_true(there("a.signed.pdf") && there("note.txt.p7s"));
}

static void a_wrong_password_or_certificate_signs_nothing(void **state)
{
    (void)state;
    ASSERT_EXIT(3, "password or PIN is wrong", "--key locked.pem --cert cert.pem --password-file wrong a.pdf </dev/null");
    ASSERT_EXIT(3, "password or PIN is wrong", "--key locked.pem --cert cert.pem a.pdf </dev/null");
    ASSERT_EXIT(3, "password or PIN is wrong", "--p12 key.p12 --password-file wrong a.pdf </dev/null");
    ASSERT_EXIT(3, "no certificate of this key", "--key key.pem --cert other.pem a.pdf");
    ASSERT_EXIT(3, "cannot read", "--key absent.pem --cert cert.pem a.pdf");
    ASSERT_EXIT(3, "no private key", "--key note.txt --cert cert.pem a.pdf");
    ASSERT_EXIT(3, "not PKCS#12", "--p12 note.txt --password-file password a.pdf");
    assert_false(there("a.signed.pdf"));
}

static void certificates_that_may_not_sign_are_refused(void **state)
{
    (void)state;
    struct tp_id old = {0}, tls = {0}, weak = {0};
    int64_t now = clock_now();
    tp_issue(&old, &(struct tp_spec){.cn = "Old", .profile = TP_CITIZEN, .issuer = &pki.ca, .from = now - 9 * TP_DAY, .to = now - TP_DAY});
    tp_issue(&tls, &(struct tp_spec){.cn = "TLS", .profile = TP_TLS_SERVER, .issuer = &pki.ca});
    tp_issue(&weak, &(struct tp_spec){.cn = "Weak", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = TP_RSA1024});
    const struct {
        const struct tp_id *id;
        const char *words;
    } CASES[] = {{&old, "not, or no longer, valid"}, {&tls, "not supported"}, {&weak, "RSA 1024"}, {&pki.ca, "not supported"}};
    for (size_t i = 0; i < 4; i++) {
        write_key("bad-key.pem", CASES[i].id->key, NULL);
        write_cert("bad-cert.pem", CASES[i].id, &pki.root);
        ASSERT_EXIT(3, CASES[i].words, "--key bad-key.pem --cert bad-cert.pem a.pdf");
    }
    assert_false(there("a.signed.pdf"));
    tp_free(&old);
    tp_free(&tls);
    tp_free(&weak);
}

static void rsa_and_edwards_keys_sign(void **state)
{
    (void)state;
    static const struct {
        enum tp_key key;
        const char *more;
    } KEYS[] = {
        {TP_RSA2048, ""}, {TP_RSA2048, "--rsa-pkcs1 --hash sha512"}, {TP_P384, ""}, {TP_ED25519, ""}, {TP_PSS2048, "--hash sha256"}};
    crls_for_the_verifier();
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        struct tp_id id = {0};
        tp_issue(&id, &(struct tp_spec){.cn = "Khóa", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = KEYS[i].key});
        write_key("k.pem", id.key, NULL);
        write_cert("c.pem", &id, &pki.ca);
        ASSERT_EXIT(0, "B-T", "--key k.pem --cert c.pem %s --overwrite --tsa %s note.txt a.pdf", KEYS[i].more, services_url("/tsa"));
        verifier_says(0, "note.txt.p7s a.signed.pdf");
        tp_free(&id);
    }
}

/* --- tokens --- */

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"

static void a_pkcs11_token_signs_and_keeps_its_key(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    if (access(SOFTHSM, R_OK) != 0)
        skip();
    crls_for_the_verifier();
    write_in("pin", bytes_str("246810"));
    write_in("bad-pin", bytes_str("000000"));
    char *conf = tp_path("softhsm.conf");
    assert_int_equal(tp_run(&text, "mkdir -p tokens && echo directories.tokendir=$PWD/tokens > softhsm.conf"), 0);
    setenv("SOFTHSM2_CONF", conf, 1);
    int code =
        tp_run(&text, "softhsm2-util --init-token --free --label 'Thẻ ký' --pin 246810 --so-pin 13579135 && "
                      "softhsm2-util --import key.pem --token 'Thẻ ký' --label signer --id 01 --pin 246810 && "
                      "openssl x509 -in cert.pem -outform DER -out cert.der && "
                      "pkcs11-tool --module " SOFTHSM " --login --pin 246810 --token-label 'Thẻ ký' --write-object cert.der --type cert "
                      "--id 01 --label signer");
    if (code != 0)
        fail_msg("making the token: %s", buf_str(&text));
    ASSERT_EXIT(0, "B-T", "--pkcs11 " SOFTHSM " --token 'Thẻ ký' --password-file pin --chain cert.pem -j4 --tsa %s a.pdf note.txt",
                services_url("/tsa"));
    verifier_says(0, "a.signed.pdf note.txt.p7s");
    ASSERT_EXIT(0, "B-B", "--overwrite --pkcs11 " SOFTHSM " --key-label signer --password-file pin --cert cert.pem note.txt");
    ASSERT_EXIT(3, "PIN is wrong", "--pkcs11 " SOFTHSM " --password-file bad-pin note.txt");
    ASSERT_EXIT(3, "PIN is wrong", "--pkcs11 " SOFTHSM " note.txt </dev/null");
    ASSERT_EXIT(3, "no such token", "--pkcs11 " SOFTHSM " --token other --password-file pin note.txt");
    ASSERT_EXIT(3, "no such key", "--pkcs11 " SOFTHSM " --key-label other --password-file pin note.txt");
    ASSERT_EXIT(3, "no PKCS#11 module", "--pkcs11 /absent.so --password-file pin note.txt");
    ASSERT_EXIT(3, "absolute path", "--pkcs11 libsofthsm2.so --password-file pin note.txt");
    unsetenv("SOFTHSM2_CONF");
    free(conf);
}

/* --- services that fail --- */

static void a_lower_level_is_kept_under_its_own_name_and_exit_status(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(2, "only B-B was reached, not B-T", KEY "--tsa %s a.pdf note.txt", services_url("/wrong-nonce"));
    assert_true(there("a.signed.pdf") && there("note.txt.p7s"));
    run(&text, KEY "--json --overwrite --level B-LTA --tsa http://127.0.0.1:1/tsa a.pdf note.txt");
    json_t *j = NULL, *first;
    assert_ok(json_parse(buf_bytes(&text), 4096, &j));
    for (size_t i = 0; i < 2; i++) {
        first = json_array_get(json_object_get(j, "files"), i);
        assert_string_equal(json_string_value(json_object_get(first, "status")), "lower");
        assert_string_equal(json_string_value(json_object_get(first, "asked")), "B-LTA");
        assert_string_equal(json_string_value(json_object_get(first, "reached")), "B-B");
        assert_string_equal(json_string_value(json_object_get(first, "error")), "io");
    }
    json_decref(j);
}

static void or_nothing_means_nothing(void **state)
{
    (void)state;
    unsigned before = files_in_folder();
    ASSERT_EXIT(1, "only B-B was reached, not B-T", KEY "--or-nothing --tsa %s a.pdf note.txt", services_url("/expired"));
    ASSERT_EXIT(1, "only B-T was reached, not B-LT", KEY REACH "--or-nothing --offline --level B-LT --tsa %s a.pdf note.txt",
                services_url("/tsa"));
    assert_int_equal(files_in_folder(), before);
}

static void each_lying_service_leaves_b_b(void **state)
{
    (void)state;
    static const char *const LIES[] = {"/no-nonce", "/wrong-imprint", "/no-cert", "/loose", "/citizen", "/bad-signature",
                                       "/rejected", "/garbage",       "/html",    "/moved", "/huge"};
    for (size_t i = 0; i < sizeof LIES / sizeof *LIES; i++)
        ASSERT_EXIT(2, "only B-B was reached, not B-T", KEY "--overwrite --tsa %s a.pdf note.txt", services_url(LIES[i]));
    ASSERT_EXIT(2, "took too long", KEY "--overwrite --timeout 1 --tsa %s note.txt", services_url("/slow"));
}

static void without_revocation_data_b_t_is_what_it_is(void **state)
{
    (void)state;
    atomic_store(&crl_away, true);
    ASSERT_EXIT(2, "only B-T was reached, not B-LTA", KEY REACH "--level B-LTA --tsa %s a.pdf note.txt", services_url("/tsa"));
    atomic_store(&crl_away, false);
    ASSERT_EXIT(0, "B-LTA", "extend " REACH "--tsa %s a.signed.pdf note.txt.p7s", services_url("/tsa"));
    crls_for_the_verifier();
    verifier_says(0, "a.signed.pdf note.txt.p7s");
}

static void a_lying_responder_is_passed_over_for_the_crl(void **state)
{
    (void)state;
    atomic_store(&ocsp_lies, true);
    ASSERT_EXIT(0, "B-LT", KEY REACH "--level B-LT --tsa %s note.txt", services_url("/tsa"));
    assert_true(atomic_load(&ocsp_asks) > 0 && atomic_load(&crl_fetches) > 0);
}

static void a_revoked_certificate_signs_nothing(void **state)
{
    (void)state;
    atomic_store(&signer_revoked, true);
    ASSERT_EXIT(1, "revoked", KEY REACH "--level B-LT --tsa %s a.pdf note.txt", services_url("/tsa"));
    ASSERT_EXIT(1, "revoked", KEY REACH "--check a.pdf");
    ASSERT_EXIT(1, "Nobody tells", KEY REACH "--offline --check a.pdf");
    assert_false(there("a.signed.pdf") || there("note.txt.p7s"));
}

static void addresses_in_our_own_network_are_not_followed_unasked(void **state)
{
    (void)state;
    ASSERT_EXIT(2, "only B-T was reached, not B-LT", KEY "--trust root.pem --no-cache --level B-LT --tsa %s note.txt",
                services_url("/tsa"));
    assert_int_equal(atomic_load(&crl_fetches) + atomic_load(&ocsp_asks), 0);
}

/* --- what is kept of what was fetched --- */

static void status_is_fetched_once_and_kept_until_it_is_old(void **state)
{
    (void)state;
    char args[500];
    snprintf(args, sizeof args, KEY "--trust root.pem --private-addresses --cache cache --overwrite --level B-LT --tsa %s note.txt a.pdf",
             services_url("/tsa"));
    ASSERT_EXIT(0, "B-LT", "%s", args);
    int crls = atomic_load(&crl_fetches), asks = atomic_load(&ocsp_asks);
    assert_int_equal(crls, 2); /* root's for both authorities, services' for the stamper */
    assert_int_equal(asks, 1);
    ASSERT_EXIT(0, "B-LT", "%s", args);
    assert_int_equal(atomic_load(&crl_fetches), crls);
    assert_int_equal(atomic_load(&ocsp_asks), asks);
}

static void what_was_kept_and_is_no_good_is_fetched_again(void **state)
{
    (void)state;
    char args[500];
    AUTO_BUF text = {0}, forged = {0};
    int64_t now = clock_now();
    snprintf(args, sizeof args, KEY "--trust root.pem --private-addresses --cache cache --overwrite --level B-LT --tsa %s note.txt",
             services_url("/tsa"));
    ASSERT_EXIT(0, "B-LT", "%s", args);
    tp_crl(&signer, now - 60, now + 900 * TP_DAY, NULL, 0, &forged); /* somebody else's, said to be current for years */
    write_in("forged", buf_bytes(&forged));
    assert_int_equal(tp_run(&text, "for f in cache/*.crl; do cp forged $f; done"), 0);
    ASSERT_EXIT(0, "B-LT", "%s", args);
}

static void a_folder_that_others_write_to_is_not_used(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    tp_run(&text, "mkdir cache && chmod 777 cache");
    ASSERT_EXIT(0, "nothing is kept", KEY "--trust root.pem --private-addresses --cache cache --level B-LT --tsa %s note.txt",
                services_url("/tsa"));
    tp_run(&text, "ls cache | wc -l");
    assert_int_equal(strtol(buf_str(&text), NULL, 10), 0);
}

/* --- files --- */

static void bad_input_is_refused_and_named(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    unsigned before;
    assert_int_equal(tp_run(&text,
                            "qpdf --encrypt '' o 256 -- a.pdf locked.pdf; head -c 400 a.pdf > cut.pdf; (echo x; cat a.pdf) > junk.pdf; "
                            "echo no > fake.pdf; : > empty.pdf; mkdir -p folder; true"),
                     0);
    before = files_in_folder();
    ASSERT_EXIT(1, "encrypted", KEY "locked.pdf");
    ASSERT_EXIT(1, "NOT signed", KEY "cut.pdf");
    ASSERT_EXIT(1, "before the PDF's header", KEY "junk.pdf");
    ASSERT_EXIT(1, "Not a PDF", KEY "fake.pdf");
    ASSERT_EXIT(1, "NOT signed", KEY "empty.pdf");
    ASSERT_EXIT(1, "NOT signed", KEY "folder");
    ASSERT_EXIT(1, "not there", KEY "absent.pdf");
    ASSERT_EXIT(1, "not there", "extend --level B-LT a.pdf");
    ASSERT_EXIT(1, "malformed", "extend --level B-LT note.txt");
    assert_int_equal(files_in_folder(), before);
}

static void one_bad_file_does_not_keep_the_others(void **state)
{
    (void)state;
    ASSERT_EXIT(1, "a.signed.pdf: PAdES B-B", KEY "-j2 absent.pdf a.pdf note.txt");
    assert_true(there("a.signed.pdf") && there("note.txt.p7s"));
}

static void an_older_result_is_not_lost_unasked(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    write_in("note.txt.p7s", bytes_str("precious"));
    ASSERT_EXIT(1, "exists already", KEY "note.txt");
    assert_int_equal(tp_run(&text, "grep -q precious note.txt.p7s"), 0);
    ASSERT_EXIT(0, "B-B", KEY "--overwrite note.txt");
    assert_int_not_equal(tp_run(&text, "grep -q precious note.txt.p7s"), 0);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "B-B", KEY "a.pdf note.txt");
    tp_run(&text, "cp a.signed.pdf before.pdf; cp note.txt.p7s before.p7s");
    int code = tp_run(&text, "ulimit -f 1; LANG=en '%s' extend " REACH "--level B-LTA --tsa %s a.signed.pdf note.txt.p7s", sign,
                      services_url("/tsa"));
    if (code != 1 || strstr(buf_str(&text), "disk is full") == NULL)
        fail_msg("exit %d: %s", code, buf_str(&text));
    if (tp_run(&text, "cmp a.signed.pdf before.pdf && cmp note.txt.p7s before.p7s && test -z \"$(ls -A | grep '^[.]antin')\"") != 0)
        fail_msg("%s", buf_str(&text));
}

/* Killed at any moment: the old file, or the whole new one, and nothing beside it. */
static void kill_at_any_moment_leaves_old_or_whole_new(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    unsigned old = 0, whole = 0;
    crls_for_the_verifier();
    ASSERT_EXIT(0, "B-B", KEY "a.pdf");
    tp_run(&text, "cp a.signed.pdf before.pdf");
    for (unsigned ms = 0; ms < 240; ms += 8) {
        tp_run(&text,
               "cp before.pdf a.signed.pdf; '%s' extend " REACH "--level B-LTA --tsa %s a.signed.pdf >/dev/null 2>&1 & sleep 0.%03u; "
               "kill -9 $! 2>/dev/null; wait $! 2>/dev/null",
               sign, services_url("/tsa"), ms);
        if (tp_run(&text, "cmp -s a.signed.pdf before.pdf") == 0) {
            old++;
        } else {
            verifier_says(0, "a.signed.pdf");
            assert_int_equal(tp_run(&text, "pdfsig -nocert a.signed.pdf | grep -q DocTimeStamp || tail -c 6 a.signed.pdf | grep -q EOF"),
                             0);
            whole++;
        }
        assert_int_equal(tp_run(&text, "test -z \"$(ls -A | grep '^[.]antin')\""), 0);
    }
    assert_true(old > 0 && whole > 0); /* both were seen */
}

static void names_in_any_script_up_to_255_bytes_work(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    /* 251 bytes with .p7s at their end make 255; composed, decomposed, right to left, a newline */
    assert_int_equal(
        tp_run(&text,
               "mkdir out; n=$(printf 'ế%%.0s' $(seq 82)); cp note.txt \"$n.txt1\"; "
               "cp note.txt \"$(printf 'e\\314\\202\\314\\201 d\\303\\242u')\"; cp note.txt 'طلب'; cp note.txt \"$(printf 'a\\nb')\"; "
               "'%s' " KEY "-o out \"$n.txt1\" \"$(printf 'e\\314\\202\\314\\201 d\\303\\242u')\" 'طلب' \"$(printf 'a\\nb')\" && "
               "test $(ls out | wc -l) -ge 4",
               sign),
        0);
    assert_int_not_equal(
        tp_run(&text, "n=$(printf 'x%%.0s' $(seq 253)); cp note.txt $n; LANG=en '%s' " KEY "$n; r=$?; rm $n; exit $r", sign), 0);
    assert_non_null(strstr(buf_str(&text), "name too long"));
    tp_run(&text, "rm -f *.txt1 طلب a?b e*u");
}

static void links_and_modes_stay_what_they_were(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    ASSERT_EXIT(0, "B-B", KEY "a.pdf");
    tp_run(&text, "chmod 640 a.signed.pdf; ln -s a.signed.pdf link.pdf");
    ASSERT_EXIT(0, "B-T", "extend --level B-T --tsa %s link.pdf", services_url("/tsa"));
    assert_int_equal(tp_run(&text, "test -L link.pdf && test $(stat -c %%a a.signed.pdf) = 640"), 0);
}

static void other_content_is_not_archived(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "B-B", KEY "note.txt");
    write_in("note.txt", bytes_str("something else"));
    ASSERT_EXIT(1, "not what was signed", "extend " REACH "--tsa %s note.txt.p7s", services_url("/tsa"));
    ASSERT_EXIT(1, "not what was signed", "extend --level B-T --tsa %s note.txt.p7s", services_url("/tsa"));
    assert_int_equal(atomic_load(&stamps), 0);
}

static void many_files_at_once(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    crls_for_the_verifier();
    tp_run(&text, "mkdir out; for i in $(seq 40); do cp a.pdf out/$i.pdf; done");
    ASSERT_EXIT(0, "PAdES B-T", KEY "-j4 --tsa %s out/*.pdf", services_url("/tsa"));
    assert_int_equal(tp_run(&text, "test $(ls out/*.signed.pdf | wc -l) = 40"), 0);
    verifier_says(0, "out/*.signed.pdf");
}

static void usage_errors_are_3(void **state)
{
    (void)state;
    static const char *const WRONG[] = {
        "",
        KEY,
        "a.pdf",
        "--key key.pem a.pdf",
        KEY "--p12 key.p12 a.pdf",
        KEY "--level B-X a.pdf",
        KEY "--format doc a.pdf",
        KEY "--level B-T a.pdf",
        KEY "--tsa ftp://x/ a.pdf",
        KEY "--tsa http://x a.pdf",
        KEY "--tsa http://a@x/ a.pdf",
        KEY "-j 0 a.pdf",
        KEY "-j 2x a.pdf",
        KEY "--hash sha1 a.pdf",
        KEY "--hash md5 a.pdf",
        KEY "--certify 4 a.pdf",
        KEY "--lock some a.pdf",
        KEY "--lock listed a.pdf",
        KEY "--lock all --lock-field x a.pdf",
        KEY "--nonsense a.pdf",
        KEY "--trust note.txt a.pdf",
        KEY "-o absent a.pdf note.txt",
        "extend --key key.pem --level B-LT a.pdf",
        "extend a.pdf",
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
        ASSERT_EXIT(3, "", "%s", WRONG[i]);
    ASSERT_EXIT(0, "usage", "--help");
    ASSERT_EXIT(0, "antin-sign", "--version");
    assert_false(there("a.signed.pdf"));
}

static void people_read_it_in_vietnamese(void **state)
{
    (void)state;
    ASSERT_EXIT(2, "chỉ đạt mức B-B, không phải B-T", "--lang vi " KEY "--tsa %s note.txt", services_url("/rejected"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pdf_is_signed_at_each_level),
        TEST(a_file_is_signed_at_each_level),
        TEST(a_signature_locks_the_fields_of_a_form),
        TEST(an_enveloping_message_holds_the_file),
        TEST(levels_are_raised_later_in_place),
        TEST(foreign_signatures_are_raised_too),
        TEST(xml_is_signed_inside_or_around_at_each_level),
        TEST(xml_signatures_are_raised_and_changed_ones_are_not),
        TEST(keys_come_from_pem_and_pkcs12),
        TEST(a_wrong_password_or_certificate_signs_nothing),
        TEST(certificates_that_may_not_sign_are_refused),
        TEST(rsa_and_edwards_keys_sign),
        TEST(a_pkcs11_token_signs_and_keeps_its_key),
        TEST(a_lower_level_is_kept_under_its_own_name_and_exit_status),
        TEST(or_nothing_means_nothing),
        TEST(each_lying_service_leaves_b_b),
        TEST(without_revocation_data_b_t_is_what_it_is),
        TEST(a_lying_responder_is_passed_over_for_the_crl),
        TEST(a_revoked_certificate_signs_nothing),
        TEST(addresses_in_our_own_network_are_not_followed_unasked),
        TEST(status_is_fetched_once_and_kept_until_it_is_old),
        TEST(what_was_kept_and_is_no_good_is_fetched_again),
        TEST(a_folder_that_others_write_to_is_not_used),
        TEST(bad_input_is_refused_and_named),
        TEST(one_bad_file_does_not_keep_the_others),
        TEST(an_older_result_is_not_lost_unasked),
        TEST(a_full_disk_leaves_the_old_file),
        TEST(kill_at_any_moment_leaves_old_or_whole_new),
        TEST(names_in_any_script_up_to_255_bytes_work),
        TEST(links_and_modes_stay_what_they_were),
        TEST(other_content_is_not_archived),
        TEST(many_files_at_once),
        TEST(usage_errors_are_3),
        TEST(people_read_it_in_vietnamese),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
