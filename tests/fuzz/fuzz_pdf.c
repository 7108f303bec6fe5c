/* Foreign PDFs: refused with a reason, or signed by an increment after which the whole is still a PDF that qpdf reads without a word. */
#include "signer/formats/pades.h"
#include "signer/formats/pdf.h"
#include "tests/fuzz/fuzz.h"
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FD fd = memfd_create("fuzz", MFD_CLOEXEC);
    MUST(fd >= 0);
    if (write(fd, data, size) != (ssize_t)size || pdf_check(fd) != OK)
        return 0;
    AUTO_PADES p = {0};
    const struct pades_opts opts = {.name = "Nguyễn Văn A", .signing_time = 1795507200, .contents_room = 64};
    if (pades_prepare(fd, &opts, &p) != OK)
        return 0;
    MUST(p.base_size == size && p.byte_range[1] == p.contents_at && p.byte_range[2] == p.contents_at + p.contents_len);
    MUST(p.byte_range[2] + p.byte_range[3] == size + p.increment.len);
    MUST(write(fd, p.increment.ptr, p.increment.len) == (ssize_t)p.increment.len);
    MUST(pdf_check(fd) == OK);
    return 0;
}
