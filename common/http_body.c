/*
 * Request bodies: in memory (form, JSON, bytes), or streamed to an unlinked spool file and hashed on the way.
 * Called on the HTTP thread as the bytes come. A handler never sees part of a body.
 * RFC 9110 §8.3 (Content-Type), §15.5.14 (413), §15.5.16 (415).
 */
#include "common/http_internal.h"
#include "common/log.h"
#include "common/secret.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPOOL_PIECE ((uint64_t)262144) /* written pages go to the disk that often, not all at the end */

struct http_hashes {
    EVP_MD_CTX *sha256;
    EVP_MD_CTX *sha512;
};

static void hashes_free(struct http_hashes **h)
{
    if (*h == NULL)
        return;
    EVP_MD_CTX_free((*h)->sha256);
    EVP_MD_CTX_free((*h)->sha512);
    free(*h);
    *h = NULL;
}

/* OpenSSL 3.0 looks algorithms up anew for each context unless they were fetched; once is enough. */
static const EVP_MD *fetched(const char *name, EVP_MD **once)
{
    EVP_MD *md = __atomic_load_n(once, __ATOMIC_ACQUIRE);
    if (md != NULL)
        return md;
    md = EVP_MD_fetch(NULL, name, NULL);
    EVP_MD *none = NULL;
    if (md != NULL && !__atomic_compare_exchange_n(once, &none, md, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        EVP_MD_free(md); /* another thread was first */
        md = none;
    }
    return md;
}

static err_t hashes_new(struct http_hashes **out)
{
    static EVP_MD *sha256_md, *sha512_md;
    struct http_hashes *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    *out = h;
    h->sha256 = EVP_MD_CTX_new();
    h->sha512 = EVP_MD_CTX_new();
    const EVP_MD *a = fetched("SHA256", &sha256_md), *b = fetched("SHA512", &sha512_md);
    if (h->sha256 == NULL || h->sha512 == NULL || a == NULL || b == NULL)
        return ERR_CRYPTO;
    return EVP_DigestInit_ex2(h->sha256, a, NULL) == 1 && EVP_DigestInit_ex2(h->sha512, b, NULL) == 1 ? OK : ERR_CRYPTO;
}

/* --- what may come --- */

/* "Application/JSON; charset=utf-8" becomes "application/json". */
static void read_content_type(struct http_req *r)
{
    const char *v = http_header(r, "Content-Type");
    size_t n = v == NULL ? 0 : strcspn(v, "; \t");
    if (n >= sizeof r->content_type)
        n = 0; /* no media type is that long: it is none of ours */
    for (size_t i = 0; i < n; i++)
        r->content_type[i] = (char)(v[i] >= 'A' && v[i] <= 'Z' ? v[i] + 32 : v[i]);
    r->content_type[n] = '\0';
}

static const char *wanted_type(const struct http_route *t)
{
    return t->body == HTTP_FORM ? "application/x-www-form-urlencoded" : t->body == HTTP_JSON ? "application/json" : t->body_type;
}

static err_t spool_open(struct http_req *r)
{
    const char *dir = r->server->conf.spool_dir;
    r->spool.fd = dir == NULL ? -1 : open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (r->spool.fd < 0) {
        int why = errno;
        log_event(LOG_ERROR, "spool_failed", "open: %s", dir == NULL ? "no spool directory is set" : strerror(why));
        return why == ENOSPC || why == EDQUOT ? ERR_DISK_FULL : ERR_IO;
    }
    return hashes_new(&r->hashes);
}

err_t http_body_begin(struct http_req *r)
{
    const struct http_route *t = r->route;
    bool any = r->chunked || r->length > 0;
    read_content_type(r);
    if (t->body == HTTP_NO_BODY)
        return any ? ERR_SYNTAX : OK;
    const char *want = wanted_type(t);
    bool none = !any && http_header(r, "Content-Type") == NULL; /* POST without fields: an empty form */
    if (want != NULL && strcmp(r->content_type, want) != 0 && !none)
        return ERR_MEDIA_TYPE;
    if (r->length > t->body_max)
        return ERR_TOO_LARGE;
    if (t->body == HTTP_SPOOL)
        return spool_open(r);
    return r->length > 0 ? buf_reserve(&r->body, r->length < 65536 ? (size_t)r->length : 65536) : OK;
}

/* --- as it comes --- */

static err_t spool_write(struct http_req *r, struct bytes data)
{
    while (data.len > 0) {
        ssize_t n = write(r->spool.fd, data.ptr, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int why = errno;
            log_event(LOG_ERROR, "spool_failed", "write: %s", strerror(why));
            return why == ENOSPC || why == EDQUOT || why == EFBIG ? ERR_DISK_FULL : ERR_IO;
        }
        data = BYTES(data.ptr + n, data.len - (size_t)n);
    }
    return OK;
}

static err_t spool_add(struct http_req *r, struct bytes data)
{
    if (EVP_DigestUpdate(r->hashes->sha256, data.ptr, data.len) != 1 || EVP_DigestUpdate(r->hashes->sha512, data.ptr, data.len) != 1)
        return ERR_CRYPTO;
    TRY(spool_write(r, data));
    uint64_t before = r->spool.size / SPOOL_PIECE;
    r->spool.size += data.len;
    if (r->spool.size / SPOOL_PIECE != before) /* a hint: the result does not matter */
        (void)sync_file_range(r->spool.fd, (off64_t)(before * SPOOL_PIECE), SPOOL_PIECE, SYNC_FILE_RANGE_WRITE);
    return OK;
}

err_t http_body_add(struct http_req *r, struct bytes data)
{
    size_t have = r->route->body == HTTP_SPOOL ? (size_t)r->spool.size : r->body.len;
    if (r->route->body == HTTP_NO_BODY)
        return ERR_SYNTAX;
    if (data.len > r->route->body_max - have)
        return ERR_TOO_LARGE; /* a chunked body tells its length only by coming */
    return r->route->body == HTTP_SPOOL ? spool_add(r, data) : buf_add_bytes(&r->body, data);
}

/* --- when all of it is there --- */

static err_t end_form(struct http_req *r)
{
    r->field = &r->field_room;
    err_t e = form_parse(buf_bytes(&r->body), r->field);
    secret_wipe(r->body.ptr, r->body.len); /* passwords and PINs come by forms */
    return e;
}

static err_t end_json(struct http_req *r)
{
    TRY(json_parse(buf_bytes(&r->body), r->route->body_max, &r->json));
    return json_is_object(r->json) ? OK : ERR_SYNTAX;
}

static err_t end_spool(struct http_req *r)
{
    unsigned n256 = 0, n512 = 0;
    if (EVP_DigestFinal_ex(r->hashes->sha256, r->spool.sha256, &n256) != 1 || n256 != sizeof r->spool.sha256 ||
        EVP_DigestFinal_ex(r->hashes->sha512, r->spool.sha512, &n512) != 1 || n512 != sizeof r->spool.sha512)
        return ERR_CRYPTO;
    hashes_free(&r->hashes);
    return lseek(r->spool.fd, 0, SEEK_SET) == 0 ? OK : ERR_IO;
}

err_t http_body_end(struct http_req *r)
{
    if (!r->chunked && r->in != r->length)
        return ERR_CUT; /* the library closes such a connection before it comes here; this makes sure */
    switch (r->route->body) {
    case HTTP_FORM: return end_form(r);
    case HTTP_JSON: return end_json(r);
    case HTTP_SPOOL: return end_spool(r);
    case HTTP_NO_BODY:
    case HTTP_BYTES: break;
    }
    return OK;
}

void http_body_free(struct http_req *r)
{
    if (r->body.ptr != NULL)
        secret_wipe(r->body.ptr, r->body.len);
    buf_free(&r->body);
    json_free(&r->json);
    fd_close(&r->spool.fd);
    hashes_free(&r->hashes);
    if (r->field != NULL)
        form_free(r->field);
}
