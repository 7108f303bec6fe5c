/*
 * Tokens that software registers itself with, for administrators.
 * GET, POST /admin/v1/registration-tokens; DELETE /admin/v1/registration-tokens/{id}. RFC 7591 §3, RFC 9457.
 */
#include "common/clock.h"
#include "idp/endpoints/admin.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/rules/registration_token.h"
#include <string.h>

err_t get_admin_registration_tokens(struct http_req *r)
{
    AUTO_JSON list = NULL;

    TRY(registration_tokens_tell(app_of(r)->db, &list));
    http_reply_no_store(r);
    http_reply_json(r, 200, take(&list));
    return OK;
}

err_t post_admin_registration_tokens(struct http_req *r)
{
    struct client_fault fault = {0};
    AUTO_JSON made = NULL;

    err_t e = registration_token_make(app_of(r)->db, http_json(r), admin_actor(r), &made, &fault);
    if (e == ERR_CLIENT_METADATA)
        http_problem_detail(r, "%s", fault.text);
    TRY(e);
    http_reply_no_store(r);
    http_reply_json(r, 201, take(&made));
    return OK;
}

err_t delete_admin_registration_token(struct http_req *r)
{
    const char *id = http_path(r, "id");

    err_t e = registration_token_revoke(app_of(r)->db, id ? id : "", admin_actor(r));
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    http_reply_no_store(r);
    http_reply(r, 204, NULL, NULL);
    return OK;
}
