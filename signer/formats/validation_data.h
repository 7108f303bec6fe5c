/*
 * What a later verifier needs: certificates up to the anchors, CRLs and OCSP responses for each of them.
 * Collected by validation_collect.c from the certificates' own addresses; put into signatures by cades, pades and xades (levels LT and LTA).
 * RFC 5280 §4.2.1.13, §4.2.2.1; RFC 6960; ETSI EN 319 122-1 §5.4, EN 319 142-1 §5.4, EN 319 132-1 §5.4.
 */
#ifndef ANTIN_FORMATS_VALIDATION_DATA_H
#define ANTIN_FORMATS_VALIDATION_DATA_H

#include "common/x509.h"
#include "signer/formats/errors.h"

#define VDATA_MAX 64 /* of each kind */

/* Owns its members; none twice. OCSP: whole OCSPResponse, DER. */
struct validation_data {
    struct buf cert[VDATA_MAX], crl[VDATA_MAX], ocsp[VDATA_MAX];
    size_t cert_n, crl_n, ocsp_n;
};
/* Copied; one that is there already is left out. ERR_TOO_LARGE past VDATA_MAX. */
err_t vdata_add_cert(struct validation_data *v, struct bytes der) MUST_USE;
err_t vdata_add_crl(struct validation_data *v, struct bytes der) MUST_USE;
err_t vdata_add_ocsp(struct validation_data *v, struct bytes der) MUST_USE;
err_t vdata_merge(struct validation_data *v, const struct validation_data *from) MUST_USE;
void vdata_free(struct validation_data *v);
#define AUTO_VDATA AUTO(vdata_free) struct validation_data

enum vdata_kind { VDATA_ISSUER, VDATA_CRL, VDATA_OCSP };

/* Where to look: what is known beforehand, and a way to fetch. */
struct vdata_source {
    const struct bytes *cert; /* DER: anchors and intermediates that are known */
    size_t cert_n;
    const struct bytes *crl; /* DER: CRLs at hand, used while they are current */
    size_t crl_n;
    /* GET, or POST of body (OCSP). NULL: nothing is fetched. ERR_FORBIDDEN, ERR_TIMEOUT, ERR_TOO_LARGE, ERR_IO. */
    err_t (*get)(void *arg, enum vdata_kind kind, const char *url, struct bytes body, struct buf *out);
    void *arg;
    int64_t now;
    int64_t at; /* the time that is asked about: a certificate revoked after it does no harm; 0: now */
};

/*
 * Everything for one certificate: its path to a self-signed one, and for each below the anchor a good OCSP response (preferred) or CRL; the responder's
 * own too. ERR_CERT_PATH: no path; ERR_CERT_STATUS: nobody tells about one of them; ERR_CERT_REVOKED. What was found until then stays in out.
 */
err_t vdata_collect(const struct vdata_source *s, struct bytes cert, const struct bytes *others, size_t others_n,
                    struct validation_data *out) MUST_USE;

#endif
