/*
 * The token keys that keyd has, and new ones, for administrators.
 * GET /admin/v1/keys, POST /admin/v1/keys/rotate.
 */
#include "idp/endpoints/admin.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/rules/keys.h"

err_t get_admin_keys(struct http_req *r)
{
    AUTO_JSON keys = NULL;

    TRY(keys_tell(app_of(r)->keyd, &keys));
    return admin_reply(r, take(&keys));
}

/* 202: keyd makes them in a moment; they are listed then, and sign only after its overlap. */
err_t post_admin_keys_rotate(struct http_req *r)
{
    struct app *a = app_of(r);
    json_t *answer = json_pack("{s:b}", "asked", 1);

    if (!answer)
        return ERR_NOMEM;
    err_t e = keys_rotate(a->keyd, a->db, admin_actor(r));
    if (e != OK) {
        json_decref(answer);
        return e;
    }
    http_reply_no_store(r);
    http_reply_json(r, 202, answer);
    return OK;
}
