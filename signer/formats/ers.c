/*
 * Reads evidence records, and follows them from the object to the last timestamp.
 * Called by ers_archive.c, antin-sign and signer/verify. RFC 4998 §3.1, §4.3, §5.3.
 */
#include "signer/formats/ers.h"

#include "signer/formats/ers_hash.h"
#include "signer/formats/tlv.h"
#include "signer/formats/tsp_token.h"
#include <stdlib.h>
#include <string.h>

/* --- reading --- */

/* Inside of an AlgorithmIdentifier; parameters are absent or NULL (RFC 5754 §2). */
static err_t read_algorithm(struct bytes in, enum cms_hash *alg)
{
    struct tlv oid, null;
    if (tlv_expect(&in, 0x06, &oid) != OK || tlv_optional(&in, 0x05, &null) != OK || in.len != 0)
        return ERR_EVIDENCE;
    for (*alg = CMS_SHA256; *alg <= CMS_SHA3_512; (*alg)++) {
        if (tlv_is_oid(oid.whole, cms_hash_oid(*alg)))
            return OK;
    }
    return ERR_ALGORITHM;
}

static err_t alg_of_md(const EVP_MD *md, enum cms_hash *alg)
{
    for (*alg = CMS_SHA256; *alg <= CMS_SHA3_512; (*alg)++) {
        if (EVP_MD_get_type(md) == EVP_MD_get_type(cms_hash_md(*alg)))
            return OK;
    }
    return ERR_ALGORITHM;
}

/* §4.1: the timestamp's own algorithm is the tree's; the field may be left out. */
static err_t read_token(struct bytes token, bool named, struct ers_stamp *s)
{
    AUTO_TSP_TOKEN t = {0};
    enum cms_hash of_token;
    err_t e = tsp_token_read_info(token, &t);
    if (e != OK)
        return e == ERR_NOMEM ? e : ERR_EVIDENCE;
    TRY(alg_of_md(t.md, &of_token));
    if (named && of_token != s->alg)
        return ERR_EVIDENCE;
    s->alg = of_token;
    s->time = t.time;
    s->token = token;
    return OK;
}

/* ArchiveTimeStamp ::= SEQUENCE { [0] algorithm, [1] attributes, [2] reduced hash tree: each OPTIONAL; timeStamp } */
static err_t read_stamp(struct bytes in, struct ers_stamp *s)
{
    struct tlv algorithm, attributes, tree, token;
    if (tlv_optional(&in, 0xa0, &algorithm) != OK || tlv_optional(&in, 0xa1, &attributes) != OK || tlv_optional(&in, 0xa2, &tree) != OK ||
        tlv_expect(&in, 0x30, &token) != OK || in.len != 0)
        return ERR_EVIDENCE;
    if (algorithm.tag != 0)
        TRY(read_algorithm(algorithm.body, &s->alg));
    if (tree.tag != 0 && tree.body.len == 0)
        return ERR_EVIDENCE;
    s->hashtree = tree.tag != 0 ? tree.body : (struct bytes){0};
    return read_token(token.whole, algorithm.tag != 0, s);
}

/* §5.3: one algorithm throughout a chain. */
static err_t read_chain(struct bytes in, struct ers_record *r)
{
    size_t first = r->stamp_n;
    for (struct tlv t; in.len > 0; r->stamp_n++) {
        if (r->stamp_n == ERS_STAMPS_MAX || tlv_expect(&in, 0x30, &t) != OK)
            return ERR_EVIDENCE;
        struct ers_stamp *s = &r->stamp[r->stamp_n];
        *s = (struct ers_stamp){.chain = r->chain_n, .first = r->stamp_n == first};
        TRY(read_stamp(t.body, s));
        if (s->alg != r->stamp[first].alg)
            return ERR_EVIDENCE;
    }
    return r->stamp_n > first ? OK : ERR_EVIDENCE;
}

err_t ers_sequence_read(struct bytes der, struct ers_record *out)
{
    struct tlv sequence, chain;
    struct bytes in = der;
    *out = (struct ers_record){0};
    if (der.len > ERS_MAX || tlv_expect(&in, 0x30, &sequence) != OK || in.len != 0)
        return ERR_EVIDENCE;
    out->sequence = sequence.whole;
    for (in = sequence.body; in.len > 0; out->chain_n++) {
        if (out->chain_n == ERS_CHAINS_MAX || tlv_expect(&in, 0x30, &chain) != OK)
            return ERR_EVIDENCE;
        out->chain[out->chain_n] = chain.whole;
        TRY(read_chain(chain.body, out));
    }
    return out->chain_n > 0 ? OK : ERR_EVIDENCE;
}

bool ers_looks_like_record(struct bytes der)
{
    struct tlv record, version, algorithms, first, oid;
    return tlv_expect(&der, 0x30, &record) == OK && tlv_expect(&record.body, 0x02, &version) == OK &&
           tlv_expect(&record.body, 0x30, &algorithms) == OK && tlv_expect(&algorithms.body, 0x30, &first) == OK &&
           tlv_expect(&first.body, 0x06, &oid) == OK;
}

/* §3.1: the list is the union of what the archive timestamps use. */
static err_t check_algorithms(struct bytes list, const struct ers_record *r)
{
    struct tlv t;
    enum cms_hash alg;
    unsigned named = 0;
    while (list.len > 0) {
        if (tlv_expect(&list, 0x30, &t) != OK)
            return ERR_EVIDENCE;
        if (read_algorithm(t.body, &alg) == OK)
            named |= 1u << alg;
    }
    for (size_t i = 0; i < r->stamp_n; i++) {
        if ((named & 1u << r->stamp[i].alg) == 0)
            return ERR_EVIDENCE;
    }
    return OK;
}

/* Encrypted objects (encryptionInfo) are not ours to open; cryptoInfos name no types (§3.1), so that nothing can be made of them. */
err_t ers_record_read(struct bytes der, struct ers_record *out)
{
    struct tlv record, version, algorithms, infos;
    unsigned number;
    *out = (struct ers_record){0};
    if (der.len > ERS_MAX || tlv_expect(&der, 0x30, &record) != OK || der.len != 0 || tlv_expect(&record.body, 0x02, &version) != OK ||
        tlv_small_integer(&version, &number) != OK || number != 1 || tlv_expect(&record.body, 0x30, &algorithms) != OK ||
        tlv_optional(&record.body, 0xa0, &infos) != OK)
        return ERR_EVIDENCE;
    TRY(ers_sequence_read(record.body, out));
    return check_algorithms(algorithms.body, out);
}

/* --- following: lists of hash values --- */

struct list {
    struct bytes value[ERS_LIST_VALUES_MAX + 1]; /* one more: what the list before it came to */
    size_t n;
};

static err_t list_read(struct bytes *in, size_t width, struct list *l)
{
    struct tlv list, value;
    if (tlv_expect(in, 0x30, &list) != OK)
        return ERR_EVIDENCE;
    for (l->n = 0; list.body.len > 0; l->n++) {
        if (l->n == ERS_LIST_VALUES_MAX || tlv_expect(&list.body, 0x04, &value) != OK || value.body.len != width)
            return ERR_EVIDENCE;
        l->value[l->n] = value.body;
    }
    return l->n > 0 ? OK : ERR_EVIDENCE;
}

static int by_bytes(const void *a, const void *b)
{
    const struct bytes *x = a, *y = b;
    return memcmp(x->ptr, y->ptr, x->len);
}

static bool list_has(const struct list *l, struct bytes value)
{
    for (size_t i = 0; i < l->n; i++) {
        if (bytes_eq(l->value[i], value))
            return true;
    }
    return false;
}

/* §4.3 (2): in binary ascending order, one after another. */
static err_t list_join(struct list *l, struct buf *out)
{
    qsort(l->value, l->n, sizeof *l->value, by_bytes);
    out->len = 0;
    for (size_t i = 0; i < l->n; i++)
        TRY(buf_add_bytes(out, l->value[i]));
    return OK;
}

struct climb {
    struct ers_hash hash;
    size_t width;
    struct list list;
    uint8_t node[EVP_MAX_MD_SIZE]; /* what the lists so far came to */
};

static void climb_end(struct climb *c)
{
    ers_hash_end(&c->hash);
}

/*
 * From leaf through all lists but the last, whose joined values are the root's input and go to *joined. A first list that holds the leaf alone is the leaf
 * (a group of one object is that object, §4.2), *joined then stays empty when nothing follows.
 */
static err_t climb(struct climb *c, struct bytes hashtree, struct bytes leaf, struct buf *joined)
{
    struct bytes in = hashtree;
    joined->len = 0;
    for (size_t i = 0; in.len > 0; i++) {
        if (i == ERS_LISTS_MAX)
            return ERR_EVIDENCE;
        TRY(list_read(&in, c->width, &c->list));
        if (i == 0 && !list_has(&c->list, leaf))
            return ERR_EVIDENCE_OTHER;
        if (i > 0)
            c->list.value[c->list.n++] = BYTES(c->node, c->width);
        if (c->list.n == 1) {
            memcpy(c->node, leaf.ptr, c->width);
            continue;
        }
        TRY(list_join(&c->list, joined));
        TRY(ers_hash_parts(&c->hash, &(struct bytes){joined->ptr, joined->len}, 1, c->node));
    }
    return OK;
}

/* --- following: what a timestamp is about --- */

/* Digest of the chains before this one as a sequence of their own (§5.2 (3)). */
static err_t chains_digest(const struct ers_record *r, size_t n, struct ers_hash *h, uint8_t *out)
{
    AUTO_BUF sequence = {0};
    TRY(ers_wrap(0x30, r->chain, n, &sequence));
    return ers_hash_parts(h, &(struct bytes){sequence.ptr, sequence.len}, 1, out);
}

/*
 * The bytes whose digest the timestamp's first list must hold: of a later one in its chain the token before it (§5.2, timestamp renewal), of a later
 * chain's first the object's digest and that of all older chains (hash-tree renewal), and else the object's: *whole.
 */
static err_t subject(const struct ers_record *r, size_t i, const struct ers_object *object, struct climb *c, struct buf *out, bool *whole)
{
    const struct ers_stamp *s = &r->stamp[i];
    uint8_t room[2 * EVP_MAX_MD_SIZE];
    *whole = s->first && s->chain == 0;
    if (!s->first)
        return buf_copy(out, r->stamp[i - 1].token);
    TRY(object->digest(object->arg, s->alg, room));
    if (s->chain > 0)
        TRY(chains_digest(r, s->chain, &c->hash, room + c->width));
    return buf_copy(out, BYTES(room, s->chain > 0 ? 2 * c->width : c->width));
}

err_t ers_covered(const struct ers_record *r, size_t i, const struct ers_object *object, struct buf *covered, bool *whole)
{
    AUTO(climb_end) struct climb c = {.width = cms_hash_len(r->stamp[i].alg)};
    AUTO_BUF about = {0};
    uint8_t leaf[EVP_MAX_MD_SIZE];
    TRY(ers_hash_start(&c.hash, r->stamp[i].alg));
    TRY(subject(r, i, object, &c, &about, whole));
    if (*whole)
        memcpy(leaf, about.ptr, c.width);
    else
        TRY(ers_hash_parts(&c.hash, &(struct bytes){about.ptr, about.len}, 1, leaf));
    err_t e = climb(&c, r->stamp[i].hashtree, BYTES(leaf, c.width), covered);
    if (e != OK)
        return e == ERR_EVIDENCE_OTHER && !r->stamp[i].first ? ERR_EVIDENCE : e;
    if (covered->len > 0) {
        *whole = false;
        return OK;
    }
    return buf_copy(covered, buf_bytes(&about));
}

/* --- the whole --- */

static err_t check_stamp(const struct ers_record *r, size_t i, const struct ers_object *object)
{
    const struct ers_stamp *s = &r->stamp[i];
    AUTO_BUF covered = {0};
    AUTO_TSP_TOKEN token = {0};
    bool whole;
    uint8_t root[EVP_MAX_MD_SIZE];
    TRY(ers_covered(r, i, object, &covered, &whole));
    if (whole)
        memcpy(root, covered.ptr, covered.len);
    else if (EVP_Digest(covered.ptr, covered.len, root, NULL, cms_hash_md(s->alg), NULL) != 1)
        return ERR_CRYPTO;
    TRY(tsp_token_read_info(s->token, &token));
    if (tsp_token_is_of(&token, s->alg, BYTES(root, cms_hash_len(s->alg))) == OK)
        return OK;
    return s->hashtree.ptr == NULL && s->first ? ERR_EVIDENCE_OTHER : ERR_EVIDENCE;
}

err_t ers_check(const struct ers_record *r, const struct ers_object *object)
{
    for (size_t i = 0; i < r->stamp_n; i++) {
        TRY(check_stamp(r, i, object));
        if (i > 0 && r->stamp[i].time < r->stamp[i - 1].time) /* §5.3 */
            return ERR_EVIDENCE;
    }
    return OK;
}
