/*
 * The handlers that routes.c puts behind paths; one file each.
 */
#ifndef ANTIN_IDP_ENDPOINTS_H
#define ANTIN_IDP_ENDPOINTS_H

#include "common/http.h"

http_handler get_account, post_account;
http_handler get_home, get_style, get_seal, get_health, get_ready;
http_handler get_discovery, get_jwks;
http_handler post_par, get_authorize, post_authorize, get_login, post_login, get_consent, post_consent;
http_handler get_logout, post_logout, get_signed_out, get_activate, post_activate;
http_handler get_upstream_start, get_upstream_back;
http_handler post_introspect, post_revoke;
http_together introspect_together, userinfo_together;
http_handler post_device_authorization, get_device, post_device, get_device_done;
http_handler post_bc_authorize, get_requests, post_requests;
http_handler post_token, get_userinfo, post_userinfo;
http_handler post_citizens, get_citizen, post_citizen_activation, post_citizen_lock, post_citizen_unlock;
http_handler post_register, get_register, put_register, delete_register;
http_handler get_admin_clients, post_admin_clients, get_admin_client, put_admin_client, delete_admin_client;
http_handler post_admin_client_secret, post_admin_client_enable, post_admin_client_disable;
http_handler get_admin_registration_tokens, post_admin_registration_tokens, delete_admin_registration_token;
http_handler get_admin_account, post_admin_account_find, post_admin_account_lock, post_admin_account_unlock;
http_handler get_admin_account_sessions, get_admin_account_consents, get_admin_account_grants;
http_handler delete_admin_account_sessions, delete_admin_account_consent;
http_handler get_admin_sessions, delete_admin_session, delete_admin_grant, get_admin_audit, get_admin_keys, post_admin_keys_rotate;
http_auth auth_registrar, auth_admin;

#endif
