/*
 * Validates JSON signatures: files, value, certificate, timestamps, and the signer's standing at the time that they prove.
 * Called by verify.c. ETSI EN 319 102-1 §5.3, §5.5, §5.6.3; ETSI TS 119 182-1; RFC 7515 §5.2.
 */
#include "signer/verify/jades_signatures.h"

#include "common/x509_shared.h"
#include "signer/verify/ahead.h"
#include "signer/verify/brought.h"
#include "signer/verify/outcome.h"
#include "signer/verify/path.h"
#include <string.h>

struct about {
    const struct jades_signature *s;
    const struct jades_files *files;
};

/* RFC 7515 §4.1.10: a type without '/' has "application/" before it. */
static void name_type(const char *mime, struct signature_result *r)
{
    const char *prefix = mime != NULL && strchr(mime, '/') == NULL ? "application/" : "";
    if (mime == NULL || r->mime[0] != '\0')
        return;
    int n = snprintf(r->mime, sizeof r->mime, "%s%s", prefix, mime);
    if (n < 0 || (size_t)n >= sizeof r->mime)
        r->mime[0] = '\0';
}

static void check_refs(const struct about *a, struct algorithm_end *end, struct signature_result *r)
{
    r->integrity = true;
    r->whole = true;
    name_type(a->s->mime_type, r);
    if (a->s->detached)
        signature_result_scope(r, "payload"); /* it has no name of its own */
    if (a->s->ref_n > 0)
        algorithm_hash(a->s->ref_alg, end);
    for (size_t i = 0; i < a->s->ref_n; i++) {
        const struct jades_ref *ref = &a->s->ref[i];
        r->integrity = outcome_ref(jades_check_ref(a->s, i, a->files), ref->name, "sigD", &r->findings) && r->integrity;
        signature_result_scope(r, ref->name);
        name_type(ref->mime_type, r);
    }
}

static err_t check_value(void *arg, X509 *cert)
{
    const struct about *a = arg;
    return jades_check_value(a->s, cert, a->files);
}

static err_t find_signer(const struct jades_signature *s, X509 **cert, struct findings *f)
{
    struct bytes der;
    if (jades_signer(s, &der) == OK && x509_shared(der, cert) == OK)
        return OK;
    outcome_no_signer(s->cert_n > 0, f);
    return ERR_NOT_FOUND;
}

static err_t imprint(void *arg, size_t k, enum cms_hash alg, uint8_t *out, size_t *len)
{
    const struct about *a = arg;
    return jades_stamp_digest(a->s, k, a->s->stamp[k].kind, alg, a->files, out, len);
}

static struct proof check_stamps(const struct context *ctx, const struct evidence *ev, struct about *a, struct signature_result *r)
{
    struct outcome_token token[JADES_STAMPS_MAX];
    for (size_t k = 0; k < a->s->stamp_n; k++)
        token[k] = (struct outcome_token){buf_bytes(&a->s->stamp[k].token), a->s->stamp[k].kind == JADES_ARCHIVE_STAMP,
                                          a->s->stamp[k].at + 1 == json_array_size(a->s->unsigned_properties), a->s->stamp[k].at};
    return outcome_stamps(ctx, ev, token, a->s->stamp_n, imprint, a, r);
}

static void verify_one(const struct context *ctx, const struct jades_files *files, const struct jades_signature *s,
                       struct signature_result *r)
{
    struct about about = {s, files};
    AUTO_BROUGHT brought = {0};
    AUTO_X509 cert = NULL;
    struct algorithm_end end = {0};
    brought_read(s->cert, s->cert_n, &s->values, &brought);
    outcome_begin(ctx, s->signing_time, s->hash, jades_alg_name(s), r);
    check_refs(&about, &end, r);
    if (s->unknown_unsigned)
        finding_add(&r->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_FORMAT, "etsiU");
    algorithm_scheme(s->scheme, &end);
    algorithm_hash(s->hash, &end);
    if (s->cert_digest.len > 0)
        algorithm_hash(s->cert_alg, &end);
    if (find_signer(s, &cert, &r->findings) == OK)
        outcome_value(cert, check_value, &about, &end, r);
    r->integrity = r->integrity && (s->ref_n > 0 || r->mathematics); /* content without a digest of its own is covered by the value alone */
    struct proof proof = check_stamps(ctx, &brought.ev, &about, r);
    outcome_settle(ctx, &brought.ev, cert, proof, &end, r);
}

void jades_signatures_verify(const struct context *ctx, const struct jades_files *files, struct bytes jws, struct file_result *f)
{
    AUTO_JADES j = NULL;
    err_t e = jades_open(jws, &j);
    if (e != OK) {
        outcome_unreadable(e, "JWS", &f->findings);
        return;
    }
    for (size_t i = 0; i < jades_count(j); i++) {
        struct signature_result *r;
        if (file_result_signature(f, KIND_JADES, &r) != OK) {
            finding_add(&f->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
            return;
        }
        verify_one(ctx, files, jades_signature(j, i), r);
    }
}
