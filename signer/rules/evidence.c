/*
 * Chains and CRLs for signatures, and the assembly of the CMS around what keyd made.
 * Called by rules/activation, rules/signing and rules/sealing.
 */
#include "signer/rules/evidence.h"

#include "signer/formats/cades.h"
#include "signer/rules/crl.h"
#include "signer/rules/trust.h"

#define CRL_EMBEDDED_MAX (256u * 1024) /* a CRL that outgrows this is left to the verifier to fetch */

void evidence_free(struct evidence *e)
{
    for (size_t i = 0; i < e->chain_n; i++)
        buf_free(&e->chain[i]);
    for (size_t i = 0; i < e->crl_n; i++)
        buf_free(&e->crl[i]);
    e->chain_n = e->crl_n = 0;
}

static err_t add_crl_file(struct app *a, enum trust_file f, struct evidence *e)
{
    AUTO_BUF der = {0};
    TRY(trust_get(a->trust, f, &der));
    if (der.len <= CRL_EMBEDDED_MAX)
        e->crl[e->crl_n++] = take(&der);
    return OK;
}

err_t evidence_for_citizen(struct app *a, struct evidence *out)
{
    AUTO(crl_now_free) struct crl_now now = {0};
    TRY(trust_get(a->trust, TRUST_CITIZENS_CRT, &out->chain[out->chain_n]));
    out->chain_n++;
    TRY(crl_current(a, &now));
    if (now.der.len <= CRL_EMBEDDED_MAX)
        out->crl[out->crl_n++] = take(&now.der);
    TRY(add_crl_file(a, TRUST_ROOT_CRL, out));
    return add_crl_file(a, TRUST_SERVICES_CRL, out);
}

err_t evidence_for_seal(struct app *a, struct evidence *out)
{
    struct buf chain[4] = {{0}};
    size_t n = 0;
    TRY(key_chain(a->keys, KEY_SEAL, chain, &n));
    for (size_t i = 0; i < n && i < 4; i++)
        out->chain[out->chain_n++] = chain[i];
    TRY(add_crl_file(a, TRUST_SERVICES_CRL, out));
    return add_crl_file(a, TRUST_ROOT_CRL, out);
}

static void views(const struct evidence *e, struct bytes chain[EVIDENCE_MAX], struct bytes crls[EVIDENCE_MAX])
{
    for (size_t i = 0; i < e->chain_n; i++)
        chain[i] = buf_bytes(&e->chain[i]);
    for (size_t i = 0; i < e->crl_n; i++)
        crls[i] = buf_bytes(&e->crl[i]);
}

/* Our own tokens with one certificate are about 1.4 kB. */
#define OWN_TIMESTAMP_ROOM 4096

size_t evidence_room(const struct evidence *e, struct bytes cert)
{
    struct bytes chain[EVIDENCE_MAX], crls[EVIDENCE_MAX];
    views(e, chain, crls);
    size_t now = cades_room(cert, chain, e->chain_n, crls, e->crl_n, OWN_TIMESTAMP_ROOM), grow = 1024;
    for (size_t i = 0; i < e->crl_n; i++)
        grow += e->crl[i].len / 8;
    return now + grow;
}

err_t evidence_assemble(const struct assembly *s, struct buf *cms)
{
    struct bytes chain[EVIDENCE_MAX], crls[EVIDENCE_MAX];
    views(s->evidence, chain, crls);
    const struct cms_signed parts = {
        .digest_alg = CMS_SHA256,
        .signed_attrs = buf_bytes(&s->signature->attrs),
        .cert = s->cert,
        .chain = chain,
        .chain_n = s->evidence->chain_n,
        .crls = crls,
        .crls_n = s->evidence->crl_n,
        .signature = buf_bytes(&s->signature->signature),
        .timestamp = s->timestamp,
    };
    return cades_detached(&parts, cms);
}
