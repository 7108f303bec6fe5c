/*
 * Signatures of components, from keyd's value to the level that was asked for.
 * Called by rules/signing; results_cms also by rules/sealing.
 */
#include "signer/rules/results.h"

#include "signer/rules/content.h"
#include "signer/rules/level.h"
#include "signer/rules/signed_pdf.h"
#include "signer/rules/xmlsign.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void result_free(struct result *r)
{
    buf_free(&r->signature);
}

/* --- CMS --- */

err_t results_cms(struct means *m, struct bytes cms, const uint8_t sha256[SHA256_LEN], enum sig_level want, struct buf *out,
                  enum sig_level *reached)
{
    if (want <= LEVEL_T) {
        *reached = want;
        return buf_copy(out, cms);
    }
    err_t e = cades_raise_digest(cms, BYTES(sha256, SHA256_LEN), want, &m->cades, out, reached);
    return level_settle(e, *reached, want);
}

/* --- signature timestamps of CMS: all at once, since each commit costs --- */

struct stamps {
    struct key_ts_request q[COMPONENTS_MAX];
    struct key_ts_reply r[COMPONENTS_MAX];
    size_t n, of[COMPONENTS_MAX]; /* of each component: its place in r */
};

static void stamps_free(struct stamps **s)
{
    for (size_t i = 0; *s != NULL && i < COMPONENTS_MAX; i++)
        buf_free(&(*s)->r[i].token);
    free(*s);
}

static enum sig_level wanted(const struct component *c)
{
    enum sig_level level = LEVEL_LTA;
    return level_read(c->level, &level) == OK ? level : LEVEL_LTA;
}

static err_t stamp_all(const struct results_job *j, struct stamps *s)
{
    for (size_t i = 0; i < j->n; i++) {
        if (j->comp[i].format == FORMAT_XADES || wanted(&j->comp[i]) == LEVEL_B)
            continue;
        s->of[i] = s->n;
        timestamp_request_for(buf_bytes(&j->signature[i].signature), &s->q[s->n++]);
    }
    return s->n > 0 ? timestamp_all(j->means->app, TIMESTAMP_SIGNATURE, s->q, s->r, s->n) : OK;
}

/* --- each component --- */

struct making {
    const struct results_job *job;
    const struct stamps *stamps;
    size_t i;
    struct result *out;
    enum sig_level want, reached;
};

static err_t make_cms(struct making *k, struct buf *cms)
{
    const struct key_ts_reply *stamp = &k->stamps->r[k->stamps->of[k->i]];
    if (k->want == LEVEL_B)
        return evidence_assemble(k->job->evidence, &k->job->signature[k->i], (struct bytes){0}, cms);
    memcpy(k->out->serial, stamp->serial, stamp->serial_len);
    k->out->serial_len = stamp->serial_len;
    return evidence_assemble(k->job->evidence, &k->job->signature[k->i], buf_bytes(&stamp->token), cms);
}

static err_t make_pdf(struct making *k)
{
    struct component *c = &k->job->comp[k->i];
    struct signing_item_row *item = &k->job->item[k->i];
    AUTO_BUF cms = {0};
    struct content_file file;
    TRY(make_cms(k, &cms));
    struct pades_prepared p = {
        .increment = take(&item->increment),
        .base_size = item->base_size,
        .contents_at = item->contents_at,
        .contents_len = item->contents_len,
    };
    const struct signed_pdf s = {
        .c = c, .prepared = &p, .cms = buf_bytes(&cms), .has = k->want < LEVEL_T ? k->want : LEVEL_T, .want = k->want};
    err_t e = signed_pdf_make(k->job->means, &s, &file, &k->reached);
    item->increment = take(&p.increment);
    TRY(e);
    c->signed_size = file.size;
    memcpy(c->signed_sha256, file.sha256, SHA256_LEN);
    memcpy(c->signed_sha512, file.sha512, SHA512_LEN);
    return OK;
}

static err_t make_p7s(struct making *k)
{
    AUTO_BUF cms = {0};
    TRY(make_cms(k, &cms));
    return results_cms(k->job->means, buf_bytes(&cms), k->job->comp[k->i].sha256, k->want, &k->out->signature, &k->reached);
}

/* The one file that an XML signature beside a component is over. */
struct one_file {
    struct app *app;
    const struct component *c;
};

static err_t feed_file(void *arg, const char *name, EVP_MD_CTX *ctx)
{
    const struct one_file *f = arg;
    return strcmp(name, f->c->name) == 0 ? content_feed(f->app->content, f->c->sha256, f->c->size, ctx) : ERR_NOT_FOUND;
}

static err_t make_xml(struct making *k)
{
    struct means *m = k->job->means;
    struct one_file file = {m->app, &k->job->comp[k->i]};
    const struct xades_files files = {feed_file, &file};
    const struct xmlsign x = {
        .text = buf_bytes(&k->job->item[k->i].increment),
        .value_at = (size_t)k->job->item[k->i].contents_at,
        .signer = k->job->evidence,
        .signature = buf_bytes(&k->job->signature[k->i].signature),
        .files = &files,
        .want = k->want,
    };
    m->use = TIMESTAMP_SIGNATURE;
    TRY(xmlsign_finish(m, &x, &k->out->signature, &k->reached));
    if (k->want > LEVEL_B) {
        memcpy(k->out->serial, m->serial, m->serial_len);
        k->out->serial_len = m->serial_len;
    }
    return OK;
}

static err_t make(struct making *k)
{
    struct component *c = &k->job->comp[k->i];
    k->want = wanted(c);
    k->job->means->use = TIMESTAMP_ARCHIVE;
    switch (c->format) {
    case FORMAT_PADES: TRY(make_pdf(k)); break;
    case FORMAT_CADES: TRY(make_p7s(k)); break;
    case FORMAT_XADES: TRY(make_xml(k)); break;
    }
    c->is_signed = true;
    snprintf(c->level_reached, sizeof c->level_reached, "%s", level_name(k->reached));
    return OK;
}

err_t results_make(const struct results_job *j, struct result *out)
{
    AUTO(stamps_free) struct stamps *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    TRY(stamp_all(j, s));
    if (s->n > 0)
        j->means->since = s->r[s->n - 1].gen_time_us / 1000000;
    for (size_t i = 0; i < j->n; i++) {
        struct making k = {.job = j, .stamps = s, .i = i, .out = &out[i]};
        TRY(make(&k));
    }
    return OK;
}
