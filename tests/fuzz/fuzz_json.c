/* Strict JSON: what is read can be written and read again, and canonical text has one form (RFC 8259, RFC 8785). */
#include "common/json.h"
#include "signer/formats/jcs.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_JSON j = NULL;
    AUTO_JSON again = NULL;
    AUTO_JSON canonical = NULL;
    if (json_parse(BYTES(data, size), 65536, &j) != OK)
        return 0;
    AUTO_BUF text = {0}, one = {0}, two = {0};
    MUST(json_text(j, &text) == OK);
    MUST(json_parse(buf_bytes(&text), text.len, &again) == OK && json_equal(j, again));
    if (jcs_write(j, &one) != OK)
        return 0;
    /* A float such as 6e20 is written without an exponent, and then is an integer past 2^53, which the reader refuses. */
    if (jcs_read(buf_bytes(&one), one.len, &canonical) != OK)
        return 0;
    MUST(jcs_write(canonical, &two) == OK && bytes_eq(buf_bytes(&one), buf_bytes(&two)));
    return 0;
}
