/*
 * Any bytes as an OCSP response about a certificate: never a crash; and what is good in the seed stays good only as long as its signature does.
 * The input: issuer's and certificate's DER, each behind two bytes of length, and the response. Built with clang -fsanitize=fuzzer,address,undefined.
 */
#include "signer/formats/ocsp_client.h"
#include "tests/fuzz/fuzz.h"
#include <openssl/err.h>

/* Takes a piece with its length off the front; empty: there is none. */
static struct bytes piece(struct bytes *in)
{
    size_t n = in->len >= 2 ? (size_t)in->ptr[0] << 8 | in->ptr[1] : 0;
    if (n == 0 || in->len - 2 < n)
        return BYTES(NULL, 0);
    struct bytes out = BYTES(in->ptr + 2, n);
    *in = BYTES(in->ptr + 2 + n, in->len - 2 - n);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_X509 issuer = NULL;
    AUTO_X509 cert = NULL;
    AUTO_OCSP_ANSWER a = {0};
    AUTO_BUF request = {0};
    struct bytes in = BYTES(data, size), first = piece(&in), second = piece(&in);
    if (x509_from_der(first, &issuer) == OK && x509_from_der(second, &cert) == OK) {
        (void)!ocsp_request(cert, issuer, &request);
        MUST(ocsp_read(in, cert, issuer, &a) == OK || a.responder == NULL);
    }
    ERR_clear_error(); /* else each input leaves something behind, and libFuzzer looks for leaks each time */
    return 0;
}
