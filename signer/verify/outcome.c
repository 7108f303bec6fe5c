/*
 * Failures of the formats' readers as findings.
 * Called by xades_signatures.c and jades_signatures.c. ETSI EN 319 102-1 §5.1.3.
 */
#include "signer/verify/outcome.h"

#include "signer/formats/algorithm.h"
#include "signer/formats/errors.h"
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

void outcome_value(X509 *cert, outcome_check_fn *check, void *arg, struct signature_result *r)
{
    char name[ALGORITHM_NAME_CAP];
    if (algorithm_key(X509_get0_pubkey(cert), name) != OK) {
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

static void settle(const struct stamp_result *stamp, bool archive, struct signature_result *r)
{
    if (!archive && stamp->findings.verdict == TOTAL_PASSED && (!r->time_proven || stamp->time < r->best_time)) {
        r->best_time = stamp->time;
        r->time_proven = true;
    }
    findings_merge(&r->findings, &stamp->findings, archive ? "archive timestamp" : "timestamp");
}

void outcome_stamps(const struct context *ctx, const struct evidence *ev, const struct outcome_token *t, size_t n,
                    outcome_imprint_fn *imprint, void *arg, struct signature_result *r)
{
    bool any = false;
    for (size_t k = 0; k < n; k++) {
        struct stamp_result *stamp;
        struct imprint over = {imprint, arg, k};
        if (signature_result_stamp(r, &stamp) != OK) {
            finding_add(&r->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
            return;
        }
        stamp_verify_digest(ctx, ev, t[k].token, digest_imprint, &over, stamp);
        settle(stamp, t[k].archive, r);
        any = any || !t[k].archive;
    }
    if (!any)
        finding_add(&r->findings, TOTAL_PASSED, SUB_NONE, NOTE_STAMP_MISSING, NULL);
}
