/*
 * What a CAdES message's verifiers will need: for each signer, each counter-signer and each timestamp that nothing later protects yet.
 * Called through cades.h by cades_raise.c and pades. ETSI EN 319 122-1 §5.4, EN 319 102-1 §5.6.
 */
#include "signer/formats/cades.h"
#include "signer/formats/cms_edit.h"
#include "signer/formats/tsp_token.h"

#define TOKENS_MAX 32

struct job {
    const struct vdata_source *source;
    struct validation_data *out;
    struct validation_data pool; /* certificates of the message and its tokens: candidates, not results */
};

static err_t pool_add(struct job *j, STACK_OF(X509) *certs)
{
    for (int i = 0; i < sk_X509_num(certs); i++) {
        AUTO_BUF der = {0};
        TRY(x509_to_der(sk_X509_value(certs, i), &der));
        TRY(vdata_add_cert(&j->pool, buf_bytes(&der)));
    }
    return OK;
}

static err_t collect(struct job *j, X509 *cert, int64_t at)
{
    struct bytes others[VDATA_MAX];
    struct vdata_source source = *j->source;
    AUTO_BUF der = {0};
    if (cert == NULL)
        return ERR_CERT_PATH;
    for (size_t i = 0; i < j->pool.cert_n; i++)
        others[i] = buf_bytes(&j->pool.cert[i]);
    TRY(x509_to_der(cert, &der));
    source.at = at;
    return vdata_collect(&source, buf_bytes(&der), others, j->pool.cert_n, j->out);
}

static err_t collect_token(struct job *j, struct bytes token, int64_t at)
{
    AUTO_TSP_TOKEN t = {0};
    TRY(tsp_token_read(token, &t));
    TRY(pool_add(j, t.sd.certs));
    return collect(j, t.cert, at);
}

/* The earliest time that these tokens claim; 0: none. */
static int64_t earliest(const struct bytes *tokens, size_t n)
{
    int64_t first = 0;
    for (size_t i = 0; i < n; i++) {
        AUTO_TSP_TOKEN t = {0};
        if (tsp_token_read(tokens[i], &t) == OK && (first == 0 || t.time < first))
            first = t.time;
    }
    return first;
}

static err_t newest(const struct bytes *tokens, size_t n, struct bytes *out)
{
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        AUTO_TSP_TOKEN t = {0};
        TRY(tsp_token_read(tokens[i], &t));
        if (t.time >= last) {
            last = t.time;
            *out = tokens[i];
        }
    }
    return OK;
}

static err_t collect_signer(struct job *j, const struct signed_data *sd, const struct signer_info *si)
{
    struct bytes tokens[TOKENS_MAX];
    size_t n;
    TRY(attribute_all(si->unsigned_attrs, OID_TIMESTAMP_TOKEN, tokens, TOKENS_MAX, &n));
    TRY(collect(j, signer_certificate(si, sd->certs), earliest(tokens, n)));
    for (size_t i = 0; i < n; i++)
        TRY(collect_token(j, tokens[i], 0));
    return OK;
}

static err_t collect_all(struct job *j, const struct signed_data *sd, const struct signer_info *si)
{
    struct bytes found[TOKENS_MAX];
    struct signer_info counter;
    size_t n;
    TRY(attribute_all(si->unsigned_attrs, OID_ARCHIVE_TIMESTAMP_V3, found, TOKENS_MAX, &n));
    if (n > 0) { /* all before it is under its protection: only its own certificate is still open */
        struct bytes last;
        TRY(newest(found, n, &last));
        return collect_token(j, last, 0);
    }
    TRY(collect_signer(j, sd, si));
    TRY(attribute_all(si->unsigned_attrs, OID_COUNTERSIGNATURE, found, TOKENS_MAX, &n));
    for (size_t i = 0; i < n; i++) {
        TRY(signer_info_parse(found[i], &counter));
        TRY(collect_signer(j, sd, &counter));
    }
    return OK;
}

static err_t collect_message(struct job *j, const struct signed_data *sd)
{
    TRY(pool_add(j, sd->certs));
    for (size_t i = 0; i < sd->signer_n; i++)
        TRY(collect_all(j, sd, &sd->signer[i]));
    return OK;
}

err_t cades_validation_data(struct bytes cms, const struct vdata_source *source, struct validation_data *out)
{
    AUTO_SIGNED_DATA sd = {0};
    struct job j = {.source = source, .out = out};
    TRY(signed_data_parse(cms, &sd));
    err_t e = collect_message(&j, &sd);
    vdata_free(&j.pool);
    return e;
}

err_t cades_token_data(struct bytes token, const struct vdata_source *source, struct validation_data *out)
{
    struct job j = {.source = source, .out = out};
    err_t e = collect_token(&j, token, 0);
    vdata_free(&j.pool);
    return e;
}

err_t cades_token_complete(struct bytes token, const struct vdata_source *source, struct buf *out)
{
    AUTO_VDATA v = {0};
    AUTO_CMS_EDIT e = NULL;
    if (source == NULL)
        return ERR_CERT_STATUS;
    TRY(cades_token_data(token, source, &v));
    TRY(cms_edit_open(token, &e));
    TRY(cms_edit_add_data(e, &v));
    return cms_edit_write(e, out);
}
