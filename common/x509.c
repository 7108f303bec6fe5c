/*
 * Certificates, CRLs and public keys over OpenSSL: strict loading, names as text, serials, validity.
 * Called by keyd, antin-ca, signerd and antin-verify. RFC 5280, RFC 4514, RFC 7468 (PEM).
 */
#include "common/x509.h"
#include "common/jose.h"
#include "common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void x509_free(X509 **c)
{
    X509_free(*c);
    *c = NULL;
}

void x509_crl_free(X509_CRL **c)
{
    X509_CRL_free(*c);
    *c = NULL;
}

void x509_req_free(X509_REQ **r)
{
    X509_REQ_free(*r);
    *r = NULL;
}

void x509_stack_free(STACK_OF(X509) **s)
{
    sk_X509_pop_free(*s, X509_free);
    *s = NULL;
}

void x509_crl_stack_free(STACK_OF(X509_CRL) **s)
{
    sk_X509_CRL_pop_free(*s, X509_CRL_free);
    *s = NULL;
}

void evpkey_free(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
    *k = NULL;
}

err_t x509_from_der(struct bytes der, X509 **out)
{
    if (der.len > X509_DER_MAX)
        return ERR_TOO_LARGE;
    const uint8_t *p = der.ptr;
    AUTO_X509 c = der.len ? d2i_X509(NULL, &p, (long)der.len) : NULL;
    if (!c || p != der.ptr + der.len) { /* trailing bytes would be unsigned baggage */
        ERR_clear_error();
        return ERR_SYNTAX;
    }
    *out = take(&c);
    return OK;
}

err_t x509_crl_from_der(struct bytes der, X509_CRL **out)
{
    if (der.len > X509_CRL_DER_MAX)
        return ERR_TOO_LARGE;
    const uint8_t *p = der.ptr;
    AUTO_X509_CRL c = der.len ? d2i_X509_CRL(NULL, &p, (long)der.len) : NULL;
    if (!c || p != der.ptr + der.len) {
        ERR_clear_error();
        return ERR_SYNTAX;
    }
    *out = take(&c);
    return OK;
}

/* Takes what an i2d function allocated into a buf. */
static err_t from_i2d(uint8_t *p, int n, struct buf *out)
{
    err_t e = n > 0 ? buf_copy(out, BYTES(p, (size_t)n)) : ERR_NOMEM;
    OPENSSL_free(p);
    return e;
}

err_t x509_to_der(const X509 *c, struct buf *out)
{
    uint8_t *p = NULL;
    int n = i2d_X509(c, &p);
    return from_i2d(p, n, out);
}

err_t x509_crl_to_der(const X509_CRL *c, struct buf *out)
{
    uint8_t *p = NULL;
    int n = i2d_X509_CRL(c, &p);
    return from_i2d(p, n, out);
}

static void bio_free(BIO **b)
{
    BIO_free(*b);
}

err_t x509_to_pem(const X509 *c, struct buf *out)
{
    AUTO(bio_free) BIO *b = BIO_new(BIO_s_mem());
    char *p = NULL;
    if (!b || PEM_write_bio_X509(b, (X509 *)(uintptr_t)c) != 1)
        return ERR_NOMEM;
    long n = BIO_get_mem_data(b, &p);
    return buf_add(out, p, (size_t)n);
}

/* --- bundles --- */

static err_t push_cert(struct bytes der, STACK_OF(X509) **certs)
{
    AUTO_X509 c = NULL;
    TRY(x509_from_der(der, &c));
    if (!*certs && !(*certs = sk_X509_new_null()))
        return ERR_NOMEM;
    if (sk_X509_num(*certs) >= X509_BUNDLE_MAX)
        return ERR_TOO_LARGE;
    if (!sk_X509_push(*certs, c))
        return ERR_NOMEM;
    c = NULL;
    return OK;
}

static err_t push_crl(struct bytes der, STACK_OF(X509_CRL) **crls)
{
    AUTO_X509_CRL c = NULL;
    if (!crls)
        return ERR_SYNTAX;
    TRY(x509_crl_from_der(der, &c));
    if (!*crls && !(*crls = sk_X509_CRL_new_null()))
        return ERR_NOMEM;
    if (sk_X509_CRL_num(*crls) >= X509_BUNDLE_MAX)
        return ERR_TOO_LARGE;
    if (!sk_X509_CRL_push(*crls, c))
        return ERR_NOMEM;
    c = NULL;
    return OK;
}

/* One PEM block; *more is false at the end of the text. */
static err_t pem_block(BIO *b, STACK_OF(X509) **certs, STACK_OF(X509_CRL) **crls, bool *more)
{
    char *name = NULL, *header = NULL;
    uint8_t *data = NULL;
    long n = 0;
    *more = false;
    if (PEM_read_bio(b, &name, &header, &data, &n) != 1) {
        unsigned long e = ERR_peek_last_error();
        ERR_clear_error();
        return ERR_GET_REASON(e) == PEM_R_NO_START_LINE ? OK : ERR_SYNTAX;
    }
    err_t e = ERR_SYNTAX;
    struct bytes der = BYTES(data, (size_t)n);
    if (!strcmp(name, PEM_STRING_X509))
        e = push_cert(der, certs);
    else if (!strcmp(name, PEM_STRING_X509_CRL))
        e = push_crl(der, crls);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    *more = e == OK;
    return e;
}

err_t x509_bundle_parse(struct bytes text, STACK_OF(X509) **certs, STACK_OF(X509_CRL) **crls)
{
    if (text.len == 0)
        return ERR_SYNTAX;
    if (text.len > X509_CRL_DER_MAX * 2u)
        return ERR_TOO_LARGE;
    if (text.ptr[0] == 0x30) { /* DER: a SEQUENCE; PEM text never begins so, "0" being no preamble we accept */
        err_t e = push_cert(text, certs);
        return e == ERR_SYNTAX || e == ERR_TOO_LARGE ? push_crl(text, crls) : e;
    }
    AUTO(bio_free) BIO *b = BIO_new_mem_buf(text.ptr, (int)text.len);
    if (!b)
        return ERR_NOMEM;
    size_t n = 0;
    for (bool more = true; more; n += more)
        TRY(pem_block(b, certs, crls, &more));
    return n ? OK : ERR_SYNTAX;
}

static err_t read_all(const char *path, size_t max, struct buf *out)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_IO;
    if (st.st_size < 0 || (uint64_t)st.st_size > max)
        return ERR_TOO_LARGE;
    TRY(buf_reserve(out, (size_t)st.st_size + 1));
    for (;;) {
        ssize_t n = read(fd, out->ptr + out->len, out->cap - out->len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            return OK;
        out->len += (size_t)n;
        if (out->len > max)
            return ERR_TOO_LARGE;
        TRY(buf_reserve(out, 4096));
    }
}

err_t x509_bundle_load(const char *path, STACK_OF(X509) **certs, STACK_OF(X509_CRL) **crls)
{
    AUTO_BUF text = {0};
    TRY(read_all(path, X509_CRL_DER_MAX * 2u, &text));
    return x509_bundle_parse(buf_bytes(&text), certs, crls);
}

err_t x509_load(const char *path, X509 **out)
{
    AUTO_X509_STACK certs = NULL;
    TRY(x509_bundle_load(path, &certs, NULL));
    if (sk_X509_num(certs) != 1)
        return ERR_SYNTAX;
    *out = sk_X509_pop(certs);
    return OK;
}

/* --- serial numbers and times --- */

/* RFC 5280 §4.1.2.2: positive, at most 20 octets. */
static err_t integer_octets(const ASN1_INTEGER *i, const uint8_t **p, size_t *n)
{
    if (!i || ASN1_STRING_type(i) != V_ASN1_INTEGER)
        return ERR_SYNTAX;
    *p = ASN1_STRING_get0_data(i);
    *n = (size_t)ASN1_STRING_length(i);
    while (*n > 1 && **p == 0) {
        ++*p;
        --*n;
    }
    return *n <= X509_SERIAL_MAX ? OK : ERR_SYNTAX;
}

err_t x509_integer_hex(const ASN1_INTEGER *i, char out[2 * X509_SERIAL_MAX + 1])
{
    static const char digits[] = "0123456789ABCDEF";
    const uint8_t *p;
    size_t n;
    TRY(integer_octets(i, &p, &n));
    for (size_t k = 0; k < n; k++) {
        out[2 * k] = digits[p[k] >> 4];
        out[2 * k + 1] = digits[p[k] & 15];
    }
    out[2 * n] = '\0';
    return OK;
}

err_t x509_serial_hex(const X509 *c, char out[2 * X509_SERIAL_MAX + 1])
{
    return x509_integer_hex(X509_get0_serialNumber(c), out);
}

err_t x509_serial_octets(const X509 *c, uint8_t out[X509_SERIAL_MAX])
{
    const uint8_t *p;
    size_t n;
    TRY(integer_octets(X509_get0_serialNumber(c), &p, &n));
    memset(out, 0, X509_SERIAL_MAX);
    memcpy(out + X509_SERIAL_MAX - n, p, n);
    return OK;
}

err_t x509_time(const ASN1_TIME *t, int64_t *out)
{
    struct tm tm;
    if (!t || ASN1_TIME_to_tm(t, &tm) != 1) {
        ERR_clear_error();
        return ERR_SYNTAX;
    }
    *out = timegm(&tm);
    return OK;
}

err_t x509_validity(const X509 *c, int64_t *not_before, int64_t *not_after)
{
    TRY(x509_time(X509_get0_notBefore(c), not_before));
    return x509_time(X509_get0_notAfter(c), not_after);
}

err_t x509_key_usage_period(const X509 *c, int64_t *not_before, int64_t *not_after)
{
    TRY(x509_validity(c, not_before, not_after));
    int crit = -1;
    PKEY_USAGE_PERIOD *p = X509_get_ext_d2i(c, NID_private_key_usage_period, &crit, NULL);
    if (!p)
        return crit == -1 ? OK : ERR_SYNTAX; /* -1: absent; else damaged or doubled */
    err_t e = OK;
    int64_t t;
    if (p->notBefore && (e = x509_time(p->notBefore, &t)) == OK && t > *not_before)
        *not_before = t;
    if (e == OK && p->notAfter && (e = x509_time(p->notAfter, &t)) == OK && t < *not_after)
        *not_after = t;
    PKEY_USAGE_PERIOD_free(p);
    return e;
}

/* --- public keys --- */

err_t pkey_spki(const EVP_PKEY *k, struct buf *out)
{
    uint8_t *p = NULL;
    int n = i2d_PUBKEY(k, &p);
    return from_i2d(p, n, out);
}

err_t pkey_from_spki(struct bytes spki, EVP_PKEY **out)
{
    const uint8_t *p = spki.ptr;
    AUTO_PKEY k = spki.len && spki.len <= X509_DER_MAX ? d2i_PUBKEY(NULL, &p, (long)spki.len) : NULL;
    if (!k || p != spki.ptr + spki.len) {
        ERR_clear_error();
        return ERR_SYNTAX;
    }
    *out = take(&k);
    return OK;
}

err_t x509_spki(const X509 *c, struct buf *out)
{
    uint8_t *p = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c), &p);
    return from_i2d(p, n, out);
}

err_t x509_key_id(const X509 *c, char out[44])
{
    EVP_PKEY *k = X509_get0_pubkey(c);
    return k ? jwk_thumbprint(k, out) : ERR_UNSUPPORTED;
}

err_t pkey_ski(const EVP_PKEY *k, uint8_t out[20])
{
    AUTO_BUF spki = {0};
    TRY(pkey_spki(k, &spki));
    const uint8_t *p = spki.ptr, *bits = NULL;
    X509_PUBKEY *pub = d2i_X509_PUBKEY(NULL, &p, (long)spki.len);
    int n = 0;
    if (!pub || X509_PUBKEY_get0_param(NULL, &bits, &n, NULL, pub) != 1) {
        X509_PUBKEY_free(pub);
        return ERR_CRYPTO;
    }
    uint8_t h[SHA256_LEN];
    sha256(BYTES(bits, (size_t)n), h);
    memcpy(out, h, 20);
    X509_PUBKEY_free(pub);
    return OK;
}
