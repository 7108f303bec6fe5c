/*
 * Failures of the formats' readers as findings.
 * Called by xades_signatures.c and jades_signatures.c. ETSI EN 319 102-1 §5.1.3.
 */
#include "signer/verify/outcome.h"

#include "signer/formats/errors.h"
#include "signer/verify/ahead.h"
#include "signer/verify/path.h"
#include "signer/verify/signer.h"
#include "signer/verify/stamp.h"

void outcome_unreadable(err_t e, const char *what, struct findings *f)
{
    const char *why = err_info(e)->code;
    if (e == ERR_TOO_LARGE || e == ERR_NOMEM)
        finding_add(f, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, what);
    else if (e == ERR_ALGORITHM)
        finding_add(f, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, NULL);
    else if (e == ERR_UNSUPPORTED)
        finding_add(f, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_FORMAT, why);
    else if (e == ERR_NOT_FOUND)
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_NOT_SIGNED, NULL);
    else
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, why);
}

void outcome_begin(const struct context *ctx, int64_t claimed, enum cms_hash hash, const char *alg, struct signature_result *r)
{
    r->claimed_time = claimed;
    r->best_time = ctx->at;
    snprintf(r->digest_alg, sizeof r->digest_alg, "%s", OBJ_nid2ln(EVP_MD_get_type(cms_hash_md(hash))));
    snprintf(r->signature_alg, sizeof r->signature_alg, "%s", alg);
}

bool outcome_ref(err_t e, const char *name, const char *what, struct findings *f)
{
    if (e == ERR_BAD_SIGNATURE)
        finding_add(f, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_HASH, name);
    else if (e == ERR_NOT_FOUND)
        finding_add(f, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_CONTENT_MISSING, name);
    else if (e == ERR_XML)
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, what);
    else if (e != OK)
        finding_add(f, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_UNREADABLE, name);
    return e == OK;
}

void outcome_no_signer(bool any, struct findings *f)
{
    finding_add(f, INDETERMINATE, SUB_NO_SIGNING_CERTIFICATE_FOUND, any ? NOTE_SIGNER_CERT_OTHER : NOTE_SIGNER_CERT_MISSING, NULL);
}

void outcome_value(X509 *cert, outcome_check_fn *check, void *arg, struct algorithm_end *end, struct signature_result *r)
{
    char name[ALGORITHM_NAME_CAP];
    if (algorithm_key(X509_get0_pubkey(cert), name, end) != OK) {
        finding_add(&r->findings, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, name);
        return;
    }
    err_t e = check(arg, cert);
    r->mathematics = e == OK;
    if (e == ERR_ALGORITHM)
        finding_add(&r->findings, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, r->signature_alg);
    else if (e == ERR_NOT_FOUND)
        finding_add(&r->findings, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_CONTENT_MISSING, NULL);
    else if (e != OK)
        finding_add(&r->findings, TOTAL_FAILED, SUB_SIG_CRYPTO_FAILURE, NOTE_SIGNATURE, NULL);
}

/* --- timestamps --- */

struct imprint {
    outcome_imprint_fn *fn;
    void *arg;
    size_t k;
};

static err_t digest_imprint(void *arg, const EVP_MD *md, uint8_t *out, size_t *len)
{
    const struct imprint *i = arg;
    for (enum cms_hash h = CMS_SHA256; h <= CMS_SHA3_512; h++) {
        if (EVP_MD_get_type(cms_hash_md(h)) == EVP_MD_get_type(md))
            return i->fn(i->arg, i->k, h, out, len);
    }
    return ERR_UNSUPPORTED;
}

/* proof: gathered for what stands before it. */
static void settle(const struct stamp_result *stamp, const struct outcome_token *t, struct proof *proof, struct signature_result *r)
{
    findings_merge(&r->findings, &stamp->findings, t->archive ? "archive timestamp" : "timestamp");
    if (stamp->findings.verdict != TOTAL_PASSED)
        return;
    signature_result_existed(r, stamp->time);
    if (t->archive)
        proof->object = earlier_proof(proof->object, stamp->time);
    if (t->archive && t->last)
        proof->data = earlier_proof(proof->data, stamp->time);
}

struct proof outcome_stamps(const struct context *ctx, const struct evidence *ev, const struct outcome_token *t, size_t n,
                            outcome_imprint_fn *imprint, void *arg, struct signature_result *r)
{
    struct context then = *ctx;
    struct proof proof = ctx->proof;
    bool any = false;
    for (size_t k = n; k-- > 0;) {
        struct stamp_result *stamp;
        struct imprint over = {imprint, arg, k};
        if (signature_result_stamp(r, &stamp) != OK) {
            finding_add(&r->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
            return proof;
        }
        if (k + 1 < n && t[k + 1].place != t[k].place)
            then.proof = proof;
        stamp_verify_digest(&then, ev, t[k].token, digest_imprint, &over, stamp);
        settle(stamp, &t[k], &proof, r);
        any = any || !t[k].archive;
    }
    signature_result_reverse(r);
    if (!any)
        finding_add(&r->findings, TOTAL_PASSED, SUB_NONE, NOTE_STAMP_MISSING, NULL);
    return proof;
}

void outcome_settle(const struct context *ctx, const struct evidence *ev, X509 *cert, struct proof proof, const struct algorithm_end *end,
                    struct signature_result *r)
{
    struct context in = *ctx;
    in.proof = proof;
    signature_result_existed(r, proof.object);
    signer_weigh_algorithms(end, r->best_time, r->time_proven, &r->findings);
    if (cert == NULL)
        return;
    cert_facts_read(cert, &r->signer);
    standing_settle(&in, ev, cert, r);
}
