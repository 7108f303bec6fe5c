/*
 * Signed PDFs, update by update: signature, security store, document timestamp.
 * Called by rules/results.
 */
#include "signer/rules/signed_pdf.h"

#include "signer/errors.h"
#include "signer/rules/content.h"
#include "signer/rules/level.h"
#include "signer/rules/pdfjail.h"
#include <string.h>

#define GROWN 1024

struct growing {
    struct means *m;
    const struct signed_pdf *s;
    struct content_draft *draft;
};

/* What the sandbox made belongs behind exactly these bytes. */
static err_t append(struct growing *g, uint64_t base_size, struct bytes increment)
{
    return base_size == content_draft_size(g->draft) ? content_draft_append(g->draft, increment) : ERR_PDF_UNREADABLE;
}

/* /Contents as it stands in the file: the CMS and zeros (EN 319 142-1 §5.4.2.3 names it by the whole string). */
static err_t padded(const struct signed_pdf *s, struct buf *out)
{
    size_t room = (size_t)(s->prepared->contents_len - 2) / 2;
    TRY(buf_reserve(out, room));
    memset(out->ptr, 0, room);
    memcpy(out->ptr, s->cms.ptr, s->cms.len);
    out->len = room;
    return OK;
}

static err_t add_store(struct growing *g)
{
    AUTO_VDATA data = {0};
    AUTO_BUF contents = {0};
    AUTO_BUF increment = {0};
    uint64_t base = 0;
    TRY(cades_validation_data(g->s->cms, &g->m->source, &data));
    TRY(padded(g->s, &contents));
    const struct pades_vri vri = {buf_bytes(&contents), &data};
    TRY(pdfjail_store(g->m->app->pdfjail, content_draft_fd(g->draft), &vri, &increment, &base));
    return append(g, base, buf_bytes(&increment));
}

static err_t add_stamp(struct growing *g)
{
    AUTO_PADES p = {0};
    AUTO_BUF token = {0};
    const struct pades_opts o = {.document_timestamp = true, .contents_room = g->m->ts.room + GROWN};
    TRY(pdfjail_prepare(g->m->app->pdfjail, content_draft_fd(g->draft), &o, &p));
    TRY(cades_stamp(&g->m->ts, BYTES(p.digest, p.digest_len), &token));
    TRY(pades_fill(&p, buf_bytes(&token)));
    return append(g, p.base_size, buf_bytes(&p.increment));
}

static err_t climb(struct growing *g, enum sig_level *reached)
{
    if (g->s->want >= LEVEL_LT) {
        TRY(add_store(g));
        *reached = LEVEL_LT;
    }
    if (g->s->want == LEVEL_LTA) {
        TRY(add_stamp(g));
        *reached = LEVEL_LTA;
    }
    return OK;
}

static err_t begin(struct growing *g)
{
    const struct component *c = g->s->c;
    AUTO_FD fd = -1;
    TRY(pades_fill(g->s->prepared, g->s->cms));
    TRY(content_get(g->m->app->content, c->sha256, c->size, &fd));
    TRY(content_draft_begin(g->m->app->content, fd, c->size, &g->draft));
    return append(g, g->s->prepared->base_size, buf_bytes(&g->s->prepared->increment));
}

err_t signed_pdf_make(struct means *m, const struct signed_pdf *s, struct content_file *file, enum sig_level *reached)
{
    struct growing g = {.m = m, .s = s};
    *reached = s->has;
    err_t e = begin(&g);
    if (e == OK)
        e = level_settle(climb(&g, reached), *reached, s->want);
    if (e == OK)
        e = content_draft_keep(g.draft, file);
    content_draft_drop(&g.draft);
    return e;
}
