/*
 * Every path of antin-signerd: one flat table.
 * Used by main(). API: schema/openapi-signer.yaml. Uploads (HTTP_SPOOL) get their limit from the configuration.
 */
#include "signer/routes.h"

#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/endpoints/page.h"
#include "signer/formats/ocsp_server.h"
#include "signer/formats/tsp.h"

#define JSON_MAX 16384
#define FORM_MAX 4096
#define FILE_MAX (50u << 20)

/* clang-format off */
#define API(m, p, h, a) {.method = m, .path = p, .handler = h, .auth = a, .fail = signer_fail_api, .body = HTTP_NO_BODY}
#define API_JSON(m, p, h, a) \
    {.method = m, .path = p, .handler = h, .auth = a, .fail = signer_fail_api, .body = HTTP_JSON, .body_max = JSON_MAX}
#define PAGE(p, h) {.method = "GET", .path = p, .handler = h, .fail = signer_fail_page, .body = HTTP_NO_BODY}
#define FORM(p, h) {.method = "POST", .path = p, .handler = h, .fail = signer_fail_page, .body = HTTP_FORM, .body_max = FORM_MAX}
#define PUBLIC(p, h) {.method = "GET", .path = p, .handler = h, .fail = signer_fail_api, .body = HTTP_NO_BODY}
#define CHEAP(p, h) {.method = "GET", .path = p, .handler = h, .fail = signer_fail_api, .body = HTTP_NO_BODY, .inline_ok = true}

const struct http_route signer_routes[] = {
    /* the API of portals, courts and agencies */
    API_JSON("POST", "/v1/dossiers", signer_dossier_create, signer_auth_dossier),
    API("GET", "/v1/dossiers", signer_dossier_list, signer_auth_reader),
    API("GET", "/v1/dossiers/{id}", signer_dossier_get, signer_auth_reader),
    API("POST", "/v1/dossiers/{id}/submit", signer_dossier_submit, signer_auth_dossier),
    {.method = "PUT", .path = "/v1/dossiers/{id}/components/{name}", .handler = signer_component_put, .auth = signer_auth_dossier,
     .fail = signer_fail_api, .body = HTTP_SPOOL, .body_max = FILE_MAX},
    API("GET", "/v1/dossiers/{id}/components/{name}", signer_component_get, signer_auth_reader),
    API("DELETE", "/v1/dossiers/{id}/components/{name}", signer_component_delete, signer_auth_dossier),
    API("GET", "/v1/dossiers/{id}/components/{name}/signed", signer_component_signed, signer_auth_reader),
    API("GET", "/v1/dossiers/{id}/components/{name}/signature", signer_component_signature, signer_auth_reader),
    API("GET", "/v1/dossiers/{id}/manifest", signer_manifest_get, signer_auth_reader),
    API("GET", "/v1/dossiers/{id}/manifest/signature", signer_manifest_signature, signer_auth_reader),
    API("GET", "/v1/dossiers/{id}/container", signer_container_get, signer_auth_reader),
    /* the officer's API */
    API("GET", "/v1/credentials", signer_credential_list, signer_auth_registrar),
    API_JSON("POST", "/v1/credentials/{id}/revoke", signer_credential_revoke, signer_auth_registrar),
    API_JSON("POST", "/v1/credentials/{id}/unlock", signer_credential_unlock, signer_auth_registrar),
    /* open to all */
    {.method = "POST", .path = "/tsa", .handler = signer_tsa, .fail = signer_fail_tsa, .body = HTTP_BYTES,
     .body_type = "application/timestamp-query", .body_max = TSP_QUERY_MAX},
    {.method = "POST", .path = "/ocsp", .handler = signer_ocsp_post, .fail = signer_fail_ocsp, .body = HTTP_BYTES,
     .body_type = "application/ocsp-request", .body_max = OCSP_QUERY_MAX},
    {.method = "GET", .path = "/ocsp/{request*}", .handler = signer_ocsp_get, .fail = signer_fail_ocsp, .body = HTTP_NO_BODY},
    PUBLIC("/crl/citizens.crl", signer_crl_citizens),
    PUBLIC("/crl/root.crl", signer_crl_root),
    PUBLIC("/crl/services.crl", signer_crl_services),
    PUBLIC("/ca/root.crt", signer_ca_root),
    PUBLIC("/ca/citizens.crt", signer_ca_citizens),
    PUBLIC("/ca/services.crt", signer_ca_services),
    /* a person's pages */
    PAGE("/", signer_home),
    PAGE("/login", signer_login),
    PAGE("/callback", signer_callback),
    FORM("/logout", signer_logout),
    PAGE("/credential", signer_credential_page),
    FORM("/credential", signer_credential_choose),
    FORM("/credential/pin", signer_credential_change),
    PAGE("/sign/{id}", signer_review),
    FORM("/sign/{id}", signer_sign),
    PAGE("/sign/{id}/files/{name}", signer_file),
    PAGE("/sign/{id}/files/{name}/signed", signer_file_signed),
    PAGE("/sign/{id}/files/{name}/signature", signer_file_signature),
    PAGE("/sign/{id}/container", signer_file_container),
    PAGE("/sign/{id}/manifest", signer_file_manifest),
    PAGE("/sign/{id}/manifest/signature", signer_file_manifest_signature),
    /* the daemon itself */
    CHEAP("/health", signer_health),
    PUBLIC("/ready", signer_ready),
    CHEAP("/assets/style.css", signer_css),
    CHEAP("/assets/seal.svg", signer_seal_svg),
    {.method = NULL},
};
/* clang-format on */
