/*
 * Validates XML signatures: references, value, certificate, timestamps, and the signer's standing at the time that they prove.
 * Called by verify.c. ETSI EN 319 102-1 §5.3, §5.5, §5.6.3; XML Signature 1.1 §3.2.
 */
#include "signer/verify/xades_signatures.h"

#include "common/x509_shared.h"
#include "signer/formats/algorithm.h"
#include "signer/verify/ahead.h"
#include "signer/verify/path.h"
#include "signer/verify/stamp.h"
#include <string.h>

/* --- what came along --- */

struct along {
    STACK_OF(X509) *certs;
    STACK_OF(X509_CRL) *crls;
    struct bytes ocsp[VDATA_MAX];
    struct evidence ev;
};

static void along_free(struct along *a)
{
    x509_stack_free(&a->certs);
    x509_crl_stack_free(&a->crls);
}

/* One that cannot be read is of no use to anybody; that is all. */
static void add_cert(struct along *a, const struct buf *der)
{
    AUTO_X509 c = NULL;
    if (x509_shared(buf_bytes(der), &c) == OK && sk_X509_push(a->certs, c) > 0)
        c = NULL;
}

static void add_crl(struct along *a, const struct buf *der)
{
    AUTO_X509_CRL c = NULL;
    if (x509_crl_from_der(buf_bytes(der), &c) == OK && sk_X509_CRL_push(a->crls, c) > 0)
        c = NULL;
}

static void along_read(const struct xades_signature *s, struct along *a)
{
    a->certs = sk_X509_new_null();
    a->crls = sk_X509_CRL_new_null();
    if (a->certs == NULL || a->crls == NULL)
        return;
    for (size_t i = 0; i < s->cert_n; i++)
        add_cert(a, &s->cert[i]);
    for (size_t i = 0; i < s->values.cert_n; i++)
        add_cert(a, &s->values.cert[i]);
    for (size_t i = 0; i < s->values.crl_n; i++)
        add_crl(a, &s->values.crl[i]);
    for (size_t i = 0; i < s->values.ocsp_n; i++)
        a->ocsp[i] = buf_bytes(&s->values.ocsp[i]);
    a->ev = (struct evidence){.certs = {a->certs}, .crls = {a->crls}, .ocsp = {a->ocsp}, .ocsp_n = {s->values.ocsp_n}, .n = 1};
}

/* --- references --- */

static bool check_ref(const struct xades_ref *ref, const struct xades_files *files, struct findings *f)
{
    err_t e = xades_check_ref(ref, files);
    if (e == ERR_BAD_SIGNATURE)
        finding_add(f, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_HASH, ref->name);
    else if (e == ERR_NOT_FOUND)
        finding_add(f, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_CONTENT_MISSING, ref->name);
    else if (e == ERR_XML)
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "Reference");
    else if (e != OK)
        finding_add(f, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_UNREADABLE, ref->name);
    return e == OK;
}

static void add_scope(struct signature_result *r, const char *name)
{
    size_t n = strlen(r->scope);
    snprintf(r->scope + n, sizeof r->scope - n, "%s%s", n > 0 ? ", " : "", name);
}

static void check_refs(const struct xades_signature *s, const struct xades_files *files, struct signature_result *r)
{
    r->integrity = true;
    r->whole = true;
    for (size_t i = 0; i < s->ref_n; i++) {
        const struct xades_ref *ref = &s->ref[i];
        r->integrity = check_ref(ref, files, &r->findings) && r->integrity;
        if (ref->name != NULL)
            add_scope(r, ref->name);
        if (ref->mime_type != NULL && r->mime[0] == '\0' && strlen(ref->mime_type) < sizeof r->mime)
            snprintf(r->mime, sizeof r->mime, "%s", ref->mime_type);
    }
}

/* --- certificate and value --- */

static void check_value(const struct xades_signature *s, X509 *cert, struct signature_result *r)
{
    char name[ALGORITHM_NAME_CAP];
    if (algorithm_key(X509_get0_pubkey(cert), name) != OK) {
        finding_add(&r->findings, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, name);
        return;
    }
    err_t e = xades_check_value(s, cert);
    r->mathematics = e == OK;
    if (e == ERR_ALGORITHM)
        finding_add(&r->findings, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, r->signature_alg);
    else if (e != OK)
        finding_add(&r->findings, TOTAL_FAILED, SUB_SIG_CRYPTO_FAILURE, NOTE_SIGNATURE, NULL);
}

static err_t find_signer(const struct xades_signature *s, X509 **cert, struct findings *f)
{
    struct bytes der;
    if (xades_signer(s, &der) == OK && x509_shared(der, cert) == OK)
        return OK;
    finding_add(f, INDETERMINATE, SUB_NO_SIGNING_CERTIFICATE_FOUND, s->cert_n > 0 ? NOTE_SIGNER_CERT_OTHER : NOTE_SIGNER_CERT_MISSING,
                NULL);
    return ERR_NOT_FOUND;
}

/* --- timestamps --- */

struct imprint {
    const struct xades_signature *s;
    size_t k;
    const struct xades_files *files;
};

static err_t imprint_digest(void *arg, const EVP_MD *md, uint8_t *out, size_t *len)
{
    const struct imprint *i = arg;
    for (enum cms_hash h = CMS_SHA256; h <= CMS_SHA3_512; h++) {
        if (EVP_MD_get_type(cms_hash_md(h)) == EVP_MD_get_type(md))
            return xades_stamp_digest(i->s, i->k, h, i->files, out, len);
    }
    return ERR_UNSUPPORTED;
}

/* As with CMS: the earliest valid signature timestamp tells the time; one that does not hold takes the verdict with it, also an archive's. */
static void check_stamps(const struct context *ctx, const struct evidence *ev, const struct xades_signature *s,
                         const struct xades_files *files, struct signature_result *r)
{
    bool any = false;
    for (size_t k = 0; k < s->stamp_n; k++) {
        struct stamp_result *stamp;
        struct imprint over = {s, k, files};
        bool archive = s->stamp[k].kind == XADES_ARCHIVE_STAMP;
        if (signature_result_stamp(r, &stamp) != OK) {
            finding_add(&r->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
            return;
        }
        stamp_verify_digest(ctx, ev, buf_bytes(&s->stamp[k].token), imprint_digest, &over, stamp);
        if (!archive && stamp->findings.verdict == TOTAL_PASSED && (!r->time_proven || stamp->time < r->best_time)) {
            r->best_time = stamp->time;
            r->time_proven = true;
        }
        any = any || !archive;
        findings_merge(&r->findings, &stamp->findings, archive ? "archive timestamp" : "timestamp");
    }
    if (!any)
        finding_add(&r->findings, TOTAL_PASSED, SUB_NONE, NOTE_STAMP_MISSING, NULL);
}

/* --- one signature --- */

static void verify_one(const struct context *ctx, const struct xades_files *files, const struct xades_signature *s,
                       struct signature_result *r)
{
    AUTO(along_free) struct along along = {0};
    AUTO_X509 cert = NULL;
    struct standing standing = {.revocation.reason = -1};
    along_read(s, &along);
    r->claimed_time = s->signing_time;
    r->best_time = ctx->at;
    snprintf(r->digest_alg, sizeof r->digest_alg, "%s", OBJ_nid2ln(EVP_MD_get_type(cms_hash_md(s->hash))));
    snprintf(r->signature_alg, sizeof r->signature_alg, "%s", xades_scheme_name(s->scheme));
    check_refs(s, files, r);
    if (s->unknown_unsigned)
        finding_add(&r->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_FORMAT, "unsigned properties");
    err_t found = find_signer(s, &cert, &r->findings);
    if (found == OK)
        check_value(s, cert, r);
    check_stamps(ctx, &along.ev, s, files, r);
    if (found != OK)
        return;
    cert_facts_read(cert, &r->signer);
    standing_check(ctx, &along.ev, cert, r->best_time, r->time_proven, &standing);
    r->path_valid = standing.path_valid;
    r->revocation = standing.revocation;
    memcpy(r->anchor, standing.anchor, sizeof r->anchor);
    findings_merge(&r->findings, &standing.findings, NULL);
}

static void unreadable(err_t e, struct findings *f)
{
    const char *why = err_info(e)->code;
    if (e == ERR_TOO_LARGE || e == ERR_NOMEM)
        finding_add(f, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, "XML");
    else if (e == ERR_ALGORITHM)
        finding_add(f, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, NULL);
    else if (e == ERR_UNSUPPORTED)
        finding_add(f, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_FORMAT, why);
    else if (e == ERR_NOT_FOUND)
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_NOT_SIGNED, NULL);
    else
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, why);
}

void xades_signatures_verify(const struct context *ctx, const struct xades_files *files, struct bytes xml, struct file_result *f)
{
    AUTO_XADES x = NULL;
    err_t e = xades_open(xml, &x);
    if (e != OK) {
        unreadable(e, &f->findings);
        return;
    }
    for (size_t i = 0; i < xades_count(x); i++) {
        struct signature_result *r;
        if (file_result_signature(f, KIND_XADES, &r) != OK) {
            finding_add(&f->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
            return;
        }
        verify_one(ctx, files, xades_signature(x, i), r);
    }
}
