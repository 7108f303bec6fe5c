/*
 * Every key, scheme and digest that may sign, in every format: signed, verified, and each combination that a format has no name for refused.
 * ETSI TS 119 312; RFC 5754, RFC 8419 (CMS); RFC 9231 (XML); RFC 7518, RFC 8037 (JOSE).
 */
#include "tests/unit/testtrust.h"
#include "tests/unit/testpdf.h"
#include "tests/unit/unit.h"
#include "signer/formats/algorithm.h"
#include "signer/formats/asic.h"
#include "signer/formats/jades.h"
#include "signer/formats/pades_sign.h"
#include "signer/verify/verify.h"

#define CONTENT "{\"nội dung\": 1}"
#define SHA2 (1u << CMS_SHA256 | 1u << CMS_SHA384 | 1u << CMS_SHA512)
#define SHA3 (1u << CMS_SHA3_256 | 1u << CMS_SHA3_384 | 1u << CMS_SHA3_512)
#define ALL (SHA2 | SHA3)
#define ONLY(h) (1u << (h))

/* Digests, by bit: those of CMS; of XML; of JOSE. */
static const struct {
    enum tp_key key;
    enum sign_scheme scheme;
    unsigned cms, xml, jose;
    const char *name;
} CASES[] = {
    {TP_P256, SIGN_ECDSA, ALL, ALL, ONLY(CMS_SHA256), "ECDSA P-256"},
    {TP_P384, SIGN_ECDSA, ALL, ALL, ONLY(CMS_SHA384), "ECDSA P-384"},
    {TP_P521, SIGN_ECDSA, ALL, ALL, ONLY(CMS_SHA512), "ECDSA P-521"},
    {TP_RSA2048, SIGN_RSA_PKCS1, ALL, SHA2, SHA2, "RSA 2048 PKCS#1 v1.5"},
    {TP_RSA2048, SIGN_RSA_PSS, ALL, ALL, SHA2, "RSA 2048 PSS"},
    {TP_PSS2048, SIGN_RSA_PSS, ALL, ALL, SHA2, "RSA 2048 PSS alone"},
    {TP_RSA3072, SIGN_RSA_PKCS1, ALL, SHA2, SHA2, "RSA 3072 PKCS#1 v1.5"},
    {TP_RSA3072, SIGN_RSA_PSS, ALL, ALL, SHA2, "RSA 3072 PSS"},
    {TP_RSA4096, SIGN_RSA_PKCS1, ALL, SHA2, SHA2, "RSA 4096 PKCS#1 v1.5"},
    {TP_RSA4096, SIGN_RSA_PSS, ALL, ALL, SHA2, "RSA 4096 PSS"},
    {TP_ED25519, SIGN_ED25519, ONLY(CMS_SHA512), ONLY(CMS_SHA512), ONLY(CMS_SHA512), "Ed25519"},
};
#define CASE_N (sizeof CASES / sizeof *CASES)
#define KEY_N (TP_ED25519 + 1)

static struct tp_id id[KEY_N]; /* one for each kind of key, made once */

static int setup(void **state)
{
    (void)trust_setup(state);
    trust_crls();
    for (size_t i = 0; i < CASE_N; i++) {
        if (id[CASES[i].key].key == NULL)
            tp_issue(&id[CASES[i].key],
                     &(struct tp_spec){.cn = CASES[i].name, .profile = TP_CITIZEN, .issuer = &pki.ca, .key = CASES[i].key});
    }
    return 0;
}

static int teardown(void **state)
{
    for (size_t i = 0; i < KEY_N; i++)
        tp_free(&id[i]);
    return trust_teardown(state);
}

/* --- the formats: each signs and tells what a verifier is to be given --- */

static const struct covered content = {{{(const uint8_t *)CONTENT, sizeof CONTENT - 1}}};

typedef err_t sign_fn(const struct signing_key *key, struct buf *out);

static err_t cades(const struct signing_key *key, struct buf *out)
{
    return cades_sign(&content, &(struct cades_opts){.signing_time = clock_now()}, key, out);
}

static err_t pades(const struct signing_key *key, struct buf *out)
{
    char *path = tp_path("work.pdf");
    testpdf_make(&(struct testpdf_spec){0}, out);
    tp_write(path, buf_bytes(out));
    AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
    err_t e = pades_sign(fd, &(struct pades_opts){.signing_time = clock_now()}, key, NULL);
    tp_read(path, out);
    free(path);
    return e;
}

static err_t xades(const struct signing_key *key, struct buf *out)
{
    return xades_sign_enveloping(content.part[0], &(struct xades_opts){.signing_time = clock_now()}, key, out);
}

static err_t jades(const struct signing_key *key, struct buf *out)
{
    return jades_sign(content.part[0], &(struct jades_opts){.signing_time = clock_now(), .form = JADES_FLATTENED}, key, out);
}

static const struct asic_file file = {
    .name = "a.json", .media_type = "application/json", .content = {(const uint8_t *)CONTENT, sizeof CONTENT - 1}};

static err_t asic_with_cades(const struct signing_key *key, struct buf *out)
{
    return asic_sign_cades(&file, 1, &(struct asic_opts){ASIC_E, clock_now()}, key, &(struct zip_sink){zip_to_buf, out});
}

static err_t asic_with_xades(const struct signing_key *key, struct buf *out)
{
    return asic_sign_xades(&file, 1, &(struct asic_opts){ASIC_E, clock_now()}, key, &(struct zip_sink){zip_to_buf, out});
}

/* --- one combination --- */

static bool valid(const struct buf *made, bool detached)
{
    struct file_result f;
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &trust, .at = clock_now(), .memory = &memory};
    verify_bytes(&ctx, buf_bytes(made), detached ? content.part[0] : (struct bytes){0}, &f);
    bool passed = f.findings.verdict == TOTAL_PASSED && f.signature_n == 1;
    for (size_t k = 0; k < f.signature_n && !passed; k++)
        for (size_t i = 0; i < f.signature[k].findings.n; i++)
            print_message("%s: %s\n", note_text(f.signature[k].findings.item[i].note, LANG_EN), f.signature[k].findings.item[i].detail);
    file_result_free(&f);
    return passed;
}

static void one(size_t i, enum cms_hash hash, sign_fn *sign, bool detached, bool named)
{
    struct hall m;
    AUTO_BUF made = {0};
    struct tp_id who = id[CASES[i].key];
    who.pss = CASES[i].scheme == SIGN_RSA_PSS;
    err_t e = sign(key_of(&m, &who, hash, CASES[i].scheme), &made);
    if (e != (named ? OK : ERR_ALGORITHM))
        fail_msg("%s with digest %d: %s", CASES[i].name, (int)hash, err_info(e)->name);
    if (named && !valid(&made, detached))
        fail_msg("%s with digest %d is not valid", CASES[i].name, (int)hash);
}

static void every_combination(sign_fn *sign, bool detached, size_t names)
{
    for (size_t i = 0; i < CASE_N; i++) {
        const unsigned by_format[] = {CASES[i].cms, CASES[i].xml, CASES[i].jose};
        for (enum cms_hash h = CMS_SHA256; h <= CMS_SHA3_512; h++)
            one(i, h, sign, detached, (by_format[names] & ONLY(h)) != 0);
    }
}

static void cades_signs_with_each(void **state)
{
    (void)state;
    every_combination(cades, true, 0);
}

static void pades_signs_with_each(void **state)
{
    (void)state;
    every_combination(pades, false, 0);
}

static void xades_signs_with_each_that_has_a_name(void **state)
{
    (void)state;
    every_combination(xades, false, 1);
}

static void jades_signs_with_each_that_has_a_name(void **state)
{
    (void)state;
    every_combination(jades, false, 2);
}

static void containers_sign_with_each(void **state)
{
    (void)state;
    every_combination(asic_with_cades, false, 0);
    every_combination(asic_with_xades, false, 1);
}

/* A scheme that is not the key's. */
static void schemes_of_other_keys_are_refused(void **state)
{
    (void)state;
    static sign_fn *const SIGN[] = {cades, pades, xades, jades, asic_with_cades, asic_with_xades};
    static const struct {
        enum tp_key key;
        enum sign_scheme scheme;
    } WRONG[] = {{TP_P256, SIGN_RSA_PKCS1},  {TP_P256, SIGN_ED25519},  {TP_RSA2048, SIGN_ECDSA},
                 {TP_RSA2048, SIGN_ED25519}, {TP_ED25519, SIGN_ECDSA}, {TP_PSS2048, SIGN_RSA_PKCS1}};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        for (size_t f = 0; f < sizeof SIGN / sizeof *SIGN; f++) {
            struct hall m;
            AUTO_BUF made = {0};
            assert_err(SIGN[f](key_of(&m, &id[WRONG[i].key], CMS_SHA512, WRONG[i].scheme), &made), ERR_ALGORITHM);
        }
    }
}

/* A weak key signs in no format, whatever its certificate says. */
static void weak_keys_sign_in_no_format(void **state)
{
    (void)state;
    static sign_fn *const SIGN[] = {cades, pades, xades, jades, asic_with_cades, asic_with_xades};
    struct tp_id weak = {0};
    tp_issue(&weak, &(struct tp_spec){.cn = "Weak", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = TP_RSA1024});
    for (size_t f = 0; f < sizeof SIGN / sizeof *SIGN; f++) {
        struct hall m;
        AUTO_BUF made = {0};
        assert_err(SIGN[f](key_of(&m, &weak, CMS_SHA256, SIGN_RSA_PKCS1), &made), ERR_ALGORITHM);
    }
    tp_free(&weak);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cades_signs_with_each),
        cmocka_unit_test(pades_signs_with_each),
        cmocka_unit_test(xades_signs_with_each_that_has_a_name),
        cmocka_unit_test(jades_signs_with_each_that_has_a_name),
        cmocka_unit_test(containers_sign_with_each),
        cmocka_unit_test(schemes_of_other_keys_are_refused),
        cmocka_unit_test(weak_keys_sign_in_no_format),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
