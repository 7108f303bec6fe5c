/*
 * Manifests: written canonically, read back only byte for byte; sealed dossiers verified with every component. RFC 8785.
 */
#include "tests/unit/testtrust.h"

#include "signer/formats/manifest.h"
#include "signer/verify/verify.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct manifest_file file_of(const char *name, const char *content)
{
    struct manifest_file f = {.name = name, .size = strlen(content)};
    sha256(bytes_str(content), f.sha256);
    sha512(bytes_str(content), f.sha512);
    return f;
}

static struct manifest_component components[2];

static struct manifest example(void)
{
    components[0] = (struct manifest_component){
        .file = file_of("tờ khai.pdf", "pdf"), .media_type = "application/pdf", .signature = file_of("tờ khai.signed.pdf", "signed")};
    components[1] = (struct manifest_component){.file = file_of("don.xml", "<x/>"), .media_type = "application/xml"};
    return (struct manifest){.code = "38.98.H29-210519-0003",
                             .procedure = "1.000494.000.00.00.H29",
                             .applicant = "pairwise",
                             .agency = "UBND Quận 1",
                             .created = 1795593600,
                             .component = components,
                             .component_n = 2};
}

static void text_is_canonical(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    struct manifest m = example();
    m.component_n = 2;
    assert_int_equal(manifest_write(&m, &text), OK);
    static const char START[] =
        "{\"agency\":\"UBND Quận 1\",\"applicant\":\"pairwise\",\"code\":\"38.98.H29-210519-0003\",\"components\":[{\"media_type\":";
    assert_memory_equal(text.ptr, START, sizeof START - 1);
    static const char END[] =
        "\"created\":\"2026-11-25T08:00:00Z\",\"procedure\":\"1.000494.000.00.00.H29\",\"type\":\"antin-dossier-manifest\",\"version\":1}";
    assert_string_equal((char *)text.ptr + text.len - (sizeof END - 1), END);
}

static void reading_gives_back_what_was_written(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    AUTO_MANIFEST m = {0};
    struct manifest e = example();
    assert_int_equal(manifest_write(&e, &text), OK);
    assert_int_equal(manifest_read(buf_bytes(&text), &m), OK);
    assert_string_equal(m.code, e.code);
    assert_string_equal(m.agency, e.agency);
    assert_int_equal(m.created, e.created);
    assert_int_equal(m.component_n, 2);
    assert_string_equal(m.component[0].file.name, "tờ khai.pdf");
    assert_string_equal(m.component[0].signature.name, "tờ khai.signed.pdf");
    assert_null(m.component[1].signature.name);
    assert_memory_equal(m.component[1].file.sha512, components[1].file.sha512, 64);
}

static void every_changed_byte_is_refused_or_other_content(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    struct manifest e = example();
    assert_int_equal(manifest_write(&e, &text), OK);
    for (size_t i = 0; i < text.len; i++) {
        AUTO_MANIFEST m = {0};
        AUTO_BUF again = {0};
        text.ptr[i] ^= 0x01;
        if (manifest_read(buf_bytes(&text), &m) == OK) { /* then it is what somebody would write */
            assert_int_equal(manifest_write(&m, &again), OK);
            assert_true(bytes_eq(buf_bytes(&again), buf_bytes(&text)));
        }
        text.ptr[i] ^= 0x01;
    }
    for (size_t n = 0; n < text.len; n++) {
        AUTO_MANIFEST m = {0};
        assert_int_equal(manifest_read(BYTES(text.ptr, n), &m), ERR_MANIFEST);
    }
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "a\nb", "a\x7f", "\xff", NULL};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        AUTO_BUF text = {0};
        struct manifest m = example();
        components[0].file.name = NAMES[i];
        assert_int_equal(manifest_write(&m, &text), ERR_MANIFEST);
    }
}

static void incomplete_manifests_are_refused(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    struct manifest m = example();
    m.component_n = 0;
    assert_int_equal(manifest_write(&m, &text), ERR_MANIFEST);
    m = example();
    m.code = NULL;
    assert_int_equal(manifest_write(&m, &text), ERR_MANIFEST);
    m = example();
    components[1].file.name = "tờ khai.pdf"; /* two of one name */
    assert_int_equal(manifest_write(&m, &text), ERR_MANIFEST);
    m = example();
    components[1].file.name = "tờ khai.signed.pdf"; /* as a signature's */
    assert_int_equal(manifest_write(&m, &text), ERR_MANIFEST);
    m = example();
    components[0].file.size = (uint64_t)1 << 53;
    assert_int_equal(manifest_write(&m, &text), ERR_MANIFEST);
}

/* --- sealed dossiers --- */

static void write_file(const char *name, const char *content)
{
    char *path = tp_path(name);
    tp_write(path, bytes_str(content));
    free(path);
}

static void seal_as(const struct tp_id *signer, const struct tp_id *issuer, const char *mime)
{
    AUTO_BUF text = {0}, cms = {0};
    struct manifest m = example();
    assert_int_equal(manifest_write(&m, &text), OK);
    ts_cms_over(&pki, &(struct ts_how){.signer = signer, .issuer = issuer, .signing_time = clock_now(), .mime = mime}, buf_bytes(&text),
                &cms);
    char *path = tp_path("manifest.json"), *p7s = tp_path("manifest.json.p7s");
    tp_write(path, buf_bytes(&text));
    tp_write(p7s, buf_bytes(&cms));
    free(path);
    free(p7s);
    write_file("tờ khai.pdf", "pdf");
    write_file("tờ khai.signed.pdf", "signed");
    write_file("don.xml", "<x/>");
}

static void seal(void)
{
    seal_as(&pki.seal, &pki.services, MANIFEST_MIME);
}

static void expect(const char *name, enum verdict v, enum sub s, const char *detail)
{
    struct file_result f;
    struct context ctx = {.trust = &trust, .at = clock_now()};
    char *path = tp_path(name);
    assert_int_equal(verify_file(&ctx, path, NULL, &f), OK);
    assert_int_equal(f.findings.verdict, v);
    assert_int_equal(f.findings.sub, s);
    bool named = detail == NULL;
    for (size_t i = 0; i < f.findings.n; i++)
        named = named || strstr(f.findings.item[i].detail, detail) != NULL;
    assert_true(named);
    file_result_free(&f);
    free(path);
}

static void sealed_dossier_with_all_components_is_valid(void **state)
{
    (void)state;
    seal();
    expect("manifest.json", TOTAL_PASSED, SUB_NONE, NULL);
    expect("manifest.json.p7s", TOTAL_PASSED, SUB_NONE, NULL); /* the seal leads to the manifest */
}

/* A citizen may sign any file as a dossier's component, one that reads like a manifest too. */
static void manifest_signed_by_a_citizen_is_not_sealed(void **state)
{
    (void)state;
    seal_as(&pki.citizen, &pki.ca, NULL);
    expect("manifest.json", TOTAL_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, NULL);
    expect("manifest.json.p7s", TOTAL_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, NULL);
    seal_as(&pki.citizen, &pki.ca, MANIFEST_MIME);
    expect("manifest.json", TOTAL_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, NULL);
}

static void organisation_that_signed_a_file_has_sealed_no_manifest(void **state)
{
    (void)state;
    seal_as(&pki.seal, &pki.services, NULL);
    expect("manifest.json", TOTAL_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, NULL);
    seal_as(&pki.seal, &pki.services, "application/vnd.antin.manifest");
    expect("manifest.json", TOTAL_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, NULL);
}

static void changed_component_is_named(void **state)
{
    (void)state;
    seal();
    write_file("don.xml", "<y/>");
    expect("manifest.json", TOTAL_FAILED, SUB_HASH_FAILURE, "don.xml");
    write_file("don.xml", "<x/> ");
    expect("manifest.json", TOTAL_FAILED, SUB_HASH_FAILURE, "don.xml");
}

static void missing_component_is_named(void **state)
{
    (void)state;
    seal();
    char *path = tp_path("don.xml");
    assert_int_equal(remove(path), 0);
    expect("manifest.json", INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, "don.xml");
    assert_int_equal(symlink("manifest.json", path), 0); /* a link is not the component */
    expect("manifest.json", INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, "don.xml");
    assert_int_equal(remove(path), 0);
    free(path);
}

static void changed_manifest_is_invalid(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    seal();
    char *path = tp_path("manifest.json");
    tp_read(path, &text);
    for (size_t i = 0; i < text.len; i += 7) {
        struct file_result f;
        struct context ctx = {.trust = &trust, .at = clock_now()};
        text.ptr[i] ^= 0x01;
        tp_write(path, buf_bytes(&text));
        assert_int_equal(verify_file(&ctx, path, NULL, &f), OK);
        assert_int_equal(f.findings.verdict, TOTAL_FAILED);
        file_result_free(&f);
        text.ptr[i] ^= 0x01;
    }
    free(path);
}

static void manifest_without_its_seal_cannot_be_decided(void **state)
{
    (void)state;
    seal();
    char *path = tp_path("manifest.json.p7s");
    assert_int_equal(remove(path), 0);
    expect("manifest.json", INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, "manifest.json.p7s");
    free(path);
}

static void unsigned_files_pass_only_for_a_valid_manifest_that_names_them(void **state)
{
    (void)state;
    seal();
    write_file("stranger.xml", "<z/>");
    static const char *const NAMES[] = {"manifest.json", "don.xml", "stranger.xml"};
    struct file_result f[3];
    struct context ctx = {.trust = &trust, .at = clock_now()};
    for (int changed = 0; changed < 2; changed++) {
        if (changed)
            write_file("tờ khai.pdf", "pdf!"); /* another component: the manifest as a whole fails */
        for (size_t i = 0; i < 3; i++) {
            char *path = tp_path(NAMES[i]);
            assert_int_equal(verify_file(&ctx, path, NULL, &f[i]), OK);
            free(path);
        }
        file_results_cover(f, 3);
        assert_int_equal(f[1].findings.verdict, changed ? TOTAL_FAILED : TOTAL_PASSED);
        assert_int_equal(f[2].findings.verdict, TOTAL_FAILED);
        for (size_t i = 0; i < 3; i++)
            file_result_free(&f[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_canonical),
        cmocka_unit_test(reading_gives_back_what_was_written),
        cmocka_unit_test(every_changed_byte_is_refused_or_other_content),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(incomplete_manifests_are_refused),
        cmocka_unit_test(sealed_dossier_with_all_components_is_valid),
        cmocka_unit_test(manifest_signed_by_a_citizen_is_not_sealed),
        cmocka_unit_test(organisation_that_signed_a_file_has_sealed_no_manifest),
        cmocka_unit_test(changed_component_is_named),
        cmocka_unit_test(missing_component_is_named),
        cmocka_unit_test(changed_manifest_is_invalid),
        cmocka_unit_test(manifest_without_its_seal_cannot_be_decided),
        cmocka_unit_test(unsigned_files_pass_only_for_a_valid_manifest_that_names_them),
    };
    return cmocka_run_group_tests_name("manifest", tests, trust_setup, trust_teardown);
}
