/*
 * The parameters of an authorization request by name.
 * Called by endpoints/authorize.c and endpoints/par.c. RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1, RFC 9101 §4.
 */
#include "idp/rules/params.h"
#include <string.h>

const char *const authz_param_names[] = {
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
    "ui_locales",
    "acr_values",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "registration",
    "dpop_jkt",
    "resource",
    "authorization_details",
    "claims",
    NULL,
};

const char *authz_param(const json_t *params, const char *name)
{
    return json_string_value(json_object_get(params, name));
}

static json_t *as_text(const json_t *v)
{
    if (json_is_string(v))
        return json_string(json_string_value(v));
    if (json_is_integer(v))
        return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
    AUTO_STR text = json_is_object(v) || json_is_array(v) ? json_dumps(v, JSON_COMPACT) : NULL;
    return text ? json_string(text) : NULL;
}

err_t params_of_claims(const json_t *claims, const char *const *names, json_t **out)
{
    AUTO_JSON params = json_object();

    if (!params)
        return ERR_NOMEM;
    if (json_object_get(claims, "request") || json_object_get(claims, "request_uri"))
        return ERR_REQUEST_OBJECT_BAD;
    for (size_t i = 0; names[i]; i++) {
        const json_t *v = json_object_get(claims, names[i]);
        json_t *text = v ? as_text(v) : NULL;
        if (v && !text)
            return ERR_REQUEST_OBJECT_BAD;
        if (text && json_object_set_new(params, names[i], text) != 0)
            return ERR_NOMEM;
    }
    *out = take(&params);
    return OK;
}
