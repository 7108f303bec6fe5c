/*
 * Raises the signatures in a container; what they sign, and every other entry, stays as it is.
 * Called by antin-sign. ETSI EN 319 162-1 §5.3; EN 319 122-1.
 */
#include "signer/formats/asic_write.h"

#include "common/clock.h"
#include "signer/formats/signed_data.h"

/* The new messages, each in its signature's place; empty where there is none. */
struct raised {
    struct buf cms[ASIC_SIGNATURES_MAX];
    err_t why; /* the first that could not be raised all the way */
    enum sig_level lowest;
    size_t n;
};

static void raised_free(struct raised *r)
{
    for (size_t i = 0; i < ASIC_SIGNATURES_MAX; i++)
        buf_free(&r->cms[i]);
}

/* A failure that leaves a message is a service's: what was reached is worth keeping. */
static err_t raise_one(const struct asic *a, size_t i, enum sig_level level, const struct cades_means *m, struct raised *r)
{
    AUTO_BUF old = {0};
    AUTO_BUF own = {0};
    struct bytes was;
    struct covered content = {{{0}}};
    enum sig_level reached = LEVEL_B;
    TRY(zip_read(a->signature[i].entry, SIGNED_DATA_MAX, &old, &was));
    TRY(asic_content(a, &a->signature[i], &own, &content.part[0]));
    err_t e = cades_raise(was, &content, level, m, &r->cms[i], &reached);
    if (e == ERR_NOMEM || (e != OK && r->cms[i].len == 0))
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
        if (a->signature[i].kind == ASIC_CADES)
            TRY(raise_one(a, i, level, m, r));
    }
    return r->n > 0 ? OK : ERR_UNSUPPORTED;
}

static const struct buf *replacement(const struct asic *a, const struct zip_entry *e, const struct raised *r)
{
    for (size_t i = 0; i < a->n; i++) {
        if (a->signature[i].entry == e && r->cms[i].len > 0)
            return &r->cms[i];
    }
    return NULL;
}

err_t asic_raise_cades(const struct asic *a, enum sig_level level, const struct cades_means *m, const struct zip_sink *sink,
                       enum sig_level *reached)
{
    AUTO_ZIP_WRITER w = {.sink = *sink, .time = clock_now()};
    AUTO(raised_free) struct raised r = {0};
    bool beyond = level == LEVEL_LTA && a->type == ASIC_E;
    TRY(raise_all(a, beyond ? LEVEL_LT : level, m, &r));
    for (size_t i = 0; i < a->zip.n; i++) {
        const struct buf *with = replacement(a, &a->zip.entry[i], &r);
        if (with != NULL)
            TRY(zip_add(&w, a->zip.entry[i].name, buf_bytes(with), false));
        else
            TRY(zip_add_same(&w, &a->zip.entry[i]));
    }
    TRY(zip_finish(&w));
    *reached = r.lowest;
    return r.why == OK && beyond ? ERR_UNSUPPORTED : r.why;
}
