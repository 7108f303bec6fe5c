/*
 * Sets of certificates, CRLs and OCSP responses without doubles.
 * Called by validation_collect.c and by the formats that embed them (cades, pades, xades).
 */
#include "signer/formats/validation_data.h"

static err_t add(struct buf *set, size_t *n, struct bytes der)
{
    for (size_t i = 0; i < *n; i++) {
        if (bytes_eq(buf_bytes(&set[i]), der))
            return OK;
    }
    if (*n == VDATA_MAX)
        return ERR_TOO_LARGE;
    TRY(buf_copy(&set[*n], der));
    (*n)++;
    return OK;
}

err_t vdata_add_cert(struct validation_data *v, struct bytes der)
{
    return add(v->cert, &v->cert_n, der);
}

err_t vdata_add_crl(struct validation_data *v, struct bytes der)
{
    return add(v->crl, &v->crl_n, der);
}

err_t vdata_add_ocsp(struct validation_data *v, struct bytes der)
{
    return add(v->ocsp, &v->ocsp_n, der);
}

err_t vdata_merge(struct validation_data *v, const struct validation_data *from)
{
    for (size_t i = 0; i < from->cert_n; i++)
        TRY(vdata_add_cert(v, buf_bytes(&from->cert[i])));
    for (size_t i = 0; i < from->crl_n; i++)
        TRY(vdata_add_crl(v, buf_bytes(&from->crl[i])));
    for (size_t i = 0; i < from->ocsp_n; i++)
        TRY(vdata_add_ocsp(v, buf_bytes(&from->ocsp[i])));
    return OK;
}

static void free_set(struct buf *set, size_t *n)
{
    while (*n > 0)
        buf_free(&set[--*n]);
}

void vdata_free(struct validation_data *v)
{
    free_set(v->cert, &v->cert_n);
    free_set(v->crl, &v->crl_n);
    free_set(v->ocsp, &v->ocsp_n);
}
