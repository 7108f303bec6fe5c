/*
 * Verifies archive timestamps: the index against the message as it is, the token against the index, and the age that each of them proves.
 * Called by signature.c. ETSI EN 319 122-1 §5.5.2 (index), §5.5.3 (imprint); EN 319 102-1 §5.6.2 (past signature validation).
 */
#include "signer/verify/archive.h"

#include "signer/formats/algorithm.h"
#include "signer/formats/cades_archive.h"
#include "signer/formats/tlv.h"
#include "signer/formats/tsp_token.h"
#include "signer/verify/stamp.h"

/* --- the index --- */

/* ATSHashIndexV3 taken apart: three lists of digests, as the elements of a SEQUENCE OF OCTET STRING. */
struct hash_index {
    const EVP_MD *md;
    struct algorithm_end end; /* of that digest */
    struct bytes certs, crls, attributes;
};

static err_t index_read(struct bytes der, struct hash_index *out)
{
    struct tlv whole, alg, list;
    struct bytes *const lists[] = {&out->certs, &out->crls, &out->attributes};
    char name[ALGORITHM_NAME_CAP];
    *out = (struct hash_index){0};
    if (tlv_expect(&der, 0x30, &whole) != OK || der.len != 0 || tlv_expect(&whole.body, 0x30, &alg) != OK ||
        algorithm_digest(alg.whole, &out->md, name, &out->end) != OK)
        return ERR_SYNTAX;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        TRY(tlv_expect(&whole.body, 0x30, &list));
        *lists[i] = list.body;
    }
    return whole.body.len == 0 ? OK : ERR_SYNTAX;
}

/* Is one of the list's digests that of these bytes? */
static bool names(struct bytes list, const EVP_MD *md, struct bytes a, struct bytes b)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    struct tlv item;
    const struct covered both = {{a, b}};
    if (covered_digest(&both, md, digest, &n) != OK)
        return false;
    while (list.len > 0 && tlv_expect(&list, 0x04, &item) == OK) {
        if (bytes_eq(item.body, BYTES(digest, n)))
            return true;
    }
    return false;
}

static bool names_all_of(struct bytes list, const EVP_MD *md, struct bytes set)
{
    struct tlv t;
    while (set.len > 0) {
        if (tlv_next(&set, &t) != OK || !names(list, md, t.whole, BYTES(NULL, 0)))
            return false;
    }
    return true;
}

/* Calls see with each value of each attribute; true: it was the one. */
typedef bool value_fn(const void *arg, struct bytes type, struct bytes value);

static bool any_value(struct bytes attrs, value_fn *see, const void *arg)
{
    struct tlv attr, type, values, value;
    while (attrs.len > 0) {
        if (tlv_expect(&attrs, 0x30, &attr) != OK || tlv_expect(&attr.body, 0x06, &type) != OK ||
            tlv_expect(&attr.body, 0x31, &values) != OK)
            return false;
        while (values.body.len > 0 && tlv_next(&values.body, &value) == OK) {
            if (see(arg, type.whole, value.whole))
                return true;
        }
    }
    return false;
}

struct wanted {
    const struct hash_index *index;
    struct bytes value, digest;
};

/* §5.5.2: each value is digested behind its attribute's type. */
static bool is_named(const void *arg, struct bytes type, struct bytes value)
{
    const struct wanted *w = arg;
    return value.ptr == w->value.ptr && names(w->index->attributes, w->index->md, type, value);
}

static bool has_digest(const void *arg, struct bytes type, struct bytes value)
{
    const struct wanted *w = arg;
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    const struct covered both = {{type, value}};
    return covered_digest(&both, w->index->md, digest, &n) == OK && bytes_eq(BYTES(digest, n), w->digest);
}

static bool in_set(struct bytes set, const EVP_MD *md, struct bytes digest)
{
    uint8_t have[EVP_MAX_MD_SIZE];
    size_t n;
    struct tlv t;
    while (set.len > 0 && tlv_next(&set, &t) == OK) {
        const struct covered one = {{t.whole}};
        if (covered_digest(&one, md, have, &n) == OK && bytes_eq(BYTES(have, n), digest))
            return true;
    }
    return false;
}

static bool all_in_set(struct bytes list, const EVP_MD *md, struct bytes set)
{
    struct tlv item;
    while (list.len > 0) {
        if (tlv_expect(&list, 0x04, &item) != OK || !in_set(set, md, item.body))
            return false;
    }
    return true;
}

static bool all_in_attributes(const struct hash_index *x, struct bytes attrs)
{
    struct tlv item;
    struct bytes list = x->attributes;
    while (list.len > 0) {
        if (tlv_expect(&list, 0x04, &item) != OK || !any_value(attrs, has_digest, &(struct wanted){.index = x, .digest = item.body}))
            return false;
    }
    return true;
}

/* What was added later is not named and needs no place; what is named and gone was taken away. */
static bool index_holds(const struct hash_index *x, const struct signed_data *sd, const struct signer_info *si)
{
    return all_in_set(x->certs, x->md, sd->cert_set) && all_in_set(x->crls, x->md, sd->crl_set) && all_in_attributes(x, si->unsigned_attrs);
}

/* --- the age of things --- */

/* A token that cannot be read is the oldest of all, and proves nothing. */
static void take_token(struct archive *a, struct bytes token)
{
    AUTO_TSP_TOKEN t = {0};
    struct bytes index;
    AUTO_BUF own = {0};
    int64_t time = 0;
    size_t i = a->n++;
    if (tsp_token_read(token, &t) == OK && attribute_one(t.sd.signer[0].unsigned_attrs, OID_ATS_HASH_INDEX_V3, &index) == OK &&
        buf_copy(&own, index) == OK)
        time = t.time;
    for (; i > 0 && a->item[i - 1].time < time; i--)
        a->item[i] = a->item[i - 1];
    a->item[i].token = token;
    a->item[i].index = take(&own);
    a->item[i].time = time;
}

int64_t archive_proves(const struct archive *a, const struct signer_info *si, struct bytes value)
{
    struct hash_index x;
    int64_t earliest = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (a->item[i].holds && index_read(buf_bytes(&a->item[i].index), &x) == OK && !algorithm_ended(&x.end, a->item[i].time) &&
            any_value(si->unsigned_attrs, is_named, &(struct wanted){.index = &x, .value = value}))
            earliest = earlier_proof(earliest, a->item[i].time);
    }
    return earliest;
}

struct proof archive_proof(const struct archive *a)
{
    struct proof p = {0};
    for (size_t i = 0; i < a->n; i++) {
        if (a->item[i].holds)
            p.object = earlier_proof(p.object, a->item[i].time);
        if (a->item[i].holds && a->item[i].complete)
            p.data = earlier_proof(p.data, a->item[i].time);
    }
    return p;
}

/* --- checking --- */

struct job {
    const struct context *ctx;
    const struct evidence *ev;
    const struct signed_data *sd;
    const struct signer_info *si;
    const struct covered *content;
    struct archive *a;
};

static void check_one(const struct job *j, size_t i, struct stamp_result *out)
{
    AUTO_TSP_TOKEN t = {0};
    AUTO_BUF input = {0};
    struct hash_index x;
    struct context then = *j->ctx;
    struct bytes token = j->a->item[i].token, index = buf_bytes(&j->a->item[i].index);
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    if (tsp_token_read(token, &t) != OK || index.len == 0) {
        finding_add(&out->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "archive-time-stamp-v3");
        return;
    }
    if (index_read(index, &x) != OK || !index_holds(&x, j->sd, j->si) || covered_digest(j->content, t.md, digest, &n) != OK ||
        archive_imprint_input(j->sd, j->si, BYTES(digest, n), index, &input) != OK) {
        finding_add(&out->findings, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_STAMP_OTHER, NULL);
        return;
    }
    int64_t newer = archive_proves(j->a, j->si, token);
    then.proof.object = earlier_proof(then.proof.object, newer);
    if (newer != 0) /* and so are the certificates in it */
        then.proof.data = earlier_proof(then.proof.data, archive_proof(j->a).data);
    stamp_verify(&then, j->ev, token, &(struct covered){{buf_bytes(&input)}}, out);
    j->a->item[i].holds = out->findings.verdict == TOTAL_PASSED;
    j->a->item[i].complete = j->ev->n == 1 && names_all_of(x.certs, x.md, j->sd->cert_set) && names_all_of(x.crls, x.md, j->sd->crl_set);
}

void archive_check(const struct context *ctx, const struct evidence *ev, const struct signed_data *sd, const struct signer_info *si,
                   const struct covered *content, struct archive *out, struct signature_result *r)
{
    struct bytes tokens[STAMPS_MAX];
    size_t n = 0;
    *out = (struct archive){.around = ctx->proof};
    if (attribute_all(si->unsigned_attrs, OID_ARCHIVE_TIMESTAMP_V3, tokens, STAMPS_MAX, &n) != OK) {
        finding_add(&r->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "unsigned attributes");
        return;
    }
    for (size_t i = 0; i < n; i++)
        take_token(out, tokens[i]);
    const struct job j = {ctx, ev, sd, si, content, out};
    for (size_t i = 0; i < n; i++) {
        struct stamp_result *stamp;
        if (signature_result_stamp(r, &stamp) != OK) {
            finding_add(&r->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
            return;
        }
        check_one(&j, i, stamp);
        findings_merge(&r->findings, &stamp->findings, "archive timestamp");
    }
}

void archive_free(struct archive *a)
{
    for (size_t i = 0; i < a->n; i++)
        buf_free(&a->item[i].index);
    a->n = 0;
}
