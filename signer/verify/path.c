/*
 * Builds certificate paths by OpenSSL and checks every certificate on them against the policy.
 * Called by signature.c and stamp.c. RFC 5280 §4.2.1, §6.1; RFC 3161 §2.3; ETSI EN 319 102-1 §5.2.6.
 */
#include "signer/verify/path.h"

#include "common/clock.h"
#include "signer/verify/signer.h"
#include <openssl/x509v3.h>
#include <string.h>

#define DEPTH_MAX 8

static void store_ctx_free(X509_STORE_CTX **c)
{
    X509_STORE_CTX_free(*c);
}

static void stack_free_shallow(STACK_OF(X509) **s)
{
    sk_X509_free(*s);
}
#define AUTO_SHALLOW AUTO(stack_free_shallow) STACK_OF(X509) *

/* --- facts --- */

static void copy_attr(const X509_NAME *name, int nid, char *out, size_t cap)
{
    AUTO_BUF text = {0};
    if (x509_name_attr(name, nid, &text) == OK)
        snprintf(out, cap, "%s", buf_str(&text));
}

static void copy_name(const X509_NAME *name, char *out, size_t cap)
{
    AUTO_BUF text = {0};
    if (x509_name_text(name, &text) == OK)
        snprintf(out, cap, "%s", buf_str(&text));
}

static void copy_short_name(const X509_NAME *name, char *out, size_t cap)
{
    copy_attr(name, NID_commonName, out, cap);
    if (out[0] == '\0')
        copy_attr(name, NID_organizationName, out, cap);
    if (out[0] == '\0')
        copy_name(name, out, cap);
}

void cert_facts_read(const X509 *cert, struct cert_facts *out)
{
    const X509_NAME *subject = X509_get_subject_name(cert), *issuer = X509_get_issuer_name(cert);
    copy_short_name(subject, out->name, sizeof out->name);
    copy_name(subject, out->subject, sizeof out->subject);
    copy_short_name(issuer, out->issuer_name, sizeof out->issuer_name);
    copy_name(issuer, out->issuer, sizeof out->issuer);
    copy_attr(issuer, NID_organizationName, out->manager, sizeof out->manager);
    if (out->manager[0] == '\0')
        snprintf(out->manager, sizeof out->manager, "%s", out->issuer_name);
    char serial[2 * X509_SERIAL_MAX + 1];
    if (x509_serial_hex(cert, serial) == OK)
        snprintf(out->serial, sizeof out->serial, "%s", serial);
    (void)!x509_validity(cert, &out->from, &out->to);
    (void)!x509_to_der(cert, &out->der);
}

/* --- purpose --- */

static bool has_usage(const EXTENDED_KEY_USAGE *eku, const char *dotted)
{
    char text[80];
    for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
        OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(eku, i), 1);
        if (strcmp(text, dotted) == 0)
            return true;
    }
    return false;
}

static void eku_free(EXTENDED_KEY_USAGE **e)
{
    EXTENDED_KEY_USAGE_free(*e);
}

/* RFC 3161 §2.3: exactly one KeyPurposeId, timeStamping, and the extension critical. */
static bool tsa_purpose(const X509 *cert, const EXTENDED_KEY_USAGE *eku, int critical)
{
    uint32_t usage = X509_get_key_usage((X509 *)(uintptr_t)cert);
    bool only_signs = usage == UINT32_MAX || (usage & ~(uint32_t)(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0;
    return eku != NULL && critical == 1 && sk_ASN1_OBJECT_num(eku) == 1 && has_usage(eku, "1.3.6.1.5.5.7.3.8") && only_signs;
}

/* EN 319 412-2 §4.3.2: nonRepudiation; older ones digitalSignature. An extended key usage must leave room for documents. */
static bool signer_purpose(const X509 *cert, const EXTENDED_KEY_USAGE *eku)
{
    static const char *const DOCUMENTS[] = {
        "2.5.29.37.0",             /* any */
        "1.3.6.1.5.5.7.3.4",       /* emailProtection */
        "1.3.6.1.5.5.7.3.36",      /* documentSigning, RFC 9336 */
        "1.3.6.1.4.1.311.10.3.12", /* Microsoft's document signing */
        "1.2.840.113583.1.1.5",    /* Adobe's */
    };
    uint32_t usage = X509_get_key_usage((X509 *)(uintptr_t)cert);
    if (usage != UINT32_MAX && (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
        return false;
    bool fits = eku == NULL;
    for (size_t i = 0; i < sizeof DOCUMENTS / sizeof *DOCUMENTS && !fits; i++)
        fits = has_usage(eku, DOCUMENTS[i]);
    return fits;
}

static void check_purpose(X509 *leaf, enum purpose purpose, struct path *p, struct findings *f)
{
    int critical = -1;
    AUTO(eku_free) EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(leaf, NID_ext_key_usage, &critical, NULL);
    bool unreadable = eku == NULL && critical != -1; /* there twice, or malformed */
    bool fits = !unreadable && (purpose == PURPOSE_TSA ? tsa_purpose(leaf, eku, critical) : signer_purpose(leaf, eku));
    if (fits && X509_check_ca(leaf) == 0)
        return;
    p->valid = false;
    finding_add(f, INDETERMINATE, SUB_CHAIN_CONSTRAINTS_FAILURE, NOTE_PURPOSE, purpose == PURPOSE_TSA ? "timeStamping" : "nonRepudiation");
}

/* --- building --- */

static bool push_all(STACK_OF(X509) *to, STACK_OF(X509) *from)
{
    for (int i = 0; i < sk_X509_num(from); i++) {
        if (sk_X509_push(to, sk_X509_value(from, i)) <= 0)
            return false;
    }
    return true;
}

static bool collect(const struct context *ctx, const struct evidence *ev, STACK_OF(X509) *anchors, STACK_OF(X509) *helpers)
{
    bool done = anchors != NULL && helpers != NULL && push_all(helpers, ctx->trust->certs);
    for (size_t i = 0; i < ev->n && done; i++)
        done = ev->certs[i] == NULL || push_all(helpers, ev->certs[i]);
    for (size_t i = 0; i < ctx->trust->anchor_n && done; i++)
        done = sk_X509_push(anchors, ctx->trust->anchor[i].cert) > 0;
    return done;
}

/* One run of RFC 5280 §6.1; X509_V_OK or OpenSSL's code. *chain gets what was built. */
static int run(STACK_OF(X509) *anchors, STACK_OF(X509) *helpers, X509 *leaf, int64_t t, bool check_time, STACK_OF(X509) **chain, int *depth)
{
    *depth = 0;
    AUTO(store_ctx_free) X509_STORE_CTX *c = X509_STORE_CTX_new();
    if (c == NULL || X509_STORE_CTX_init(c, NULL, leaf, helpers) != 1)
        return X509_V_ERR_OUT_OF_MEM;
    X509_STORE_CTX_set0_trusted_stack(c, anchors);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(c);
    unsigned long flags = X509_V_FLAG_X509_STRICT | X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_TRUSTED_FIRST;
    X509_VERIFY_PARAM_set_flags(param, check_time ? flags : flags | X509_V_FLAG_NO_CHECK_TIME);
    X509_VERIFY_PARAM_add0_policy(param, OBJ_nid2obj(NID_any_policy)); /* §6.1.1 (c): the user's initial set is any-policy */
    X509_VERIFY_PARAM_set_depth(param, DEPTH_MAX);
    X509_VERIFY_PARAM_set_time(param, (time_t)t);
    int ok = X509_verify_cert(c), error = X509_STORE_CTX_get_error(c);
    *depth = X509_STORE_CTX_get_error_depth(c);
    *chain = X509_STORE_CTX_get1_chain(c);
    return ok == 1 ? X509_V_OK : error != X509_V_OK ? error : X509_V_ERR_UNSPECIFIED;
}

static void report_time(int error, int depth, const X509 *cert, bool proven, struct findings *f)
{
    char text[CLOCK_RFC3339_LEN + 1] = "";
    int64_t from, to;
    if (x509_validity(cert, &from, &to) == OK)
        clock_rfc3339(error == X509_V_ERR_CERT_NOT_YET_VALID ? from : to, text);
    if (depth > 0) {
        struct cert_facts facts = {0};
        cert_facts_read(cert, &facts);
        buf_free(&facts.der);
        finding_addf(f, INDETERMINATE, SUB_CERTIFICATE_CHAIN_GENERAL_FAILURE,
                     error == X509_V_ERR_CERT_NOT_YET_VALID ? NOTE_NOT_YET_VALID : NOTE_EXPIRED, "%s, %s", facts.name, text);
        return;
    }
    if (error == X509_V_ERR_CERT_NOT_YET_VALID)
        finding_add(f, TOTAL_FAILED, SUB_NOT_YET_VALID, NOTE_NOT_YET_VALID, text);
    else if (proven)
        finding_add(f, TOTAL_FAILED, SUB_EXPIRED, NOTE_EXPIRED, text);
    else
        finding_add(f, INDETERMINATE, SUB_OUT_OF_BOUNDS_NO_POE, NOTE_EXPIRED_NO_PROOF, text);
}

static void report(int error, int depth, STACK_OF(X509) *chain, bool proven, struct findings *f)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        if (chain != NULL && depth < sk_X509_num(chain))
            report_time(error, depth, sk_X509_value(chain, depth), proven, f);
        else
            finding_add(f, INDETERMINATE, SUB_CERTIFICATE_CHAIN_GENERAL_FAILURE, NOTE_CHAIN, X509_verify_cert_error_string(error));
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
        finding_add(f, INDETERMINATE, SUB_NO_CERTIFICATE_CHAIN_FOUND, NOTE_NO_CHAIN, X509_verify_cert_error_string(error));
        break;
    default: finding_add(f, INDETERMINATE, SUB_CERTIFICATE_CHAIN_GENERAL_FAILURE, NOTE_CHAIN, X509_verify_cert_error_string(error));
    }
}

static void check_algorithms_of(X509 *cert, bool anchor, int64_t t, bool proven, struct path *p, struct findings *f)
{
    char name[ALGORITHM_NAME_CAP];
    struct algorithm_end end = {0};
    const X509_ALGOR *alg;
    X509_get0_signature(NULL, &alg, cert);
    bool known = algorithm_key(X509_get0_pubkey(cert), name, &end) == OK &&
                 (anchor || algorithm_x509(X509_get_signature_nid(cert), alg, name, &end) == OK);
    if (known && !algorithm_ended(&end, t))
        return;
    p->valid = false;
    if (!known)
        finding_add(f, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, name);
    else
        signer_weigh_algorithms(&end, t, proven, f);
}

/*
 * The anchor's own signature proves nothing and is not looked at; its key is. A signer names its certificate by digest, so that whatever proves the age of the
 * signature proves the certificate's. Those above it are as old as the archive around them proves; so is a timestamp's own, which says itself when it was made.
 */
static void check_algorithms(const struct context *ctx, enum purpose purpose, int64_t t, bool proven, struct path *p, struct findings *f)
{
    int n = sk_X509_num(p->chain);
    for (int i = 0; i < n; i++) {
        bool named = i == 0 && purpose == PURPOSE_SIGNER;
        check_algorithms_of(sk_X509_value(p->chain, i), i == n - 1, named ? t : data_proven(ctx), named ? proven : ctx->proof.data != 0, p,
                            f);
    }
}

static bool is_time_error(int error)
{
    return error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
}

void path_build(const struct context *ctx, const struct evidence *ev, X509 *leaf, enum purpose purpose, int64_t t, bool proven,
                struct path *out, struct findings *f)
{
    AUTO_SHALLOW anchors = sk_X509_new_null();
    AUTO_SHALLOW helpers = sk_X509_new_null();
    *out = (struct path){0};
    int depth = 0, error = X509_V_ERR_OUT_OF_MEM;
    if (collect(ctx, ev, anchors, helpers))
        error = run(anchors, helpers, leaf, t, true, &out->chain, &depth);
    if (is_time_error(error)) { /* the rest of the path is still worth checking and showing */
        int again_depth;
        report(error, depth, out->chain, proven, f);
        x509_stack_free(&out->chain);
        int again = run(anchors, helpers, leaf, t, false, &out->chain, &again_depth);
        if (again != X509_V_OK)
            report(again, again_depth, out->chain, proven, f);
        error = again != X509_V_OK ? again : error;
    } else if (error != X509_V_OK) {
        report(error, depth, out->chain, proven, f);
    }
    out->valid = error == X509_V_OK;
    if (error != X509_V_OK && !is_time_error(error))
        x509_stack_free(&out->chain);
    check_purpose(leaf, purpose, out, f);
    if (out->chain == NULL)
        return;
    check_algorithms(ctx, purpose, t, proven, out, f);
    int n = sk_X509_num(out->chain);
    snprintf(out->anchor, sizeof out->anchor, "%s", trust_name(ctx->trust, sk_X509_value(out->chain, n - 1)));
}

STACK_OF(X509) *path_to(const struct context *ctx, const struct evidence *ev, X509 *cert, int64_t t, const X509 *anchor)
{
    AUTO_SHALLOW anchors = sk_X509_new_null();
    AUTO_SHALLOW helpers = sk_X509_new_null();
    AUTO_X509_STACK chain = NULL;
    int depth;
    if (!collect(ctx, ev, anchors, helpers) || run(anchors, helpers, cert, t, true, &chain, &depth) != X509_V_OK)
        return NULL;
    return X509_cmp(sk_X509_value(chain, sk_X509_num(chain) - 1), anchor) == 0 ? take(&chain) : NULL;
}

void path_free(struct path *p)
{
    x509_stack_free(&p->chain);
}
