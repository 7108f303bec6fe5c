/*
 * GET /assets/style.css and /assets/seal.svg: the pages' look, read once at start.
 * Called through routes.c.
 */
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"

static err_t send(struct http_req *r, const struct buf *asset, const char *type)
{
    AUTO_BUF copy = {0};
    TRY(buf_copy(&copy, buf_bytes(asset)));
    http_reply_header(r, "Cache-Control", "public, max-age=3600");
    http_reply(r, 200, type, &copy);
    return OK;
}

err_t signer_css(struct http_req *r)
{
    return send(r, &signer_app(r)->css, "text/css; charset=utf-8");
}

err_t signer_seal_svg(struct http_req *r)
{
    return send(r, &signer_app(r)->seal, "image/svg+xml");
}
