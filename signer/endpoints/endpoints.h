/*
 * Every handler that routes.c names.
 * One file an endpoint.
 */
#ifndef ANTIN_SIGNER_ENDPOINTS_H
#define ANTIN_SIGNER_ENDPOINTS_H

#include "common/http.h"

/* health.c, assets.c */
http_handler signer_health, signer_ready, signer_css, signer_seal_svg;

/* the API: dossiers.c, components.c, submit.c, downloads.c, credentials.c */
http_handler signer_dossier_create, signer_dossier_list, signer_dossier_get;
http_handler signer_component_put, signer_component_delete;
http_handler signer_dossier_submit;
http_handler signer_component_get, signer_component_signed, signer_component_signature, signer_manifest_get, signer_manifest_signature,
    signer_container_get;
http_handler signer_credential_list, signer_credential_revoke, signer_credential_unlock;

/* open to all: tsa.c, ocsp.c, crl.c, certificates.c */
http_handler signer_tsa, signer_crl_citizens, signer_crl_root, signer_crl_services, signer_ca_root, signer_ca_citizens, signer_ca_services;
http_handler signer_ocsp_post, signer_ocsp_get;
http_fail signer_fail_tsa, signer_fail_ocsp;

/* a person's pages: login.c, callback.c, credential.c, sign.c, files.c */
http_handler signer_home, signer_login, signer_callback, signer_logout;
http_handler signer_credential_page, signer_credential_choose, signer_credential_change;
http_handler signer_review, signer_sign;
http_handler signer_file, signer_file_signed, signer_file_signature, signer_file_manifest, signer_file_manifest_signature, signer_file_container;

#endif
