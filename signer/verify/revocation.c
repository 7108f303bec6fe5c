/*
 * Looks certificates up in all CRLs (and by revocation_ocsp.c in all OCSP responses) that are authentic, in scope and not from the future, and weighs dates against the signing time.
 * Called by signature.c and stamp.c. RFC 5280 §5.2.5, §5.3, §6.3.3; RFC 3161 §4.
 */
#include "signer/verify/revocation.h"

#include "common/clock.h"
#include "signer/formats/algorithm.h"
#include "signer/formats/crl.h"
#include "signer/verify/revocation_impl.h"
#include <openssl/x509v3.h>
#include <string.h>

/* --- may this CRL speak about that certificate? --- */

/* RFC 5280 §5.2: a critical extension that is not understood makes the CRL unusable. */
static bool extensions_known(const X509_CRL *crl)
{
    for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
        X509_EXTENSION *ext = X509_CRL_get_ext(crl, i);
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));
        if (X509_EXTENSION_get_critical(ext) && nid != NID_issuing_distribution_point && nid != NID_delta_crl)
            return false;
    }
    return true;
}

static bool authentic(X509_CRL *crl, X509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    bool may_sign = (X509_get_key_usage(issuer) & KU_CRL_SIGN) != 0; /* §4.2.1.3; all bits when the extension is absent */
    return may_sign && key != NULL && X509_CRL_verify(crl, key) == 1;
}

/* Its signature is costly to check (P-384 takes a millisecond), and is the same for every certificate that the CRL speaks about. */
static bool authentic_once(const struct context *ctx, X509_CRL *crl, X509 *issuer)
{
    struct crl_memory *m = ctx->memory;
    uint8_t of_crl[EVP_MAX_MD_SIZE], of_issuer[EVP_MAX_MD_SIZE];
    if (!algorithm_crl_believed(crl, issuer, data_proven(ctx)))
        return false;
    if (m == NULL || X509_CRL_digest(crl, EVP_sha256(), of_crl, NULL) != 1 || X509_digest(issuer, EVP_sha256(), of_issuer, NULL) != 1)
        return authentic(crl, issuer);
    for (unsigned i = 0; i < m->n; i++) {
        if (memcmp(m->good[i].crl, of_crl, 32) == 0 && memcmp(m->good[i].issuer, of_issuer, 32) == 0)
            return true;
    }
    if (!authentic(crl, issuer))
        return false;
    if (m->n < CRL_MEMORY_MAX) {
        memcpy(m->good[m->n].crl, of_crl, 32);
        memcpy(m->good[m->n].issuer, of_issuer, 32);
        m->n++;
    }
    return true;
}

/*
 * A CRL speaks for time t when it was current then, or was issued later while the certificate was still valid (expired ones may be dropped
 * from CRLs: §3.3, §5.2.5).
 */
static bool covers(const X509_CRL *crl, const X509 *cert, int64_t t, int64_t *this_update, int64_t *next_update)
{
    int64_t from, to;
    *this_update = INT64_MAX; /* unreadable: as one from the future */
    *next_update = 0;
    if (x509_time(X509_CRL_get0_lastUpdate(crl), this_update) != OK || x509_validity(cert, &from, &to) != OK)
        return false;
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    if (next != NULL && x509_time(next, next_update) != OK)
        return false;
    if (*this_update > t)
        return *this_update <= to || *this_update <= t + CLOCK_SKEW;
    return next != NULL && *next_update >= t;
}

/* --- whose CRL it is --- */

/* A CA may sign its CRLs with another key than its certificates, under the same name and the same anchor (§6.3.3 (f)). */
static bool by_other_key(const struct question *q, X509_CRL *crl, STACK_OF(X509) *candidates)
{
    for (int i = 0; i < sk_X509_num(candidates); i++) {
        X509 *other = sk_X509_value(candidates, i);
        if (X509_NAME_cmp(X509_get_subject_name(other), X509_CRL_get_issuer(crl)) != 0 || X509_cmp(other, q->issuer) == 0 ||
            !authentic_once(q->ctx, crl, other))
            continue;
        AUTO_X509_STACK chain = path_to(q->ctx, q->ev, other, q->t, q->anchor);
        if (chain != NULL && unrevoked(q, chain))
            return true;
    }
    return false;
}

static bool from_issuer(const struct question *q, X509_CRL *crl)
{
    if (authentic_once(q->ctx, crl, q->issuer))
        return true;
    bool found = !q->direct && by_other_key(q, crl, q->ctx->trust->certs);
    for (size_t i = 0; i < q->ev->n && !found && !q->direct; i++)
        found = by_other_key(q, crl, q->ev->certs[i]);
    return found;
}

void knowledge_listed(struct knowledge *k, const struct crl_entry *e)
{
    if (k->listed && e->since >= k->earliest.since)
        return;
    k->listed = true;
    k->earliest = *e;
}

void knowledge_covered(struct knowledge *k, int64_t this_update, int64_t next_update)
{
    if (k->covered && this_update <= k->this_update)
        return;
    k->covered = true;
    k->this_update = this_update;
    k->next_update = next_update;
}

static void consult(const struct question *q, X509_CRL *crl, struct knowledge *k)
{
    int64_t this_update, next_update;
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(q->cert)) != 0)
        return;
    /* A delta CRL (§5.2.4) can only add to what a full one says: what it lists is revoked, but it vouches for nobody. */
    bool speaks = covers(crl, q->cert, q->t, &this_update, &next_update) && X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) < 0;
    if (this_update > q->ctx->at + CLOCK_SKEW || !extensions_known(crl) || !crl_in_scope(crl, q->cert) || !from_issuer(q, crl))
        return;
    struct crl_entry e;
    if (crl_entry_find(crl, q->cert, &e))
        knowledge_listed(k, &e);
    if (speaks)
        knowledge_covered(k, this_update, next_update);
}

static void consult_all(const struct question *q, STACK_OF(X509_CRL) *crls, struct knowledge *k)
{
    for (int i = 0; i < sk_X509_CRL_num(crls); i++)
        consult(q, sk_X509_CRL_value(crls, i), k);
}

/* RFC 3161 §4: tokens made before these stay valid. Reasons: superseded, affiliationChanged, cessationOfOperation, unspecified. */
static bool harmless_to_stamps(int reason)
{
    return reason == CRL_REASON_UNSPECIFIED || reason == CRL_REASON_AFFILIATION_CHANGED || reason == CRL_REASON_SUPERSEDED ||
           reason == CRL_REASON_CESSATION_OF_OPERATION;
}

/* A token that was there before its key fell into other hands was not made by them. */
static enum status decide(const struct context *ctx, const struct knowledge *k, enum purpose purpose, int64_t t)
{
    bool key_lost = purpose == PURPOSE_TSA && !harmless_to_stamps(k->earliest.reason);
    if (k->listed && (k->earliest.since <= t || (key_lost && (ctx->proof.object == 0 || k->earliest.since <= ctx->proof.object))))
        return STATUS_REVOKED;
    if (!k->covered)
        return STATUS_UNKNOWN;
    return k->listed ? STATUS_REVOKED_LATER : STATUS_GOOD;
}

static void report(enum status s, const struct knowledge *k, const X509 *cert, int64_t t, struct findings *f)
{
    struct cert_facts facts = {0};
    char when[CLOCK_RFC3339_LEN + 1] = "?", signing[CLOCK_RFC3339_LEN + 1];
    cert_facts_read(cert, &facts);
    buf_free(&facts.der);
    clock_rfc3339(t, signing);
    if (k->listed && k->earliest.since != INT64_MIN)
        clock_rfc3339(k->earliest.since, when);
    switch (s) {
    case STATUS_REVOKED:
        finding_addf(f, TOTAL_FAILED, SUB_REVOKED, k->earliest.reason == CRL_REASON_CERTIFICATE_HOLD ? NOTE_SUSPENDED : NOTE_REVOKED,
                     "%s, %s", facts.name, when);
        break;
    case STATUS_REVOKED_LATER: finding_addf(f, TOTAL_PASSED, SUB_NONE, NOTE_REVOKED_LATER, "%s, %s", facts.name, when); break;
    case STATUS_UNKNOWN:
        finding_addf(f, INDETERMINATE, SUB_TRY_LATER, NOTE_REVOCATION_UNKNOWN, "%s, %s", facts.issuer_name, signing);
        break;
    default: break;
    }
}

static struct knowledge ask(const struct question *q)
{
    struct knowledge k = {0};
    consult_all(q, q->ctx->trust->crls, &k);
    for (size_t i = 0; i < q->ev->n; i++)
        consult_all(q, q->ev->crls[i], &k);
    consult_ocsp(q, &k);
    return k;
}

static struct question question_about(const struct context *ctx, const struct evidence *ev, STACK_OF(X509) *chain, int i, int64_t t)
{
    X509 *anchor = sk_X509_value(chain, sk_X509_num(chain) - 1);
    return (struct question){
        .ctx = ctx, .ev = ev, .cert = sk_X509_value(chain, i), .issuer = sk_X509_value(chain, i + 1), .anchor = anchor, .t = t};
}

bool unrevoked(const struct question *q, STACK_OF(X509) *chain)
{
    for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
        struct question each = question_about(q->ctx, q->ev, chain, i, q->t);
        each.direct = true;
        struct knowledge k = ask(&each);
        enum status s = decide(q->ctx, &k, PURPOSE_SIGNER, q->t);
        if (s != STATUS_GOOD && s != STATUS_REVOKED_LATER)
            return false;
    }
    return true;
}

void revocation_check(const struct context *ctx, const struct evidence *ev, STACK_OF(X509) *chain, enum purpose purpose, int64_t t,
                      struct revocation_facts *leaf, struct findings *f)
{
    for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
        struct question q = question_about(ctx, ev, chain, i, t);
        struct knowledge k = ask(&q);
        enum status s = decide(ctx, &k, i == 0 ? purpose : PURPOSE_SIGNER, t);
        report(s, &k, q.cert, t, f);
        if (i == 0) {
            *leaf = (struct revocation_facts){.status = s, .reason = -1, .this_update = k.this_update, .next_update = k.next_update};
            if (k.listed) {
                leaf->revoked_at = k.earliest.since;
                leaf->reason = k.earliest.reason;
            }
        }
    }
}
