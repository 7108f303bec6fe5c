/* Key sets and tokens from outside. Nobody here has the private key of what is parsed: a token that verifies is a finding. */
#include "common/jose.h"
#include "tests/fuzz/fuzz.h"

/* RFC 7515 appendix A.3: its example signature verifies, so its payload is not used here; only the key is. */
static const char known[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"kid\":\"k\","
                            "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct jwks keys;
    if (keys.n == 0) {
        AUTO_JSON j = NULL;
        MUST(json_parse(BYTES_STR(known), sizeof known, &j) == OK && jwks_parse(j, &keys) == OK && keys.n == 1);
    }
    AUTO_JSON claims = NULL;
    AUTO_JSON set = NULL;
    MUST(jwt_verify(BYTES(data, size), &keys, NULL, &claims) != OK);
    struct jwks other = {0};
    if (json_parse(BYTES(data, size), 65536, &set) == OK && jwks_parse(set, &other) == OK)
        MUST(other.n <= JWKS_MAX);
    jwks_free(&other);
    return 0;
}
