/*
 * The signing daemon's rules that need neither database nor keyd: names, types, digests, PINs, access, file names, the route table.
 * Run by `make unit`. RFC 9530, RFC 9110 §8.3.
 */
#include "tests/unit/unit.h"

#include "signer/errors.h"
#include "signer/routes.h"
#include "signer/rules/component.h"
#include "signer/rules/credential.h"
#include "signer/rules/dossier.h"
#include "signer/rules/level.h"
#include "signer/rules/naming.h"
#include "signer/rules/sealed.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- component names --- */

static void names_of_any_script_are_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "Tờ khai (bản 2).pdf", "申請書", "نموذج", ".hidden", "...", "a b", "100 %", "🙂"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(component_name_check(good[i]), OK);
    char longest[COMPONENT_NAME_MAX + 2];
    memset(longest, 'n', sizeof longest);
    longest[COMPONENT_NAME_MAX] = '\0';
    assert_int_equal(component_name_check(longest), OK);
}

static void names_that_deceive_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        NULL,
        "",
        ".",
        "..",
        "a/b",
        "/",
        "a\\b",
        "a\nb",
        "a\tb",
        "\x7f",
        "\xc2\x80",
        "\xc2\x9f",
        "\xe2\x80\xa8",
        "\xe2\x80\xa9",
        "\xe2\x80\xae"
        "gpj.exe",
        "\xe2\x80\xaa",
        "\xe2\x81\xa6",
        "\xe2\x81\xa9",
        "\xe2\x80\x8e",
        "\xe2\x80\x8f",
        "\xd8\x9c",
        "\xff",
        "\xc0\xaf",
        "\xed\xa0\x80",
        " ",
        " a",
        "a ",
        "\xe2\x80\x8b",
        "a\xc2\xad",
        "\xef\xbb\xbf"
        "a",
        "a\xe2\x81\xa0.pdf",
        "manifest.json",
        "MANIFEST.JSON",
        "mimetype", /* a container's own */
        "Meta-Inf",
        "a:b", /* a drive, to some programs that unpack */
        "manifest.json.p7s", /* where they would stand is the dossier's own manifest */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(component_name_check(bad[i]), ERR_COMPONENT_NAME);
    char long_name[COMPONENT_NAME_MAX + 2];
    memset(long_name, 'n', sizeof long_name);
    long_name[COMPONENT_NAME_MAX + 1] = '\0';
    assert_int_equal(component_name_check(long_name), ERR_COMPONENT_NAME);
}

static void media_types_are_exact(void **state)
{
    (void)state;
    char out[MEDIA_TYPE_MAX + 1];
    assert_int_equal(component_media_type("", out), OK);
    assert_string_equal(out, "application/octet-stream");
    assert_int_equal(component_media_type("application/vnd.oasis.opendocument.text", out), OK);
    static const char *const bad[] = {"a", "/", "a/", "/b", "a/b/c", "a b/c", "Text/Plain", "a/b;c", "a/\"", "a/\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(component_media_type(bad[i], out), ERR_MEDIA_TYPE);
}

/* --- Content-Digest --- */

static void a_declared_digest_must_be_the_bodys(void **state)
{
    (void)state;
    uint8_t d256[SHA256_LEN], d512[SHA512_LEN], other[SHA256_LEN] = {0};
    sha256(BYTES_STR("abc"), d256);
    sha512(BYTES_STR("abc"), d512);
    char b256[B64_LEN(SHA256_LEN) + 1], b512[B64_LEN(SHA512_LEN) + 1], header[512];
    b64_encode(BYTES(d256, sizeof d256), b256);
    b64_encode(BYTES(d512, sizeof d512), b512);
    snprintf(header, sizeof header, "sha-512=:%s: ,\tsha-256=:%s:, md5=:AA==:", b512, b256);
    assert_int_equal(component_digest_check(NULL, d256, d512), OK);
    assert_int_equal(component_digest_check(header, d256, d512), OK);
    assert_int_equal(component_digest_check(header, other, d512), ERR_DIGEST_MISMATCH);
    snprintf(header, sizeof header, "sha-256=:%s:, sha-512=:%s:", b256, b256);
    assert_int_equal(component_digest_check(header, d256, d512), ERR_DIGEST_MISMATCH);
    static const char *const bad[] = {"sha-256", "=::", "sha-256=x", "sha-256=:x:", "sha-256=:", ",,x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(component_digest_check(bad[i], d256, d512), ERR_DIGEST_SYNTAX);
}

/* --- PINs --- */

static void weak_pins_are_refused(void **state)
{
    (void)state;
    assert_int_equal(pin_check("502934", "502934"), OK);
    assert_int_equal(pin_check("502934502934", "502934502934"), OK);
    assert_int_equal(pin_check("502934", "502935"), ERR_PIN_DIFFERS);
    assert_int_equal(pin_check("502934", NULL), ERR_PIN_DIFFERS);
    static const char *const shape[] = {NULL, "", "12345", "5029345029345", "50293a", "50 934", "٥٠٢٩٣٤"};
    for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++)
        assert_int_equal(pin_check(shape[i], shape[i]), ERR_PIN_FORMAT);
    static const char *const weak[] = {"000000", "121212", "112211", "123456", "654321", "3456789", "98765432"};
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++)
        assert_int_equal(pin_check(weak[i], weak[i]), ERR_PIN_WEAK);
}

static void only_reasons_for_citizens_certificates_are_known(void **state)
{
    (void)state;
    assert_int_equal(credential_reason(NULL), 0);
    assert_int_equal(credential_reason("key_compromise"), 1);
    assert_string_equal(credential_reason_name(4), "superseded");
    static const char *const bad[] = {"", "keyCompromise", "ca_compromise", "remove_from_crl", "certificate_hold"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(credential_reason(bad[i]), -1);
}

/* --- who sees what --- */

static struct caller caller(const char *sub, const char *client, unsigned scopes, int level)
{
    struct caller c = {.scopes = scopes, .level = level};
    snprintf(c.sub, sizeof c.sub, "%s", sub);
    snprintf(c.client_id, sizeof c.client_id, "%s", client);
    return c;
}

static void access_follows_client_citizen_and_scope(void **state)
{
    (void)state;
    struct dossier d = {.client_id = "portal", .owner = "an"};
    const struct {
        struct caller c;
        bool read, change;
    } row[] = {
        {caller("an", "portal", SCOPE_DOSSIER, 2), true, true},
        {caller("an", "portal", SCOPE_DOSSIER_READ, 2), true, false},
        {caller("an", "other", SCOPE_DOSSIER, 2), false, false}, /* another portal of the same citizen needs dossier.read */
        {caller("an", "other", SCOPE_DOSSIER_READ, 2), true, false},
        {caller("chi", "portal", SCOPE_DOSSIER, 2), false, false}, /* another citizen at the same portal */
        {caller("chi", "portal", SCOPE_DOSSIER_READ, 2), false, false},
        {caller("portal", "portal", SCOPE_DOSSIER, 0), true, false}, /* the portal for itself */
        {caller("toa-an", "toa-an", SCOPE_DOSSIER_READ, 0), true, false},
        {caller("toa-an", "toa-an", SCOPE_DOSSIER, 0), false, false},
        {caller("an", "an", SCOPE_DOSSIER, 0), false, false}, /* a client whose id looks like the citizen's subject */
        {caller("an", "portal", SCOPE_REGISTRAR, 2), false, false},
        {caller("an", "portal", 0, 2), false, false},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        assert_int_equal(dossier_may_read(&row[i].c, &d), row[i].read);
        assert_int_equal(dossier_may_change(&row[i].c, &d), row[i].change);
    }
}

static void only_lower_case_uuids_are_ids(void **state)
{
    (void)state;
    assert_true(uuid_valid("0123abcd-0000-4000-8000-00000000000f"));
    static const char *const bad[] = {NULL,
                                      "",
                                      "x",
                                      "0123ABCD-0000-4000-8000-00000000000f",
                                      "0123abcd00004000800000000000000ffff0",
                                      "0123abcd-0000-4000-8000-00000000000f ",
                                      "0123abcd-0000-4000-8000-00000000000'"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(uuid_valid(bad[i]));
}

static void all_faults_are_told(void **state)
{
    (void)state;
    struct dossier_fault fault[COMPONENTS_MAX + 1];
    size_t n = 0;
    dossier_faults(NULL, 0, fault, &n);
    assert_int_equal(n, 1);
    assert_int_equal(fault[0].e, ERR_DOSSIER_EMPTY);
    struct component c[3] = {{.name = "a", .size = 0}, {.name = "b", .size = 1}, {.name = "c", .size = 0}};
    dossier_faults(c, 3, fault, &n);
    assert_int_equal(n, 2);
    assert_string_equal(fault[1].component, "c");
}

/* --- names of results, sealed values --- */

static void results_have_file_names_that_fit(void **state)
{
    (void)state;
    char out[SIGNED_NAME_CAP], name[COMPONENT_NAME_MAX + 1] = "";
    naming_signed("a.pdf", FORMAT_PADES, out);
    assert_string_equal(out, "a.signed.pdf");
    naming_signed("A.PDF", FORMAT_PADES, out);
    assert_string_equal(out, "A.signed.pdf");
    naming_signed(".pdf", FORMAT_PADES, out);
    assert_string_equal(out, ".pdf.signed.pdf");
    naming_signed("a.pdf", FORMAT_CADES, out);
    assert_string_equal(out, "a.pdf.p7s");
    naming_signed("a.xml", FORMAT_XADES, out);
    assert_string_equal(out, "a.xml.xades.xml");
    for (int i = 0; i < 85; i++)
        strcat(name, "ộ"); /* 3 bytes each: 255 */
    naming_signed(name, FORMAT_CADES, out);
    assert_true(strlen(out) <= COMPONENT_NAME_MAX);
    assert_true(utf8_valid(BYTES_STR(out)));
}

/* "a.pdf" and "a.PDF" would both become "a.signed.pdf", and one is there already. */
static void no_two_files_of_a_dossier_share_a_name(void **state)
{
    (void)state;
    static const struct component c[] = {
        {.name = "a.pdf", .format = FORMAT_PADES}, {.name = "a.PDF", .format = FORMAT_PADES}, {.name = "a.signed.pdf", .format = FORMAT_CADES}};
    struct names *names = calloc(1, sizeof *names);
    naming_all(c, 3, names);
    assert_string_equal(names->text[0], "2.a.signed.pdf");
    assert_string_equal(names->text[1], "3.a.signed.pdf");
    assert_string_equal(names->text[2], "a.signed.pdf.p7s");
    free(names);
}

/* Names as long as they may be leave no room for a number in front; whoever chose them may also have chosen what would be taken instead. */
static void no_chosen_names_make_two_files_share_one(void **state)
{
    (void)state;
    enum { N = 5 };
    struct component c[N] = {{.name = "2.p7s"}, {.name = "4.p7s"}, {.name = "5.p7s"}};
    struct names *names = calloc(1, sizeof *names);
    for (size_t i = 0; i < N; i++) {
        c[i].format = FORMAT_CADES;
        if (i >= 3)
            snprintf(c[i].name, sizeof c[i].name, "%0*zu", COMPONENT_NAME_MAX, i);
    }
    naming_all(c, N, names);
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < N; k++) {
            assert_string_not_equal(names->text[i], c[k].name);
            assert_true(k == i || strcmp(names->text[i], names->text[k]) != 0);
        }
    }
    free(names);
}

/* What the next try would mend is no reason for a lower level. */
static void a_level_is_lowered_only_by_what_stays_so(void **state)
{
    (void)state;
    enum sig_level l;
    assert_int_equal(level_read("B-LT", &l), OK);
    assert_int_equal(l, LEVEL_LT);
    assert_int_equal(level_read("b-lt", &l), ERR_NOT_FOUND);
    assert_string_equal(level_name(LEVEL_LTA), LEVEL_DEFAULT);
    assert_int_equal(level_settle(ERR_CERT_STATUS, LEVEL_T, LEVEL_LTA), OK);
    assert_int_equal(level_settle(ERR_CERT_PATH, LEVEL_T, LEVEL_LTA), OK);
    static const err_t no[] = {ERR_KEYD_DOWN, ERR_TIMEOUT, ERR_DB_DOWN, ERR_DISK_FULL, ERR_IO, ERR_NOMEM, ERR_CERT_REVOKED, ERR_INTERNAL};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_int_equal(level_settle(no[i], LEVEL_T, LEVEL_LTA), no[i]);
}

static void a_sealed_value_opens_only_as_what_it_was(void **state)
{
    (void)state;
    uint8_t key[SEALED_KEY_LEN] = {1}, other[SEALED_KEY_LEN] = {2};
    AUTO_BUF sealed = {0}, open = {0};
    assert_int_equal(sealed_close(key, "a", BYTES_STR("secret"), &sealed), OK);
    assert_int_equal(sealed_open(key, "a", buf_bytes(&sealed), &open), OK);
    assert_string_equal(buf_str(&open), "secret");
    assert_int_equal(sealed_open(key, "b", buf_bytes(&sealed), &open), ERR_CRYPTO);
    assert_int_equal(sealed_open(other, "a", buf_bytes(&sealed), &open), ERR_CRYPTO);
    assert_int_equal(sealed_open(key, "a", BYTES(sealed.ptr, sealed.len - 1), &open), ERR_CRYPTO);
    assert_int_equal(sealed_open(key, "a", BYTES(sealed.ptr, 20), &open), ERR_CRYPTO);
    sealed.ptr[sealed.len - 1] ^= 1;
    assert_int_equal(sealed_open(key, "a", buf_bytes(&sealed), &open), ERR_CRYPTO);
}

/* --- the route table --- */

static void every_route_is_complete_and_the_api_is_never_open(void **state)
{
    (void)state;
    for (const struct http_route *r = signer_routes; r->method != NULL; r++) {
        assert_non_null(r->path);
        assert_non_null(r->handler);
        assert_non_null(r->fail);
        if (strncmp(r->path, "/v1/", 4) == 0)
            assert_non_null(r->auth);
        if (r->body != HTTP_NO_BODY)
            assert_true(r->body_max > 0);
        if (strcmp(r->method, "GET") == 0)
            assert_int_equal(r->body, HTTP_NO_BODY);
        for (const struct http_route *o = r + 1; o->method != NULL; o++)
            assert_false(strcmp(r->method, o->method) == 0 && strcmp(r->path, o->path) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_any_script_are_accepted),
        cmocka_unit_test(names_that_deceive_are_refused),
        cmocka_unit_test(media_types_are_exact),
        cmocka_unit_test(a_declared_digest_must_be_the_bodys),
        cmocka_unit_test(weak_pins_are_refused),
        cmocka_unit_test(only_reasons_for_citizens_certificates_are_known),
        cmocka_unit_test(access_follows_client_citizen_and_scope),
        cmocka_unit_test(only_lower_case_uuids_are_ids),
        cmocka_unit_test(all_faults_are_told),
        cmocka_unit_test(results_have_file_names_that_fit),
        cmocka_unit_test(no_two_files_of_a_dossier_share_a_name),
        cmocka_unit_test(no_chosen_names_make_two_files_share_one),
        cmocka_unit_test(a_level_is_lowered_only_by_what_stays_so),
        cmocka_unit_test(a_sealed_value_opens_only_as_what_it_was),
        cmocka_unit_test(every_route_is_complete_and_the_api_is_never_open),
    };
    secret_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
