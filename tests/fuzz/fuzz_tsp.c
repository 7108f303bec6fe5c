/*
 * Any bytes as a time-stamp query: one of the named failures, or a query that makes sense.
 * Built with clang -fsanitize=fuzzer,address,undefined.
 */
#include "signer/formats/tsp.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tsp_query q;
    AUTO_BUF reply = {0};
    err_t e = tsp_query_parse(BYTES(data, size), &q);
    if (e == OK && (q.alg > CMS_SHA512 || q.nonce_len > sizeof q.nonce || strlen(q.policy) >= sizeof q.policy))
        abort();
    if (e != OK && (e < ERR_TSP_FORMAT || e > ERR_TSP_EXTENSION))
        abort();
    if (e != OK && tsp_reply_failure(e, &reply) != OK)
        abort();
    return 0;
}
