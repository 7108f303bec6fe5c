/*
 * Raises the signatures in a container; what they sign, and every other entry, stays as it is.
 * Called by antin-sign. ETSI EN 319 162-1 §5.3; EN 319 122-1; EN 319 132-1.
 */
#include "signer/formats/asic_write.h"

#include "common/clock.h"
#include "signer/formats/signed_data.h"
#include "signer/formats/xml.h"

/* --- levels --- */

static bool is_signature(const struct asic_signature *s)
{
    return s->kind == ASIC_CADES || s->kind == ASIC_XADES;
}

static err_t level_of(const struct asic *a, const struct asic_signature *s, enum sig_level *level)
{
    AUTO_BUF own = {0};
    struct bytes text;
    TRY(zip_read(s->entry, s->kind == ASIC_CADES ? SIGNED_DATA_MAX : XML_BYTES_MAX, &own, &text));
    if (s->kind == ASIC_XADES)
        return xades_level(text, level);
    TRY(cades_level(text, level));
    if (a->type == ASIC_E && *level >= LEVEL_LT) /* an archive timestamp inside covers the list, not the files */
        *level = asic_archived(a, s->entry) ? LEVEL_LTA : LEVEL_LT;
    return OK;
}

err_t asic_level(const struct asic *a, enum sig_level *level)
{
    size_t n = 0;
    *level = LEVEL_LTA;
    for (size_t i = 0; i < a->n; i++) {
        enum sig_level l;
        if (!is_signature(&a->signature[i]))
            continue;
        TRY(level_of(a, &a->signature[i], &l));
        *level = l < *level ? l : *level;
        n++;
    }
    return n > 0 ? OK : ERR_UNSUPPORTED;
}

/* --- raising --- */

static void raised_free(struct asic_raised *r)
{
    for (size_t i = 0; i < ASIC_SIGNATURES_MAX; i++)
        buf_free(&r->with[i]);
}

static err_t raise_cades(const struct asic *a, const struct asic_signature *s, enum sig_level level, const struct cades_means *m,
                         struct buf *out, enum sig_level *reached)
{
    AUTO_BUF old = {0};
    AUTO_BUF own = {0};
    struct bytes was;
    struct covered content = {{{0}}};
    enum sig_level own_level = level == LEVEL_LTA && a->type == ASIC_E ? LEVEL_LT : level;
    TRY(zip_read(s->entry, SIGNED_DATA_MAX, &old, &was));
    TRY(asic_content(a, s, &own, &content.part[0]));
    return cades_raise(was, &content, own_level, m, out, reached);
}

static err_t raise_xades(const struct asic *a, const struct asic_signature *s, enum sig_level level, const struct cades_means *m,
                         struct buf *out, enum sig_level *reached)
{
    AUTO_BUF old = {0};
    struct bytes was;
    const struct xades_files files = {asic_feed, (void *)(uintptr_t)a};
    TRY(zip_read(s->entry, XML_BYTES_MAX, &old, &was));
    return xades_raise(was, level, &(struct xades_means){m->ts, m->source, &files}, out, reached);
}

/* A failure that leaves a signature is a service's: what was reached is worth keeping. What an archive timestamp covers stays as it is. */
static err_t raise_one(const struct asic *a, size_t i, enum sig_level level, const struct cades_means *m, struct asic_raised *r)
{
    const struct asic_signature *s = &a->signature[i];
    enum sig_level reached = LEVEL_B;
    r->n++;
    if (asic_archived(a, s->entry)) {
        TRY(level_of(a, s, &reached));
        r->lowest = reached < r->lowest ? reached : r->lowest;
        return OK;
    }
    err_t e =
        s->kind == ASIC_CADES ? raise_cades(a, s, level, m, &r->with[i], &reached) : raise_xades(a, s, level, m, &r->with[i], &reached);
    if (e == ERR_NOMEM || (e != OK && r->with[i].len == 0))
        return e;
    r->why = r->why == OK ? e : r->why;
    if (e == OK && reached < level && a->type == ASIC_E && s->kind == ASIC_CADES)
        r->waiting++;
    else
        r->lowest = reached < r->lowest ? reached : r->lowest;
    return OK;
}

static err_t raise_all(const struct asic *a, enum sig_level level, const struct cades_means *m, struct asic_raised *r)
{
    r->lowest = LEVEL_LTA;
    for (size_t i = 0; i < a->n; i++) {
        if (is_signature(&a->signature[i]))
            TRY(raise_one(a, i, level, m, r));
    }
    return r->n > 0 ? OK : ERR_UNSUPPORTED;
}

const struct buf *asic_replacement(const struct asic *a, const struct zip_entry *e, const struct asic_raised *r)
{
    for (size_t i = 0; i < a->n; i++) {
        if (a->signature[i].entry == e && r->with[i].len > 0)
            return &r->with[i];
    }
    return NULL;
}

static bool has_cades(const struct asic *a)
{
    for (size_t i = 0; i < a->n; i++) {
        if (a->signature[i].kind == ASIC_CADES)
            return true;
    }
    return false;
}

/* One archive timestamp for all CAdES signatures of an ASiC-E, when each of them has what comes before it. */
static err_t archive(const struct asic *a, enum sig_level level, const struct cades_means *m, struct asic_raised *r,
                     struct asic_archive *ar)
{
    if (level < LEVEL_LTA || a->type == ASIC_S || !has_cades(a))
        return OK;
    err_t e = r->why == OK ? asic_archive_make(a, r, m, ar) : r->why;
    if (e == ERR_NOMEM || e == ERR_BAD_SIGNATURE || e == ERR_NOT_FOUND)
        return e;
    if (e != OK && r->waiting > 0 && r->lowest > LEVEL_LT)
        r->lowest = LEVEL_LT;
    r->why = e;
    return OK;
}

static err_t write_entry(struct zip_writer *w, const struct asic *a, const struct zip_entry *e, const struct asic_raised *r,
                         const struct asic_archive *ar)
{
    AUTO_BUF own = {0};
    struct bytes view;
    const struct buf *with = asic_replacement(a, e, r);
    if (with != NULL)
        return zip_add(w, e->name, buf_bytes(with), with->ptr[0] == '<');
    if (ar->list.len == 0 || e != ar->before)
        return zip_add_same(w, e);
    TRY(zip_read(e, ASIC_MANIFEST_MAX, &own, &view));
    return zip_add(w, bytes_str(ar->before_name), view, true);
}

err_t asic_raise(const struct asic *a, enum sig_level level, const struct cades_means *m, const struct zip_sink *sink,
                 enum sig_level *reached)
{
    AUTO_ZIP_WRITER w = {.sink = *sink, .time = clock_now()};
    AUTO(raised_free) struct asic_raised r = {0};
    AUTO(asic_archive_free) struct asic_archive ar = {0};
    TRY(raise_all(a, level, m, &r));
    TRY(archive(a, level, m, &r, &ar));
    for (size_t i = 0; i < a->zip.n; i++)
        TRY(write_entry(&w, a, &a->zip.entry[i], &r, &ar));
    if (ar.list.len > 0)
        TRY(asic_archive_write(&w, &ar));
    TRY(zip_finish(&w));
    *reached = r.lowest;
    return r.why;
}
