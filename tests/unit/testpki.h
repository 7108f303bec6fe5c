/*
 * A small PKI made afresh in each test: keys, certificates, CRLs, signatures and timestamps, all by OpenSSL's own code.
 * Included by tests/unit/test_{cms,pades,tsp,verify,manifest}.c and the fuzz targets' seed maker.
 */
#ifndef ANTIN_TESTPKI_H
#define ANTIN_TESTPKI_H

#include "common/bytes.h"
#include "common/clock.h"
#include "common/cms.h"
#include "common/secret.h"
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <openssl/err.h>
#include <sys/wait.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TP_FN static __attribute__((unused))
#define TP_DAY 86400

/* Test code has no error paths of its own. */
TP_FN void tp_must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "test PKI: %s failed\n", what);
        ERR_print_errors_fp(stderr);
        abort();
    }
}
#define TP_MUST(x) tp_must((x), #x)

enum tp_profile { TP_ROOT, TP_CA, TP_CITIZEN, TP_SEAL, TP_TSA, TP_TSA_NOT_CRITICAL, TP_TLS_SERVER, TP_OCSP, TP_OCSP_NOCHECK };
enum tp_key { TP_P256, TP_P384, TP_P521, TP_RSA2048, TP_RSA3072, TP_RSA4096, TP_RSA1024, TP_PSS2048, TP_ED25519 };

struct tp_id {
    EVP_PKEY *key;
    X509 *cert;
    struct buf der;
    bool pss; /* signs by RSASSA-PSS although its key would do either */
};

struct tp_spec {
    const char *cn;
    const struct tp_id *issuer; /* NULL: self-signed */
    enum tp_profile profile;
    enum tp_key key;
    int64_t from, to;            /* 0: a day ago, ten years ahead */
    const char *md;              /* of the issuer's signature; NULL: SHA256 */
    const char *access, *points; /* authorityInfoAccess and cRLDistributionPoints as OpenSSL's configuration writes them; NULL: none */
};

TP_FN EVP_PKEY *tp_key(enum tp_key kind)
{
    EVP_PKEY *key = NULL;
    switch (kind) {
    case TP_P256: key = EVP_EC_gen("P-256"); break;
    case TP_P384: key = EVP_EC_gen("P-384"); break;
    case TP_P521: key = EVP_EC_gen("P-521"); break;
    case TP_RSA2048: key = EVP_RSA_gen(2048); break;
    case TP_RSA3072: key = EVP_RSA_gen(3072); break;
    case TP_RSA4096: key = EVP_RSA_gen(4096); break;
    case TP_RSA1024: key = EVP_RSA_gen(1024); break;
    case TP_ED25519: key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); break;
    case TP_PSS2048: {
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
        TP_MUST(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048) == 1 && EVP_PKEY_keygen(ctx, &key) == 1);
        EVP_PKEY_CTX_free(ctx);
        break;
    }
    }
    TP_MUST(key != NULL);
    return key;
}

TP_FN void tp_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    TP_MUST(ext != NULL && X509_add_ext(cert, ext, -1) == 1);
    X509_EXTENSION_free(ext);
}

TP_FN void tp_der(X509 *cert, struct buf *out)
{
    uint8_t *der = NULL;
    int n = i2d_X509(cert, &der);
    TP_MUST(n > 0 && buf_copy(out, BYTES(der, (size_t)n)) == OK);
    OPENSSL_free(der);
}

TP_FN void tp_issue(struct tp_id *id, const struct tp_spec *s)
{
    static long serial = 1000;
    id->key = tp_key(s->key);
    id->cert = X509_new();
    X509 *issuer = s->issuer != NULL ? s->issuer->cert : id->cert;
    int64_t now = clock_now();
    X509_set_version(id->cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(id->cert), ++serial);
    ASN1_TIME_set(X509_getm_notBefore(id->cert), s->from != 0 ? s->from : now - TP_DAY);
    ASN1_TIME_set(X509_getm_notAfter(id->cert), s->to != 0 ? s->to : now + 3650 * TP_DAY);
    X509_NAME *name = X509_get_subject_name(id->cert);
    X509_NAME_add_entry_by_txt(name, "C", MBSTRING_UTF8, (const unsigned char *)"VN", -1, -1, 0);
    if (s->profile == TP_SEAL) /* a legal person's: EN 319 412-3 §4.2.1 */
        X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Test Authority", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)s->cn, -1, -1, 0);
    X509_set_issuer_name(id->cert, X509_get_subject_name(issuer));
    X509_set_pubkey(id->cert, id->key);
    tp_ext(id->cert, issuer, NID_subject_key_identifier, "hash");
    if (s->issuer != NULL)
        tp_ext(id->cert, issuer, NID_authority_key_identifier, "keyid:always");
    switch (s->profile) {
    case TP_ROOT:
    case TP_CA:
        tp_ext(id->cert, issuer, NID_basic_constraints, "critical,CA:TRUE");
        tp_ext(id->cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
        break;
    case TP_CITIZEN: tp_ext(id->cert, issuer, NID_key_usage, "critical,nonRepudiation"); break;
    case TP_SEAL: tp_ext(id->cert, issuer, NID_key_usage, "critical,digitalSignature,nonRepudiation"); break;
    case TP_TSA:
        tp_ext(id->cert, issuer, NID_key_usage, "critical,digitalSignature");
        tp_ext(id->cert, issuer, NID_ext_key_usage, "critical,timeStamping");
        break;
    case TP_TSA_NOT_CRITICAL:
        tp_ext(id->cert, issuer, NID_key_usage, "critical,digitalSignature");
        tp_ext(id->cert, issuer, NID_ext_key_usage, "timeStamping");
        break;
    case TP_TLS_SERVER:
        tp_ext(id->cert, issuer, NID_key_usage, "critical,keyEncipherment");
        tp_ext(id->cert, issuer, NID_ext_key_usage, "serverAuth");
        break;
    case TP_OCSP_NOCHECK: tp_ext(id->cert, issuer, NID_id_pkix_OCSP_noCheck, "ignored"); /* fall through */
    case TP_OCSP:
        tp_ext(id->cert, issuer, NID_key_usage, "critical,digitalSignature");
        tp_ext(id->cert, issuer, NID_ext_key_usage, "OCSPSigning");
        break;
    }
    if (s->access != NULL)
        tp_ext(id->cert, issuer, NID_info_access, s->access);
    if (s->points != NULL)
        tp_ext(id->cert, issuer, NID_crl_distribution_points, s->points);
    EVP_PKEY *signer = s->issuer != NULL ? s->issuer->key : id->key;
    const EVP_MD *md = EVP_PKEY_is_a(signer, "ED25519") ? NULL : EVP_get_digestbyname(s->md != NULL ? s->md : "SHA256");
    TP_MUST(X509_sign(id->cert, signer, md) > 0);
    tp_der(id->cert, &id->der);
}

TP_FN void tp_free(struct tp_id *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->cert);
    buf_free(&id->der);
    *id = (struct tp_id){0};
}

struct tp_revoked {
    const struct tp_id *who;
    int64_t at, invalid_since; /* 0: none */
    int reason;                /* CRLReason; 0: not written */
};

/* scope: issuingDistributionPoint as OpenSSL's configuration writes it; NULL: the whole of the CA. */
TP_FN void tp_crl_scoped(const struct tp_id *ca, int64_t this_update, int64_t next_update, const struct tp_revoked *r, size_t n,
                         const char *scope, struct buf *out)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *t = ASN1_TIME_new();
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert));
    X509_CRL_set1_lastUpdate(crl, ASN1_TIME_set(t, this_update));
    if (next_update != 0)
        X509_CRL_set1_nextUpdate(crl, ASN1_TIME_set(t, next_update));
    for (size_t i = 0; i < n; i++) {
        X509_REVOKED *e = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(e, X509_get_serialNumber(r[i].who->cert));
        X509_REVOKED_set_revocationDate(e, ASN1_TIME_set(t, r[i].at));
        if (r[i].invalid_since != 0) {
            ASN1_GENERALIZEDTIME *g = ASN1_GENERALIZEDTIME_set(NULL, r[i].invalid_since);
            X509_REVOKED_add1_ext_i2d(e, NID_invalidity_date, g, 0, 0);
            ASN1_GENERALIZEDTIME_free(g);
        }
        if (r[i].reason != 0) {
            ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
            ASN1_ENUMERATED_set(reason, r[i].reason);
            X509_REVOKED_add1_ext_i2d(e, NID_crl_reason, reason, 0, 0);
            ASN1_ENUMERATED_free(reason);
        }
        X509_CRL_add0_revoked(crl, e);
    }
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, ca->cert, NULL, NULL, crl, 0);
    X509_EXTENSION *aki = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
    TP_MUST(aki != NULL && X509_CRL_add_ext(crl, aki, -1) == 1);
    X509_EXTENSION_free(aki);
    if (scope != NULL) {
        X509_EXTENSION *idp = X509V3_EXT_conf_nid(NULL, &ctx, NID_issuing_distribution_point, scope);
        TP_MUST(idp != NULL && X509_CRL_add_ext(crl, idp, -1) == 1);
        X509_EXTENSION_free(idp);
    }
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_INTEGER_set_int64(number, this_update);
    X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0);
    ASN1_INTEGER_free(number);
    X509_CRL_sort(crl);
    TP_MUST(X509_CRL_sign(crl, ca->key, EVP_sha256()) > 0);
    uint8_t *der = NULL;
    int len = i2d_X509_CRL(crl, &der);
    TP_MUST(len > 0 && buf_copy(out, BYTES(der, (size_t)len)) == OK);
    OPENSSL_free(der);
    ASN1_TIME_free(t);
    X509_CRL_free(crl);
}

TP_FN void tp_crl(const struct tp_id *ca, int64_t this_update, int64_t next_update, const struct tp_revoked *r, size_t n, struct buf *out)
{
    tp_crl_scoped(ca, this_update, next_update, r, n, NULL, out);
}

/* An answer about one certificate, signed by whoever is given; revoked_at 0: good. */
TP_FN void tp_ocsp(const struct tp_id *by, const struct tp_id *who, const struct tp_id *issuer, int64_t this_update, int64_t next_update,
                   int64_t revoked_at, struct buf *out)
{
    OCSP_BASICRESP *b = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), who->cert, issuer->cert);
    ASN1_TIME *from = ASN1_TIME_set(NULL, this_update), *to = ASN1_TIME_set(NULL, next_update), *rev = ASN1_TIME_set(NULL, revoked_at);
    TP_MUST(OCSP_basic_add1_status(b, id, revoked_at != 0 ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD,
                                   OCSP_REVOKED_STATUS_KEYCOMPROMISE, revoked_at != 0 ? rev : NULL, from,
                                   next_update != 0 ? to : NULL) != NULL);
    TP_MUST(OCSP_basic_sign(b, by->cert, by->key, EVP_sha256(), NULL, 0) == 1);
    OCSP_RESPONSE *r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, b);
    uint8_t *der = NULL;
    int n = i2d_OCSP_RESPONSE(r, &der);
    TP_MUST(n > 0 && buf_copy(out, BYTES(der, (size_t)n)) == OK);
    OPENSSL_free(der);
    OCSP_RESPONSE_free(r);
    OCSP_BASICRESP_free(b);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    ASN1_TIME_free(rev);
}

/* The signature that keyd would make. */
TP_FN void tp_sign(const struct tp_id *id, enum cms_hash h, struct bytes data, struct buf *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    const EVP_MD *md = EVP_PKEY_is_a(id->key, "ED25519") ? NULL : cms_hash_md(h);
    uint8_t sig[1024];
    size_t n = sizeof sig;
    TP_MUST(EVP_DigestSignInit(ctx, &pctx, md, NULL, id->key) == 1);
    if (id->pss)
        TP_MUST(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1);
    if (id->pss || EVP_PKEY_is_a(id->key, "RSA-PSS"))
        TP_MUST(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1);
    TP_MUST(EVP_DigestSign(ctx, sig, &n, data.ptr, data.len) == 1 && buf_copy(out, BYTES(sig, n)) == OK);
    EVP_MD_CTX_free(ctx);
}

TP_FN int tp_time_cb(struct TS_resp_ctx *ctx, void *data, long *sec, long *usec)
{
    (void)ctx;
    *sec = (long)*(int64_t *)data;
    *usec = 0;
    return 1;
}

TP_FN ASN1_INTEGER *tp_serial_cb(struct TS_resp_ctx *ctx, void *data)
{
    static long serial = 77;
    (void)ctx;
    (void)data;
    ASN1_INTEGER *s = ASN1_INTEGER_new();
    ASN1_INTEGER_set(s, ++serial);
    return s;
}

/* OpenSSL's own time-stamp responder: its answer (TimeStampResp) to a query. */
TP_FN void tp_timestamp_answer(const struct tp_id *tsa, const struct tp_id *ca, TS_REQ *req, int64_t t, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    TP_MUST(i2d_TS_REQ_bio(bio, req) == 1);
    TS_RESP_CTX *ctx = TS_RESP_CTX_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    sk_X509_push(chain, ca->cert);
    ASN1_OBJECT *policy = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
    int64_t when = t;
    TS_RESP_CTX_set_signer_cert(ctx, tsa->cert);
    TS_RESP_CTX_set_signer_key(ctx, tsa->key);
    TS_RESP_CTX_set_signer_digest(ctx, EVP_sha256());
    TS_RESP_CTX_set_ess_cert_id_digest(ctx, EVP_sha256());
    TS_RESP_CTX_set_certs(ctx, chain);
    TS_RESP_CTX_set_def_policy(ctx, policy);
    TS_RESP_CTX_add_md(ctx, EVP_sha256());
    TS_RESP_CTX_add_md(ctx, EVP_sha512());
    TS_RESP_CTX_set_time_cb(ctx, tp_time_cb, &when);
    TS_RESP_CTX_set_serial_cb(ctx, tp_serial_cb, NULL);
    TS_RESP *resp = TS_RESP_create_response(ctx, bio);
    uint8_t *der = NULL;
    int len = i2d_TS_RESP(resp, &der);
    TP_MUST(len > 0 && buf_copy(out, BYTES(der, (size_t)len)) == OK);
    OPENSSL_free(der);
    ASN1_OBJECT_free(policy);
    sk_X509_free(chain);
    TS_RESP_free(resp);
    TS_RESP_CTX_free(ctx);
    BIO_free(bio);
}

/* OpenSSL's own time-stamp responder; the token over a digest by md at t. */
TP_FN void tp_timestamp_of(const struct tp_id *tsa, const struct tp_id *ca, const EVP_MD *md, struct bytes digest, int64_t t,
                           struct buf *out)
{
    TS_REQ *req = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *alg = X509_ALGOR_new();
    X509_ALGOR_set0(alg, OBJ_nid2obj(EVP_MD_get_type(md)), V_ASN1_NULL, NULL);
    TS_MSG_IMPRINT_set_algo(imprint, alg);
    TS_MSG_IMPRINT_set_msg(imprint, (unsigned char *)digest.ptr, (int)digest.len);
    TS_REQ_set_version(req, 1);
    TS_REQ_set_msg_imprint(req, imprint);
    TS_REQ_set_cert_req(req, 1);
    BIO *bio = BIO_new(BIO_s_mem());
    TP_MUST(i2d_TS_REQ_bio(bio, req) == 1);

    TS_RESP_CTX *ctx = TS_RESP_CTX_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    sk_X509_push(chain, ca->cert);
    ASN1_OBJECT *policy = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
    int64_t when = t;
    TS_RESP_CTX_set_signer_cert(ctx, tsa->cert);
    TS_RESP_CTX_set_signer_key(ctx, tsa->key);
    TS_RESP_CTX_set_signer_digest(ctx, EVP_sha256());
    TS_RESP_CTX_set_ess_cert_id_digest(ctx, EVP_sha256());
    TS_RESP_CTX_set_certs(ctx, chain);
    TS_RESP_CTX_set_def_policy(ctx, policy);
    TS_RESP_CTX_add_md(ctx, md);
    TS_RESP_CTX_set_time_cb(ctx, tp_time_cb, &when);
    TS_RESP_CTX_set_serial_cb(ctx, tp_serial_cb, NULL);
    TS_RESP *resp = TS_RESP_create_response(ctx, bio);
    TP_MUST(resp != NULL && TS_RESP_get_token(resp) != NULL);
    uint8_t *der = NULL;
    int len = i2d_PKCS7(TS_RESP_get_token(resp), &der);
    TP_MUST(len > 0 && buf_copy(out, BYTES(der, (size_t)len)) == OK);
    OPENSSL_free(der);
    ASN1_OBJECT_free(policy);
    sk_X509_free(chain);
    TS_RESP_free(resp);
    TS_RESP_CTX_free(ctx);
    BIO_free(bio);
    X509_ALGOR_free(alg);
    TS_MSG_IMPRINT_free(imprint);
    TS_REQ_free(req);
}

/* The same over data. */
TP_FN void tp_timestamp(const struct tp_id *tsa, const struct tp_id *ca, const char *md_name, struct bytes data, int64_t t, struct buf *out)
{
    const EVP_MD *md = EVP_get_digestbyname(md_name);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n;
    EVP_Digest(data.ptr, data.len, digest, &n, md, NULL);
    tp_timestamp_of(tsa, ca, md, BYTES(digest, n), t, out);
}

/* --- files and foreign programs --- */

TP_FN void tp_write(const char *path, struct bytes v)
{
    FILE *f = fopen(path, "wb");
    TP_MUST(f != NULL && fwrite(v.ptr, 1, v.len, f) == v.len && fclose(f) == 0);
}

TP_FN void tp_read(const char *path, struct buf *out)
{
    char piece[65536];
    size_t n;
    FILE *f = fopen(path, "rb");
    TP_MUST(f != NULL);
    out->len = 0;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        TP_MUST(buf_add(out, piece, n) == OK);
    fclose(f);
}

TP_FN void tp_write_pem(const char *path, X509 *const *certs, size_t n)
{
    FILE *f = fopen(path, "w");
    TP_MUST(f != NULL);
    for (size_t i = 0; i < n; i++)
        TP_MUST(PEM_write_X509(f, certs[i]) == 1);
    fclose(f);
}

/* A directory of this test alone, below $TMPDIR. */
TP_FN const char *tp_dir(void)
{
    static char dir[256];
    if (dir[0] == '\0') {
        const char *tmp = getenv("TMPDIR");
        snprintf(dir, sizeof dir, "%s/antin-test-XXXXXX", tmp != NULL ? tmp : "/tmp");
        TP_MUST(mkdtemp(dir) != NULL);
    }
    return dir;
}

TP_FN char *tp_path(const char *name)
{
    char *path = NULL;
    TP_MUST(asprintf(&path, "%s/%s", tp_dir(), name) > 0);
    return path;
}

TP_FN void tp_cleanup(void)
{
    char command[512];
    snprintf(command, sizeof command, "rm -rf '%s'", tp_dir());
    TP_MUST(system(command) == 0);
}

/* Runs a shell command in the test's directory; its exit code, its output (both streams) in *out. */
__attribute__((format(printf, 2, 3))) TP_FN int tp_run(struct buf *out, const char *fmt, ...)
{
    char command[4096], whole[5000], piece[4096];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    snprintf(whole, sizeof whole, "cd '%s' && { %s; } 2>&1", tp_dir(), command);
    FILE *f = popen(whole, "r");
    TP_MUST(f != NULL);
    out->len = 0;
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        TP_MUST(buf_add(out, piece, n) == OK);
    int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256;
}

#endif
