/*
 * The token keys that keyd has, for administrators.
 * GET /admin/v1/keys.
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
