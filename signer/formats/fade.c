/*
 * Reads how long archive timestamps last.
 * Called through fade.h by antin-sign renew. ETSI EN 319 102-1 §5.4.
 */
#include "signer/formats/fade.h"

#include "signer/formats/algorithm.h"
#include "signer/formats/pdf_fields.h"
#include "signer/formats/signed_data.h"
#include "signer/formats/tsp_token.h"
#include "signer/formats/xml.h"
#include <string.h>

#define TOKENS_MAX 32

/* The newest of the tokens that were looked at. */
struct newest {
    int64_t time, until;
    bool any;
};

static bool add_hash(const EVP_MD *md, struct algorithm_end *end)
{
    for (enum cms_hash h = CMS_SHA256; h <= CMS_SHA3_512; h++) {
        if (EVP_MD_get_type(cms_hash_md(h)) != EVP_MD_get_type(md))
            continue;
        algorithm_hash(h, end);
        return true;
    }
    return false;
}

/* The certificate's end, or that of the first algorithm that fades before: of the imprint, of the signature, the key's size. */
static int64_t end_of(const struct tsp_token *t)
{
    char name[ALGORITHM_NAME_CAP];
    const EVP_MD *md;
    struct algorithm_end end = {0};
    int64_t from, to;
    if (t->cert == NULL || x509_validity(t->cert, &from, &to) != OK || algorithm_key(X509_get0_pubkey(t->cert), name, &end) != OK ||
        algorithm_digest(t->sd.signer[0].digest_alg, &md, name, &end) != OK || !add_hash(t->md, &end))
        return 0;
    return end.at != 0 && end.at < to ? end.at : to;
}

static err_t look(struct newest *n, struct bytes der)
{
    AUTO_TSP_TOKEN t = {0};
    TRY(tsp_token_read(der, &t));
    if (!n->any || t.time >= n->time)
        *n = (struct newest){t.time, end_of(&t), true};
    return OK;
}

/* One more signature's: the earliest end is the file's. */
static err_t settle(const struct newest *n, int64_t *until)
{
    if (!n->any)
        return ERR_NOT_FOUND;
    *until = n->until < *until ? n->until : *until;
    return OK;
}

err_t fade_of_token(struct bytes token, int64_t *until)
{
    struct newest n = {0};
    *until = INT64_MAX;
    TRY(look(&n, token));
    return settle(&n, until);
}

static err_t add_cms(struct bytes cms, int64_t *until)
{
    AUTO_SIGNED_DATA sd = {0};
    TRY(signed_data_parse(cms, &sd));
    for (size_t i = 0; i < sd.signer_n; i++) {
        struct newest newest = {0};
        struct bytes tokens[TOKENS_MAX];
        size_t n;
        TRY(attribute_all(sd.signer[i].unsigned_attrs, OID_ARCHIVE_TIMESTAMP_V3, tokens, TOKENS_MAX, &n));
        for (size_t k = 0; k < n; k++)
            TRY(look(&newest, tokens[k]));
        TRY(settle(&newest, until));
    }
    return OK;
}

err_t fade_of_cms(struct bytes cms, int64_t *until)
{
    *until = INT64_MAX;
    return add_cms(cms, until);
}

static err_t add_xml(struct bytes xml, int64_t *until)
{
    AUTO_XADES x = NULL;
    TRY(xades_open(xml, &x));
    for (size_t i = 0; i < xades_count(x); i++) {
        const struct xades_signature *s = xades_signature(x, i);
        struct newest newest = {0};
        for (size_t k = 0; k < s->stamp_n; k++) {
            if (s->stamp[k].kind == XADES_ARCHIVE_STAMP)
                TRY(look(&newest, buf_bytes(&s->stamp[k].token)));
        }
        TRY(settle(&newest, until));
    }
    return OK;
}

err_t fade_of_xml(struct bytes xml, int64_t *until)
{
    *until = INT64_MAX;
    return add_xml(xml, until);
}

/* The last revision that is signed has to be a document timestamp: it covers everything before it. */
err_t fade_of_pdf(struct bytes file, int64_t *until)
{
    AUTO(pdf_close) struct pdf *p = NULL;
    AUTO(pdf_signatures_free) struct pdf_signatures found = {0};
    TRY(pdf_open_memory(file, &p));
    TRY(pdf_signatures_find(p, file, &found));
    const struct pdf_signature *last = found.n > 0 ? &found.item[found.n - 1] : NULL;
    if (last == NULL || strcmp(last->sub_filter, "/ETSI.RFC3161") != 0)
        return ERR_NOT_FOUND;
    return last->wrong == NULL ? fade_of_token(buf_bytes(&last->contents), until) : ERR_PDF_DAMAGED;
}

/* Of a CAdES signature in an ASiC-E: the container's archive timestamps that cover it. */
static err_t add_archived(const struct asic *a, const struct zip_entry *signature, int64_t *until)
{
    struct newest newest = {0};
    for (size_t i = 0; i < a->n; i++) {
        AUTO_BUF own = {0};
        struct bytes token;
        bool covers = false;
        for (size_t k = 0; a->signature[i].archive && k < a->signature[i].list.n && !covers; k++)
            covers = zip_is(signature, a->signature[i].list.ref[k].name);
        if (!covers)
            continue;
        TRY(zip_read(a->signature[i].entry, SIGNED_DATA_MAX, &own, &token));
        TRY(look(&newest, token));
    }
    return settle(&newest, until);
}

static err_t add_one(const struct asic *a, const struct asic_signature *s, int64_t *until)
{
    AUTO_BUF own = {0};
    struct bytes text;
    if (s->kind == ASIC_CADES && a->type == ASIC_E)
        return add_archived(a, s->entry, until);
    TRY(zip_read(s->entry, s->kind == ASIC_CADES ? SIGNED_DATA_MAX : XML_BYTES_MAX, &own, &text));
    return s->kind == ASIC_CADES ? add_cms(text, until) : add_xml(text, until);
}

err_t fade_of_container(const struct asic *a, int64_t *until)
{
    size_t n = 0;
    *until = INT64_MAX;
    for (size_t i = 0; i < a->n; i++) {
        const struct asic_signature *s = &a->signature[i];
        if (s->kind != ASIC_CADES && s->kind != ASIC_XADES)
            continue;
        TRY(add_one(a, s, until));
        n++;
    }
    return n > 0 ? OK : ERR_NOT_FOUND;
}
