/*
 * ISSUE: a citizen's certificate by the profile; the key comes out of the sealed blob, so keyd made it.
 * Called by serve.c. ETSI EN 319 412-2 §4.2.4 (subject of a natural person).
 */
#include "certs/issue.h"
#include "certs/keyd/keyd.h"
#include "common/clock.h"
#include "common/log.h"

#include <string.h>

#define DAY 86400

static void name_free(X509_NAME **n)
{
    X509_NAME_free(*n);
}

/* C as the CA's own, then the names given; profile_check_subject decides whether they are enough. */
static err_t make_subject(const struct key *ca, const struct keyw_issue *q, X509_NAME **out)
{
    AUTO_BUF country = {0};
    AUTO(name_free) X509_NAME *n = X509_NAME_new();
    if (!n)
        return ERR_NOMEM;
    TRY(x509_name_attr(X509_get_subject_name(ca->x509), NID_countryName, &country));
    TRY(name_add(n, NID_countryName, buf_str(&country)));
    if (q->surname[0])
        TRY(name_add(n, NID_surname, q->surname));
    if (q->given_name[0])
        TRY(name_add(n, NID_givenName, q->given_name));
    TRY(name_add(n, NID_serialNumber, q->serial_number));
    TRY(name_add(n, NID_commonName, q->common_name));
    *out = take(&n);
    return OK;
}

static bool request_ok(const struct keyw_issue *q, const struct profile *p, int64_t now)
{
    return citizen_ok(&q->citizen) && keyw_str_ok(q->common_name, sizeof q->common_name) && keyw_str_ok(q->surname, sizeof q->surname) &&
           keyw_str_ok(q->given_name, sizeof q->given_name) && keyw_str_ok(q->serial_number, sizeof q->serial_number) &&
           keyw_zero(q->reserved, sizeof q->reserved) && q->days >= 1 && q->days <= p->max_days && q->not_before >= now - DAY &&
           q->not_before <= now + DAY;
}

static err_t issue(struct worker *w, const struct key *ca, const EVP_PKEY *pub, struct buf *der)
{
    const struct keyw_issue *q = &w->q.ISSUE_q;
    const struct keyd *k = w->keyd;
    AUTO(name_free) X509_NAME *subject = NULL;
    AUTO_X509 cert = NULL;
    TRY(make_subject(ca, q, &subject));
    const struct cert_spec spec = {.profile = &k->profile,
                                   .subject = subject,
                                   .key = pub,
                                   .serial = q->serial,
                                   .not_before = q->not_before,
                                   .not_after = q->not_before + q->days * DAY - 1,
                                   .issuer = ca->x509,
                                   .crl_url = k->conf.crl_url,
                                   .aia_url = k->conf.aia_url,
                                   .ocsp_url = k->conf.ocsp_url};
    TRY(cert_issue(&spec, ca->pkey, &cert));
    return x509_to_der(cert, der);
}

enum keyw_status op_issue(struct worker *w, struct conn *c)
{
    const struct keyw_issue *q = &w->q.ISSUE_q;
    struct keyw_issue_r *r = &w->r.ISSUE_r;
    struct keyd *k = w->keyd;
    struct blob_open_result o;
    AUTO_PKEY pub = NULL;
    AUTO_BUF der = {0};
    int64_t now = clock_now();
    if (!(c->allowed & GROUP_BIT(GROUP_CITIZEN))) /* the blob is a citizen's */
        return KEYW_REFUSED;
    if (!request_ok(q, &k->profile, now))
        return KEYW_SYNTAX;
    const struct key *ca = key_active(k, KEY_CA, now);
    if (!ca)
        return KEYW_REFUSED;
    err_t e = blob_open(k, &q->citizen, &q->blob, &o);
    if (e == OK)
        e = point_to_pkey(o.point, NULL, &pub);
    if (e != OK)
        return status_of(e);
    e = issue(w, ca, pub, &der);
    if (e == ERR_EXPIRED) /* it would outlive its issuer */
        return KEYW_REFUSED;
    if (e != OK)
        return e == ERR_SYNTAX ? KEYW_SYNTAX : KEYW_INTERNAL;
    if (der.len > sizeof r->cert)
        return KEYW_SYNTAX;
    memcpy(r->cert, der.ptr, der.len);
    r->len = (uint32_t)der.len;
    log_event(LOG_INFO, "certificate_issued", "credential %s", q->citizen.credential_id);
    return KEYW_OK;
}
