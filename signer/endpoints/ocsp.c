/*
 * POST /ocsp and GET /ocsp/{request}: the status of citizens' certificates, for anybody.
 * Called through routes.c. RFC 6960 appendix A.1 (HTTP), RFC 5019 §5, §6 (GET, caches).
 */
#include "common/clock.h"
#include "common/secret.h"
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/rules/responder.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define REPLY_TYPE "application/ocsp-response"
#define FRESH_S 60 /* how long a cache on the way keeps it: a revocation is seen a minute later at most, as with the CRL */
#define ETAG_BYTES 16

static err_t answer(struct http_req *r, struct bytes der, struct responder_answer *out)
{
    struct ocsp_query q;
    TRY(ocsp_query_parse(der, &q));
    return responder_ask(signer_app(r), &q, 0, out);
}

/* IMF-fixdate (RFC 9110 §5.6.7). */
static void date_header(struct http_req *r, const char *name, int64_t t)
{
    char text[64];
    struct tm tm;
    time_t when = (time_t)t;
    if (gmtime_r(&when, &tm) != NULL && strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
        http_reply_header(r, name, text);
}

/* RFC 5019 §6.2. true: who asks has it already. */
static bool cache_headers(struct http_req *r, const struct responder_answer *a)
{
    char control[96], etag[2 + B64URL_LEN(ETAG_BYTES) + 1] = "\"";
    uint8_t hash[SHA256_LEN];
    int64_t left = a->next_update - clock_now(), age = left < FRESH_S ? left : FRESH_S;
    sha256(buf_bytes(&a->der), hash);
    b64url_encode(BYTES(hash, ETAG_BYTES), etag + 1);
    memcpy(etag + strlen(etag), "\"", 2);
    (void)snprintf(control, sizeof control, "public, max-age=%lld, no-transform, must-revalidate", (long long)(age > 0 ? age : 0));
    http_reply_header(r, "Cache-Control", control);
    http_reply_header(r, "ETag", etag);
    date_header(r, "Last-Modified", a->this_update);
    date_header(r, "Expires", clock_now() + (age > 0 ? age : 0));
    const char *have = http_header(r, "If-None-Match");
    return have != NULL && strstr(have, etag) != NULL;
}

err_t signer_ocsp_post(struct http_req *r)
{
    AUTO(responder_answer_free) struct responder_answer a = {0};
    TRY(answer(r, http_body(r), &a));
    http_reply_no_store(r);
    http_reply(r, 200, REPLY_TYPE, &a.der);
    return OK;
}

err_t signer_ocsp_get(struct http_req *r)
{
    AUTO(responder_answer_free) struct responder_answer a = {0};
    uint8_t der[OCSP_QUERY_MAX];
    size_t n = 0;
    if (b64_decode(BYTES_STR(http_path(r, "request")), der, sizeof der, &n) != OK)
        return ERR_OCSP_REQUEST;
    TRY(answer(r, BYTES(der, n), &a));
    if (!a.common)
        http_reply_no_store(r);
    else if (cache_headers(r, &a)) {
        http_reply(r, 304, NULL, NULL);
        return OK;
    }
    http_reply(r, 200, REPLY_TYPE, &a.der);
    return OK;
}

/* What OCSP has a word for is said with 200, as clients drop other bodies; what we cannot do now with 503, so that no cache keeps it. */
void signer_fail_ocsp(struct http_req *r, err_t e)
{
    const struct err_row *row = err_info(e);
    AUTO_BUF out = {0};
    int status = e == ERR_OCSP_REQUEST || e == ERR_OCSP_HASH ? 200 : row->status;
    if (status == 503)
        http_reply_header(r, "Retry-After", "2");
    http_reply_no_store(r);
    if (ocsp_reply_failure(e, &out) == OK)
        http_reply(r, status, REPLY_TYPE, &out);
    else
        http_reply(r, 503, NULL, NULL);
}
