/*
 * Nesting ten thousand deep in every format that nests: the reader answers, and its stack holds.
 * RFC 5652, RFC 4998, RFC 6960 (DER); XML 1.0; RFC 8259.
 */
#include "tests/unit/testhand.h"
#include "tests/unit/testxml.h"
#include "tests/unit/unit.h"
#include "signer/formats/asic.h"
#include "signer/formats/ers.h"
#include "signer/formats/jades.h"
#include "signer/formats/ocsp_client.h"
#include "signer/formats/tsp.h"
#include "signer/verify/verify.h"
#include <pthread.h>

#define DEEP 10000
#define STACK (512u << 10) /* a thread of signerd has no more */

static struct trust trust;

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    ts_pki_make(&pki);
    assert_ok(trust_new(&trust));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    trust_free(&trust);
    ts_pki_free(&pki);
    tp_cleanup();
    return 0;
}

static void put_times(struct buf *b, const char *text, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        assert_ok(buf_add_str(b, text));
}

/* On a small stack: what recurses once for each level ends there. */
static void *on_small_stack(void *arg)
{
    struct buf *b = arg;
    struct file_result f;
    verify_bytes(&(struct context){.trust = &trust, .at = 1795593600}, buf_bytes(b), BYTES("content", 7), &f);
    bool passed = f.findings.verdict == TOTAL_PASSED;
    file_result_free(&f);
    return passed ? b : NULL;
}

static void never_valid(struct buf *b)
{
    pthread_t t;
    pthread_attr_t a;
    void *passed = b;
    assert_int_equal(pthread_attr_init(&a), 0);
    assert_int_equal(pthread_attr_setstacksize(&a, STACK), 0);
    assert_int_equal(pthread_create(&t, &a, on_small_stack, b), 0);
    assert_int_equal(pthread_join(t, &passed), 0);
    pthread_attr_destroy(&a);
    assert_null(passed);
}

/* --- XML --- */

static void xml(void **state)
{
    (void)state;
    static const struct {
        const char *open, *close;
    } SHAPES[] = {{"<a>", "</a>"}, {"<a xmlns='urn:a'>", "</a>"}, {"<a xmlns:b='urn:b'><b:c>", "</b:c></a>"}};
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        struct hall m;
        AUTO_BUF b = {0}, out = {0};
        put_times(&b, SHAPES[i].open, DEEP);
        put_times(&b, SHAPES[i].close, DEEP);
        assert_err(xades_sign_enveloped(buf_bytes(&b), &(struct xades_opts){.signing_time = 1},
                                        key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &out),
                   ERR_TOO_LARGE);
        never_valid(&b);
    }
}

/* Around, behind and inside of a signature that is good in itself. */
static void xml_around_a_signature(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF signature = {0};
    tx_sign(TX_ENVELOPING, key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &signature);
    const char *body = strstr(buf_str(&signature), "<ds:Signature");
    assert_non_null(body);
    static const char *const PLACES[][2] = {{"<a>", "</a>"},
                                            {"<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'>", "</ds:Signature>"}};
    for (size_t i = 0; i < 2; i++) {
        AUTO_BUF b = {0};
        put_times(&b, PLACES[i][0], DEEP);
        assert_ok(buf_add_str(&b, body));
        put_times(&b, PLACES[i][1], DEEP);
        never_valid(&b);
    }
}

/* Any DOCTYPE, also one without a word in it, for whoever signs and whoever verifies. */
static void no_doctype_gets_past_a_signer_or_verifier(void **state)
{
    (void)state;
    static const char *const DOCTYPES[] = {
        "<!DOCTYPE a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE a PUBLIC '-//X//Y' 'http://localhost/x'>",
        "<!DOCTYPE a [ ]>",
        "<!DOCTYPE a [ <!ENTITY b SYSTEM 'file:///etc/passwd'> ]>",
        "<!DOCTYPE a [ <!ENTITY b 'c'> <!ENTITY d '&b;&b;&b;&b;'> ]>",
        "<!DOCTYPE a [ <!ENTITY % p SYSTEM 'http://localhost/x'> %p; ]>",
        "<!DOCTYPE a [ <!ATTLIST a Id ID 'x'> ]>",
    };
    for (size_t i = 0; i < sizeof DOCTYPES / sizeof *DOCTYPES; i++) {
        struct hall m;
        AUTO_BUF b = {0}, out = {0}, signature = {0};
        const struct signing_key *key = key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA);
        assert_ok(buf_addf(&b, "<?xml version=\"1.0\"?>%s<a>x</a>", DOCTYPES[i]));
        assert_err(xades_sign_enveloped(buf_bytes(&b), &(struct xades_opts){.signing_time = 1}, key, &out), ERR_XML_DOCTYPE);
        tx_sign(TX_ENVELOPED, key, &signature);
        const char *root = strstr(buf_str(&signature), "<to-khai");
        assert_non_null(root);
        b.len = 0;
        assert_ok(buf_addf(&b, "<?xml version=\"1.0\"?>%s%s", DOCTYPES[i], root));
        struct file_result f;
        verify_bytes(&(struct context){.trust = &trust, .at = 1795593600}, buf_bytes(&b), BYTES(NULL, 0), &f);
        assert_int_equal(f.findings.verdict, TOTAL_FAILED);
        assert_int_equal(f.findings.sub, SUB_FORMAT_FAILURE);
        assert_string_equal(f.findings.item[0].detail, "xml_doctype");
        file_result_free(&f);
    }
}

/* --- JSON --- */

static void json(void **state)
{
    (void)state;
    static const struct {
        const char *open, *inside, *close;
    } SHAPES[] = {{"[", "1", "]"}, {"{\"a\":", "1", "}"}, {"{\"header\":", "{}", "}"}};
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        AUTO_BUF deep = {0}, b = {0};
        AUTO_JADES j = NULL;
        put_times(&deep, SHAPES[i].open, DEEP);
        assert_ok(buf_add_str(&deep, SHAPES[i].inside));
        put_times(&deep, SHAPES[i].close, DEEP);
        assert_ok(buf_addf(&b, "{\"payload\":\"YQ\",\"protected\":\"e30\",\"signature\":\"YQ\",\"header\":%s}", buf_str(&deep)));
        assert_true(jades_open(buf_bytes(&b), &j) != OK);
        never_valid(&b);
        b.len = 0;
        AUTO_BUF b64 = {0};
        assert_ok(buf_reserve(&b64, 2 * deep.len + 8));
        b64url_encode(buf_bytes(&deep), (char *)b64.ptr);
        assert_ok(buf_addf(&b, "{\"payload\":\"YQ\",\"protected\":\"%s\",\"signature\":\"YQ\"}", (char *)b64.ptr));
        assert_true(jades_open(buf_bytes(&b), &j) != OK);
        never_valid(&b);
    }
}

/* --- DER --- */

/* So deep an element of this tag; each inside of the last. Lengths of one size. */
static void nest(uint8_t tag, unsigned deep, struct buf *out)
{
    for (unsigned i = 0; i < deep; i++) {
        uint32_t left = (deep - 1 - i) * 5;
        assert_ok(buf_add(out, (uint8_t[]){tag, 0x83, (uint8_t)(left >> 16), (uint8_t)(left >> 8), (uint8_t)left}, 5));
    }
}

static void der(void **state)
{
    (void)state;
    static const uint8_t TAGS[] = {0x30, 0x31, 0xa0, 0xa2, 0x24};
    for (size_t i = 0; i < sizeof TAGS; i++) {
        AUTO_BUF b = {0};
        AUTO_OCSP_ANSWER a = {0};
        struct tsp_query q;
        static struct ers_record r;
        nest(TAGS[i], DEEP, &b);
        assert_true(ers_record_read(buf_bytes(&b), &r) != OK);
        assert_true(tsp_query_parse(buf_bytes(&b), &q) != OK);
        assert_true(ocsp_read(buf_bytes(&b), pki.citizen.cert, pki.ca.cert, &a) != OK);
        never_valid(&b);
    }
}

/* In the place of each attribute's value: the reader of attributes steps, it does not dive. */
static void der_inside_of_a_signature(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF cms = {0}, deep = {0}, out = {0};
    const struct covered content = {{{(const uint8_t *)"content", 7}}};
    assert_ok(
        cades_sign(&content, &(struct cades_opts){.signing_time = 1795593600}, key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &cms));
    nest(0x30, DEEP, &deep);
    for (size_t i = 0; i + 2 < cms.len; i += 97) { /* anywhere: all but the outermost lengths become wrong */
        out.len = 0;
        assert_ok(buf_add(&out, cms.ptr, i));
        assert_ok(buf_add_bytes(&out, buf_bytes(&deep)));
        assert_ok(buf_add(&out, cms.ptr + i, cms.len - i));
        never_valid(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml),
        cmocka_unit_test(xml_around_a_signature),
        cmocka_unit_test(no_doctype_gets_past_a_signer_or_verifier),
        cmocka_unit_test(json),
        cmocka_unit_test(der),
        cmocka_unit_test(der_inside_of_a_signature),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
