/*
 * Draws looks with what the certificate says of the signer.
 * Called by main.c and job_pdf.c.
 */
#include "signer/sign/visible.h"

#include "common/x509_shared.h"
#include <openssl/objects.h>

#define MM (72 / 25.4) /* in points */

/* --- looks --- */

static err_t of_certificate(struct bytes cert, int nid, struct buf *out)
{
    AUTO_X509 x = NULL;
    TRY(x509_shared(cert, &x));
    err_t e = x509_name_attr(X509_get_subject_name(x), nid, out);
    return e == ERR_NOT_FOUND ? OK : e;
}

static const char *or_null(const struct buf *b)
{
    return b->len > 0 ? buf_str(b) : NULL;
}

err_t visible_draw(const struct visible *v, const char *name, struct bytes cert, int64_t time, struct drawn *out)
{
    AUTO_BUF person = {0};
    AUTO_BUF organisation = {0};
    TRY(of_certificate(cert, NID_commonName, &person));
    TRY(of_certificate(cert, NID_organizationName, &organisation));
    const struct look look = {
        .kind = v->kind,
        .name = name != NULL ? name : or_null(&person),
        .agency = v->agency != NULL ? v->agency : or_null(&organisation),
        .number = v->number,
        .copy = v->copy != NULL ? v->copy : "Sao y",
        .time = time,
        .picture = v->picture,
        .picture_mm = v->picture_mm,
        .width_mm = v->place.where == PDF_AT_RECT ? v->place.w / MM : 0,
    };
    return look_draw(&look, out);
}
