/*
 * What one signer of a SignedData proves: which content, by which certificate, with which value. Questions of trust and time are for others: end (see
 * algorithm.h) tells until when the algorithms are believed.
 * Called by signer/verify and antin-sign's time-stamping client. RFC 5652 §5.4, §5.6, §11; RFC 5035 §3, §5; ETSI EN 319 122-1 §5.2.2.
 */
#ifndef ANTIN_FORMATS_SIGNER_PROOF_H
#define ANTIN_FORMATS_SIGNER_PROOF_H

#include "signer/formats/algorithm.h"
#include "signer/formats/covered.h"
#include "signer/formats/signed_data.h"

/* RFC 5652 §11.1, §11.4: a signature says what kind of content it is over; one over another signature (NULL) must not. */
bool signer_declares(const struct signer_info *si, const char *content_type);
/* Is the message-digest attribute that of this content by md (the signer's digestAlgorithm)? ERR_SYNTAX: no such attribute; ERR_BAD_SIGNATURE: it is not. */
err_t signer_covers(const struct signer_info *si, const struct covered *content, const EVP_MD *md) MUST_USE;
/*
 * Does the signing-certificate-v2 attribute name this certificate, so that no other one for the same key can take its place? old: the SHA-1 attribute
 * will do where the new one is not (RFC 3161; a second pre-image, not a collision, would be needed to cheat with it). ERR_NOT_FOUND: there is none;
 * ERR_SYNTAX: twice; ERR_CONFLICT: it names another, or by a digest that is not accepted.
 */
err_t signer_names(const struct signer_info *si, X509 *cert, bool old, struct algorithm_end *end) MUST_USE;
/*
 * Is the value a signature over the attributes by this certificate's key? ERR_UNSUPPORTED: key or algorithm is not accepted, its name in name;
 * ERR_BAD_SIGNATURE.
 */
err_t signer_value(const struct signer_info *si, X509 *cert, const EVP_MD *md, char name[ALGORITHM_NAME_CAP],
                   struct algorithm_end *end) MUST_USE;

#endif
