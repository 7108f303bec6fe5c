/*
 * Raises the level of XAdES signatures by adding unsigned properties to the text, which is otherwise left as it is.
 * Called by antin-sign and asic. ETSI EN 319 132-1 §5.3, §5.4, §5.5, §6.3.
 */
#include "signer/formats/cades.h"
#include "signer/formats/tsp_token.h"
#include "signer/formats/xades_impl.h"

struct job {
    const struct xades_means *means;
    struct buf now; /* the file at the level reached */
};

static bool has(const struct xades_signature *s, enum xades_stamp_kind kind)
{
    for (size_t i = 0; i < s->stamp_n; i++) {
        if (s->stamp[i].kind == kind)
            return true;
    }
    return false;
}

static enum sig_level level_of(const struct xades_signature *s)
{
    if (!has(s, XADES_SIGNATURE_STAMP))
        return LEVEL_B;
    if (!s->has_values)
        return LEVEL_T;
    return has(s, XADES_ARCHIVE_STAMP) ? LEVEL_LTA : LEVEL_LT;
}

static enum sig_level weakest(const struct xades *x)
{
    enum sig_level level = LEVEL_LTA;
    for (size_t i = 0; i < x->n; i++) {
        enum sig_level l = level_of(&x->signature[i]);
        level = l < level ? l : level;
    }
    return level;
}

err_t xades_level(struct bytes xml, enum sig_level *level)
{
    AUTO_XADES x = NULL;
    TRY(xades_open(xml, &x));
    *level = weakest(x);
    return OK;
}

/* --- adding --- */

static err_t put_frame(struct buf *out, struct bytes properties)
{
    TRY(buf_add_str(out, "<xades:UnsignedProperties xmlns:xades=\"" NS_XADES "\"><xades:UnsignedSignatureProperties>"));
    TRY(buf_add_bytes(out, properties));
    return buf_add_str(out, "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>");
}

/* Behind all unsigned properties that the signature has; they are made when it has none. */
static err_t add(struct job *j, const struct xades_signature *s, struct bytes properties)
{
    AUTO_BUF before = {0};
    AUTO_BUF after = {0};
    if (properties.len == 0)
        return OK;
    const xmlNode *into = s->unsigned_properties != NULL ? s->unsigned_properties : s->qualifying;
    TRY(xml_open_end(buf_bytes(&j->now), into, &before, &after));
    if (s->unsigned_properties != NULL)
        TRY(buf_add_bytes(&before, properties));
    else
        TRY(put_frame(&before, properties));
    TRY(buf_add_bytes(&before, buf_bytes(&after)));
    if (before.len > XML_BYTES_MAX)
        return ERR_TOO_LARGE;
    buf_free(&j->now);
    j->now = take(&before);
    return OK;
}

static err_t put_stamp(struct buf *out, const char *open, const char *close, const struct buf *token)
{
    TRY(buf_addf(out, "<%s xmlns:ds=\"" NS_DS "\" xmlns:xades=\"" NS_XADES "\"><ds:CanonicalizationMethod Algorithm=\"%s\"/>", open,
                 xml_c14n_uri(C14N_EXCLUSIVE)));
    TRY(buf_add_str(out, "<xades:EncapsulatedTimeStamp>"));
    TRY(xml_put_base64(out, buf_bytes(token)));
    return buf_addf(out, "</xades:EncapsulatedTimeStamp></%s>", close);
}

/* --- T --- */

static err_t to_t(struct job *j, const struct xades_signature *s)
{
    AUTO_BUF input = {0};
    AUTO_BUF token = {0};
    AUTO_BUF text = {0};
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    const struct stamping *ts = j->means->ts;
    if (has(s, XADES_SIGNATURE_STAMP))
        return OK;
    if (ts == NULL)
        return ERR_STAMP;
    TRY(xades_stamp_input(s, s->stamp_n, &input));
    const struct covered data = {{buf_bytes(&input)}};
    TRY(covered_digest(&data, cms_hash_md(ts->alg), digest, &n));
    TRY(cades_stamp(ts, BYTES(digest, n), &token));
    TRY(put_stamp(&text, "xades:SignatureTimeStamp", "xades:SignatureTimeStamp", &token));
    return add(j, s, buf_bytes(&text));
}

/* --- LT --- */

static bool among(const struct buf *set, size_t n, const struct buf *v)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes_eq(buf_bytes(&set[i]), buf_bytes(v)))
            return true;
    }
    return false;
}

/* One kind of value, those that are not there yet, in their element; nothing when there are none. */
static err_t put_list(struct buf *out, const char *around, const char *name, const struct buf *set, size_t n, const struct buf *have,
                      size_t have_n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (among(have, have_n, &set[i]))
            continue;
        if (!any)
            TRY(buf_addf(out, "<xades:%s xmlns:xades=\"" NS_XADES "\">", around));
        any = true;
        TRY(buf_addf(out, "<xades:%s>", name));
        TRY(xml_put_base64(out, buf_bytes(&set[i])));
        TRY(buf_addf(out, "</xades:%s>", name));
    }
    return any ? buf_addf(out, "</xades:%s>", around) : OK;
}

/* CertificateValues and RevocationValues, without what the signature has; certs and words apart, since either may be empty. */
static err_t put_values(struct buf *out, const struct validation_data *v, const struct validation_data *have)
{
    AUTO_BUF words = {0};
    TRY(put_list(out, "CertificateValues", "EncapsulatedX509Certificate", v->cert, v->cert_n, have->cert, have->cert_n));
    TRY(put_list(&words, "CRLValues", "EncapsulatedCRLValue", v->crl, v->crl_n, have->crl, have->crl_n));
    TRY(put_list(&words, "OCSPValues", "EncapsulatedOCSPValue", v->ocsp, v->ocsp_n, have->ocsp, have->ocsp_n));
    if (words.len == 0)
        return OK;
    TRY(buf_add_str(out, "<xades:RevocationValues xmlns:xades=\"" NS_XADES "\">"));
    TRY(buf_add_bytes(out, buf_bytes(&words)));
    return buf_add_str(out, "</xades:RevocationValues>");
}

/* What KeyInfo and the unsigned properties hold already. */
static err_t held(const struct xades_signature *s, struct validation_data *have)
{
    for (size_t i = 0; i < s->cert_n; i++)
        TRY(vdata_add_cert(have, buf_bytes(&s->cert[i])));
    return vdata_merge(have, &s->values);
}

static int64_t earliest(const struct xades_signature *s)
{
    int64_t first = 0;
    for (size_t i = 0; i < s->stamp_n; i++) {
        AUTO_TSP_TOKEN t = {0};
        if (tsp_token_read(buf_bytes(&s->stamp[i].token), &t) == OK && (first == 0 || t.time < first))
            first = t.time;
    }
    return first;
}

static err_t collect_signer(const struct job *j, const struct xades_signature *s, const struct validation_data *have,
                            struct validation_data *out)
{
    struct bytes cert, others[VDATA_MAX];
    struct vdata_source source = *j->means->source;
    if (xades_signer(s, &cert) != OK)
        return ERR_CERT_PATH;
    for (size_t i = 0; i < have->cert_n; i++)
        others[i] = buf_bytes(&have->cert[i]);
    source.at = earliest(s);
    return vdata_collect(&source, cert, others, have->cert_n, out);
}

/* The timestamps that nothing later protects yet: the newest archive timestamp, or all that there are. */
static err_t collect_stamps(const struct job *j, const struct xades_signature *s, struct validation_data *out)
{
    bool archived = has(s, XADES_ARCHIVE_STAMP);
    for (size_t i = s->stamp_n; i-- > 0;) {
        if (archived && s->stamp[i].kind != XADES_ARCHIVE_STAMP)
            continue;
        TRY(cades_token_data(buf_bytes(&s->stamp[i].token), j->means->source, out));
        if (archived)
            break;
    }
    return OK;
}

/* §5.4.1, §5.4.2: the signer's once; §5.5.1: the timestamps' behind them, whenever something is missing. */
static err_t put_both(const struct job *j, const struct xades_signature *s, struct buf *out)
{
    AUTO_VDATA have = {0};
    AUTO_VDATA signer = {0};
    AUTO_VDATA stamps = {0};
    AUTO_BUF late = {0};
    TRY(held(s, &have));
    if (!has(s, XADES_ARCHIVE_STAMP))
        TRY(collect_signer(j, s, &have, &signer));
    TRY(collect_stamps(j, s, &stamps));
    if (s->has_values) {
        TRY(vdata_merge(&stamps, &signer));
    } else {
        TRY(put_values(out, &signer, &have));
        if (out->len == 0) /* a signer who is an anchor himself: there is nothing to tell, and it is told */
            TRY(buf_add_str(out, "<xades:CertificateValues xmlns:xades=\"" NS_XADES "\"/>"));
        TRY(vdata_merge(&have, &signer));
    }
    TRY(put_values(&late, &stamps, &have));
    if (late.len == 0)
        return OK;
    TRY(buf_add_str(out, "<xades141:TimeStampValidationData xmlns:xades141=\"" NS_XADES141 "\" xmlns:xades=\"" NS_XADES "\">"));
    TRY(buf_add_bytes(out, buf_bytes(&late)));
    return buf_add_str(out, "</xades141:TimeStampValidationData>");
}

static err_t to_lt(struct job *j, const struct xades_signature *s)
{
    AUTO_BUF text = {0};
    if (j->means->source == NULL)
        return ERR_CERT_STATUS;
    TRY(put_both(j, s, &text));
    return add(j, s, buf_bytes(&text));
}

/* --- LTA --- */

static err_t to_lta(struct job *j, const struct xades_signature *s)
{
    AUTO_BUF token = {0};
    AUTO_BUF text = {0};
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    const struct stamping *ts = j->means->ts;
    if (ts == NULL)
        return ERR_STAMP;
    TRY(xades_stamp_digest(s, s->stamp_n, ts->alg, j->means->files, digest, &n));
    TRY(cades_stamp(ts, BYTES(digest, n), &token));
    TRY(put_stamp(&text, "xades141:ArchiveTimeStamp xmlns:xades141=\"" NS_XADES141 "\"", "xades141:ArchiveTimeStamp", &token));
    return add(j, s, buf_bytes(&text));
}

/* --- all signatures of a file, one level after the other --- */

typedef err_t step_fn(struct job *j, const struct xades_signature *s);

/* All of them or none: a level is the weakest one's. */
static err_t each(struct job *j, step_fn *step)
{
    AUTO_BUF old = {0};
    err_t e = buf_copy(&old, buf_bytes(&j->now));
    for (size_t i = 0, n = 1; i < n && e == OK; i++) {
        AUTO_XADES x = NULL;
        e = xades_open(buf_bytes(&j->now), &x);
        n = e == OK ? x->n : 0;
        if (e == OK)
            e = step(j, &x->signature[i]);
    }
    if (e != OK && old.ptr != NULL) {
        buf_free(&j->now);
        j->now = take(&old);
    }
    return e;
}

static err_t climb(struct job *j, enum sig_level from, enum sig_level level, enum sig_level *reached)
{
    if (level >= LEVEL_T && from < LEVEL_T) {
        TRY(each(j, to_t));
        *reached = LEVEL_T;
    }
    /* Before each archive timestamp again: the last one's own certificate needs its data too. */
    if ((level == LEVEL_LT && from < LEVEL_LT) || level == LEVEL_LTA) {
        TRY(each(j, to_lt));
        *reached = from > LEVEL_LT ? from : LEVEL_LT;
    }
    if (level == LEVEL_LTA) {
        TRY(each(j, to_lta));
        *reached = LEVEL_LTA;
    }
    return OK;
}

err_t xades_raise(struct bytes xml, enum sig_level level, const struct xades_means *m, struct buf *out, enum sig_level *reached)
{
    struct job j = {.means = m};
    enum sig_level from;
    TRY(xades_level(xml, &from));
    TRY(buf_copy(&j.now, xml));
    *reached = from;
    err_t e = climb(&j, from, level, reached);
    buf_free(out);
    *out = j.now;
    return e;
}
