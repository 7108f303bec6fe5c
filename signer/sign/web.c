/*
 * Fetches what certificates point to, and keeps CRLs while they are current.
 * Used by antin-sign. RFC 5280 §4.2.1.13, §4.2.2.1; RFC 6960 appendix A.1.
 */
#include "signer/sign/web.h"

#include "common/secret.h"
#include "common/x509.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the folder: a CRL under the digest of its address --- */

static err_t cache_path(const struct web *w, const char *url, struct buf *out)
{
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    sha256(bytes_str(url), digest);
    hex_encode(BYTES(digest, sizeof digest), hex);
    return buf_addf(out, "%s/%s.crl", w->cache, hex);
}

static bool current(struct bytes der, int64_t now)
{
    AUTO_X509_CRL crl = NULL;
    int64_t next;
    if (x509_crl_from_der(der, &crl) != OK)
        return false;
    const ASN1_TIME *t = X509_CRL_get0_nextUpdate(crl);
    return t != NULL && x509_time(t, &next) == OK && next > now;
}

static err_t read_file(const char *path, struct buf *out)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
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

/* What cannot be kept is fetched again next time: no failure. */
static void keep(const struct web *w, const char *path, struct bytes der)
{
    AUTO_BUF tmp = {0};
    if (!current(der, w->now) || buf_addf(&tmp, "%s.%d", path, (int)getpid()) != OK)
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
    *out = take(&reply.body);
    return OK;
}

err_t web_get(void *arg, enum vdata_kind kind, const char *url, struct bytes body, struct buf *out)
{
    const struct web *w = arg;
    AUTO_BUF path = {0};
    if (w->cache == NULL || kind != VDATA_CRL)
        return fetch(w, kind, url, body, out);
    TRY(cache_path(w, url, &path));
    if (read_file(buf_str(&path), out) == OK && current(buf_bytes(out), w->now))
        return OK;
    out->len = 0;
    buf_free(out);
    TRY(fetch(w, kind, url, body, out));
    keep(w, buf_str(&path), buf_bytes(out));
    return OK;
}
