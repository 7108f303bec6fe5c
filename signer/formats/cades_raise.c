/*
 * Raises the level of CAdES messages: signature timestamps, validation data, archive timestamps, in that order and each whole.
 * Called by antin-sign and signerd. ETSI EN 319 122-1 §5.3, §5.4, §5.5, §6.3.
 */
#include "signer/formats/cades.h"
#include "signer/formats/cades_archive.h"
#include "signer/formats/cms_edit.h"
#include "signer/formats/tsp_token.h"
#include <string.h>

#define TOKENS_MAX 32

struct job {
    const struct cades_means *means;
    const struct covered *content; /* NULL: inside, or known by its digest alone */
    struct bytes digest;           /* by the time-stamping service's algorithm */
    struct buf now;                /* the message at the level reached */
};

static bool has(const struct signer_info *si, const char *oid)
{
    struct bytes values[TOKENS_MAX];
    size_t n = 0;
    return attribute_all(si->unsigned_attrs, oid, values, TOKENS_MAX, &n) == OK && n > 0;
}

static bool all_have(const struct signed_data *sd, const char *oid)
{
    for (size_t i = 0; i < sd->signer_n; i++) {
        if (!has(&sd->signer[i], oid))
            return false;
    }
    return true;
}

err_t cades_stamp(const struct stamping *ts, struct bytes digest, struct buf *token)
{
    AUTO_TSP_TOKEN t = {0};
    if (ts == NULL)
        return ERR_STAMP;
    TRY(ts->stamp(ts->arg, ts->alg, digest, token));
    TRY(tsp_token_read(buf_bytes(token), &t)); /* whoever asked the service checks more; a token over something else gets in nowhere */
    return tsp_token_is_of(&t, ts->alg, digest);
}

static err_t stamp(const struct stamping *ts, const struct covered *data, struct buf *token)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    if (ts == NULL)
        return ERR_STAMP;
    TRY(covered_digest(data, cms_hash_md(ts->alg), digest, &n));
    return cades_stamp(ts, BYTES(digest, n), token);
}

err_t cades_level(struct bytes cms, enum sig_level *level)
{
    AUTO_SIGNED_DATA sd = {0};
    TRY(signed_data_parse(cms, &sd));
    bool told = sk_X509_CRL_num(sd.crls) > 0 || sd.ocsp_n > 0;
    if (!all_have(&sd, OID_TIMESTAMP_TOKEN))
        *level = LEVEL_B;
    else if (!told)
        *level = LEVEL_T;
    else
        *level = all_have(&sd, OID_ARCHIVE_TIMESTAMP_V3) ? LEVEL_LTA : LEVEL_LT;
    return OK;
}

/* --- T --- */

static err_t finish(struct job *j, struct cms_edit *e)
{
    AUTO_BUF next = {0};
    TRY(cms_edit_write(e, &next));
    buf_free(&j->now);
    j->now = take(&next);
    return OK;
}

static err_t to_t(struct job *j)
{
    AUTO_CMS_EDIT e = NULL;
    TRY(cms_edit_open(buf_bytes(&j->now), &e));
    const struct signed_data *sd = cms_edit_base(e);
    for (size_t i = 0; i < sd->signer_n; i++) {
        AUTO_BUF token = {0};
        const struct covered value = {{sd->signer[i].signature}};
        if (has(&sd->signer[i], OID_TIMESTAMP_TOKEN))
            continue;
        TRY(stamp(j->means->ts, &value, &token));
        TRY(cms_edit_add_unsigned(e, i, OID_TIMESTAMP_TOKEN, buf_bytes(&token)));
    }
    return finish(j, e);
}

/* --- LT: in SignedData's own fields, never as attributes (EN 319 122-1 §6.3) --- */

static err_t to_lt(struct job *j)
{
    AUTO_CMS_EDIT e = NULL;
    AUTO_VDATA v = {0};
    if (j->means->source == NULL)
        return ERR_CERT_STATUS;
    TRY(cades_validation_data(buf_bytes(&j->now), j->means->source, &v));
    TRY(cms_edit_open(buf_bytes(&j->now), &e));
    TRY(cms_edit_add_data(e, &v));
    return finish(j, e);
}

/* --- LTA --- */

/* §5.5.2: the index travels in the token's own unsigned attributes. */
static err_t put_index(struct bytes token, struct bytes index, struct buf *out)
{
    AUTO_CMS_EDIT e = NULL;
    TRY(cms_edit_open(token, &e));
    TRY(cms_edit_add_unsigned(e, 0, OID_ATS_HASH_INDEX_V3, index));
    return cms_edit_write(e, out);
}

static err_t archive_signer(struct job *j, struct cms_edit *e, size_t i, struct bytes digest)
{
    AUTO_BUF index = {0};
    AUTO_BUF input = {0};
    AUTO_BUF token = {0};
    AUTO_BUF whole = {0};
    const struct signed_data *sd = cms_edit_base(e);
    const struct stamping *ts = j->means->ts;
    TRY(archive_hash_index(sd, &sd->signer[i], ts->alg, &index));
    TRY(archive_imprint_input(sd, &sd->signer[i], digest, buf_bytes(&index), &input));
    const struct covered data = {{buf_bytes(&input)}};
    TRY(stamp(ts, &data, &token));
    TRY(put_index(buf_bytes(&token), buf_bytes(&index), &whole));
    return cms_edit_add_unsigned(e, i, OID_ARCHIVE_TIMESTAMP_V3, buf_bytes(&whole));
}

static err_t content_digest(const struct job *j, const struct signed_data *sd, uint8_t out[EVP_MAX_MD_SIZE], size_t *n)
{
    enum cms_hash alg = j->means->ts->alg;
    const struct covered inside = {{sd->content}};
    if (sd->content.ptr != NULL)
        return covered_digest(&inside, cms_hash_md(alg), out, n);
    if (j->content != NULL)
        return covered_digest(j->content, cms_hash_md(alg), out, n);
    if (j->digest.len == 0)
        return ERR_NOT_FOUND;
    if (j->digest.len != cms_hash_len(alg))
        return ERR_UNSUPPORTED;
    memcpy(out, j->digest.ptr, j->digest.len);
    *n = j->digest.len;
    return OK;
}

static err_t to_lta(struct job *j)
{
    AUTO_CMS_EDIT e = NULL;
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    if (j->means->ts == NULL)
        return ERR_STAMP;
    TRY(cms_edit_open(buf_bytes(&j->now), &e));
    const struct signed_data *sd = cms_edit_base(e);
    TRY(content_digest(j, sd, digest, &n));
    for (size_t i = 0; i < sd->signer_n; i++)
        TRY(archive_signer(j, e, i, BYTES(digest, n)));
    return finish(j, e);
}

static err_t climb(struct job *j, enum sig_level from, enum sig_level level, enum sig_level *reached)
{
    if (level >= LEVEL_T && from < LEVEL_T) {
        TRY(to_t(j));
        *reached = LEVEL_T;
    }
    /* Before each archive timestamp again: the last one's own certificate needs its data too. */
    if ((level == LEVEL_LT && from < LEVEL_LT) || level == LEVEL_LTA) {
        TRY(to_lt(j));
        *reached = from > LEVEL_LT ? from : LEVEL_LT;
    }
    if (level == LEVEL_LTA) {
        TRY(to_lta(j));
        *reached = LEVEL_LTA;
    }
    return OK;
}

static err_t raise(struct job *j, struct bytes cms, enum sig_level level, struct buf *out, enum sig_level *reached)
{
    enum sig_level from;
    TRY(cades_level(cms, &from));
    TRY(buf_copy(&j->now, cms));
    *reached = from;
    err_t e = climb(j, from, level, reached);
    buf_free(out);
    *out = j->now;
    return e;
}

err_t cades_raise(struct bytes cms, const struct covered *content, enum sig_level level, const struct cades_means *m, struct buf *out,
                  enum sig_level *reached)
{
    struct job j = {.means = m, .content = content};
    return raise(&j, cms, level, out, reached);
}

err_t cades_raise_digest(struct bytes cms, struct bytes digest, enum sig_level level, const struct cades_means *m, struct buf *out,
                         enum sig_level *reached)
{
    struct job j = {.means = m, .digest = digest};
    return raise(&j, cms, level, out, reached);
}
