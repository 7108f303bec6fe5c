/*
 * Any bytes as a PDF: checked for signing, prepared, and verified; never a crash, never valid (no seed is signed under the empty trust).
 * Built with clang -fsanitize=fuzzer,address,undefined; corpus: tests/vectors.
 */
#include "common/secret.h"
#include "signer/formats/pades.h"
#include "signer/formats/pdf.h"
#include "signer/verify/verify.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void prepare(struct bytes in)
{
    AUTO_PADES prepared = {0};
    AUTO_FD fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, in.ptr, in.len) != (ssize_t)in.len)
        return;
    err_t check = pdf_check(fd), e = pades_prepare(fd, &(struct pades_opts){.signing_time = 1795593600, .contents_room = 64}, &prepared);
    if (e == OK && (check != OK || prepared.base_size != in.len || prepared.increment.len == 0))
        abort();
    if (e == OK && pades_fill(&prepared, BYTES("\x30\x03\x02\x01\x05", 5)) != OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trust none;
    struct context ctx = {.trust = &none, .at = 1795593600};
    struct file_result f;
    struct bytes in = BYTES(data, size);
    prepare(in);
    verify_bytes(&ctx, in, BYTES(NULL, 0), &f);
    if (f.findings.verdict == TOTAL_PASSED)
        abort();
    file_result_free(&f);
    return 0;
}
