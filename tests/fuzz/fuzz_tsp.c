/* Timestamp queries from anybody (RFC 3161 §2.4.1): what is accepted is within its bounds. */
#include "signer/formats/tsp.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tsp_query q;
    AUTO_BUF reply = {0};
    err_t e = tsp_query_parse(BYTES(data, size), &q);
    if (e != OK) {
        MUST(tsp_reply_failure(e, &reply) == OK && reply.len > 0);
        return 0;
    }
    MUST(size <= TSP_QUERY_MAX && q.nonce_len <= sizeof q.nonce && memchr(q.policy, '\0', sizeof q.policy) != NULL);
    MUST(cms_hash_len(q.alg) <= sizeof q.imprint);
    return 0;
}
