/*
 * Verifies archive timestamps: the index against the message as it is, the token against the index.
 * Called by signature.c. ETSI EN 319 122-1 §5.5.2 (index), §5.5.3 (imprint).
 */
#include "signer/verify/archive.h"

#include "signer/formats/algorithm.h"
#include "signer/formats/cades_archive.h"
#include "signer/formats/tlv.h"
#include "signer/formats/tsp_token.h"
#include "signer/verify/stamp.h"

/* Looks for a digest among the digests of what is there. */
typedef bool present_fn(struct bytes in, const EVP_MD *md, struct bytes digest);

static bool digest_is(const EVP_MD *md, struct bytes a, struct bytes b, struct bytes digest)
{
    uint8_t have[EVP_MAX_MD_SIZE];
    size_t n;
    const struct covered both = {{a, b}};
    return covered_digest(&both, md, have, &n) == OK && bytes_eq(BYTES(have, n), digest);
}

static bool in_set(struct bytes set, const EVP_MD *md, struct bytes digest)
{
    struct tlv t;
    while (set.len > 0 && tlv_next(&set, &t) == OK) {
        if (digest_is(md, t.whole, BYTES(NULL, 0), digest))
            return true;
    }
    return false;
}

static bool in_attributes(struct bytes attrs, const EVP_MD *md, struct bytes digest)
{
    struct tlv attr, type, values, value;
    while (attrs.len > 0) {
        if (tlv_expect(&attrs, 0x30, &attr) != OK || tlv_expect(&attr.body, 0x06, &type) != OK ||
            tlv_expect(&attr.body, 0x31, &values) != OK)
            return false;
        while (values.body.len > 0 && tlv_next(&values.body, &value) == OK) {
            if (digest_is(md, type.whole, value.whole, digest))
                return true;
        }
    }
    return false;
}

/* SEQUENCE OF OCTET STRING: all of them are digests of something that is there. */
static bool all_present(struct bytes *index, const EVP_MD *md, present_fn *present, struct bytes in)
{
    struct tlv list, item;
    if (tlv_expect(index, 0x30, &list) != OK)
        return false;
    while (list.body.len > 0) {
        if (tlv_expect(&list.body, 0x04, &item) != OK || !present(in, md, item.body))
            return false;
    }
    return true;
}

/* What was added later is not named and needs no place; what is named and gone was taken away. */
static bool index_holds(struct bytes index, const struct signed_data *sd, const struct signer_info *si)
{
    struct tlv whole, alg;
    const EVP_MD *md;
    char name[ALGORITHM_NAME_CAP];
    if (tlv_expect(&index, 0x30, &whole) != OK || index.len != 0 || tlv_expect(&whole.body, 0x30, &alg) != OK ||
        algorithm_digest(alg.whole, &md, name) != OK)
        return false;
    return all_present(&whole.body, md, in_set, sd->cert_set) && all_present(&whole.body, md, in_set, sd->crl_set) &&
           all_present(&whole.body, md, in_attributes, si->unsigned_attrs) && whole.body.len == 0;
}

static void check_one(const struct context *ctx, const struct evidence *ev, const struct signed_data *sd, const struct signer_info *si,
                      const struct covered *content, struct bytes token, struct stamp_result *out)
{
    AUTO_TSP_TOKEN t = {0};
    AUTO_BUF input = {0};
    struct bytes index;
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    if (tsp_token_read(token, &t) != OK || attribute_one(t.sd.signer[0].unsigned_attrs, OID_ATS_HASH_INDEX_V3, &index) != OK) {
        finding_add(&out->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "archive-time-stamp-v3");
        return;
    }
    if (!index_holds(index, sd, si) || covered_digest(content, t.md, digest, &n) != OK ||
        archive_imprint_input(sd, si, BYTES(digest, n), index, &input) != OK) {
        finding_add(&out->findings, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_STAMP_OTHER, NULL);
        return;
    }
    const struct covered data = {{buf_bytes(&input)}};
    stamp_verify(ctx, ev, token, &data, out);
}

void archive_check(const struct context *ctx, const struct evidence *ev, const struct signed_data *sd, const struct signer_info *si,
                   const struct covered *content, struct signature_result *r)
{
    struct bytes tokens[STAMPS_MAX];
    size_t n = 0;
    if (attribute_all(si->unsigned_attrs, OID_ARCHIVE_TIMESTAMP_V3, tokens, STAMPS_MAX, &n) != OK) {
        finding_add(&r->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "unsigned attributes");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct stamp_result *stamp;
        if (signature_result_stamp(r, &stamp) != OK) {
            finding_add(&r->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
            return;
        }
        check_one(ctx, ev, sd, si, content, tokens[i], stamp);
        findings_merge(&r->findings, &stamp->findings, "archive timestamp");
    }
}
