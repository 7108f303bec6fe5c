/*
 * ECDSA signatures between DER and fixed width.
 * Called by xades_sign.c, xades_check.c, jades_sign.c and jades_check.c. RFC 9231 §2.3.6, RFC 7518 §3.4.
 */
#include "signer/formats/raw_value.h"

#include "common/jose.h"
#include "common/x509_shared.h"

#define WIDTH_MAX 66 /* of P-521 */

static size_t width_of(const EVP_PKEY *key)
{
    return ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
}

err_t raw_value_of(const struct signing_key *key, struct bytes signature, struct buf *out)
{
    AUTO_X509 cert = NULL;
    uint8_t raw[2 * WIDTH_MAX];
    if (signature.len == 0)
        return ERR_CRYPTO;
    if (key->scheme != SIGN_ECDSA)
        return buf_copy(out, signature);
    TRY(x509_shared(key->cert, &cert));
    size_t width = width_of(X509_get0_pubkey(cert));
    if (width == 0 || width > WIDTH_MAX || ecdsa_der_to_raw(signature, width, raw) != OK)
        return ERR_CRYPTO;
    return buf_copy(out, BYTES(raw, 2 * width));
}

err_t raw_value_der(enum sign_scheme scheme, const EVP_PKEY *key, struct bytes raw, struct buf *der, struct bytes *view)
{
    *view = raw;
    if (scheme != SIGN_ECDSA)
        return OK;
    if (raw.len != 2 * width_of(key) || ecdsa_raw_to_der(raw, der) != OK)
        return ERR_BAD_SIGNATURE;
    *view = buf_bytes(der);
    return OK;
}
