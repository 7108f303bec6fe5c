/*
 * Everything the identity provider answers to, one row each: a newcomer starts here.
 * Used by main.c. Columns: method, path, handler, what authenticates the caller, how failures look, what body is taken.
 */
#include "idp/routes.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/service.h"

#define KB 1024

#define PAGE(p, h)                                                                            \
    {                                                                                         \
        .method = "GET", .path = (p), .handler = (h), .fail = fail_page, .body = HTTP_NO_BODY \
    }
#define FORM(p, h, f, max)                                                                               \
    {                                                                                                    \
        .method = "POST", .path = (p), .handler = (h), .fail = (f), .body = HTTP_FORM, .body_max = (max) \
    }
#define META(p, h)                                                                                                                \
    {                                                                                                                             \
        .method = "GET", .path = (p), .handler = (h), .fail = fail_oauth, .body = HTTP_NO_BODY, .cors = true, .inline_first = true \
    }
#define OFFICER(m, p, h, b, max)                                                                                             \
    {                                                                                                                        \
        .method = (m), .path = (p), .handler = (h), .auth = auth_registrar, .fail = fail_api, .body = (b), .body_max = (max) \
    }
#define ADMIN(m, p, h, b, max)                                                                                           \
    {                                                                                                                    \
        .method = (m), .path = (p), .handler = (h), .auth = auth_admin, .fail = fail_api, .body = (b), .body_max = (max) \
    }
/* The token that a registration is done with is no access token: the handlers look at it themselves. */
#define OWN_CLIENT(m, p, h, b, max)                                                                       \
    {                                                                                                     \
        .method = (m), .path = (p), .handler = (h), .fail = fail_bearer, .body = (b), .body_max = (max) \
    }
#define STATIC(p, h)                                                                                                     \
    {                                                                                                                    \
        .method = "GET", .path = (p), .handler = (h), .fail = http_fail_problem, .body = HTTP_NO_BODY, .inline_ok = true \
    }

const struct http_route idp_routes[] = {
    /* people */
    PAGE("/", get_home),
    PAGE("/login", get_login),
    FORM("/login", post_login, fail_page, 8 * KB),
    PAGE("/login/with/{provider}", get_upstream_start),
    PAGE("/login/from/{provider}", get_upstream_back),
    PAGE("/consent", get_consent),
    FORM("/consent", post_consent, fail_page, 8 * KB),
    PAGE("/device", get_device),
    FORM("/device", post_device, fail_page, 8 * KB),
    PAGE("/device/done", get_device_done),
    PAGE("/requests", get_requests),
    FORM("/requests", post_requests, fail_page, 8 * KB),
    PAGE("/account", get_account),
    FORM("/account", post_account, fail_page, 8 * KB),
    PAGE("/activate", get_activate),
    FORM("/activate", post_activate, fail_page, 8 * KB),
    PAGE("/signed-out", get_signed_out),
    STATIC("/assets/style.css", get_style),
    STATIC("/assets/seal.svg", get_seal),

    /* OAuth 2.0 and OpenID Connect */
    META("/.well-known/openid-configuration", get_discovery),
    META("/.well-known/oauth-authorization-server", get_discovery),
    META("/jwks", get_jwks),
    PAGE("/authorize", get_authorize),
    FORM("/authorize", post_authorize, fail_page, 16 * KB),
    FORM("/par", post_par, fail_oauth, 16 * KB),
    {.method = "POST", .path = "/token", .handler = post_token, .fail = fail_oauth, .body = HTTP_FORM, .body_max = 16 * KB, .inline_first = true,
     .together = service_together},
    FORM("/device_authorization", post_device_authorization, fail_oauth, 16 * KB),
    FORM("/bc-authorize", post_bc_authorize, fail_oauth, 16 * KB),
    {.method = "POST", .path = "/introspect", .handler = post_introspect, .fail = fail_oauth, .body = HTTP_FORM, .body_max = 16 * KB,
     .inline_first = true, .together = introspect_together},
    FORM("/revoke", post_revoke, fail_oauth, 16 * KB),
    {.method = "GET", .path = "/userinfo", .handler = get_userinfo, .fail = fail_bearer, .body = HTTP_NO_BODY, .inline_first = true,
     .together = userinfo_together},
    {.method = "POST", .path = "/userinfo", .handler = post_userinfo, .fail = fail_bearer, .body = HTTP_FORM, .body_max = 16 * KB,
     .inline_first = true, .together = userinfo_together},
    PAGE("/logout", get_logout),
    FORM("/logout", post_logout, fail_page, 16 * KB),

    /* the counter */
    OFFICER("POST", "/v1/citizens", post_citizens, HTTP_JSON, 16 * KB),
    OFFICER("GET", "/v1/citizens/{id}", get_citizen, HTTP_NO_BODY, 0),
    OFFICER("POST", "/v1/citizens/{id}/activation", post_citizen_activation, HTTP_BYTES, 1 * KB),
    OFFICER("POST", "/v1/citizens/{id}/lock", post_citizen_lock, HTTP_BYTES, 1 * KB),
    OFFICER("POST", "/v1/citizens/{id}/unlock", post_citizen_unlock, HTTP_BYTES, 1 * KB),

    /* clients that register themselves */
    OWN_CLIENT("POST", "/register", post_register, HTTP_JSON, 16 * KB),
    OWN_CLIENT("GET", "/register/{client_id}", get_register, HTTP_NO_BODY, 0),
    OWN_CLIENT("PUT", "/register/{client_id}", put_register, HTTP_JSON, 16 * KB),
    OWN_CLIENT("DELETE", "/register/{client_id}", delete_register, HTTP_NO_BODY, 0),

    /* administration */
    ADMIN("GET", "/admin/v1/clients", get_admin_clients, HTTP_NO_BODY, 0),
    ADMIN("POST", "/admin/v1/clients", post_admin_clients, HTTP_JSON, 16 * KB),
    ADMIN("GET", "/admin/v1/clients/{id}", get_admin_client, HTTP_NO_BODY, 0),
    ADMIN("PUT", "/admin/v1/clients/{id}", put_admin_client, HTTP_JSON, 16 * KB),
    ADMIN("DELETE", "/admin/v1/clients/{id}", delete_admin_client, HTTP_NO_BODY, 0),
    ADMIN("POST", "/admin/v1/clients/{id}/secret", post_admin_client_secret, HTTP_BYTES, 1 * KB),
    ADMIN("POST", "/admin/v1/clients/{id}/enable", post_admin_client_enable, HTTP_BYTES, 1 * KB),
    ADMIN("POST", "/admin/v1/clients/{id}/disable", post_admin_client_disable, HTTP_BYTES, 1 * KB),
    ADMIN("GET", "/admin/v1/registration-tokens", get_admin_registration_tokens, HTTP_NO_BODY, 0),
    ADMIN("POST", "/admin/v1/registration-tokens", post_admin_registration_tokens, HTTP_JSON, 16 * KB),
    ADMIN("DELETE", "/admin/v1/registration-tokens/{id}", delete_admin_registration_token, HTTP_NO_BODY, 0),
    ADMIN("POST", "/admin/v1/accounts/find", post_admin_account_find, HTTP_JSON, 1 * KB),
    ADMIN("GET", "/admin/v1/accounts/{id}", get_admin_account, HTTP_NO_BODY, 0),
    ADMIN("POST", "/admin/v1/accounts/{id}/lock", post_admin_account_lock, HTTP_BYTES, 1 * KB),
    ADMIN("POST", "/admin/v1/accounts/{id}/unlock", post_admin_account_unlock, HTTP_BYTES, 1 * KB),
    ADMIN("GET", "/admin/v1/accounts/{id}/sessions", get_admin_account_sessions, HTTP_NO_BODY, 0),
    ADMIN("DELETE", "/admin/v1/accounts/{id}/sessions", delete_admin_account_sessions, HTTP_NO_BODY, 0),
    ADMIN("GET", "/admin/v1/accounts/{id}/consents", get_admin_account_consents, HTTP_NO_BODY, 0),
    ADMIN("DELETE", "/admin/v1/accounts/{id}/consents/{client}", delete_admin_account_consent, HTTP_NO_BODY, 0),
    ADMIN("GET", "/admin/v1/accounts/{id}/grants", get_admin_account_grants, HTTP_NO_BODY, 0),
    ADMIN("GET", "/admin/v1/sessions", get_admin_sessions, HTTP_NO_BODY, 0),
    ADMIN("DELETE", "/admin/v1/sessions/{id}", delete_admin_session, HTTP_NO_BODY, 0),
    ADMIN("DELETE", "/admin/v1/grants/{id}", delete_admin_grant, HTTP_NO_BODY, 0),
    ADMIN("GET", "/admin/v1/audit", get_admin_audit, HTTP_NO_BODY, 0),
    ADMIN("GET", "/admin/v1/keys", get_admin_keys, HTTP_NO_BODY, 0),
    ADMIN("POST", "/admin/v1/keys/rotate", post_admin_keys_rotate, HTTP_BYTES, 1 * KB),

    /* operation */
    STATIC("/health", get_health),
    {.method = "GET", .path = "/ready", .handler = get_ready, .fail = http_fail_problem, .body = HTTP_NO_BODY},
    {.method = NULL},
};
