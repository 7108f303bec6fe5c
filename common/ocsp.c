/*
 * The hashes of an issuer's name and key.
 * Called by keyd and by the signing daemon's OCSP responder. RFC 6960 §4.1.1.
 */
#include "common/ocsp.h"

#include <openssl/err.h>
#include <string.h>

static const struct {
    const char *oid, *name;
    size_t len;
} HASHES[OCSP_HASH_END] = {
    [OCSP_SHA1] = {"1.3.14.3.2.26", "SHA1", 20},
    [OCSP_SHA256] = {"2.16.840.1.101.3.4.2.1", "SHA256", 32},
    [OCSP_SHA384] = {"2.16.840.1.101.3.4.2.2", "SHA384", 48},
    [OCSP_SHA512] = {"2.16.840.1.101.3.4.2.3", "SHA512", 64},
};

size_t ocsp_hash_len(unsigned h)
{
    return h < OCSP_HASH_END ? HASHES[h].len : 0;
}

const char *ocsp_hash_oid(unsigned h)
{
    return h < OCSP_HASH_END ? HASHES[h].oid : NULL;
}

err_t ocsp_issuer_of(const X509 *ca, struct ocsp_issuer *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned h = OCSP_SHA1; h < OCSP_HASH_END; h++) {
        const EVP_MD *md = EVP_get_digestbyname(HASHES[h].name);
        if (md == NULL || X509_NAME_digest(X509_get_subject_name(ca), md, out->name[h], NULL) != 1 ||
            X509_pubkey_digest(ca, md, out->key[h], NULL) != 1) { /* of the BIT STRING's contents, without tag and length */
            ERR_clear_error();
            return ERR_CRYPTO;
        }
    }
    return OK;
}

bool ocsp_issuer_is(const struct ocsp_issuer *i, unsigned hash, const uint8_t name[OCSP_HASH_MAX], const uint8_t key[OCSP_HASH_MAX])
{
    return ocsp_hash_len(hash) > 0 && memcmp(i->name[hash], name, OCSP_HASH_MAX) == 0 && memcmp(i->key[hash], key, OCSP_HASH_MAX) == 0;
}
