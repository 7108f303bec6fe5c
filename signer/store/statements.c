/*
 * All prepared statements of the signing daemon.
 * Called by main() for the connection pool, and by `make lint`, which prepares each against an empty migrated database.
 */
#include "signer/store/statements.h"

#include "signer/store/audit.h"
#include "signer/store/certificate.h"
#include "signer/store/component.h"
#include "signer/store/credential.h"
#include "signer/store/dossier.h"
#include "signer/store/idempotency.h"
#include "signer/store/signing.h"
#include "signer/store/timestamp.h"
#include "signer/store/web_session.h"

const struct db_stmt *const signer_statements[] = {
    &audit_insert_stmt,
    &certificate_intend_stmt,
    &certificate_issued_stmt,
    &certificate_of_stmt,
    &certificate_status_stmt,
    &certificate_revoke_stmt,
    &certificate_crl_waits_stmt,
    &certificate_revoked_list_stmt,
    &certificate_mark_on_crl_stmt,
    &crl_latest_stmt,
    &crl_insert_stmt,
    &crl_serialise_stmt,
    &component_uses_stmt,
    &component_put_stmt,
    &component_get_stmt,
    &component_delete_stmt,
    &component_list_stmt,
    &component_signature_stmt,
    &component_set_signed_pdf_stmt,
    &component_set_signature_stmt,
    &credential_insert_stmt,
    &credential_get_stmt,
    &credential_lock_stmt,
    &credential_of_stmt,
    &credential_list_stmt,
    &credential_number_of_stmt,
    &credential_activate_stmt,
    &credential_set_revoked_stmt,
    &credential_set_blob_stmt,
    &credential_take_attempt_stmt,
    &credential_give_back_stmt,
    &credential_wrong_pin_stmt,
    &credential_unlock_stmt,
    &credential_abandon_stmt,
    &credential_abandon_pending_stmt,
    &dossier_insert_stmt,
    &dossier_get_stmt,
    &dossier_lock_stmt,
    &dossier_list_stmt,
    &dossier_set_submitted_stmt,
    &dossier_begin_signing_stmt,
    &dossier_end_signing_stmt,
    &dossier_set_sealed_stmt,
    &dossier_recover_stmt,
    &idempotency_insert_stmt,
    &idempotency_get_stmt,
    &idempotency_expire_stmt,
    &signing_session_insert_stmt,
    &signing_session_get_stmt,
    &signing_session_of_stmt,
    &signing_session_set_token_stmt,
    &signing_session_delete_stmt,
    &signing_session_expire_stmt,
    &signing_item_insert_stmt,
    &signing_item_list_stmt,
    &signature_intend_stmt,
    &signature_done_stmt,
    &seal_insert_stmt,
    &seal_get_stmt,
    &timestamp_insert_stmt,
    &timestamp_insert_one_stmt,
    &web_session_insert_stmt,
    &web_session_get_stmt,
    &web_session_delete_stmt,
    &web_session_expire_stmt,
    &login_request_insert_stmt,
    &login_request_take_stmt,
    &login_request_expire_stmt,
    NULL,
};
