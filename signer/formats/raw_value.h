/*
 * Signature values as XML and JSON have them: of ECDSA both numbers side by side, each as wide as the curve's field; others as they are.
 * Used by xades and jades. RFC 9231 §2.3.6, RFC 7518 §3.4.
 */
#ifndef ANTIN_FORMATS_RAW_VALUE_H
#define ANTIN_FORMATS_RAW_VALUE_H

#include "signer/formats/signing.h"

/* Of what key->sign gave. ERR_CRYPTO: it is not a signature of this key. Replaces the contents of out. */
err_t raw_value_of(const struct signing_key *key, struct bytes signature, struct buf *out) MUST_USE;
/* Back, for algorithm_verify_scheme: *view is der or raw itself. ERR_BAD_SIGNATURE: not exactly twice the width of this key's field. */
err_t raw_value_der(enum sign_scheme scheme, const EVP_PKEY *key, struct bytes raw, struct buf *der, struct bytes *view) MUST_USE;

#endif
