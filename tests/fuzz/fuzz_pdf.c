/*
 * Any bytes as a PDF: checked for signing, prepared, and verified; never a crash, never valid (no seed is signed under the empty trust).
 * Built with clang -fsanitize=fuzzer,address,undefined; corpus: tests/vectors.
 */
#include "common/secret.h"
#include "signer/formats/pades.h"
#include "signer/formats/pdf_active.h"
#include "signer/verify/verify.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A drawn page as look_draw makes them, without its fonts. */
static struct bytes drawn(void)
{
    static char pdf[512];
    if (pdf[0] == '\0') {
        int at[4], n = snprintf(pdf, sizeof pdf, "%%PDF-1.4\n");
        static const char *const OBJECTS[] = {"<< /Type /Catalog /Pages 2 0 R >>", "<< /Kids [ 3 0 R ] /Count 1 >>",
                                              "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 90 30 ] /Resources << >> /Contents 4 0 R >>",
                                              "<< /Length 0 >>\nstream\n\nendstream"};
        for (int i = 0; i < 4; i++) {
            at[i] = n;
            n += snprintf(pdf + n, sizeof pdf - (size_t)n, "%d 0 obj\n%s\nendobj\n", i + 1, OBJECTS[i]);
        }
        snprintf(pdf + n, sizeof pdf - (size_t)n,
                 "xref\n0 5\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n%010d 00000 n \n%010d 00000 n \ntrailer\n"
                 "<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n",
                 at[0], at[1], at[2], at[3], n);
    }
    return bytes_str(pdf);
}

static void prepare(struct bytes in, bool seen)
{
    AUTO_PADES prepared = {0};
    AUTO_FD fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, in.ptr, in.len) != (ssize_t)in.len)
        return;
    unsigned active = 0;
    const struct pdf_appearance a = {drawn(), 90, 30, "seen", {.where = PDF_AT_USUAL}};
    const struct pades_opts o = {.signing_time = 1795593600, .contents_room = 64, .accept = PDF_ACTIVE_ALL, .appearance = seen ? &a : NULL};
    err_t check = pdf_check(fd, &active), e = pades_prepare(fd, &o, &prepared);
    if (e == OK && (check != OK || prepared.base_size != in.len || prepared.increment.len == 0))
        abort();
    if (e == OK && active != 0 &&
        pades_prepare(fd, &(struct pades_opts){.signing_time = 1, .accept = ~active}, &(struct pades_prepared){0}) == OK)
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
    prepare(in, false);
    prepare(in, true);
    verify_bytes(&ctx, in, BYTES(NULL, 0), &f);
    if (f.findings.verdict == TOTAL_PASSED)
        abort();
    file_result_free(&f);
    return 0;
}
