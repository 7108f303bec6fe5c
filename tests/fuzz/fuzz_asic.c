/*
 * Any bytes as an archive and as a signature container: never a crash, every entry within the archive, never valid without a trust anchor.
 * Built with clang -fsanitize=fuzzer,address,undefined.
 */
#include "signer/formats/asic.h"
#include "signer/verify/verify.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const struct zip *z)
{
    for (size_t i = 0; i < z->n; i++) {
        AUTO_BUF own = {0};
        struct bytes view;
        if (!zip_name_valid(z->entry[i].name))
            abort();
        if (zip_read(&z->entry[i], 1 << 20, &own, &view) == OK && view.len != z->entry[i].size)
            abort();
    }
}

/* What was read is written to what is read the same. */
static void write_again(const struct zip *z)
{
    AUTO_BUF out = {0};
    AUTO_ZIP_WRITER w = {.sink = {zip_to_buf, &out}};
    AUTO_ZIP again = {0};
    for (size_t i = 0; i < z->n; i++) {
        if (zip_add_same(&w, &z->entry[i]) != OK)
            abort();
    }
    if (zip_finish(&w) != OK || zip_open(buf_bytes(&out), &again) != OK || again.n != z->n)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trust none;
    struct context ctx = {.trust = &none, .at = 1795593600};
    struct file_result f;
    AUTO_ZIP z = {0};
    AUTO_ASIC_MANIFEST m = {0};
    if (zip_open(BYTES(data, size), &z) == OK) {
        read_all(&z);
        write_again(&z);
    }
    (void)!asic_manifest_read(BYTES(data, size), &m);
    verify_bytes(&ctx, BYTES(data, size), BYTES(NULL, 0), &f);
    if (f.findings.verdict == TOTAL_PASSED)
        abort();
    file_result_free(&f);
    return 0;
}
