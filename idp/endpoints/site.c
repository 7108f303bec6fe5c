/*
 * What needs no rule: the first page, style and seal, health and readiness.
 * GET /, /assets/…, /health, /ready.
 */
#include "common/keyclient.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/rules/keeping.h"
#include <stdlib.h>
#include <string.h>

err_t get_home(struct http_req *r)
{
    return page_reply(r, 200, "home", page_values(r, "home.title", NULL));
}

static err_t asset(struct http_req *r, const struct buf *bytes, const char *etag, const char *type)
{
    const char *have = http_header(r, "If-None-Match");
    AUTO_BUF copy = {0};

    http_reply_header(r, "Cache-Control", "public, max-age=3600");
    http_reply_header(r, "ETag", etag);
    if (have && strcmp(have, etag) == 0) {
        http_reply(r, 304, NULL, NULL);
        return OK;
    }
    TRY(buf_copy(&copy, buf_bytes(bytes)));
    http_reply(r, 200, type, &copy);
    return OK;
}

err_t get_style(struct http_req *r)
{
    const struct asset *a = &app_of(r)->assets;

    return asset(r, &a->css, a->etag[0], "text/css; charset=utf-8");
}

err_t get_seal(struct http_req *r)
{
    const struct asset *a = &app_of(r)->assets;

    return asset(r, &a->seal, a->etag[1], "image/svg+xml");
}

err_t get_health(struct http_req *r)
{
    http_reply_json(r, 200, json_pack("{s:s}", "status", "ok"));
    return OK;
}

err_t get_ready(struct http_req *r)
{
    struct app *a = app_of(r);
    struct key_info *info = calloc(KEY_LIST_MAX, sizeof *info);
    size_t n = 0;

    bool keyd = info && key_list(a->keyd, KEY_TOKEN, info, &n) == OK && n > 0;
    bool database = db_pool_alive(a->db) && keeper_ready(a->keeper);
    free(info);
    http_reply_json(r, keyd && database ? 200 : 503, json_pack("{s:b, s:b}", "database", database, "keyd", keyd));
    return OK;
}
