/*
 * NIST's path validation test suite through the verifier's own path building and revocation check. RFC 5280 §6.
 * The files are not carried along: read from the folder named by CORPORA, skipped where it is absent.
 */
#include "tests/unit/unit.h"

#include "common/clock.h"
#include "common/json.h"
#include "signer/verify/path.h"
#include "signer/verify/revocation.h"

static const char *corpora(void)
{
    const char *dir = getenv("CORPORA");
    return dir != NULL ? dir : "../shared/corpora";
}

static X509 *load_cert(const char *name)
{
    char path[512];
    X509 *cert = NULL;
    snprintf(path, sizeof path, "%s/pkits/certs/%s", corpora(), name);
    assert_ok(x509_load(path, &cert));
    return cert;
}

static void load_crl(const char *name, STACK_OF(X509_CRL) *crls)
{
    char path[512];
    AUTO_X509_STACK certs = NULL;
    STACK_OF(X509_CRL) *one = NULL;
    snprintf(path, sizeof path, "%s/pkits/crls/%s", corpora(), name);
    if (x509_bundle_load(path, &certs, &one) == OK)
        sk_X509_CRL_push(crls, sk_X509_CRL_pop(one));
    sk_X509_CRL_free(one);
}

/* Does the case ask for something that a verifier of documents does not: an initial policy set or flag that makes the path invalid? */
static bool needs_policy_inputs(const json_t *test)
{
    return json_object_size(json_object_get(test, "params")) > 0;
}

static enum verdict verdict_of(const json_t *test, const struct trust *trust)
{
    size_t i;
    json_t *name;
    struct findings f = {0};
    struct path path;
    struct revocation_facts leaf;
    STACK_OF(X509) *certs = sk_X509_new_null();
    STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
    json_array_foreach(json_object_get(test, "other_certs"), i, name) sk_X509_push(certs, load_cert(json_string_value(name)));
    json_array_foreach(json_object_get(test, "crls"), i, name) load_crl(json_string_value(name), crls);
    load_crl("TrustAnchorRootCRL.crl", crls);
    struct evidence ev = {.certs = {certs}, .crls = {crls}, .n = 1};
    struct context ctx = {.trust = trust, .at = 1795593600};
    X509 *cert = load_cert(json_string_value(json_object_get(test, "cert")));
    path_build(&ctx, &ev, cert, PURPOSE_SIGNER, ctx.at, false, &path, &f);
    if (path.chain != NULL)
        revocation_check(&ctx, &ev, path.chain, PURPOSE_SIGNER, ctx.at, &leaf, &f);
    for (size_t k = 0; k < f.n && getenv("VERBOSE") != NULL; k++)
        print_message("    %s: %s\n", note_text(f.item[k].note, LANG_EN), f.item[k].detail);
    path_free(&path);
    X509_free(cert);
    x509_stack_free(&certs);
    x509_crl_stack_free(&crls);
    return f.verdict;
}

static void no_invalid_path_passes(void **state)
{
    (void)state;
    char path[512];
    size_t i, passed = 0, refused = 0, undecided = 0;
    json_t *test;
    struct trust trust;
    snprintf(path, sizeof path, "%s/pkits/cases.json", corpora());
    if (access(path, R_OK) != 0)
        skip();
    AUTO_JSON cases = json_load_file(path, 0, NULL);
    assert_ok(trust_new(&trust));
    snprintf(path, sizeof path, "%s/pkits/certs/TrustAnchorRootCertificate.crt", corpora());
    assert_ok(trust_load(&trust, path));
    json_array_foreach(cases, i, test)
    {
        const char *id = json_string_value(json_object_get(test, "id")), *name = json_string_value(json_object_get(test, "name"));
        bool valid = strcmp(json_string_value(json_object_get(test, "expect")), "valid") == 0;
        if (getenv("VERBOSE") != NULL)
            print_message("%s %s: %s\n", id, name, valid ? "valid" : "invalid");
        enum verdict v = verdict_of(test, &trust);
        if (!valid && v == TOTAL_PASSED && !needs_policy_inputs(test))
            fail_msg("%s %s passes", id, name);
        if (valid && v != TOTAL_PASSED)
            print_message("%s %s: %s\n", id, name, verdict_name(v));
        passed += valid && v == TOTAL_PASSED;
        undecided += valid && v != TOTAL_PASSED;
        refused += !valid && v != TOTAL_PASSED;
    }
    print_message("valid: %zu pass, %zu undecided; invalid: %zu do not pass\n", passed, undecided, refused);
    assert_true(passed >= 80); /* the others are DSA, CRLs by other issuers, relative distribution points, CAs as signers */
    trust_free(&trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_invalid_path_passes)};
    return cmocka_run_group_tests_name("pkits", tests, NULL, NULL);
}
