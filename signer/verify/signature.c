/*
 * Validates CMS signatures with signature timestamps, step by step as ETSI lays it down.
 * Called by verify.c, pdf_signatures.c and sealed.c. ETSI EN 319 102-1 §5.3 (basic signatures), §5.5 (signatures with time).
 */
#include "signer/verify/signature.h"

#include "common/clock.h"
#include "signer/formats/tlv.h"
#include "signer/verify/ahead.h"
#include "signer/verify/archive.h"
#include "signer/verify/path.h"
#include "signer/verify/signer.h"
#include "signer/verify/stamp.h"
#include <string.h>

static void time_free(ASN1_TIME **t)
{
    ASN1_TIME_free(*t);
}

/* RFC 5652 §11.3: only a claim. */
static int64_t claimed_time(const struct signer_info *si)
{
    struct bytes value;
    int64_t t = 0;
    if (attribute_one(si->signed_attrs, OID_SIGNING_TIME, &value) != OK)
        return 0;
    const uint8_t *p = value.ptr;
    AUTO(time_free) ASN1_TIME *time = d2i_ASN1_TIME(NULL, &p, (long)value.len);
    return time != NULL && x509_time(time, &t) == OK ? t : 0;
}

/* mimeType is a UTF8String; one that is longer or has a NUL in it is none that we know. */
static void read_mime(const struct signer_info *si, struct signature_result *r)
{
    struct bytes value;
    struct tlv t;
    if (attribute_one(si->signed_attrs, OID_MIME_TYPE, &value) != OK || tlv_expect(&value, 0x0c, &t) != OK ||
        t.body.len >= sizeof r->mime || memchr(t.body.ptr, '\0', t.body.len) != NULL)
        return;
    memcpy(r->mime, t.body.ptr, t.body.len);
    r->mime[t.body.len] = '\0';
}

/*
 * Unsigned attributes are not covered by anything: one byte turns a timestamp into an attribute that nobody knows. So only those that a CAdES
 * signature may have (EN 319 122-1 §5, TS 101 733 §6) are let pass; the certificate, revocation and archive ones are of no use here.
 */
static void check_unsigned(const struct signer_info *si, struct signature_result *r)
{
    static const char *const KNOWN[] = {
        OID_TIMESTAMP_TOKEN,
        OID_COUNTERSIGNATURE,
        "1.2.840.113549.1.9.16.2.21", /* complete-certificate-references */
        "1.2.840.113549.1.9.16.2.22", /* complete-revocation-references */
        "1.2.840.113549.1.9.16.2.23", /* certificate-values */
        "1.2.840.113549.1.9.16.2.24", /* revocation-values */
        "1.2.840.113549.1.9.16.2.25", /* CAdES-C-timestamp */
        "1.2.840.113549.1.9.16.2.26", /* certs and CRLs timestamp */
        "1.2.840.113549.1.9.16.2.27", /* archive-timestamp */
        "1.2.840.113549.1.9.16.2.48", /* archive-timestamp v2 */
        "0.4.0.1733.2.4",             /* archive-timestamp v3 */
        "0.4.0.1733.2.5",             /* ats-hash-index */
        "0.4.0.19122.1.5",            /* ats-hash-index v3 */
        "1.2.840.113583.1.1.8",       /* Adobe's revocation information */
        NULL,
    };
    if (attributes_known(si->unsigned_attrs, KNOWN) != OK)
        finding_add(&r->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_FORMAT, "unsigned attributes");
}

/*
 * EN 319 102-1 §5.5.4: the earliest of the valid timestamps is the best signature time. A timestamp that does not hold is not dropped in
 * silence: it takes the signature's verdict with it.
 */
static void check_stamps(const struct context *ctx, const struct evidence *ev, const struct signer_info *si, const struct archive *archive,
                         struct signature_result *r)
{
    struct bytes tokens[STAMPS_MAX];
    size_t n = 0;
    if (attribute_all(si->unsigned_attrs, OID_TIMESTAMP_TOKEN, tokens, STAMPS_MAX, &n) != OK) {
        finding_add(&r->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "unsigned attributes");
        return;
    }
    struct covered value = {{si->signature}};
    for (size_t i = 0; i < n; i++) {
        struct stamp_result *stamp;
        if (signature_result_stamp(r, &stamp) != OK) {
            finding_add(&r->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
            return;
        }
        struct context then = *ctx;
        int64_t named = archive_proves(archive, si, tokens[i]);
        if (named == 0) /* it may have come after all archive timestamps: of it they prove nothing */
            then.proof.data = archive->around.data;
        then.proof.object = earlier_proof(archive->around.object, named);
        stamp_verify(&then, ev, tokens[i], &value, stamp);
        if (stamp->findings.verdict == TOTAL_PASSED)
            signature_result_existed(r, stamp->time);
        findings_merge(&r->findings, &stamp->findings, "timestamp");
    }
    if (n == 0)
        finding_add(&r->findings, TOTAL_PASSED, SUB_NONE, NOTE_STAMP_MISSING, NULL);
}

/* Timestamps, which tell the time, and the signer's standing at that time. */
static void check_time_and_trust(const struct context *ctx, const struct evidence *ev, const struct signer_info *si, X509 *cert,
                                 const struct archive *archive, struct signature_result *r)
{
    struct bytes first;
    size_t n = 0;
    struct standing standing = {.revocation.reason = -1};
    struct ahead *ahead = NULL;
    if (cert != NULL && attribute_all(si->unsigned_attrs, OID_TIMESTAMP_TOKEN, &first, 1, &n) == OK && n == 1)
        ahead = ahead_start(ctx, ev, cert, first);
    check_stamps(ctx, ev, si, archive, r);
    signature_result_reverse(r);
    signature_result_existed(r, ctx->proof.object); /* an archive's timestamp is one over the signature too */
    /* The guess was made for a proven time: without one it does not count. */
    bool known = ahead_finish(&ahead, ctx->memory, r->time_proven ? r->best_time : INT64_MIN, &standing);
    if (cert == NULL)
        return;
    if (!known)
        standing_check(ctx, ev, cert, r->best_time, r->time_proven, &standing);
    standing_take(&standing, r);
}

/* content_type NULL: a counter-signature, whose content is another's signature value. */
static void verify_signer(const struct context *ctx, const struct evidence *ev, const struct signed_data *sd, const struct signer_info *si,
                          const struct covered *content, const char *content_type, const struct archive *archive,
                          struct signature_result *r)
{
    struct signer_check check;
    signer_check(sd, si, ev, content, content_type, false, &check, &r->findings);
    r->integrity = check.integrity;
    r->mathematics = check.mathematics;
    snprintf(r->digest_alg, sizeof r->digest_alg, "%.*s", (int)sizeof r->digest_alg - 1, check.digest_alg);
    snprintf(r->signature_alg, sizeof r->signature_alg, "%.*s", (int)sizeof r->signature_alg - 1, check.signature_alg);
    if (check.cert != NULL)
        cert_facts_read(check.cert, &r->signer);
    int64_t claimed = claimed_time(si);
    if (claimed != 0)
        r->claimed_time = claimed;
    read_mime(si, r);
    r->best_time = ctx->at;
    check_unsigned(si, r);
    check_time_and_trust(ctx, ev, si, check.cert, archive, r);
    signer_weigh_algorithms(&check.end, r->best_time, r->time_proven, &r->findings);
}

/* --- counter-signatures --- */

#define COUNTERS_MAX 16
#define COUNTER_DEPTH_MAX 4 /* counter-signatures over counter-signatures */

/* What is verified. */
struct message {
    struct context ctx; /* with what archive timestamps prove of the signer that is looked at */
    const struct evidence *ev;
    const struct signed_data *sd;
    const struct archive *archive;
    struct file_result *f;
};

static void too_many(struct file_result *f)
{
    finding_add(&f->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
}

static void verify_counters(const struct message *m, const struct signer_info *over, size_t of, int64_t proven, unsigned depth);

/* RFC 5652 §11.4: a SignerInfo over the signature value. Its own results follow those of the signature that it is over. proven: by when it was there. */
static void verify_counter(const struct message *m, struct bytes whole, const struct signer_info *over, size_t of, int64_t proven,
                           unsigned depth)
{
    struct context then = m->ctx;
    struct signer_info si;
    struct signature_result *r;
    const struct covered value = {{over->signature}};
    if (file_result_signature(m->f, KIND_COUNTER, &r) != OK) {
        too_many(m->f);
        return;
    }
    const char *whose = m->f->signature[of].signer.name;
    snprintf(r->scope, sizeof r->scope, "%s", whose[0] != '\0' ? whose : "?");
    if (signer_info_parse(whole, &si) != OK) {
        finding_add(&r->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "countersignature");
        return;
    }
    then.proof.object = proven;
    const struct archive within = {.around = then.proof}; /* its timestamps are in it: what proves it proves them */
    verify_signer(&then, m->ev, m->sd, &si, &value, NULL, &within, r);
    verify_counters(m, &si, m->f->signature_n - 1, proven, depth + 1);
}

/* One that does not hold is not dropped in silence: anybody can add one, and nobody should. */
static void verify_counters(const struct message *m, const struct signer_info *over, size_t of, int64_t proven, unsigned depth)
{
    struct bytes found[COUNTERS_MAX];
    size_t n = 0;
    err_t e = attribute_all(over->unsigned_attrs, OID_COUNTERSIGNATURE, found, COUNTERS_MAX, &n);
    if (e == ERR_TOO_LARGE || (n > 0 && depth == COUNTER_DEPTH_MAX))
        too_many(m->f);
    else if (e != OK)
        finding_add(&m->f->signature[of].findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "unsigned attributes");
    else
        for (size_t i = 0; i < n; i++)
            verify_counter(m, found[i], over, of, earlier_proof(proven, depth == 0 ? archive_proves(m->archive, over, found[i]) : 0),
                           depth);
}

/* --- the message --- */

/* Detached or inside; both only when they are the same (some programs leave a copy inside). */
static bool choose_content(const struct signed_data *sd, const struct covered *detached, struct covered *out, struct file_result *f)
{
    bool same = detached != NULL && detached->part[1].len == 0 && bytes_eq(sd->content, detached->part[0]);
    if (sd->content.ptr != NULL && detached != NULL && !same) {
        finding_add(&f->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_CONTENT_TWICE, NULL);
        return false;
    }
    if (sd->content.ptr == NULL && detached == NULL) {
        finding_add(&f->findings, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_CONTENT_MISSING, NULL);
        return false;
    }
    *out = detached != NULL ? *detached : (struct covered){{sd->content}};
    return true;
}

/* Archive timestamps first: they prove the age of the rest. false: there is no room for more results. */
static bool verify_with_archive(const struct context *ctx, const struct evidence *ev, const struct signed_data *sd,
                                const struct signer_info *si, const struct covered *content, enum signature_kind kind,
                                struct file_result *f)
{
    AUTO_ARCHIVE archive = {.n = 0};
    struct signature_result *r;
    struct message m = {*ctx, ev, sd, &archive, f};
    if (file_result_signature(f, kind, &r) != OK) {
        too_many(f);
        return false;
    }
    archive_check(ctx, ev, sd, si, content, &archive, r);
    struct proof proof = archive_proof(&archive);
    m.ctx.proof.object = earlier_proof(ctx->proof.object, proof.object);
    m.ctx.proof.data = earlier_proof(ctx->proof.data, proof.data);
    verify_signer(&m.ctx, ev, sd, si, content, OID_DATA, &archive, r);
    verify_counters(&m, si, f->signature_n - 1, ctx->proof.object, 0);
    return true;
}

void signature_verify(const struct context *ctx, const struct evidence *around, struct bytes cms, const struct covered *content,
                      enum signature_kind kind, struct file_result *f)
{
    AUTO_SIGNED_DATA sd = {0};
    struct covered signed_content;
    err_t e = signed_data_parse(cms, &sd);
    if (e == ERR_NOMEM || e == ERR_TOO_LARGE) {
        finding_add(&f->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, "CMS");
        return;
    }
    if (e != OK || (kind == KIND_PADES && sd.signer_n != 1)) { /* ISO 32000-1 §12.8.3.3.1: one signer */
        finding_add(&f->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "CMS");
        return;
    }
    if (!choose_content(&sd, content, &signed_content, f))
        return;
    struct evidence ev = signer_evidence(&sd, around);
    for (size_t i = 0; i < sd.signer_n; i++) {
        if (!verify_with_archive(ctx, &ev, &sd, &sd.signer[i], &signed_content, kind, f))
            return;
    }
}
