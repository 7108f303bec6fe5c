/*
 * Verifies timestamp tokens.
 * Called by signature.c, verify.c and container.c. RFC 3161 §2.4.2, RFC 5816; ETSI EN 319 102-1 §5.4.
 */
#include "signer/verify/stamp.h"

#include "common/clock.h"
#include "signer/verify/path.h"
#include "signer/verify/revocation.h"
#include "signer/verify/signer.h"
#include <openssl/ts.h>
#include <stdio.h>

static void tst_free(TS_TST_INFO **t)
{
    TS_TST_INFO_free(*t);
}

static void format_fault(struct stamp_result *out, const char *what)
{
    finding_add(&out->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, what);
}

static void algor_der(X509_ALGOR *a, struct buf *out)
{
    uint8_t *der = NULL;
    int n = i2d_X509_ALGOR(a, &der);
    if (n > 0)
        (void)!buf_copy(out, BYTES(der, (size_t)n));
    OPENSSL_free(der);
}

static void check_imprint(TS_TST_INFO *info, stamp_digest_fn *digest, void *arg, struct algorithm_end *end, struct stamp_result *out)
{
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OCTET_STRING *have = TS_MSG_IMPRINT_get_msg(imprint);
    AUTO_BUF alg = {0};
    const EVP_MD *md;
    char name[ALGORITHM_NAME_CAP];
    uint8_t want[EVP_MAX_MD_SIZE];
    size_t n;
    algor_der(TS_MSG_IMPRINT_get_algo(imprint), &alg);
    if (algorithm_digest(buf_bytes(&alg), &md, name, end) != OK)
        finding_add(&out->findings, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, name);
    else if (digest(arg, md, want, &n) != OK ||
             !bytes_eq(BYTES(want, n), BYTES(ASN1_STRING_get0_data(have), (size_t)ASN1_STRING_length(have))))
        finding_add(&out->findings, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_STAMP_OTHER, NULL);
}

static void read_info(TS_TST_INFO *info, const struct context *ctx, struct stamp_result *out)
{
    char serial[2 * X509_SERIAL_MAX + 1];
    if (TS_TST_INFO_get_version(info) != 1 || x509_time(TS_TST_INFO_get_time(info), &out->time) != OK) {
        format_fault(out, "TSTInfo");
        return;
    }
    OBJ_obj2txt(out->policy, sizeof out->policy, TS_TST_INFO_get_policy_id(info), 1);
    if (x509_integer_hex(TS_TST_INFO_get_serial(info), serial) == OK)
        snprintf(out->serial, sizeof out->serial, "%s", serial);
    if (out->time > ctx->at + CLOCK_SKEW)
        finding_add(&out->findings, INDETERMINATE, SUB_TIMESTAMP_ORDER_FAILURE, NOTE_STAMP_FUTURE, NULL);
}

static TS_TST_INFO *parse_info(struct bytes der)
{
    const uint8_t *p = der.ptr;
    TS_TST_INFO *info = d2i_TS_TST_INFO(NULL, &p, (long)der.len);
    if (info != NULL && p != der.ptr + der.len) {
        TS_TST_INFO_free(info);
        info = NULL;
    }
    return info;
}

/*
 * EN 319 102-1 §5.4: a timestamp says itself when it was made, and that proves nothing once its key may be in other hands. It has to be good now, or
 * at the time by which a later timestamp proves that it was there (§5.6.2).
 */
static void check_not_expired(const struct context *ctx, const X509 *cert, struct stamp_result *out)
{
    char text[CLOCK_RFC3339_LEN + 1] = "";
    int64_t from = 0, to = 0;
    if (x509_validity(cert, &from, &to) == OK && object_proven(ctx) <= to)
        return;
    clock_rfc3339(to, text);
    finding_add(&out->findings, INDETERMINATE, SUB_OUT_OF_BOUNDS_NO_POE, NOTE_EXPIRED_NO_PROOF, text);
}

static void check_authority(const struct context *ctx, const struct evidence *ev, X509 *cert, struct stamp_result *out)
{
    struct path path;
    cert_facts_read(cert, &out->tsa);
    check_not_expired(ctx, cert, out);
    path_build(ctx, ev, cert, PURPOSE_TSA, out->time, true, &path, &out->findings);
    snprintf(out->anchor, sizeof out->anchor, "%s", path.anchor);
    if (path.chain != NULL)
        revocation_check(ctx, ev, path.chain, PURPOSE_TSA, out->time, &out->revocation, &out->findings);
    path_free(&path);
}

static err_t digest_of_data(void *arg, const EVP_MD *md, uint8_t *out, size_t *len)
{
    const struct covered *const *data = arg;
    return covered_digest(*data, md, out, len);
}

void stamp_verify(const struct context *ctx, const struct evidence *ev, struct bytes token, const struct covered *data,
                  struct stamp_result *out)
{
    stamp_verify_digest(ctx, ev, token, digest_of_data, &data, out);
}

void stamp_verify_digest(const struct context *ctx, const struct evidence *around, struct bytes token, stamp_digest_fn *digest, void *arg,
                         struct stamp_result *out)
{
    AUTO_SIGNED_DATA sd = {0};
    if (signed_data_parse(token, &sd) != OK || sd.content.ptr == NULL || sd.signer_n != 1) { /* RFC 3161 §2.4.2: exactly one signature */
        format_fault(out, "TimeStampToken");
        return;
    }
    AUTO(tst_free) TS_TST_INFO *info = parse_info(sd.content);
    if (info == NULL) {
        format_fault(out, "TSTInfo");
        return;
    }
    read_info(info, ctx, out);
    struct algorithm_end end = {0};
    check_imprint(info, digest, arg, &end, out);

    struct evidence ev = signer_evidence(&sd, around);
    struct signer_check check;
    signer_check(&sd, &sd.signer[0], &ev, &(struct covered){{sd.content}}, OID_TST_INFO, true, &check, &out->findings);
    algorithm_end_merge(&end, &check.end);
    signer_weigh_algorithms(&end, object_proven(ctx), ctx->proof.object != 0, &out->findings);
    if (check.cert != NULL && out->time != 0)
        check_authority(ctx, &ev, check.cert, out);
}

void stamp_file_verify(const struct context *ctx, const struct evidence *around, struct bytes token, const struct covered *data,
                       struct file_result *f)
{
    struct signature_result *r;
    struct stamp_result *stamp;
    if (data == NULL) {
        finding_add(&f->findings, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_CONTENT_MISSING, NULL);
        return;
    }
    if (file_result_signature(f, KIND_TIMESTAMP, &r) != OK || signature_result_stamp(r, &stamp) != OK) {
        finding_add(&f->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
        return;
    }
    stamp_verify(ctx, around, token, data, stamp);
    findings_merge(&r->findings, &stamp->findings, "timestamp");
    r->best_time = stamp->time;
    r->integrity = r->mathematics = r->path_valid = r->time_proven = stamp->findings.verdict == TOTAL_PASSED;
    snprintf(r->anchor, sizeof r->anchor, "%s", stamp->anchor);
}
