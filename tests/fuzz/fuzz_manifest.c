/* A manifest that is read is written again byte for byte: there is one text for one manifest. */
#include "signer/formats/manifest.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_MANIFEST m = {0};
    AUTO_BUF text = {0};
    if (manifest_read(BYTES(data, size), &m) != OK)
        return 0;
    MUST(manifest_write(&m, &text) == OK);
    MUST(bytes_eq(buf_bytes(&text), BYTES(data, size)));
    return 0;
}
