/*
 * Collects validation data: walks from a certificate to its anchor, and asks for each step who says that it was not revoked.
 * Called by the formats for levels LT and LTA, through validation_data.h. RFC 5280 §6.1, §6.3; RFC 6960; ETSI EN 319 102-1 §5.2.6.
 */
#include "common/x509_shared.h"
#include "signer/formats/crl.h"
#include "signer/formats/ocsp_client.h"
#include "signer/formats/validation_data.h"
#include <openssl/x509v3.h>
#include <string.h>

#define PATH_MAX_LEN 10  /* certificates from signer to anchor */
#define SKEW 300         /* seconds that two honest clocks may differ */
#define RESPONDERS_MAX 3 /* responders whose own status leads to another responder */

struct job {
    const struct vdata_source *s;
    struct validation_data *out;
    STACK_OF(X509) *known; /* everything that could be an issuer */
    unsigned depth;        /* of responders whose own status is asked for */
};

static void aia_free(AUTHORITY_INFO_ACCESS **a)
{
    AUTHORITY_INFO_ACCESS_free(*a);
}

static void points_free(CRL_DIST_POINTS **p)
{
    CRL_DIST_POINTS_free(*p);
}

static void extended_free(uint8_t **p)
{
    OPENSSL_free(*p);
}

static err_t add_cert(struct job *j, X509 *c)
{
    AUTO(extended_free) uint8_t *der = NULL;
    int n = i2d_X509(c, &der);
    return n > 0 ? vdata_add_cert(j->out, BYTES(der, (size_t)n)) : ERR_CRYPTO;
}

static err_t know(struct job *j, struct bytes der)
{
    AUTO_X509 c = NULL;
    TRY(x509_shared(der, &c));
    if (sk_X509_push(j->known, c) == 0)
        return ERR_NOMEM;
    c = NULL;
    return OK;
}

/* --- addresses in a certificate --- */

/* The text of a URI name when it is one that is ever fetched; embedded NULs and other schemes are none. */
static bool uri_of(const GENERAL_NAME *n, char out[1025])
{
    if (n->type != GEN_URI)
        return false;
    size_t len = (size_t)ASN1_STRING_length(n->d.uniformResourceIdentifier);
    const char *text = (const char *)ASN1_STRING_get0_data(n->d.uniformResourceIdentifier);
    if (len > 1024 || memchr(text, '\0', len) != NULL || (len < 8 || memcmp(text, "http", 4) != 0))
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

typedef err_t address_fn(struct job *j, const char *url, X509 *cert, X509 *issuer);

/* Tries each address of this kind in turn until one serves. */
static err_t try_access(struct job *j, int method, X509 *cert, X509 *issuer, address_fn *use)
{
    char url[1025];
    err_t e = ERR_NOT_FOUND;
    AUTO(aia_free) AUTHORITY_INFO_ACCESS *aia = X509_get_ext_d2i(cert, NID_info_access, NULL, NULL);
    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(aia) && i < 4; i++) {
        const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(aia, i);
        if (OBJ_obj2nid(d->method) != method || !uri_of(d->location, url))
            continue;
        e = use(j, url, cert, issuer);
        if (e == OK || e == ERR_CERT_REVOKED || e == ERR_NOMEM)
            return e;
    }
    return e;
}

static err_t try_points(struct job *j, X509 *cert, X509 *issuer, address_fn *use)
{
    char url[1025];
    err_t e = ERR_NOT_FOUND;
    AUTO(points_free) CRL_DIST_POINTS *points = X509_get_ext_d2i(cert, NID_crl_distribution_points, NULL, NULL);
    for (int i = 0; i < sk_DIST_POINT_num(points) && i < 4; i++) {
        const DIST_POINT *p = sk_DIST_POINT_value(points, i);
        if (p->distpoint == NULL || p->distpoint->type != 0)
            continue;
        for (int k = 0; k < sk_GENERAL_NAME_num(p->distpoint->name.fullname) && k < 4; k++) {
            if (!uri_of(sk_GENERAL_NAME_value(p->distpoint->name.fullname, k), url))
                continue;
            e = use(j, url, cert, issuer);
            if (e == OK || e == ERR_CERT_REVOKED || e == ERR_NOMEM)
                return e;
        }
    }
    return e;
}

/* --- the path --- */

static bool issued(X509 *issuer, X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    return key != NULL && X509_check_issued(issuer, cert) == X509_V_OK && X509_verify(cert, key) == 1;
}

static X509 *known_issuer(const struct job *j, X509 *cert)
{
    for (int i = 0; i < sk_X509_num(j->known); i++) {
        if (issued(sk_X509_value(j->known, i), cert))
            return sk_X509_value(j->known, i);
    }
    return NULL;
}

static err_t fetch_issuer(struct job *j, const char *url, X509 *cert, X509 *issuer)
{
    AUTO_BUF der = {0};
    (void)cert;
    (void)issuer;
    TRY(j->s->get(j->s->arg, VDATA_ISSUER, url, (struct bytes){0}, &der));
    return know(j, buf_bytes(&der)); /* one certificate in DER: RFC 5280 §4.2.2.1 */
}

static err_t find_issuer(struct job *j, X509 *cert, X509 **out)
{
    *out = known_issuer(j, cert);
    if (*out == NULL && j->s->get != NULL && try_access(j, NID_ad_ca_issuers, cert, NULL, fetch_issuer) == OK)
        *out = known_issuer(j, cert);
    return *out != NULL ? OK : ERR_CERT_PATH;
}

/* --- revocation --- */

static int64_t asked_at(const struct job *j)
{
    return j->s->at != 0 ? j->s->at : j->s->now;
}

static err_t check_cert(struct job *j, X509 *cert, X509 *issuer);

/* Only a certificate that stays unchecked by its own declaration needs no word about it. */
static err_t check_responder(struct job *j, const struct ocsp_answer *a, X509 *issuer)
{
    if (a->responder == NULL || a->no_check)
        return OK;
    if (j->depth == RESPONDERS_MAX)
        return ERR_CERT_STATUS;
    j->depth++;
    err_t e = check_cert(j, a->responder, issuer);
    j->depth--;
    return e;
}

static err_t weigh_ocsp(struct job *j, struct bytes response, X509 *cert, X509 *issuer)
{
    AUTO_OCSP_ANSWER a = {0};
    TRY(ocsp_read(response, cert, issuer, &a));
    if (a.status == OCSP_UNKNOWN || algorithm_ended(&a.end, j->s->now) || a.this_update > j->s->now + SKEW ||
        (a.next_update != 0 && a.next_update + SKEW < j->s->now))
        return ERR_CERT_STATUS;
    if (a.status == OCSP_REVOKED && a.revoked_at <= asked_at(j))
        return ERR_CERT_REVOKED;
    TRY(check_responder(j, &a, issuer));
    return vdata_add_ocsp(j->out, response);
}

static err_t ask_ocsp(struct job *j, const char *url, X509 *cert, X509 *issuer)
{
    AUTO_BUF query = {0};
    AUTO_BUF response = {0};
    TRY(ocsp_request(cert, issuer, &query));
    TRY(j->s->get(j->s->arg, VDATA_OCSP, url, buf_bytes(&query), &response));
    return weigh_ocsp(j, buf_bytes(&response), cert, issuer);
}

/* Complete CRLs by the issuer's own key alone: delta and indirect ones say less than they seem to. */
static bool crl_usable(X509_CRL *crl, X509 *issuer, int64_t now)
{
    int64_t from, to;
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) != 0 || next == NULL ||
        x509_time(X509_CRL_get0_lastUpdate(crl), &from) != OK || x509_time(next, &to) != OK || from > now + SKEW || to < now)
        return false;
    for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
        X509_EXTENSION *x = X509_CRL_get_ext(crl, i);
        if (X509_EXTENSION_get_critical(x) && OBJ_obj2nid(X509_EXTENSION_get_object(x)) != NID_issuing_distribution_point)
            return false;
    }
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    return (X509_get_key_usage(issuer) & KU_CRL_SIGN) != 0 && key != NULL && algorithm_crl_believed(crl, issuer, now) &&
           X509_CRL_verify(crl, key) == 1;
}

static err_t weigh_crl(struct job *j, struct bytes der, X509 *cert, X509 *issuer)
{
    AUTO_X509_CRL crl = NULL;
    struct crl_entry entry;
    TRY(x509_crl_from_der(der, &crl));
    if (!crl_usable(crl, issuer, j->s->now) || !crl_in_scope(crl, cert))
        return ERR_CERT_STATUS;
    if (crl_entry_find(crl, cert, &entry) && entry.since <= asked_at(j))
        return ERR_CERT_REVOKED;
    return vdata_add_crl(j->out, der);
}

static err_t ask_crl(struct job *j, const char *url, X509 *cert, X509 *issuer)
{
    AUTO_BUF der = {0};
    TRY(j->s->get(j->s->arg, VDATA_CRL, url, (struct bytes){0}, &der));
    return weigh_crl(j, buf_bytes(&der), cert, issuer);
}

static err_t known_crls(struct job *j, X509 *cert, X509 *issuer)
{
    for (size_t i = 0; i < j->s->crl_n; i++) {
        err_t e = weigh_crl(j, j->s->crl[i], cert, issuer);
        if (e == OK || e == ERR_CERT_REVOKED || e == ERR_NOMEM)
            return e;
    }
    return ERR_CERT_STATUS;
}

/* The responder first: it is fresher. One that is away is no reason to do without a CRL. */
static err_t check_cert(struct job *j, X509 *cert, X509 *issuer)
{
    err_t e = ERR_CERT_STATUS;
    if (j->s->get != NULL)
        e = try_access(j, NID_ad_OCSP, cert, issuer, ask_ocsp);
    if (e != OK && e != ERR_CERT_REVOKED && e != ERR_NOMEM)
        e = known_crls(j, cert, issuer);
    if (e != OK && e != ERR_CERT_REVOKED && e != ERR_NOMEM && j->s->get != NULL)
        e = try_points(j, cert, issuer, ask_crl);
    return e == OK || e == ERR_CERT_REVOKED || e == ERR_NOMEM || e == ERR_TOO_LARGE ? e : ERR_CERT_STATUS;
}

/* --- all of it --- */

static err_t walk(struct job *j, X509 *cert)
{
    X509 *issuer;
    for (unsigned i = 0; i < PATH_MAX_LEN; i++) {
        TRY(add_cert(j, cert));
        if (X509_self_signed(cert, 1) == 1)
            return OK;
        TRY(find_issuer(j, cert, &issuer));
        TRY(check_cert(j, cert, issuer));
        cert = issuer;
    }
    return ERR_CERT_PATH;
}

static err_t know_all(struct job *j, const struct bytes *others, size_t n)
{
    if (j->known == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < j->s->cert_n; i++)
        TRY(know(j, j->s->cert[i]));
    for (size_t i = 0; i < n; i++)
        TRY(know(j, others[i]));
    return OK;
}

err_t vdata_collect(const struct vdata_source *s, struct bytes cert, const struct bytes *others, size_t others_n,
                    struct validation_data *out)
{
    AUTO_X509 leaf = NULL;
    AUTO_X509_STACK known = sk_X509_new_null();
    struct job j = {.s = s, .out = out, .known = known};
    TRY(x509_shared(cert, &leaf));
    TRY(know_all(&j, others, others_n));
    return walk(&j, leaf);
}
