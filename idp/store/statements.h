/*
 * Every statement of the identity provider; each is defined in the store file of its table.
 * Used by app.c (prepared on each connection) and by the lint that prepares all of them.
 */
#ifndef ANTIN_IDP_STATEMENTS_H
#define ANTIN_IDP_STATEMENTS_H

#include "common/db.h"

/* clang-format off */
#define IDP_STATEMENTS(X)                                                                                                    \
    /* account, password, role */                                                                                            \
    X(st_account_create) X(st_account_officer) X(st_account_by_login) X(st_account_by_id) X(st_account_state)                \
    X(st_account_person) X(st_account_role_give) X(st_account_role_take) X(st_account_password) X(st_account_rehash)                                      \
    /* activation */                                                                                                         \
    X(st_activation_renew) X(st_activation_try) X(st_activation_use)                                                         \
    /* client, redirect_uri, post_logout_uri */                                                                              \
    X(st_client_get) X(st_client_redirects) X(st_client_state) X(st_client_logout_uri) X(st_client_keys) X(st_client_exchange)\
    X(st_client_record_get) X(st_client_record_add) X(st_client_record_put) X(st_client_record_remove) X(st_client_page)     \
    X(st_registration_add) X(st_registration_list) X(st_registration_revoke) X(st_registration_live) X(st_registration_of)   \
    X(st_registration_access)                                                                                                \
    /* pushed_request, seen */                                                                                               \
    X(st_pushed_add) X(st_pushed_take) X(st_seen_use) X(st_seen_add)                                                         \
    /* session, auth_request */                                                                                              \
    X(st_session_start) X(st_session_use) X(st_session_end) X(st_session_revoke)                                             \
    X(st_request_add) X(st_request_get) X(st_request_deny)                                                                   \
    /* consent, code, access_grant */                                                                                        \
    X(st_consent_get) X(st_code_issue) X(st_code_use) X(st_code_undo) X(st_grant_get) X(st_grant_revoke)                     \
    X(st_grants_alive) X(st_grants_get)                                                                                      \
    X(st_refresh_use) X(st_refresh_undo) X(st_refresh_get)                                                                   \
    X(st_logout_take) X(st_logout_done) X(st_logout_frames)                                                                  \
    X(st_device_add) X(st_device_find) X(st_device_allow) X(st_device_refuse) X(st_device_poll) X(st_device_use)             \
    X(st_backchannel_add) X(st_backchannel_list) X(st_backchannel_get) X(st_backchannel_refuse) X(st_ping_take) X(st_ping_done) \
    /* what an account has open */                                                                                           \
    X(st_overview_account) X(st_overview_sessions) X(st_overview_all_sessions) X(st_overview_consents) X(st_overview_grants) \
    X(st_overview_door) X(st_overview_session_end) X(st_overview_others_end) X(st_overview_consent_remove)                   \
    X(st_overview_grant_end) X(st_audit_plan) X(st_audit_search)                                                                                                 \
    /* throttle, audit, idempotency */                                                                                       \
    X(st_throttle_try) X(st_throttle_count) X(st_throttle_forgive) X(st_audit_add) X(st_audit_tokens) X(st_idempotency_get)                                          \
    /* partitions */                                                                                                         \
    X(st_partitions_make) X(st_partition_drop) X(st_consents_expire)
/* clang-format on */

#define X(name) extern const struct db_stmt name;
IDP_STATEMENTS(X)
#undef X

extern const struct db_stmt *const idp_statements[]; /* NULL-terminated */

#endif
