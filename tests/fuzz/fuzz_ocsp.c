/*
 * Any bytes as an OCSP request: one of the named failures, or a request that makes sense.
 * Built with clang -fsanitize=fuzzer,address,undefined.
 */
#include "signer/formats/ocsp_server.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ocsp_query q;
    AUTO_BUF reply = {0};
    err_t e = ocsp_query_parse(BYTES(data, size), &q);
    if (e == OK && (q.n == 0 || q.n > OCSP_IDS_MAX || q.nonce_len > sizeof q.nonce))
        abort();
    for (size_t i = 0; e == OK && i < q.n; i++)
        if (ocsp_hash_len(q.id[i].hash) == 0 || q.id[i].serial_len == 0 || q.id[i].serial_len > OCSP_SERIAL_MAX)
            abort();
    if (e != OK && e != ERR_OCSP_REQUEST && e != ERR_OCSP_HASH)
        abort();
    if (e != OK && ocsp_reply_failure(e, &reply) != OK)
        abort();
    return 0;
}
