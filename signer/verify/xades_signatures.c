/*
 * Validates XML signatures: references, value, certificate, timestamps, and the signer's standing at the time that they prove.
 * Called by verify.c. ETSI EN 319 102-1 §5.3, §5.5, §5.6.3; XML Signature 1.1 §3.2.
 */
#include "signer/verify/xades_signatures.h"

#include "common/x509_shared.h"
#include "signer/verify/ahead.h"
#include "signer/verify/brought.h"
#include "signer/verify/outcome.h"
#include "signer/verify/path.h"
#include <string.h>

struct about {
    const struct xades_signature *s;
    const struct xades_files *files;
};

static void check_refs(const struct about *a, struct algorithm_end *end, struct signature_result *r)
{
    r->integrity = true;
    r->whole = true;
    for (size_t i = 0; i < a->s->ref_n; i++) {
        const struct xades_ref *ref = &a->s->ref[i];
        algorithm_hash(ref->alg, end);
        r->integrity = outcome_ref(xades_check_ref(ref, a->files), ref->name, "Reference", &r->findings) && r->integrity;
        if (ref->name != NULL)
            signature_result_scope(r, ref->name);
        if (ref->mime_type != NULL && r->mime[0] == '\0' && strlen(ref->mime_type) < sizeof r->mime)
            snprintf(r->mime, sizeof r->mime, "%s", ref->mime_type);
    }
}

static err_t check_value(void *arg, X509 *cert)
{
    const struct about *a = arg;
    return xades_check_value(a->s, cert);
}

static err_t find_signer(const struct xades_signature *s, X509 **cert, struct findings *f)
{
    struct bytes der;
    if (xades_signer(s, &der) == OK && x509_shared(der, cert) == OK)
        return OK;
    outcome_no_signer(s->cert_n > 0, f);
    return ERR_NOT_FOUND;
}

static err_t imprint(void *arg, size_t k, enum cms_hash alg, uint8_t *out, size_t *len)
{
    const struct about *a = arg;
    return xades_stamp_digest(a->s, k, alg, a->files, out, len);
}

static struct proof check_stamps(const struct context *ctx, const struct evidence *ev, struct about *a, struct signature_result *r)
{
    struct outcome_token token[XADES_STAMPS_MAX];
    for (size_t k = 0; k < a->s->stamp_n; k++)
        token[k] = (struct outcome_token){buf_bytes(&a->s->stamp[k].token), a->s->stamp[k].kind == XADES_ARCHIVE_STAMP,
                                          xades_is_last_property(a->s, k), k};
    return outcome_stamps(ctx, ev, token, a->s->stamp_n, imprint, a, r);
}

/* --- one signature --- */

static void verify_one(const struct context *ctx, const struct xades_files *files, const struct xades_signature *s,
                       struct signature_result *r)
{
    struct about about = {s, files};
    AUTO_BROUGHT brought = {0};
    AUTO_X509 cert = NULL;
    struct algorithm_end end = {0};
    brought_read(s->cert, s->cert_n, &s->values, &brought);
    outcome_begin(ctx, s->signing_time, s->hash, xades_scheme_name(s->scheme), r);
    check_refs(&about, &end, r);
    if (s->unknown_unsigned)
        finding_add(&r->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_FORMAT, "unsigned properties");
    algorithm_scheme(s->scheme, &end);
    algorithm_hash(s->hash, &end);
    algorithm_hash(s->cert_alg, &end);
    if (find_signer(s, &cert, &r->findings) == OK)
        outcome_value(cert, check_value, &about, &end, r);
    struct proof proof = check_stamps(ctx, &brought.ev, &about, r);
    outcome_settle(ctx, &brought.ev, cert, proof, &end, r);
}

void xades_signatures_verify(const struct context *ctx, const struct xades_files *files, struct bytes xml, struct file_result *f)
{
    AUTO_XADES x = NULL;
    err_t e = xades_open(xml, &x);
    if (e != OK) {
        outcome_unreadable(e, "XML", &f->findings);
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
