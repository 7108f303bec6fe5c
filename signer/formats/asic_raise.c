/*
 * Raises the signatures in a container; what they sign, and every other entry, stays as it is.
 * Called by antin-sign. ETSI EN 319 162-1 §5.3; EN 319 122-1; EN 319 132-1.
 */
#include "signer/formats/asic_write.h"

#include "common/clock.h"
#include "signer/formats/signed_data.h"
#include "signer/formats/xml.h"

/* --- levels --- */

static err_t level_of(const struct asic_signature *s, enum sig_level *level)
{
    AUTO_BUF own = {0};
    struct bytes text;
    TRY(zip_read(s->entry, s->kind == ASIC_CADES ? SIGNED_DATA_MAX : XML_BYTES_MAX, &own, &text));
    return s->kind == ASIC_CADES ? cades_level(text, level) : xades_level(text, level);
}

err_t asic_level(const struct asic *a, enum sig_level *level)
{
    size_t n = 0;
    *level = LEVEL_LTA;
    for (size_t i = 0; i < a->n; i++) {
        enum sig_level l;
        if (a->signature[i].kind == ASIC_TIMESTAMP)
            continue;
        TRY(level_of(&a->signature[i], &l));
        *level = l < *level ? l : *level;
        n++;
    }
    return n > 0 ? OK : ERR_UNSUPPORTED;
}

/* --- raising --- */

/* The new signatures, each in its signature's place; empty where there is none. */
struct raised {
    struct buf with[ASIC_SIGNATURES_MAX];
    err_t why; /* the first that could not be raised all the way */
    enum sig_level lowest;
    size_t n;
};

static void raised_free(struct raised *r)
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
    bool beyond = level == LEVEL_LTA && a->type == ASIC_E;
    TRY(zip_read(s->entry, SIGNED_DATA_MAX, &old, &was));
    TRY(asic_content(a, s, &own, &content.part[0]));
    TRY(cades_raise(was, &content, beyond ? LEVEL_LT : level, m, out, reached));
    return beyond ? ERR_UNSUPPORTED : OK;
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

/* A failure that leaves a signature is a service's: what was reached is worth keeping. */
static err_t raise_one(const struct asic *a, size_t i, enum sig_level level, const struct cades_means *m, struct raised *r)
{
    const struct asic_signature *s = &a->signature[i];
    enum sig_level reached = LEVEL_B;
    err_t e =
        s->kind == ASIC_CADES ? raise_cades(a, s, level, m, &r->with[i], &reached) : raise_xades(a, s, level, m, &r->with[i], &reached);
    if (e == ERR_NOMEM || (e != OK && r->with[i].len == 0))
        return e;
    r->why = r->why == OK ? e : r->why;
    r->lowest = reached < r->lowest ? reached : r->lowest;
    r->n++;
    return OK;
}

static err_t raise_all(const struct asic *a, enum sig_level level, const struct cades_means *m, struct raised *r)
{
    r->lowest = LEVEL_LTA;
    for (size_t i = 0; i < a->n; i++) {
        if (a->signature[i].kind != ASIC_TIMESTAMP)
            TRY(raise_one(a, i, level, m, r));
    }
    return r->n > 0 ? OK : ERR_UNSUPPORTED;
}

static const struct buf *replacement(const struct asic *a, const struct zip_entry *e, const struct raised *r)
{
    for (size_t i = 0; i < a->n; i++) {
        if (a->signature[i].entry == e && r->with[i].len > 0)
            return &r->with[i];
    }
    return NULL;
}

err_t asic_raise(const struct asic *a, enum sig_level level, const struct cades_means *m, const struct zip_sink *sink,
                 enum sig_level *reached)
{
    AUTO_ZIP_WRITER w = {.sink = *sink, .time = clock_now()};
    AUTO(raised_free) struct raised r = {0};
    TRY(raise_all(a, level, m, &r));
    for (size_t i = 0; i < a->zip.n; i++) {
        const struct buf *with = replacement(a, &a->zip.entry[i], &r);
        if (with != NULL)
            TRY(zip_add(&w, a->zip.entry[i].name, buf_bytes(with), with->ptr[0] == '<'));
        else
            TRY(zip_add_same(&w, &a->zip.entry[i]));
    }
    TRY(zip_finish(&w));
    *reached = r.lowest;
    return r.why;
}
