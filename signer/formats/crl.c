/*
 * Scope and entries of CRLs.
 * Called by validation_collect.c and signer/verify/revocation.c. RFC 5280 §5.2.5, §5.3, §6.3.3.
 */
#include "signer/formats/crl.h"

#include <openssl/x509v3.h>

static void idp_free(ISSUING_DIST_POINT **i)
{
    ISSUING_DIST_POINT_free(*i);
}

static void crldp_free(CRL_DIST_POINTS **c)
{
    CRL_DIST_POINTS_free(*c);
}

static bool names_meet(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(a); i++) {
        for (int k = 0; k < sk_GENERAL_NAME_num(b); k++) {
            if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, k)) == 0)
                return true;
        }
    }
    return false;
}

/* RFC 5280 §6.3.3 (b)(2)(i), by full names; names relative to the issuer are not followed. */
static bool point_matches(const DIST_POINT_NAME *point, const X509 *cert)
{
    if (point->type != 0)
        return false;
    AUTO(crldp_free) CRL_DIST_POINTS *own = X509_get_ext_d2i(cert, NID_crl_distribution_points, NULL, NULL);
    for (int i = 0; i < sk_DIST_POINT_num(own); i++) {
        const DIST_POINT *d = sk_DIST_POINT_value(own, i);
        if (d->distpoint != NULL && d->distpoint->type == 0 && names_meet(point->name.fullname, d->distpoint->name.fullname))
            return true;
    }
    return false;
}

bool crl_in_scope(const X509_CRL *crl, X509 *cert)
{
    int critical = -1;
    AUTO(idp_free) ISSUING_DIST_POINT *idp = X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &critical, NULL);
    if (idp == NULL)
        return critical == -1; /* malformed or there twice otherwise */
    if (idp->indirectCRL > 0 || idp->onlysomereasons != NULL || idp->onlyattr > 0)
        return false;
    bool is_ca = X509_check_ca(cert) != 0;
    if ((idp->onlyuser > 0 && is_ca) || (idp->onlyCA > 0 && !is_ca))
        return false;
    return idp->distpoint == NULL || point_matches(idp->distpoint, cert);
}

bool crl_entry_find(X509_CRL *crl, X509 *cert, struct crl_entry *out)
{
    X509_REVOKED *r = NULL;
    if (X509_CRL_get0_by_cert(crl, &r, cert) != 1) /* 2: removeFromCRL */
        return false;
    *out = (struct crl_entry){.since = 0, .reason = -1};
    if (x509_time(X509_REVOKED_get0_revocationDate(r), &out->since) != OK)
        out->since = INT64_MIN; /* unreadable: revoked ever since */
    ASN1_GENERALIZEDTIME *invalid = X509_REVOKED_get_ext_d2i(r, NID_invalidity_date, NULL, NULL);
    int64_t t;
    if (invalid != NULL && x509_time(invalid, &t) == OK && t < out->since)
        out->since = t;
    ASN1_GENERALIZEDTIME_free(invalid);
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);
    if (reason != NULL)
        out->reason = (int)ASN1_ENUMERATED_get(reason);
    ASN1_ENUMERATED_free(reason);
    return true;
}
