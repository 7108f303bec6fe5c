/*
 * Any bytes as a JSON signature: never a crash, never valid without a trust anchor.
 * Built with clang -fsanitize=fuzzer,address,undefined.
 */
#include "signer/formats/jades.h"
#include "signer/verify/verify.h"
#include "tests/fuzz/fuzz.h"
#include <openssl/err.h>

static err_t feed(void *arg, const char *name, jades_take_fn *take_piece, void *to)
{
    (void)arg;
    return name[0] == 'x' ? ERR_NOT_FOUND : take_piece(to, BYTES("content", 7));
}
static const struct jades_files files = {.feed = feed};

static void take_apart(const struct jades_signature *s)
{
    AUTO_BUF content = {0};
    struct bytes cert;
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    for (size_t i = 0; i < s->ref_n; i++) {
        MUST(s->ref[i].name != NULL && utf8_valid(bytes_str(s->ref[i].name)));
        (void)!jades_check_ref(s, i, &files);
    }
    (void)!jades_content(s, &content);
    (void)!jades_signer(s, &cert);
    for (size_t k = 0; k <= s->stamp_n; k++)
        (void)!jades_stamp_digest(s, k, JADES_SIGNATURE_STAMP, CMS_SHA256, &files, digest, &n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trust none;
    struct context ctx = {.trust = &none, .at = 1795593600};
    struct file_result f;
    AUTO_JADES j = NULL;
    enum sig_level level;
    struct bytes in = BYTES(data, size);
    if (jades_open(in, &j) == OK) {
        MUST(jades_count(j) > 0);
        for (size_t i = 0; i < jades_count(j); i++)
            take_apart(jades_signature(j, i));
        MUST(jades_level(in, &level) == OK);
    }
    verify_bytes(&ctx, in, BYTES("content", 7), &f);
    MUST(f.findings.verdict != TOTAL_PASSED);
    file_result_free(&f);
    ERR_clear_error(); /* else each input leaves something behind, and libFuzzer looks for leaks each time */
    return 0;
}
