/*
 * GET /health (the process lives) and /ready (database, keyd, store and PDF reader answer).
 * Called through routes.c by whoever watches the daemon.
 */
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/rules/content.h"
#include "signer/rules/pdfjail.h"

err_t signer_health(struct http_req *r)
{
    http_reply_no_store(r);
    http_reply_json(r, 200, json_pack("{ss}", "status", "ok"));
    return OK;
}

static bool keyd_alive(struct app *a)
{
    AUTO_BUF room = {0};
    size_t n = 0;
    return buf_reserve(&room, KEY_LIST_MAX * sizeof(struct key_info)) == OK &&
           key_list(a->keys, KEY_TSA, (struct key_info *)(void *)room.ptr, &n) == OK && n > 0;
}

err_t signer_ready(struct http_req *r)
{
    struct app *a = signer_app(r);
    bool db = db_pool_alive(a->db), keyd = keyd_alive(a), store = content_alive(a->content), reader = pdfjail_alive(a->pdfjail);
    bool all = db && keyd && store && reader;
    if (!all)
        http_reply_header(r, "Retry-After", "2");
    http_reply_no_store(r);
    http_reply_json(r, all ? 200 : 503,
                    json_pack("{sbsbsbsbsb}", "ready", all, "database", db, "keyd", keyd, "store", store, "pdf_reader", reader));
    return OK;
}
