/*
 * GET /ca/root.crt, citizens.crt, services.crt: the CAs' certificates, where certificates' AIA extensions point.
 * Called through routes.c. RFC 5280 §4.2.2.1; RFC 2585 §4.1 (application/pkix-cert).
 */
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/rules/trust.h"

static err_t file(struct http_req *r, enum trust_file f)
{
    AUTO_BUF der = {0};
    TRY(trust_get(signer_app(r)->trust, f, &der));
    http_reply_header(r, "Cache-Control", "public, max-age=3600");
    http_reply(r, 200, "application/pkix-cert", &der);
    return OK;
}

err_t signer_ca_root(struct http_req *r)
{
    return file(r, TRUST_ROOT_CRT);
}

err_t signer_ca_citizens(struct http_req *r)
{
    return file(r, TRUST_CITIZENS_CRT);
}

err_t signer_ca_services(struct http_req *r)
{
    return file(r, TRUST_SERVICES_CRT);
}
