/*
 * Any bytes as XML and as XML signatures: never a crash, never valid without a trust anchor, what is signed is always inside what was read.
 * Built with clang -fsanitize=fuzzer,address,undefined.
 */
#include "signer/formats/xades.h"
#include "signer/formats/xml.h"
#include "signer/verify/verify.h"
#include "tests/fuzz/fuzz.h"
#include <openssl/err.h>

static err_t feed(void *arg, const char *name, EVP_MD_CTX *ctx)
{
    (void)arg;
    return name[0] == 'x' ? ERR_NOT_FOUND : EVP_DigestUpdate(ctx, name, 1) == 1 ? OK : ERR_CRYPTO;
}
static const struct xades_files files = {.feed = feed};

static void take_apart(const struct xades_signature *s)
{
    AUTO_BUF octets = {0};
    struct bytes cert;
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    MUST(s->ref_n > 1); /* the content and its own properties at least: nothing else is a XAdES signature */
    for (size_t i = 0; i < s->ref_n; i++) {
        err_t e = xades_check_ref(&s->ref[i], &files);
        MUST(e != OK || s->ref[i].digest.len == cms_hash_len(s->ref[i].alg));
        MUST(s->ref[i].kind != XADES_FILE || (s->ref[i].name != NULL && utf8_valid(bytes_str(s->ref[i].name))));
        (void)!xades_ref_content(&s->ref[i], &octets);
    }
    (void)!xades_signer(s, &cert);
    for (size_t k = 0; k <= s->stamp_n; k++)
        (void)!xades_stamp_digest(s, k, CMS_SHA256, &files, digest, &n);
}

/* A document stays what it is around the place where a signature would go. */
static void open_end(struct bytes text)
{
    AUTO_XML doc = NULL;
    AUTO_BUF before = {0}, after = {0};
    if (xml_parse(text, &doc) != OK || xml_open_end(text, xmlDocGetRootElement(doc), &before, &after) != OK)
        return;
    AUTO_XML again = NULL;
    MUST(buf_add_str(&before, "<!-- -->") == OK && buf_add_bytes(&before, buf_bytes(&after)) == OK);
    MUST(xml_parse(buf_bytes(&before), &again) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trust none;
    struct context ctx = {.trust = &none, .at = 1795593600};
    struct file_result f;
    AUTO_XADES x = NULL;
    AUTO_BUF raised = {0};
    enum sig_level level;
    struct bytes in = BYTES(data, size);
    open_end(in);
    if (xades_open(in, &x) == OK) {
        MUST(xades_count(x) > 0);
        for (size_t i = 0; i < xades_count(x); i++)
            take_apart(xades_signature(x, i));
        MUST(xades_level(in, &level) == OK);
        MUST(xades_raise(in, LEVEL_B, &(struct xades_means){.files = &files}, &raised, &level) != OK || bytes_eq(buf_bytes(&raised), in));
    }
    verify_bytes(&ctx, in, BYTES(NULL, 0), &f);
    MUST(f.findings.verdict != TOTAL_PASSED);
    file_result_free(&f);
    ERR_clear_error(); /* else each input leaves something behind, and libFuzzer looks for leaks each time */
    return 0;
}
