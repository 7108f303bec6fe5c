/*
 * Verifies ASiC containers.
 * Called by verify.c. ETSI EN 319 162-1 §4.3, §4.4; EN 319 102-1 §5.3, §5.6.2.
 */
#include "signer/verify/container.h"

#include "signer/formats/asic.h"
#include "signer/formats/ers.h"
#include "signer/formats/signed_data.h"
#include "signer/formats/tsp_token.h"
#include "signer/formats/xml.h"
#include "signer/verify/evidence_record.h"
#include "signer/verify/signature.h"
#include "signer/verify/signer.h"
#include "signer/verify/stamp.h"
#include "signer/verify/xades_signatures.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the container's CMS signatures brought along, for archive timestamps: those of others leave it there until they are covered themselves. */
#define AROUND_MAX (EVIDENCE_SETS_MAX - 1) /* and the timestamp's own */
struct around {
    struct buf own[AROUND_MAX];
    struct signed_data sd[AROUND_MAX];
    const struct zip_entry *entry[AROUND_MAX];
    size_t n;
    struct evidence ev;
};

struct job {
    const struct context *ctx;
    struct around *around;
    const struct asic *asic;
    struct file_result *f;
    bool *covered;                       /* one for each entry: a signature (or, where none is, a timestamp or evidence) names it */
    int64_t proven[ASIC_SIGNATURES_MAX]; /* of an archive timestamp or evidence that holds: its time */
};

/* What the reader of containers refuses, as a verdict. */
static void refuse(struct file_result *f, err_t e, const char *what)
{
    if (e == ERR_NOMEM || e == ERR_TOO_LARGE)
        finding_add(&f->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, what);
    else if (e == ERR_UNSUPPORTED || e == ERR_ALGORITHM)
        finding_add(&f->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_CONTAINER_PART, what);
    else
        finding_add(&f->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_CONTAINER, what != NULL ? what : err_info(e)->code);
}

static void entry_name(const struct zip_entry *e, char out[ZIP_NAME_MAX + 1])
{
    snprintf(out, ZIP_NAME_MAX + 1, "%.*s", (int)e->name.len, (const char *)e->name.ptr);
}

/* --- what came along --- */

static void around_free(struct around *w)
{
    for (size_t i = 0; i < w->n; i++) {
        signed_data_free(&w->sd[i]);
        buf_free(&w->own[i]);
    }
}

/* What cannot be read is a finding of its signature; here it is of no use. */
static void around_read(const struct asic *a, struct around *w)
{
    for (size_t i = 0; i < a->n && w->n < AROUND_MAX; i++) {
        struct bytes cms;
        if (a->signature[i].kind != ASIC_CADES)
            continue;
        if (zip_read(a->signature[i].entry, SIGNED_DATA_MAX, &w->own[w->n], &cms) != OK || signed_data_parse(cms, &w->sd[w->n]) != OK) {
            buf_free(&w->own[w->n]);
            continue;
        }
        w->entry[w->n] = a->signature[i].entry;
        w->ev = signer_evidence(&w->sd[w->n], &w->ev);
        w->n++;
    }
}

/* --- what signatures are over --- */

static bool is_signature(const struct asic_signature *s)
{
    return s->kind == ASIC_CADES || s->kind == ASIC_XADES;
}

static bool has_signature(const struct asic *a)
{
    for (size_t i = 0; i < a->n; i++) {
        if (is_signature(&a->signature[i]))
            return true;
    }
    return false;
}

static void cover(struct job *j, const struct asic_signature *s, struct bytes name)
{
    for (size_t i = 0; i < j->asic->zip.n; i++) {
        bool counts = is_signature(s) || !has_signature(j->asic);
        if (counts && asic_is_payload(&j->asic->zip.entry[i]) && bytes_eq(j->asic->zip.entry[i].name, name))
            j->covered[i] = true;
    }
}

/* A signature over a list is one over the files only when each of them is what the list says. */
static void check_reference(struct job *j, const struct asic_reference *r, struct findings *out)
{
    err_t e = asic_check(j->asic, r);
    if (e == ERR_NOT_FOUND)
        finding_add(out, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_COMPONENT_MISSING, r->name);
    else if (e == ERR_BAD_SIGNATURE || e == ERR_ZIP)
        finding_add(out, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_COMPONENT_CHANGED, r->name);
    else if (e != OK)
        finding_add(out, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, r->name);
}

static size_t payload_count(const struct asic *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->zip.n; i++)
        n += asic_is_payload(&a->zip.entry[i]);
    return n;
}

static void name_scope(const struct asic *a, const struct asic_signature *s, struct signature_result *r)
{
    size_t listed = 0, at = 0;
    for (size_t i = 0; i < s->list.n; i++) {
        const struct zip_entry *e = zip_find(&a->zip, bytes_str(s->list.ref[i].name));
        listed += e != NULL && asic_is_payload(e);
        int n = snprintf(r->scope + at, sizeof r->scope - at, "%s%s", i > 0 ? ", " : "", s->list.ref[i].name);
        at += n > 0 && (size_t)n < sizeof r->scope - at ? (size_t)n : sizeof r->scope - at - 1;
    }
    r->whole = listed == payload_count(a);
}

static void name_only_file(const struct asic *a, struct signature_result *r)
{
    for (size_t i = 0; i < a->zip.n; i++) {
        if (asic_is_payload(&a->zip.entry[i]))
            snprintf(r->scope, sizeof r->scope, "%.*s", (int)a->zip.entry[i].name.len, (const char *)a->zip.entry[i].name.ptr);
    }
    r->whole = true;
}

/* --- one signature --- */

/* Its list's findings are those of every signer in the file. */
static void settle(struct job *j, const struct asic_signature *s, size_t from)
{
    struct findings list = {0};
    for (size_t i = 0; i < s->list.n; i++)
        check_reference(j, &s->list.ref[i], &list);
    for (size_t i = from; i < j->f->signature_n; i++) {
        struct signature_result *r = &j->f->signature[i];
        findings_merge(&r->findings, &list, NULL);
        r->integrity = r->integrity && list.verdict == TOTAL_PASSED;
        if (r->kind == KIND_COUNTER)
            continue;
        if (s->list_entry != NULL)
            name_scope(j->asic, s, r);
        else
            name_only_file(j->asic, r);
    }
}

static void mark_covered(struct job *j, const struct asic_signature *s)
{
    for (size_t i = 0; i < s->list.n; i++)
        cover(j, s, bytes_str(s->list.ref[i].name));
    for (size_t i = 0; i < j->asic->zip.n && s->list_entry == NULL; i++) /* ASiC-S: its only file */
        cover(j, s, j->asic->zip.entry[i].name);
}

static bool named_before(const struct xades_signature *x, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (x->ref[k].kind == XADES_FILE && strcmp(x->ref[k].name, x->ref[i].name) == 0)
            return true;
    }
    return false;
}

/* Files that an XML signature names, each once. One that it names and that is not what it says is a finding of that signature. */
static size_t mark_named(struct job *j, const struct asic_signature *s, const struct xades_signature *x)
{
    size_t payload = 0;
    for (size_t i = 0; i < x->ref_n; i++) {
        if (x->ref[i].kind != XADES_FILE || named_before(x, i))
            continue;
        const struct zip_entry *e = zip_find(&j->asic->zip, bytes_str(x->ref[i].name));
        payload += e != NULL && asic_is_payload(e);
        cover(j, s, bytes_str(x->ref[i].name));
    }
    return payload;
}

static void verify_xml(struct job *j, const struct context *ctx, const struct asic_signature *s, const char *name)
{
    AUTO_BUF own = {0};
    AUTO_XADES x = NULL;
    struct bytes text;
    size_t from = j->f->signature_n;
    const struct xades_files files = {asic_feed, (void *)(uintptr_t)j->asic};
    err_t e = zip_read(s->entry, XML_BYTES_MAX, &own, &text);
    if (e != OK) {
        refuse(j->f, e, name);
        return;
    }
    xades_signatures_verify(ctx, &files, text, j->f);
    if (xades_open(text, &x) != OK) /* which is a finding by now */
        return;
    for (size_t i = 0; i < xades_count(x) && from + i < j->f->signature_n; i++)
        j->f->signature[from + i].whole = mark_named(j, s, xades_signature(x, i)) == payload_count(j->asic);
}

static void verify_cms(struct job *j, const struct context *ctx, const struct asic_signature *s, const char *name)
{
    AUTO_BUF cms_own = {0};
    AUTO_BUF own = {0};
    struct bytes cms;
    struct covered content = {{{0}}};
    err_t e = zip_read(s->entry, SIGNED_DATA_MAX, &cms_own, &cms);
    if (e == OK)
        e = asic_content(j->asic, s, &own, &content.part[0]);
    if (e != OK) {
        refuse(j->f, e, name);
        return;
    }
    size_t from = j->f->signature_n;
    if (s->kind == ASIC_TIMESTAMP)
        stamp_file_verify(ctx, s->archive ? &j->around->ev : &(struct evidence){0}, cms, &content, j->f);
    else
        signature_verify(ctx, &(struct evidence){0}, cms, &content, KIND_CADES, j->f);
    settle(j, s, from);
    mark_covered(j, s);
}

/* --- evidence records: about each of the files that they name --- */

static err_t digest_of_entry(void *entry, enum cms_hash alg, uint8_t *out)
{
    size_t n;
    return zip_digest(entry, cms_hash_md(alg), out, &n);
}

static void verify_evidence(struct job *j, const struct context *ctx, const struct asic_signature *s, const char *name)
{
    AUTO_BUF own = {0};
    struct bytes record;
    struct ers_object object[ZIP_ENTRIES_MAX];
    size_t n = 0;
    err_t e = zip_read(s->entry, ERS_MAX, &own, &record);
    for (size_t i = 1; i < j->asic->zip.n; i++) {
        struct zip_entry *entry = &j->asic->zip.entry[i];
        bool listed = s->list_entry == NULL && asic_is_payload(entry);
        for (size_t k = 0; k < s->list.n && !listed; k++)
            listed = zip_is(entry, s->list.ref[k].name);
        if (listed)
            object[n++] = (struct ers_object){digest_of_entry, entry};
    }
    if (e != OK) {
        refuse(j->f, e, name);
        return;
    }
    size_t from = j->f->signature_n;
    evidence_record_verify_all(ctx, record, object, n, j->f);
    settle(j, s, from);
    mark_covered(j, s);
}

/* --- proof of existence --- */

static bool is_proof(const struct asic_signature *s)
{
    return s->archive || s->kind == ASIC_EVIDENCE;
}

/* What archive timestamps and evidence that hold prove of a file in META-INF; 0: nothing. The earliest of them counts. */
static int64_t existed(const struct job *j, const struct zip_entry *e)
{
    int64_t t = 0;
    for (size_t i = 0; i < j->asic->n; i++) {
        const struct asic_signature *s = &j->asic->signature[i];
        for (size_t k = 0; j->proven[i] != 0 && k < s->list.n; k++) {
            if (zip_is(e, s->list.ref[k].name) && (t == 0 || j->proven[i] < t))
                t = j->proven[i];
        }
    }
    return t;
}

/* What an archive timestamp is verified with may also lie in signatures that were added later: the latest of all counts, and one that is not covered takes it all. */
static struct proof proof_of(const struct job *j, const struct asic_signature *s)
{
    struct proof p = {.object = existed(j, s->entry)};
    p.data = p.object;
    for (size_t i = 0; s->archive && i < j->around->n; i++) {
        int64_t t = existed(j, j->around->entry[i]);
        p.data = p.data == 0 || t == 0 ? 0 : t > p.data ? t : p.data;
    }
    return p;
}

static void verify_one(struct job *j, size_t i)
{
    const struct asic_signature *s = &j->asic->signature[i];
    struct context ctx = *j->ctx;
    char name[ZIP_NAME_MAX + 1];
    size_t from = j->f->signature_n;
    entry_name(s->entry, name);
    ctx.proof = proof_of(j, s);
    if (s->kind == ASIC_XADES)
        verify_xml(j, &ctx, s, name);
    else if (s->kind == ASIC_EVIDENCE)
        verify_evidence(j, &ctx, s, name);
    else
        verify_cms(j, &ctx, s, name);
    if (is_proof(s) && j->f->signature_n == from + 1 && j->f->signature[from].findings.verdict == TOTAL_PASSED)
        j->proven[i] = j->f->signature[from].best_time;
}

/* genTime, as claimed; one that cannot be read is told of when its turn comes. Evidence needs no proof from others, and comes before them. */
static int64_t claimed(const struct asic_signature *s)
{
    AUTO_BUF own = {0};
    AUTO_TSP_TOKEN t = {0};
    struct bytes token;
    if (s->kind == ASIC_EVIDENCE)
        return INT64_MAX;
    return zip_read(s->entry, SIGNED_DATA_MAX, &own, &token) == OK && tsp_token_read_info(token, &t) == OK ? t.time : INT64_MIN;
}

/* The newest first: each proves what those before it need. */
static size_t order_proofs(const struct asic *a, size_t order[ASIC_SIGNATURES_MAX])
{
    int64_t time[ASIC_SIGNATURES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (!is_proof(&a->signature[i]))
            continue;
        int64_t t = claimed(&a->signature[i]);
        size_t at = n++;
        for (; at > 0 && time[at - 1] < t; at--) {
            time[at] = time[at - 1];
            order[at] = order[at - 1];
        }
        time[at] = t;
        order[at] = i;
    }
    return n;
}

/* Signatures are what a reader looks for: the first n results become the last. */
static void move_to_end(struct file_result *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct signature_result first = f->signature[0];
        memmove(f->signature, f->signature + 1, (f->signature_n - 1) * sizeof first);
        f->signature[f->signature_n - 1] = first;
    }
}

static void verify_all(struct job *j)
{
    size_t order[ASIC_SIGNATURES_MAX];
    size_t n = order_proofs(j->asic, order);
    for (size_t i = 0; i < n; i++)
        verify_one(j, order[i]);
    size_t proofs = j->f->signature_n;
    for (size_t i = 0; i < j->asic->n; i++) {
        if (!is_proof(&j->asic->signature[i]))
            verify_one(j, i);
    }
    move_to_end(j->f, proofs);
}

/* --- the container --- */

static void check_covered(struct job *j)
{
    char name[ZIP_NAME_MAX + 1];
    for (size_t i = 0; i < j->asic->zip.n; i++) {
        if (j->covered[i] || !asic_is_payload(&j->asic->zip.entry[i]))
            continue;
        entry_name(&j->asic->zip.entry[i], name);
        finding_add(&j->f->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_NOT_COVERED, name);
    }
}

void container_verify(const struct context *ctx, struct bytes file, struct file_result *f)
{
    AUTO_ASIC a = {0};
    err_t e = asic_open(file, &a);
    if (e != OK) {
        refuse(f, e, NULL);
        return;
    }
    AUTO(around_free) struct around around = {0};
    around_read(&a, &around);
    struct job j = {.ctx = ctx, .around = &around, .asic = &a, .f = f, .covered = calloc(a.zip.n, sizeof *j.covered)};
    if (j.covered == NULL) {
        refuse(f, ERR_NOMEM, NULL);
        return;
    }
    verify_all(&j);
    check_covered(&j);
    free(j.covered);
}
