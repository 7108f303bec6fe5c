/*
 * Fetches what certificates point to, and keeps CRLs and OCSP answers while they are current.
 * Used by antin-sign. RFC 5280 §4.2.1.13, §4.2.2.1; RFC 6960 §4.2.2.1, appendix A.1.
 */
#include "signer/sign/web.h"

#include "common/secret.h"
#include "common/x509.h"
#include "signer/formats/ocsp_client.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- how long it may be kept --- */

static int64_t crl_until(struct bytes der)
{
    AUTO_X509_CRL crl = NULL;
    int64_t next;
    if (x509_crl_from_der(der, &crl) != OK)
        return 0;
    const ASN1_TIME *t = X509_CRL_get0_nextUpdate(crl);
    return t != NULL && x509_time(t, &next) == OK ? next : 0;
}

static void response_free(OCSP_RESPONSE **r)
{
    OCSP_RESPONSE_free(*r);
}

static void basic_free(OCSP_BASICRESP **b)
{
    OCSP_BASICRESP_free(*b);
}

/* Without nextUpdate newer information is always there: not kept. */
static int64_t ocsp_until(struct bytes der)
{
    const uint8_t *p = der.ptr;
    ASN1_GENERALIZEDTIME *t = NULL;
    int64_t next;
    AUTO(response_free) OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)der.len);
    if (r == NULL || OCSP_response_status(r) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return 0;
    AUTO(basic_free) OCSP_BASICRESP *b = OCSP_response_get1_basic(r);
    if (b == NULL || OCSP_resp_count(b) != 1)
        return 0;
    (void)OCSP_single_get0_status(OCSP_resp_get0(b, 0), NULL, NULL, NULL, &t);
    return t != NULL && x509_time(t, &next) == OK ? next : 0;
}

static bool current(const struct web *w, enum vdata_kind kind, struct bytes der)
{
    return (kind == VDATA_CRL ? crl_until(der) : ocsp_until(der)) > w->now;
}

/* --- the folder: an answer under the digest of what was asked --- */

static void ctx_free(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

static err_t cache_path(const struct web *w, enum vdata_kind kind, const char *url, struct bytes body, struct buf *out)
{
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    AUTO(ctx_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1 || EVP_DigestUpdate(ctx, url, strlen(url) + 1) != 1 ||
        (body.len > 0 && EVP_DigestUpdate(ctx, body.ptr, body.len) != 1) || EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
        return ERR_CRYPTO;
    hex_encode(BYTES(digest, sizeof digest), hex);
    return buf_addf(out, "%s/%s.%s", w->cache, hex, kind == VDATA_CRL ? "crl" : "ocsp");
}

static err_t read_file(const char *path, struct buf *out)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > (off_t)X509_CRL_DER_MAX)
        return ERR_NOT_FOUND;
    TRY(buf_reserve(out, (size_t)st.st_size));
    ssize_t n = pread(fd, out->ptr, (size_t)st.st_size, 0);
    if (n != st.st_size)
        return ERR_NOT_FOUND;
    out->len = (size_t)n;
    return OK;
}

static bool recall(struct web *w, enum vdata_kind kind, const char *path, struct buf *out)
{
    if (!w->fresh && read_file(path, out) == OK && current(w, kind, buf_bytes(out))) {
        w->recalled++;
        return true;
    }
    buf_free(out);
    return false;
}

/* What cannot be kept is fetched again next time: no failure. */
static void keep(const struct web *w, enum vdata_kind kind, const char *path, struct bytes der)
{
    AUTO_BUF tmp = {0};
    char token[B64URL_LEN(12) + 1];
    random_token(token, 12);
    if (!current(w, kind, der) || buf_addf(&tmp, "%s.%s", path, token) != OK)
        return;
    AUTO_FD fd = open(buf_str(&tmp), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return;
    if (write(fd, der.ptr, der.len) != (ssize_t)der.len || rename(buf_str(&tmp), path) != 0)
        (void)unlink(buf_str(&tmp));
}

/* --- the web --- */

static err_t fetch(const struct web *w, enum vdata_kind kind, const char *url, struct bytes body, struct buf *out)
{
    AUTO_FETCH_REPLY reply = {0};
    const struct fetch_request q = {
        .url = url,
        .accept = kind == VDATA_OCSP ? "application/ocsp-response" : NULL,
        .content_type = kind == VDATA_OCSP ? "application/ocsp-request" : NULL,
        .body = body,
    };
    TRY(fetch_run(w->fetch, &q, &reply));
    if (reply.status != 200)
        return ERR_IO;
    if ((kind == VDATA_OCSP && reply.body.len > OCSP_RESPONSE_MAX) || (kind == VDATA_ISSUER && reply.body.len > X509_DER_MAX))
        return ERR_TOO_LARGE;
    *out = take(&reply.body);
    return OK;
}

err_t web_get(void *arg, enum vdata_kind kind, const char *url, struct bytes body, struct buf *out)
{
    struct web *w = arg;
    AUTO_BUF path = {0};
    if (w->cache == NULL || kind == VDATA_ISSUER)
        return fetch(w, kind, url, body, out);
    TRY(cache_path(w, kind, url, body, &path));
    if (recall(w, kind, buf_str(&path), out))
        return OK;
    TRY(fetch(w, kind, url, body, out));
    keep(w, kind, buf_str(&path), buf_bytes(out));
    return OK;
}
