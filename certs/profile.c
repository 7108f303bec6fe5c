/*
 * Certificate profiles and distinguished names.
 * Called by antin-ca and keyd. RFC 5280 §4.1.2.4, appendix A; ETSI EN 319 412-1.
 */
#include "certs/profile.h"
#include "common/bytes.h"
#include "common/config.h"
#include "common/x509.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#define AT(f) offsetof(struct profile, f)
static const struct config_key KEYS[] = {
    {"profile", "name", CONFIG_STR, AT(name), NULL, true, 0, 0, "name, as the file's"},
    {"profile", "issuer", CONFIG_STR, AT(issuer), NULL, true, 0, 0, "root, services, citizens or self"},
    {"profile", "key", CONFIG_STR, AT(key), "P-256", false, 0, 0, "P-256 or P-384"},
    {"profile", "purpose", CONFIG_STR, AT(purpose), "none", false, 0, 0,
     "keyd's purpose for a key made with it; store: in the ceremony folder"},
    {"profile", "days", CONFIG_INT, AT(days), NULL, true, 1, 10000, "validity unless --days says otherwise"},
    {"profile", "max_days", CONFIG_INT, AT(max_days), NULL, true, 1, 10000, "longest validity"},
    {"profile", "signing_days", CONFIG_INT, AT(signing_days), "0", false, 0, 10000, "privateKeyUsagePeriod; 0: none"},
    {"subject", "required", CONFIG_STR, AT(required), NULL, true, 0, 0, "attributes that must be there"},
    {"subject", "optional", CONFIG_STR, AT(optional), "", false, 0, 0, "attributes that may be there"},
    {"extensions", "basicConstraints", CONFIG_STR, AT(basic_constraints), "", false, 0, 0, "as OpenSSL writes them"},
    {"extensions", "keyUsage", CONFIG_STR, AT(key_usage), NULL, true, 0, 0, "as OpenSSL writes them"},
    {"extensions", "extendedKeyUsage", CONFIG_STR, AT(extended_key_usage), "", false, 0, 0, "as OpenSSL writes them"},
    {"extensions", "certificatePolicies", CONFIG_STR, AT(policies), "", false, 0, 0, "OIDs"},
    {"extensions", "crlDistributionPoints", CONFIG_BOOL, AT(crl), "yes", false, 0, 0, "where the issuer's CRL is"},
    {"extensions", "authorityInfoAccess", CONFIG_BOOL, AT(aia), "yes", false, 0, 0, "where the issuer's certificate is"},
    {"extensions", "ocspAddress", CONFIG_BOOL, AT(ocsp), "no", false, 0, 0, "where the issuer's OCSP responder is"},
    {"extensions", "noCheck", CONFIG_BOOL, AT(no_check), "no", false, 0, 0, "id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1)"},
};
#define KEYS_N (sizeof KEYS / sizeof KEYS[0])

void profile_free(struct profile *p)
{
    config_free(KEYS, KEYS_N, p);
}

static bool one_of(const char *v, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(v, *list))
            return true;
    return false;
}

static err_t consistent(const struct profile *p, const char *path, FILE *errs)
{
    static const char *const issuers[] = {"root", "services", "citizens", "self", NULL};
    static const char *const curves[] = {"P-256", "P-384", NULL};
    static const char *const purposes[] = {"tsa", "seal", "ca", "ocsp", "store", "none", NULL};
    const char *wrong = !one_of(p->issuer, issuers)     ? "issuer"
                        : !one_of(p->key, curves)       ? "key"
                        : !one_of(p->purpose, purposes) ? "purpose"
                        : p->days > p->max_days         ? "days (more than max_days)"
                        : p->signing_days > p->max_days ? "signing_days (more than max_days)"
                                                        : NULL;
    if (wrong)
        fprintf(errs, "%s: bad value of %s\n", path, wrong);
    return wrong ? ERR_CONFIG : OK;
}

err_t profile_load_file(const char *path, struct profile *out, FILE *errs)
{
    *out = (struct profile){0};
    err_t e = config_load(path, KEYS, KEYS_N, out, errs);
    if (e == OK)
        e = consistent(out, path, errs);
    if (e != OK)
        profile_free(out);
    return e;
}

err_t profile_load(const char *dir, const char *name, struct profile *out, FILE *errs)
{
    AUTO_BUF path = {0};
    *out = (struct profile){0};
    for (const char *c = name; *c; c++)
        if (!islower((unsigned char)*c) && *c != '-')
            return ERR_SYNTAX;
    TRY(buf_addf(&path, "%s/%s.conf", dir, name));
    if (*name == '\0' || access(buf_str(&path), R_OK) != 0)
        return ERR_NOT_FOUND;
    return profile_load_file(buf_str(&path), out, errs);
}

/* --- names --- */

err_t name_add(X509_NAME *n, int nid, const char *value)
{
    /* OpenSSL's string table picks the type and holds the length to RFC 5280's upper bounds. */
    if (*value == '\0' || !utf8_valid(BYTES_STR(value)) ||
        X509_NAME_add_entry_by_NID(n, nid, MBSTRING_UTF8, (const uint8_t *)value, -1, -1, 0) != 1) {
        ERR_clear_error();
        return ERR_SYNTAX;
    }
    return OK;
}

static const struct {
    const char *label;
    int nid;
} ATTRS[] = {
    {"C", NID_countryName},
    {"O", NID_organizationName},
    {"OU", NID_organizationalUnitName},
    {"CN", NID_commonName},
    {"SN", NID_surname},
    {"GN", NID_givenName},
    {"L", NID_localityName},
    {"ST", NID_stateOrProvinceName},
    {"serialNumber", NID_serialNumber},
    {"organizationIdentifier", NID_organizationIdentifier},
};

static int attr_nid(const char *label, size_t n)
{
    for (size_t i = 0; i < sizeof ATTRS / sizeof ATTRS[0]; i++)
        if (strlen(ATTRS[i].label) == n && !memcmp(ATTRS[i].label, label, n))
            return ATTRS[i].nid;
    return NID_undef;
}

/* One "/label=value"; *at moves past it. */
static err_t parse_part(const char **at, X509_NAME *n)
{
    AUTO_BUF value = {0};
    const char *p = *at;
    if (*p++ != '/')
        return ERR_SYNTAX;
    const char *eq = strchr(p, '=');
    int nid = eq ? attr_nid(p, (size_t)(eq - p)) : NID_undef;
    if (nid == NID_undef)
        return ERR_SYNTAX;
    for (p = eq + 1; *p && *p != '/'; p++) {
        if (*p == '\\' && *++p == '\0')
            return ERR_SYNTAX;
        TRY(buf_add(&value, p, 1));
    }
    *at = p;
    return name_add(n, nid, buf_str(&value));
}

err_t name_parse(const char *text, X509_NAME **out)
{
    X509_NAME *n = X509_NAME_new();
    err_t e = !n ? ERR_NOMEM : *text ? OK : ERR_SYNTAX;
    while (e == OK && *text)
        e = parse_part(&text, n);
    if (e != OK) {
        X509_NAME_free(n);
        return e;
    }
    *out = n;
    return OK;
}

static bool word_in(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; (p = strstr(p, word)) != NULL; p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

err_t profile_check_subject(const struct profile *p, const X509_NAME *n, const char **what)
{
    unsigned seen[sizeof ATTRS / sizeof ATTRS[0]] = {0};
    for (int i = 0; i < X509_NAME_entry_count(n); i++) {
        int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(X509_NAME_get_entry(n, i)));
        size_t a = 0;
        while (a < sizeof ATTRS / sizeof ATTRS[0] && ATTRS[a].nid != nid)
            a++;
        *what = a < sizeof ATTRS / sizeof ATTRS[0] ? ATTRS[a].label : OBJ_nid2sn(nid);
        if (a == sizeof ATTRS / sizeof ATTRS[0] || (!word_in(p->required, *what) && !word_in(p->optional, *what)) || ++seen[a] > 1)
            return ERR_SYNTAX;
    }
    for (size_t a = 0; a < sizeof ATTRS / sizeof ATTRS[0]; a++) {
        *what = ATTRS[a].label;
        if (!seen[a] && word_in(p->required, *what))
            return ERR_SYNTAX;
    }
    *what = NULL;
    return OK;
}
