/*
 * Any bytes as a manifest: what is read writes to the same bytes.
 * Built with clang -fsanitize=fuzzer,address,undefined.
 */
#include "signer/formats/manifest.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_MANIFEST m = {0};
    AUTO_BUF again = {0};
    struct bytes in = BYTES(data, size);
    if (manifest_read(in, &m) == OK && (manifest_write(&m, &again) != OK || !bytes_eq(buf_bytes(&again), in)))
        abort();
    return 0;
}
