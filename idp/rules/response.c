/*
 * Authorization responses.
 * Called by rules/authz.c and endpoints/respond.c. RFC 6749 §4.1.2; Form Post Response Mode; JARM §2.
 */
#include "idp/rules/response.h"
#include "common/form.h"

bool response_mode_signed(enum response_mode m)
{
    return m == RESPONSE_QUERY_JWT || m == RESPONSE_FORM_JWT;
}

bool response_mode_posted(enum response_mode m)
{
    return m == RESPONSE_FORM || m == RESPONSE_FORM_JWT;
}

err_t response_members(const struct auth_request *q, const char *code, const char *error, const char *description, json_t **out)
{
    *out = json_pack("{s:s*, s:s*, s:s*, s:s*}", "code", code, "error", error, "error_description", description, "state",
                     q->has_state && (q->state[0] || !response_mode_signed(q->response_mode)) ? q->state : NULL);
    return *out ? OK : ERR_NOMEM;
}

err_t response_url(const char *redirect_uri, const json_t *members, struct buf *url)
{
    json_t *o = (json_t *)members; /* jansson's iterators take no const */

    TRY(buf_add_str(url, redirect_uri));
    for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i))
        TRY(url_add_param(url, json_object_iter_key(i), json_string_value(json_object_iter_value(i))));
    return OK;
}
