/*
 * GET /crl/citizens.crl, root.crl, services.crl: what is revoked.
 * Called through routes.c. RFC 5280 §5; RFC 2585 §4.2 (application/pkix-crl).
 */
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/rules/crl.h"
#include "signer/rules/trust.h"

#define CRL_TYPE "application/pkix-crl"

err_t signer_crl_citizens(struct http_req *r)
{
    AUTO(crl_now_free) struct crl_now now = {0};
    TRY(crl_current(signer_app(r), &now));
    http_reply_header(r, "Cache-Control", "public, max-age=60"); /* a revocation is seen a minute later at most */
    http_reply(r, 200, CRL_TYPE, &now.der);
    return OK;
}

static err_t file(struct http_req *r, enum trust_file f)
{
    AUTO_BUF der = {0};
    TRY(trust_get(signer_app(r)->trust, f, &der));
    http_reply_header(r, "Cache-Control", "public, max-age=3600");
    http_reply(r, 200, CRL_TYPE, &der);
    return OK;
}

err_t signer_crl_root(struct http_req *r)
{
    return file(r, TRUST_ROOT_CRL);
}

err_t signer_crl_services(struct http_req *r)
{
    return file(r, TRUST_SERVICES_CRL);
}
