/*
 * Reads what a signature brought along.
 * Called by xades_signatures.c and jades_signatures.c. ETSI EN 319 132-1 §5.4; ETSI TS 119 182-1 §5.3.5.
 */
#include "signer/verify/brought.h"

#include "common/x509_shared.h"

void brought_free(struct brought *b)
{
    x509_stack_free(&b->certs);
    x509_crl_stack_free(&b->crls);
}

/* One that cannot be read is of no use to anybody; that is all. */
static void add_cert(struct brought *b, const struct buf *der)
{
    AUTO_X509 c = NULL;
    if (x509_shared(buf_bytes(der), &c) == OK && sk_X509_push(b->certs, c) > 0)
        c = NULL;
}

static void add_crl(struct brought *b, const struct buf *der)
{
    AUTO_X509_CRL c = NULL;
    if (x509_crl_from_der(buf_bytes(der), &c) == OK && sk_X509_CRL_push(b->crls, c) > 0)
        c = NULL;
}

void brought_read(const struct buf *cert, size_t n, const struct validation_data *values, struct brought *b)
{
    b->certs = sk_X509_new_null();
    b->crls = sk_X509_CRL_new_null();
    if (b->certs == NULL || b->crls == NULL)
        return;
    for (size_t i = 0; i < n; i++)
        add_cert(b, &cert[i]);
    for (size_t i = 0; i < values->cert_n; i++)
        add_cert(b, &values->cert[i]);
    for (size_t i = 0; i < values->crl_n; i++)
        add_crl(b, &values->crl[i]);
    for (size_t i = 0; i < values->ocsp_n; i++)
        b->ocsp[i] = buf_bytes(&values->ocsp[i]);
    b->ev = (struct evidence){.certs = {b->certs}, .crls = {b->crls}, .ocsp = {b->ocsp}, .ocsp_n = {values->ocsp_n}, .n = 1};
}
