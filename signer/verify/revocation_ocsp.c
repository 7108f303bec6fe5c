/*
 * What OCSP responses that came with a document say of a certificate at a time.
 * Called by revocation.c. RFC 6960 §2.4, §4.2.2; ETSI EN 319 102-1 §5.2.5.
 */
#include "signer/formats/ocsp_client.h"
#include "signer/verify/revocation_impl.h"

/* The responder's certificate was valid when it answered, and, unless it is exempt, is known not to have been revoked. */
static bool responder_good(const struct question *q, const struct ocsp_answer *a)
{
    int64_t from, to;
    if (a->responder == NULL)
        return true;
    if (x509_validity(a->responder, &from, &to) != OK || a->produced_at < from || a->produced_at > to)
        return false;
    if (a->no_check)
        return true;
    if (q->direct) /* an answer about the signer of an answer: from its issuer itself, or not at all */
        return false;
    AUTO_X509_STACK chain = path_to(q->ctx, q->ev, a->responder, a->produced_at, q->anchor);
    struct question about = *q;
    about.t = a->produced_at;
    return chain != NULL && unrevoked(&about, chain);
}

/* As for CRLs: current at t, or given later while the certificate was still valid. */
static bool covers(const struct question *q, const struct ocsp_answer *a)
{
    int64_t from, to;
    if (x509_validity(q->cert, &from, &to) != OK)
        return false;
    if (a->this_update > q->t)
        return a->this_update <= to || a->this_update <= q->t + CLOCK_SKEW;
    return a->next_update != 0 && a->next_update >= q->t;
}

static void consult(const struct question *q, struct bytes response, struct knowledge *k)
{
    AUTO_OCSP_ANSWER a = {0};
    if (ocsp_read(response, q->cert, q->issuer, &a) != OK || a.this_update > q->ctx->at + CLOCK_SKEW ||
        a.produced_at > q->ctx->at + CLOCK_SKEW || a.status == OCSP_UNKNOWN || algorithm_ended(&a.end, data_proven(q->ctx)) ||
        !responder_good(q, &a))
        return;
    if (a.status == OCSP_REVOKED)
        knowledge_listed(k, &(struct crl_entry){.since = a.revoked_at, .reason = a.reason});
    if (covers(q, &a))
        knowledge_covered(k, a.this_update, a.next_update);
}

void consult_ocsp(const struct question *q, struct knowledge *k)
{
    for (size_t i = 0; i < q->ev->n; i++) {
        for (size_t n = 0; n < q->ev->ocsp_n[i]; n++)
            consult(q, q->ev->ocsp[i][n], k);
    }
}
