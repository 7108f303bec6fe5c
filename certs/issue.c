/*
 * A certificate from a profile: the TBSCertificate is laid down here, extension by extension, and signed.
 * Called by antin-ca and by keyd. RFC 5280 §4, ETSI EN 319 412-2 (citizens), EN 319 412-3 (seal), EN 319 422 (timestamps).
 */
#include "certs/issue.h"
#include "common/x509.h"

#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define DAY 86400

const EVP_MD *key_md(const EVP_PKEY *key)
{
    return EVP_PKEY_get_bits(key) > 256 ? EVP_sha384() : EVP_sha256();
}

/* An extension in OpenSSL's words; the values come from profiles and configuration, never from a request. */
static err_t ext_text(X509 *c, int nid, const char *value)
{
    if (!value || *value == '\0')
        return OK;
    X509V3_CTX ctx;
    CONF *none = NCONF_new(NULL); /* certificatePolicies wants a configuration to look sections up in: an empty one */
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, NULL, c, NULL, NULL, 0);
    X509V3_set_nconf(&ctx, none);
    X509_EXTENSION *e = none ? X509V3_EXT_nconf_nid(none, &ctx, nid, value) : NULL;
    int ok = e && X509_add_ext(c, e, -1);
    X509_EXTENSION_free(e);
    NCONF_free(none);
    return ok ? OK : ERR_CONFIG;
}

static err_t add_url(struct buf *v, const char *prefix, const char *url)
{
    if (!url || *url == '\0' || strpbrk(url, ", \t\r\n")) /* a comma would start a second value */
        return ERR_CONFIG;
    return buf_addf(v, "%s%s%s", v->len ? "," : "", prefix, url);
}

static err_t ext_crl(X509 *c, const struct cert_spec *s)
{
    AUTO_BUF v = {0};
    TRY(add_url(&v, "URI:", s->crl_url));
    return ext_text(c, NID_crl_distribution_points, buf_str(&v));
}

/* RFC 5280 §4.2.2.1: one extension for both addresses. */
static err_t ext_access(X509 *c, const struct cert_spec *s)
{
    AUTO_BUF v = {0};
    if (s->profile->ocsp)
        TRY(add_url(&v, "OCSP;URI:", s->ocsp_url));
    if (s->profile->aia)
        TRY(add_url(&v, "caIssuers;URI:", s->aia_url));
    return ext_text(c, NID_info_access, buf_str(&v));
}

static err_t ext_ski(X509 *c, const EVP_PKEY *key)
{
    uint8_t id[20];
    TRY(pkey_ski(key, id));
    ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
    int ok =
        s && ASN1_OCTET_STRING_set(s, id, sizeof id) && X509_add1_ext_i2d(c, NID_subject_key_identifier, s, 0, X509V3_ADD_DEFAULT) == 1;
    ASN1_OCTET_STRING_free(s);
    return ok ? OK : ERR_NOMEM;
}

static err_t ext_aki(X509 *c, const X509 *issuer)
{
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id((X509 *)(uintptr_t)issuer);
    AUTHORITY_KEYID *a = AUTHORITY_KEYID_new();
    int ok = a && id && (a->keyid = ASN1_OCTET_STRING_dup(id)) &&
             X509_add1_ext_i2d(c, NID_authority_key_identifier, a, 0, X509V3_ADD_DEFAULT) == 1;
    AUTHORITY_KEYID_free(a);
    return ok ? OK : ERR_CRYPTO;
}

/* The key signs for a part of the certificate's life only, so that what it signs late still has a valid certificate for years. */
static err_t ext_usage_period(X509 *c, int64_t from, int64_t to)
{
    PKEY_USAGE_PERIOD *p = PKEY_USAGE_PERIOD_new();
    int ok = p && (p->notBefore = ASN1_GENERALIZEDTIME_set(NULL, from)) && (p->notAfter = ASN1_GENERALIZEDTIME_set(NULL, to)) &&
             X509_add1_ext_i2d(c, NID_private_key_usage_period, p, 0, X509V3_ADD_DEFAULT) == 1;
    PKEY_USAGE_PERIOD_free(p);
    return ok ? OK : ERR_NOMEM;
}

static err_t add_extensions(const struct cert_spec *s, X509 *c)
{
    const struct profile *p = s->profile;
    TRY(ext_text(c, NID_basic_constraints, p->basic_constraints));
    TRY(ext_text(c, NID_key_usage, p->key_usage));
    TRY(ext_text(c, NID_ext_key_usage, p->extended_key_usage));
    TRY(ext_text(c, NID_certificate_policies, p->policies));
    TRY(ext_ski(c, s->key));
    if (s->issuer)
        TRY(ext_aki(c, s->issuer));
    if (p->crl)
        TRY(ext_crl(c, s));
    if (p->aia || p->ocsp)
        TRY(ext_access(c, s));
    if (p->no_check)
        TRY(ext_text(c, NID_id_pkix_OCSP_noCheck, "ignored"));
    if (p->signing_days)
        TRY(ext_usage_period(c, s->not_before,
                             s->not_before + p->signing_days * DAY < s->not_after ? s->not_before + p->signing_days * DAY : s->not_after));
    return OK;
}

static err_t check_times(const struct cert_spec *s)
{
    int64_t from, to;
    if (s->not_after <= s->not_before || s->not_after - s->not_before > (int64_t)s->profile->max_days * DAY)
        return ERR_EXPIRED;
    if (!s->issuer)
        return OK;
    TRY(x509_validity(s->issuer, &from, &to));
    return s->not_before >= from && s->not_after <= to ? OK : ERR_EXPIRED;
}

static err_t set_serial(X509 *c, const uint8_t serial[20])
{
    BIGNUM *n = BN_bin2bn(serial, 20, NULL);
    int ok = n && !BN_is_zero(n) && !(serial[0] & 0x80) && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(c));
    BN_free(n);
    return ok ? OK : ERR_SYNTAX;
}

err_t cert_issue(const struct cert_spec *s, EVP_PKEY *issuer_key, X509 **out)
{
    const char *what;
    TRY(profile_check_subject(s->profile, s->subject, &what));
    TRY(check_times(s));
    AUTO_X509 c = X509_new();
    if (!c || !X509_set_version(c, X509_VERSION_3))
        return ERR_NOMEM;
    TRY(set_serial(c, s->serial));
    const X509_NAME *issuer = s->issuer ? X509_get_subject_name(s->issuer) : s->subject;
    if (!X509_set_subject_name(c, s->subject) || !X509_set_issuer_name(c, issuer) ||
        !ASN1_TIME_set(X509_getm_notBefore(c), s->not_before) || !ASN1_TIME_set(X509_getm_notAfter(c), s->not_after) ||
        !X509_set_pubkey(c, (EVP_PKEY *)(uintptr_t)s->key))
        return ERR_NOMEM;
    err_t e = add_extensions(s, c);
    if (e == OK && X509_sign(c, issuer_key, key_md(issuer_key)) <= 0)
        e = ERR_CRYPTO;
    ERR_clear_error();
    if (e == OK)
        *out = take(&c);
    return e;
}
