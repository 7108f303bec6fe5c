/*
 * Any bytes as a CMS signature or timestamp over given content: never a crash, never valid without a trust anchor.
 * Built with clang -fsanitize=fuzzer,address,undefined.
 */
#include "signer/verify/show.h"
#include "signer/verify/verify.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever was found can be shown. */
static void show(const struct file_result *f)
{
    AUTO_BUF text = {0}, json = {0};
    struct file_result named = *f;
    named.path = (char *)(uintptr_t) "fuzz";
    if (show_text(&named, 1, LANG_VI, &text) != OK || show_json(&named, 1, 1795593600, &json) != OK)
        abort();
    if (!utf8_valid(buf_bytes(&text)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trust none;
    struct context ctx = {.trust = &none, .at = 1795593600};
    struct file_result f;
    verify_bytes(&ctx, BYTES(data, size), BYTES("content", 7), &f);
    if (f.findings.verdict == TOTAL_PASSED)
        abort();
    show(&f);
    file_result_free(&f);
    return 0;
}
