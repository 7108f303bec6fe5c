/*
 * Certificates of clients.
 * Called by rules/client_auth.c, endpoints/caller.c and endpoints/bearer.c. RFC 8705 §2, §3.1; RFC 9440 §2.1.
 */
#include "idp/rules/client_cert.h"
#include "common/form.h"
#include "common/secret.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/* --- reading --- */

static err_t read_der(struct bytes b64, X509 **out)
{
    uint8_t der[X509_DER_MAX / 2];
    size_t n = 0;

    if (b64_decode(b64, der, sizeof der, &n) != OK)
        return ERR_CLIENT_AUTH;
    return x509_from_der(BYTES(der, n), out) == OK ? OK : ERR_CLIENT_AUTH;
}

static err_t read_pem(const char *value, X509 **out)
{
    AUTO_BUF pem = {0};
    AUTO_X509_STACK certs = NULL;

    if (url_decode(bytes_str(value), &pem) != OK || x509_bundle_parse(buf_bytes(&pem), &certs, NULL) != OK || sk_X509_num(certs) != 1)
        return ERR_CLIENT_AUTH;
    *out = sk_X509_pop(certs);
    return OK;
}

err_t client_cert_read(const char *value, X509 **out)
{
    size_t n = strlen(value);

    *out = NULL;
    if (n > X509_DER_MAX)
        return ERR_CLIENT_AUTH;
    if (n > 2 && value[0] == ':' && value[n - 1] == ':') /* a byte sequence of RFC 8941 */
        return read_der(BYTES(value + 1, n - 2), out);
    return read_pem(value, out);
}

err_t client_cert_thumbprint(const X509 *c, char out[X5T_LEN + 1])
{
    AUTO_BUF der = {0};
    uint8_t hash[SHA256_LEN];

    TRY(x509_to_der(c, &der));
    sha256(buf_bytes(&der), hash);
    b64url_encode(BYTES(hash, sizeof hash), out);
    return OK;
}

/* --- whose --- */

static bool dn_matches(X509 *c, const char *want)
{
    AUTO_BUF name = {0};

    return x509_name_text(X509_get_subject_name(c), &name) == OK && strcmp(buf_str(&name), want) == 0;
}

static bool dns_matches(X509 *c, const char *want)
{
    /* The name itself, among the alternative ones alone: a subject's CN is none, and a wildcard is nobody's name. */
    return X509_check_host(c, want, strlen(want), X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

static bool email_matches(X509 *c, const char *want)
{
    return X509_check_email(c, want, strlen(want), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT) == 1;
}

static bool ip_matches(X509 *c, const char *want)
{
    return X509_check_ip_asc(c, want, 0) == 1;
}

static bool uri_matches(X509 *c, const char *want)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(c, NID_subject_alt_name, NULL, NULL);
    bool found = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
        if (n->type != GEN_URI)
            continue;
        const ASN1_IA5STRING *s = n->d.uniformResourceIdentifier;
        found |= bytes_eq(BYTES(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)), bytes_str(want));
    }
    GENERAL_NAMES_free(names);
    return found;
}

static bool x5t_matches(X509 *c, const char *want)
{
    char have[X5T_LEN + 1];

    return client_cert_thumbprint(c, have) == OK && strcmp(have, want) == 0;
}

static const struct {
    const char *prefix;
    bool (*matches)(X509 *c, const char *want);
} kinds[] = {
    {"dn:", dn_matches}, {"dns:", dns_matches},     {"uri:", uri_matches},
    {"ip:", ip_matches}, {"email:", email_matches}, {"x5t:", x5t_matches},
};

static size_t kind_of(const char *match)
{
    size_t i = 0;

    while (i < sizeof kinds / sizeof *kinds && strncmp(match, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
        i++;
    return i;
}

bool client_cert_match_ok(const char *match)
{
    size_t i = kind_of(match), n = strlen(match);

    return i < sizeof kinds / sizeof *kinds && n > strlen(kinds[i].prefix) && n <= 600;
}

bool client_cert_matches(X509 *c, const char *match)
{
    size_t i = kind_of(match);
    bool yes = client_cert_match_ok(match) && kinds[i].matches(c, match + strlen(kinds[i].prefix));

    ERR_clear_error();
    return yes;
}

/* --- by whom --- */

err_t client_cas_open(const char *path, X509_STORE **out)
{
    AUTO_X509_STACK certs = NULL;
    X509_STORE *s = NULL;

    TRY(x509_bundle_load(path, &certs, NULL));
    s = X509_STORE_new();
    for (int i = 0; s && i < sk_X509_num(certs); i++)
        if (X509_STORE_add_cert(s, sk_X509_value(certs, i)) != 1) {
            X509_STORE_free(s);
            s = NULL;
        }
    *out = s;
    return s ? OK : ERR_NOMEM;
}

err_t client_cert_trusted(X509_STORE *cas, X509 *c)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok = cas && ctx && X509_STORE_CTX_init(ctx, cas, c, NULL) == 1 && X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT) == 1;

    if (ok) {
        X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN); /* the issuing authority may be listed without its root */
        ok = X509_verify_cert(ctx) == 1;
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return ok ? OK : ERR_CLIENT_AUTH;
}
