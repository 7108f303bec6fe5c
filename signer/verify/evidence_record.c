/*
 * Verifies evidence records: hash trees by signer/formats, each timestamp at the time that the next one proves.
 * Called by verify.c. RFC 4998 §4.3, §5.3; ETSI EN 319 102-1 §5.6.2 (a timestamp proves that those before it existed).
 */
#include "signer/verify/evidence_record.h"

#include "signer/formats/ers.h"
#include "signer/verify/stamp.h"
#include <stdio.h>

/* What a timestamp must be over: bytes, or the object itself, whose digest is its owner's to take. */
struct imprint {
    const struct ers_object *object;
    struct bytes covered;
    bool whole;
};

static err_t imprint_digest(void *arg, const EVP_MD *md, uint8_t *out, size_t *len)
{
    const struct imprint *i = arg;
    const struct covered bytes = {{i->covered}};
    if (!i->whole)
        return covered_digest(&bytes, md, out, len);
    for (enum cms_hash h = CMS_SHA256; h <= CMS_SHA3_512; h++) {
        if (EVP_MD_get_type(cms_hash_md(h)) != EVP_MD_get_type(md))
            continue;
        *len = cms_hash_len(h);
        return i->object->digest(i->object->arg, h, out);
    }
    return ERR_UNSUPPORTED;
}

/*
 * A timestamp whose certificate has expired since is as good as it was when the next one was made over it; the last one has to be good now. A next one that is
 * not good itself proves nothing, but then the record does not pass either. All objects of the first list lead to the same imprint: one of them tells it.
 */
static void verify_stamp(const struct context *ctx, const struct ers_record *r, size_t i, const struct ers_object *object,
                         struct signature_result *out)
{
    struct context then = *ctx;
    struct stamp_result *stamp;
    AUTO_BUF bytes = {0};
    bool whole = false;
    char prefix[40];
    if (signature_result_stamp(out, &stamp) != OK || ers_covered(r, i, object, &bytes, &whole) != OK) {
        finding_add(&out->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
        return;
    }
    if (i + 1 < r->stamp_n && r->stamp[i + 1].time < ctx->at) /* all that there is to verify it with is in the token */
        then.proof = (struct proof){r->stamp[i + 1].time, r->stamp[i + 1].time};
    struct imprint over = {.object = object, .covered = buf_bytes(&bytes), .whole = whole};
    stamp_verify_digest(&then, &(struct evidence){0}, r->stamp[i].token, imprint_digest, &over, stamp);
    snprintf(prefix, sizeof prefix, "timestamp %zu", i + 1);
    findings_merge(&out->findings, &stamp->findings, prefix);
}

static void refuse(struct findings *f, err_t e)
{
    switch (e) {
    case ERR_ALGORITHM: finding_add(f, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, "EvidenceRecord"); break;
    case ERR_EVIDENCE_OTHER: finding_add(f, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_STAMP_OTHER, NULL); break;
    case ERR_EVIDENCE: finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "EvidenceRecord"); break;
    default: finding_add(f, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL); break;
    }
}

void evidence_record_verify_all(const struct context *ctx, struct bytes file, const struct ers_object *object, size_t n,
                                struct file_result *f)
{
    struct ers_record r;
    struct signature_result *out;
    err_t e = file_result_signature(f, KIND_EVIDENCE, &out);
    if (e != OK) {
        refuse(&f->findings, e);
        return;
    }
    e = n > 0 ? ers_record_read(file, &r) : ERR_EVIDENCE_OTHER;
    for (size_t i = 0; i < n && e == OK; i++)
        e = ers_check(&r, &object[i]);
    if (e != OK) {
        refuse(&out->findings, e);
        return;
    }
    for (size_t i = 0; i < r.stamp_n; i++)
        verify_stamp(ctx, &r, i, &object[0], out);
    out->best_time = r.stamp[0].time;
    out->integrity = out->mathematics = out->path_valid = out->time_proven = out->findings.verdict == TOTAL_PASSED;
    if (out->stamp_n > 0)
        snprintf(out->anchor, sizeof out->anchor, "%s", out->stamp[0].anchor);
}

static err_t digest_of(void *arg, enum cms_hash alg, uint8_t *out)
{
    size_t n;
    return covered_digest(arg, cms_hash_md(alg), out, &n);
}

void evidence_record_verify(const struct context *ctx, struct bytes file, const struct covered *data, struct file_result *f)
{
    const struct ers_object object = {digest_of, (void *)(uintptr_t)data};
    if (data == NULL)
        finding_add(&f->findings, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_CONTENT_MISSING, NULL);
    else
        evidence_record_verify_all(ctx, file, &object, 1, f);
}
