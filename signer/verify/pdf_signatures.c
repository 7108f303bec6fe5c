/*
 * Verifies the signatures of a PDF: cryptography by signature.c, coverage and later changes here.
 * Called by verify.c. ETSI EN 319 142-1 §5, §6; ISO 32000-1 §12.8; EN 319 102-1 §5.
 */
#include "signer/verify/pdf_signatures.h"

#include "common/x509_shared.h"
#include "signer/verify/pdf_changes.h"
#include "signer/formats/pdf_fields.h"
#include "signer/verify/signature.h"
#include "signer/verify/stamp.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DSS_ENTRIES_MAX 64

struct job {
    const struct context *ctx;
    struct bytes file;
    struct pdf *pdf; /* the whole file */
    struct pdf_signatures found;
    size_t *result;             /* of each found signature: index in f->signature, SIZE_MAX: none */
    struct stamp_result *stamp; /* of each found document timestamp */
    struct proof *proof;        /* what document timestamps prove of each found signature */
    struct file_result *f;
};

/* --- validation data in the document (EN 319 142-1 §5.4.2) --- */

static bool dss_stream(struct job *j, qpdf_oh list, int i, struct buf *out)
{
    qpdf_data q = pdf_handle(j->pdf);
    qpdf_oh stream = qpdf_oh_get_array_item(q, list, i);
    unsigned char *data = NULL;
    size_t n = 0;
    QPDF_BOOL filtered = QPDF_FALSE;
    if (!qpdf_oh_is_stream(q, stream))
        return false;
    bool done = (qpdf_oh_get_stream_data(q, stream, qpdf_dl_generalized, &filtered, &data, &n) & QPDF_ERRORS) == 0 &&
                buf_copy(out, BYTES(data, n)) == OK;
    free(data);
    return done;
}

static int dss_list(struct job *j, const char *name, qpdf_oh *list)
{
    qpdf_data q = pdf_handle(j->pdf);
    qpdf_oh dss = qpdf_oh_get_key_if_dict(q, qpdf_get_root(q), "/DSS");
    *list = qpdf_oh_get_key_if_dict(q, dss, name);
    int n = qpdf_oh_is_array(q, *list) ? qpdf_oh_get_array_n_items(q, *list) : 0;
    return n < DSS_ENTRIES_MAX ? n : DSS_ENTRIES_MAX;
}

/* The store's contents; the OCSP responses' views are of the buffers. */
struct store {
    STACK_OF(X509) *certs;
    STACK_OF(X509_CRL) *crls;
    struct buf ocsp_own[DSS_ENTRIES_MAX];
    struct bytes ocsp[DSS_ENTRIES_MAX];
    size_t ocsp_n;
};

static void store_free(struct store *s)
{
    x509_stack_free(&s->certs);
    x509_crl_stack_free(&s->crls);
    for (size_t i = 0; i < s->ocsp_n; i++)
        buf_free(&s->ocsp_own[i]);
}

/* Unreadable entries are as good as missing: what they would have proven is then found missing. */
static void read_dss(struct job *j, struct store *s)
{
    qpdf_oh list;
    int n = dss_list(j, "/Certs", &list);
    for (int i = 0; i < n; i++) {
        AUTO_BUF der = {0};
        X509 *cert = NULL;
        if (dss_stream(j, list, i, &der) && x509_shared(buf_bytes(&der), &cert) == OK && sk_X509_push(s->certs, cert) <= 0)
            X509_free(cert);
    }
    n = dss_list(j, "/CRLs", &list);
    for (int i = 0; i < n; i++) {
        AUTO_BUF der = {0};
        X509_CRL *crl = NULL;
        if (dss_stream(j, list, i, &der) && x509_crl_from_der(buf_bytes(&der), &crl) == OK && sk_X509_CRL_push(s->crls, crl) <= 0)
            X509_CRL_free(crl);
    }
    n = dss_list(j, "/OCSPs", &list);
    for (int i = 0; i < n; i++) {
        AUTO_BUF der = {0};
        if (!dss_stream(j, list, i, &der))
            continue;
        s->ocsp_own[s->ocsp_n] = take(&der);
        s->ocsp[s->ocsp_n] = buf_bytes(&s->ocsp_own[s->ocsp_n]);
        s->ocsp_n++;
    }
    (void)!pdf_faults(j->pdf);
}

/* --- one signature --- */

static void describe_scope(const struct job *j, const struct pdf_signature *s, struct signature_result *r)
{
    snprintf(r->field, sizeof r->field, "%s", s->name);
    r->revision_end = s->end;
    r->whole = s->end == j->file.len;
    snprintf(r->scope, sizeof r->scope, "0-%" PRIu64 " / %zu", s->end, j->file.len);
    if (r->claimed_time == 0)
        r->claimed_time = s->claimed_time;
}

static struct covered signed_bytes(const struct job *j, const struct pdf_signature *s)
{
    return (struct covered){{BYTES(j->file.ptr, s->range[1]), BYTES(j->file.ptr + s->range[2], s->range[3])}};
}

static bool is_document_stamp(const struct pdf_signature *s)
{
    return s->wrong == NULL && strcmp(s->sub_filter, "/ETSI.RFC3161") == 0;
}

/*
 * Document timestamps from the last to the first: each proves that all before it was there, other timestamps too (EN 319 142-1 §5.5). The validation data are
 * read from the file as it is now: only a timestamp behind which nothing follows proves their age.
 */
static void check_document_stamps(struct job *j, const struct evidence *ev)
{
    struct proof proof = j->ctx->proof;
    for (size_t i = j->found.n; i-- > 0;) {
        const struct pdf_signature *s = &j->found.item[i];
        struct context then = *j->ctx;
        struct covered content;
        then.proof = j->proof[i] = proof;
        if (!is_document_stamp(s))
            continue;
        content = signed_bytes(j, s);
        j->stamp[i].revocation.reason = -1;
        stamp_verify(&then, ev, buf_bytes(&s->contents), &content, &j->stamp[i]);
        if (j->stamp[i].findings.verdict != TOTAL_PASSED)
            continue;
        proof.object = earlier_proof(proof.object, j->stamp[i].time);
        if (s->end == j->file.len)
            proof.data = earlier_proof(proof.data, j->stamp[i].time);
    }
}

static void report_document_stamp(struct job *j, size_t i)
{
    struct signature_result *r;
    struct stamp_result *stamp;
    if (file_result_signature(j->f, KIND_DOC_TIMESTAMP, &r) != OK || signature_result_stamp(r, &stamp) != OK)
        return;
    *stamp = take(&j->stamp[i]);
    findings_merge(&r->findings, &stamp->findings, "timestamp");
    r->integrity = r->mathematics = r->path_valid = stamp->findings.verdict == TOTAL_PASSED;
    r->best_time = stamp->time;
    r->time_proven = r->integrity;
    snprintf(r->anchor, sizeof r->anchor, "%s", stamp->anchor);
}

static void refuse(struct job *j, enum verdict v, enum sub sub, enum note note, const char *detail)
{
    struct signature_result *r;
    if (file_result_signature(j->f, KIND_PADES, &r) == OK)
        finding_add(&r->findings, v, sub, note, detail);
}

static void verify_one(struct job *j, const struct evidence *ev, size_t i)
{
    const struct pdf_signature *s = &j->found.item[i];
    struct covered content = signed_bytes(j, s);
    struct context then = *j->ctx;
    then.proof = j->proof[i];
    if (s->wrong != NULL)
        refuse(j, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_BYTE_RANGE, s->wrong);
    else if (strcmp(s->sub_filter, "/ETSI.CAdES.detached") == 0 || strcmp(s->sub_filter, "/adbe.pkcs7.detached") == 0)
        signature_verify(&then, ev, buf_bytes(&s->contents), &content, KIND_PADES, j->f);
    else if (is_document_stamp(s))
        report_document_stamp(j, i);
    else /* adbe.pkcs7.sha1, adbe.x509.rsa_sha1: SHA-1 by definition */
        refuse(j, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, s->sub_filter);
}

static void verify_all(struct job *j)
{
    AUTO(store_free) struct store s = {.certs = sk_X509_new_null(), .crls = sk_X509_CRL_new_null()};
    struct evidence ev = {.certs = {s.certs}, .crls = {s.crls}, .ocsp = {s.ocsp}};
    if (s.certs != NULL && s.crls != NULL) {
        read_dss(j, &s);
        ev.ocsp_n[0] = s.ocsp_n;
        ev.n = 1;
    }
    check_document_stamps(j, &ev);
    for (size_t i = 0; i < j->found.n; i++) {
        size_t before = j->f->signature_n;
        verify_one(j, &ev, i);
        j->result[i] = j->f->signature_n > before ? before : SIZE_MAX;
        if (j->result[i] != SIZE_MAX)
            describe_scope(j, &j->found.item[i], &j->f->signature[before]);
    }
}

/* --- coverage and later changes --- */

static struct findings *findings_of(struct job *j, size_t i)
{
    return j->result[i] != SIZE_MAX ? &j->f->signature[j->result[i]].findings : &j->f->findings;
}

/* A finding for every signature whose revision ends at or before end. */
static void tell_earlier(struct job *j, uint64_t end, enum verdict v, enum note note, const char *detail)
{
    for (size_t i = 0; i < j->found.n; i++) {
        if (j->found.item[i].end <= end)
            finding_add(findings_of(j, i), v, v == TOTAL_PASSED ? SUB_NONE : SUB_FORMAT_FAILURE, note, detail);
    }
}

/* The signed bytes must be a document of their own that has this very signature: what was signed is what the signer saw. */
static err_t open_revision(struct job *j, uint64_t end, struct pdf **out)
{
    struct bytes prefix = BYTES(j->file.ptr, end);
    struct pdf_signatures there = {0};
    TRY(pdf_open_memory(prefix, out));
    TRY(pdf_signatures_find(*out, prefix, &there));
    err_t e = OK;
    for (size_t i = 0; i < j->found.n && e == OK; i++) {
        if (j->found.item[i].end != end)
            continue;
        e = ERR_PDF_DAMAGED;
        for (size_t k = 0; k < there.n; k++) {
            if (memcmp(there.item[k].range, j->found.item[i].range, sizeof there.item[k].range) == 0)
                e = OK;
        }
    }
    pdf_signatures_free(&there);
    return e;
}

static void weigh_changes(struct job *j, uint64_t end, const struct pdf_changes *c)
{
    if (c->fault[0] != '\0')
        tell_earlier(j, end, TOTAL_FAILED, NOTE_CHANGED_LATER, c->fault);
    else if (c->fields == 0 && !c->dss)
        tell_earlier(j, end, TOTAL_FAILED, NOTE_TRAILING, NULL); /* an update that updates nothing hides something */
    if (c->locked[0] != '\0')
        tell_earlier(j, end, TOTAL_FAILED, NOTE_LOCKED, c->locked);
    if (c->visible[0] != '\0')
        tell_earlier(j, end, TOTAL_PASSED, NOTE_LATER_VISIBLE, c->visible);
    for (size_t i = 0; i < j->found.n; i++) {
        const struct pdf_signature *s = &j->found.item[i];
        if (s->end <= end && s->certifies && s->permission < 2 && c->signatures > 0)
            finding_add(findings_of(j, i), TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_CERTIFIED, NULL);
    }
}

/* Compares the revision that ends at end with the next one that is signed, or with the file. */
static void check_step(struct job *j, uint64_t end, uint64_t next)
{
    AUTO(pdf_close) struct pdf *before = NULL;
    AUTO(pdf_close) struct pdf *after = NULL;
    struct pdf_changes changes;
    char detail[80];
    if (end == j->file.len)
        return; /* nothing but the signed revision */
    err_t e = open_revision(j, end, &before);
    if (e != OK) {
        tell_earlier(j, end, e == ERR_NOMEM ? INDETERMINATE : TOTAL_FAILED, e == ERR_NOMEM ? NOTE_TOO_LARGE : NOTE_BYTE_RANGE, "revision");
        return;
    }
    snprintf(detail, sizeof detail, "%" PRIu64 "-%" PRIu64, end, next);
    e = pdf_open_memory(BYTES(j->file.ptr, next), &after);
    if (e == OK && pdf_startxref(after) < end) {
        tell_earlier(j, end, TOTAL_FAILED, NOTE_TRAILING, detail); /* the newest cross-reference section is still the signed one */
        return;
    }
    if (e == OK)
        e = pdf_changes_find(before, after, &changes);
    if (e == ERR_NOMEM || e == ERR_TOO_LARGE)
        tell_earlier(j, end, INDETERMINATE, NOTE_TOO_LARGE, detail);
    else if (e != OK)
        tell_earlier(j, end, TOTAL_FAILED, NOTE_TRAILING, detail);
    else
        weigh_changes(j, end, &changes);
    if (e == OK && changes.fault[0] == '\0')
        tell_earlier(j, end, TOTAL_PASSED, NOTE_LATER_REVISION, detail);
}

static void check_revisions(struct job *j)
{
    for (size_t i = 0; i < j->found.n; i++) {
        uint64_t end = j->found.item[i].end, next = j->file.len;
        if (i + 1 < j->found.n) {
            next = j->found.item[i + 1].end;
            if (next == end)
                continue;
        }
        if (j->found.item[i].wrong == NULL)
            check_step(j, end, next);
    }
}

static void open_fault(struct file_result *f, err_t e)
{
    switch (e) {
    case ERR_PDF_ENCRYPTED: finding_add(&f->findings, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_PDF_ENCRYPTED, NULL); break;
    case ERR_NOMEM:
    case ERR_TOO_LARGE: finding_add(&f->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL); break;
    default: finding_add(&f->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_PDF_DAMAGED, err_info(e)->code);
    }
}

static err_t make_room(struct job *j)
{
    size_t n = j->found.n + 1; /* calloc(0) is not told from a failure */
    j->result = calloc(n, sizeof *j->result);
    j->stamp = calloc(n, sizeof *j->stamp);
    j->proof = calloc(n, sizeof *j->proof);
    return j->result != NULL && j->stamp != NULL && j->proof != NULL ? OK : ERR_NOMEM;
}

static void job_free(struct job *j)
{
    for (size_t i = 0; j->stamp != NULL && i < j->found.n; i++)
        buf_free(&j->stamp[i].tsa.der); /* of those that were not reported */
    free(j->stamp);
    free(j->result);
    free(j->proof);
    pdf_signatures_free(&j->found);
    pdf_close(&j->pdf);
}

void pdf_signatures_verify(const struct context *ctx, struct bytes file, struct file_result *f)
{
    AUTO(job_free) struct job j = {.ctx = ctx, .file = file, .f = f};
    err_t e = pdf_open_memory(file, &j.pdf);
    if (e == OK)
        e = pdf_signatures_find(j.pdf, file, &j.found);
    if (e == OK)
        e = make_room(&j);
    if (e != OK) {
        open_fault(f, e);
    } else if (j.found.n > 0) {
        verify_all(&j);
        check_revisions(&j);
    }
}
