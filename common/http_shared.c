/*
 * Replies that are made once and sent to everybody: public metadata, assets. Sending one costs no allocation and no copy.
 * Called by endpoints (http_shared_make, http_reply_shared) and by http_reply.c.
 * RFC 9110 §8.8.3 (ETag), §13.1.2 (If-None-Match), §15.4.5 (304); RFC 9111 §5.2.
 */
#include "common/http_internal.h"
#include "common/secret.h"
#include <stdlib.h>
#include <string.h>

/* Never changed once it is made; the library counts who still sends a response. */
struct http_shared {
    atomic_uint holders;
    struct buf body;
    char *type, *cache;
    char etag[2 + B64URL_LEN(HTTP_ETAG_BYTES) + 1];
    struct MHD_Response *full, *same; /* 200 and 304 */
};

void http_shared_free(struct http_shared **sp)
{
    struct http_shared *s = *sp;
    *sp = NULL;
    if (s == NULL || atomic_fetch_sub(&s->holders, 1) != 1)
        return;
    if (s->full != NULL)
        MHD_destroy_response(s->full);
    if (s->same != NULL)
        MHD_destroy_response(s->same);
    buf_free(&s->body);
    free(s->type);
    free(s->cache);
    free(s);
}

struct http_shared *http_shared_hold(struct http_shared *s)
{
    atomic_fetch_add(&s->holders, 1);
    return s;
}

/* The fields that 200 and 304 have alike (RFC 9110 §15.4.5), and those that every reply of this route has. */
static bool add_fields(struct http_req *r, const struct http_shared *s, struct MHD_Response *out)
{
    return out != NULL && MHD_add_response_header(out, "Cache-Control", s->cache) == MHD_YES &&
           MHD_add_response_header(out, "ETag", s->etag) == MHD_YES && http_reply_security(r, out);
}

static err_t fill(struct http_req *r, struct http_shared *s)
{
    s->full = MHD_create_response_from_buffer(s->body.len, s->body.ptr, MHD_RESPMEM_MUST_COPY); /* it may outlive us on a slow connection */
    s->same = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    bool ok =
        add_fields(r, s, s->full) && add_fields(r, s, s->same) && MHD_add_response_header(s->full, "Content-Type", s->type) == MHD_YES;
    return ok ? OK : ERR_NOMEM;
}

err_t http_shared_make(struct http_req *r, const char *type, const char *cache, struct buf *body, struct http_shared **out)
{
    uint8_t hash[SHA256_LEN];
    AUTO(http_shared_free) struct http_shared *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    atomic_init(&s->holders, 1);
    s->body = take(body);
    sha256(buf_bytes(&s->body), hash);
    s->etag[0] = '"';
    b64url_encode(BYTES(hash, HTTP_ETAG_BYTES), s->etag + 1);
    memcpy(s->etag + strlen(s->etag), "\"", 2);
    TRY(str_copy(&s->type, type));
    TRY(str_copy(&s->cache, cache));
    TRY(fill(r, s));
    *out = take(&s);
    return OK;
}

void http_reply_shared(struct http_req *r, struct http_shared *s)
{
    /* A list, or weak: what we gave is found in it all the same, and nothing else looks like it. */
    const char *have = http_header(r, "If-None-Match");
    bool same = have != NULL && strstr(have, s->etag) != NULL;
    http_reply(r, same ? 304 : 200, NULL, NULL);
    r->reply.shared = http_shared_hold(s);
}

/* A reply that ends its connection says so, which others may not hear: it gets a response of its own. */
static err_t copy(struct http_req *r, const struct http_shared *s)
{
    bool full = r->reply.status == 200;
    AUTO_BUF body = {0};
    if (full)
        TRY(buf_copy(&body, buf_bytes(&s->body)));
    http_reply_header(r, "Cache-Control", s->cache);
    http_reply_header(r, "ETag", s->etag);
    http_reply(r, r->reply.status, full ? s->type : NULL, &body); /* lets s go */
    return OK;
}

err_t http_shared_build(struct http_req *r)
{
    struct http_shared *s = r->reply.shared;
    if (r->close || atomic_load(&r->server->closing)) {
        s = http_shared_hold(s);
        err_t e = copy(r, s);
        http_shared_free(&s);
        return e;
    }
    r->response = r->reply.status == 200 ? s->full : s->same;
    r->out = r->reply.status == 200 ? s->body.len : 0;
    return OK;
}
