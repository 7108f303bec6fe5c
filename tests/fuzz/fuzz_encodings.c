/* base64url, base64, hex, times: a strict decoder accepts exactly what its encoder writes. */
#include "common/clock.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

typedef err_t decode_fn(struct bytes in, uint8_t *out, size_t cap, size_t *len);
typedef void encode_fn(struct bytes in, char *out);

static void check(struct bytes in, decode_fn *decode, encode_fn *encode)
{
    uint8_t plain[1024];
    char text[2 * sizeof plain + 4];
    size_t n;
    if (decode(in, plain, sizeof plain, &n) != OK)
        return;
    encode(BYTES(plain, n), text);
    MUST(bytes_eq(in, BYTES_STR(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = BYTES(data, size);
    check(in, b64url_decode, b64url_encode);
    check(in, b64_decode, b64_encode);
    bool upper = false;
    for (size_t i = 0; i < size; i++)
        upper |= data[i] >= 'A' && data[i] <= 'F';
    if (!upper) /* hex is read in either case and written in lower */
        check(in, hex_decode, hex_encode);
    char text[64], out[CLOCK_RFC3339_LEN + 1];
    int64_t t, again;
    if (size < sizeof text && utf8_valid(in)) {
        memcpy(text, data, size);
        text[size] = '\0';
        if (clock_parse_rfc3339(text, &t) == OK) {
            clock_rfc3339(t, out);
            MUST(clock_parse_rfc3339(out, &again) == OK && again == t);
        }
    }
    return 0;
}
