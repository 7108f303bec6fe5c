/*
 * Raises the level of a PDF's signatures, update by update.
 * Called by antin-sign. ETSI EN 319 142-1 §5.4, §5.5, §6.3 (B-T by document timestamp, B-LT, B-LTA).
 */
#include "signer/formats/mapped.h"
#include "signer/formats/pades_append.h"
#include "signer/formats/pades_dss.h"
#include "signer/formats/pades_sign.h"
#include "signer/formats/pdf_fields.h"
#include <stdlib.h>
#include <string.h>

#define TOKEN_ROOM_DEFAULT 16384
#define GROWN 1024

/* The file as it is now: mapped, opened, its signatures found. */
struct state {
    struct mapped map;
    struct bytes file;
    struct pdf *pdf;
    struct pdf_signatures found;
};

static void state_close(struct state *s)
{
    pdf_signatures_free(&s->found);
    pdf_close(&s->pdf);
    mapped_close(&s->map);
    *s = (struct state){0};
}

/* A signature whose ranges or contents are wrong is not built upon. */
static err_t state_open(int fd, struct state *s)
{
    TRY(mapped_open(fd, &s->map));
    s->file = s->map.data;
    TRY(pdf_open(fd, &s->pdf));
    TRY(pdf_signatures_find(s->pdf, s->file, &s->found));
    for (size_t i = 0; i < s->found.n; i++) {
        if (s->found.item[i].wrong != NULL)
            return ERR_PDF_DAMAGED;
    }
    return s->found.n > 0 ? OK : ERR_NOT_FOUND;
}
#define AUTO_STATE AUTO(state_close) struct state

static bool is_stamp(const struct pdf_signature *s)
{
    return strcmp(s->sub_filter, "/ETSI.RFC3161") == 0;
}

/* --- what level it has --- */

static bool stamped_later(const struct state *s, size_t i)
{
    for (size_t k = i + 1; k < s->found.n; k++) {
        if (is_stamp(&s->found.item[k]))
            return true;
    }
    return false;
}

static bool has_time(const struct state *s, size_t i)
{
    enum sig_level level;
    const struct pdf_signature *sig = &s->found.item[i];
    if (is_stamp(sig) || stamped_later(s, i))
        return true;
    return cades_level(buf_bytes(&sig->contents), &level) == OK && level >= LEVEL_T;
}

/* The last document timestamp, when the revision that it covers has a store. */
static bool archived(const struct state *s)
{
    const struct pdf_signature *last = &s->found.item[s->found.n - 1];
    AUTO(pdf_close) struct pdf *p = NULL;
    return is_stamp(last) && pdf_open_memory(BYTES(s->file.ptr, last->end), &p) == OK && pades_dss_count(p) > 0;
}

/* Does the store speak of this signature? It has an entry (others write none, or name it without its padding), or it grew after the signature. */
static bool told(const struct state *s, size_t i)
{
    const struct pdf_signature *sig = &s->found.item[i];
    AUTO(pdf_close) struct pdf *then = NULL;
    size_t now = pades_dss_count(s->pdf);
    if (now == 0 || pades_dss_names(s->pdf, BYTES(sig->contents.ptr, sig->padded)) || pades_dss_names(s->pdf, buf_bytes(&sig->contents)))
        return now > 0;
    return pdf_open_memory(BYTES(s->file.ptr, sig->end), &then) == OK && pades_dss_count(then) < now;
}

/* The lowest of its signatures'. */
static enum sig_level level_of(const struct state *s)
{
    bool all_told = pades_dss_count(s->pdf) > 0;
    for (size_t i = 0; i < s->found.n; i++) {
        if (!has_time(s, i))
            return LEVEL_B;
        all_told = all_told && (is_stamp(&s->found.item[i]) || told(s, i));
    }
    if (!all_told)
        return LEVEL_T;
    return archived(s) ? LEVEL_LTA : LEVEL_LT;
}

err_t pades_level(int fd, enum sig_level *level)
{
    AUTO_STATE s = {0};
    TRY(state_open(fd, &s));
    *level = level_of(&s);
    return OK;
}

/* --- document timestamps --- */

static err_t stamp_once(int fd, const struct stamping *ts, size_t room, size_t *needed)
{
    AUTO_PADES p = {0};
    AUTO_BUF token = {0};
    TRY(pades_prepare(fd, &(struct pades_opts){.document_timestamp = true, .contents_room = room, .hash = ts->alg}, &p));
    TRY(cades_stamp(ts, BYTES(p.digest, p.digest_len), &token));
    *needed = token.len;
    TRY(pades_fill(&p, buf_bytes(&token)));
    return pades_append(fd, p.base_size, buf_bytes(&p.increment));
}

static err_t stamp(int fd, const struct stamping *ts)
{
    size_t needed = 0;
    if (ts == NULL)
        return ERR_STAMP;
    err_t e = stamp_once(fd, ts, ts->room > 0 ? ts->room + GROWN : TOKEN_ROOM_DEFAULT, &needed);
    return e == ERR_PDF_ROOM ? stamp_once(fd, ts, needed + GROWN, &needed) : e;
}

/* --- the store --- */

/* Of each signature and timestamp that the store does not speak of yet: what it says of the others stays as it is. */
static err_t collect(const struct state *s, const struct vdata_source *source, struct validation_data *data, struct pades_vri *vri,
                     size_t *n)
{
    for (size_t i = 0; i < s->found.n; i++) {
        const struct pdf_signature *sig = &s->found.item[i];
        struct bytes cms = buf_bytes(&sig->contents);
        if (told(s, i))
            continue;
        TRY(is_stamp(sig) ? cades_token_data(cms, source, &data[*n]) : cades_validation_data(cms, source, &data[*n]));
        vri[*n] = (struct pades_vri){BYTES(sig->contents.ptr, sig->padded), &data[*n]};
        ++*n;
    }
    return OK;
}

static err_t add_store(int fd, const struct vdata_source *source)
{
    AUTO_STATE s = {0};
    AUTO_BUF update = {0};
    size_t n = 0;
    if (source == NULL)
        return ERR_CERT_STATUS;
    TRY(state_open(fd, &s));
    struct validation_data *data = calloc(s.found.n, sizeof *data);
    struct pades_vri *vri = calloc(s.found.n, sizeof *vri);
    err_t e = data != NULL && vri != NULL ? collect(&s, source, data, vri, &n) : ERR_NOMEM;
    if (e == OK)
        e = pades_dss_update(s.pdf, vri, n, &update);
    for (size_t i = 0; data != NULL && i < s.found.n; i++)
        vdata_free(&data[i]);
    free(data);
    free(vri);
    return e == OK && update.len > 0 ? pades_append(fd, s.file.len, buf_bytes(&update)) : e;
}

err_t pades_raise(int fd, enum sig_level level, const struct cades_means *m, enum sig_level *reached)
{
    enum sig_level from;
    TRY(pades_level(fd, &from));
    *reached = from;
    if (level >= LEVEL_T && from < LEVEL_T) {
        TRY(stamp(fd, m->ts));
        *reached = LEVEL_T;
    }
    if ((level == LEVEL_LT && from < LEVEL_LT) || level == LEVEL_LTA) {
        TRY(add_store(fd, m->source));
        *reached = from > LEVEL_LT ? from : LEVEL_LT;
    }
    if (level == LEVEL_LTA) {
        TRY(stamp(fd, m->ts));
        *reached = LEVEL_LTA;
    }
    return OK;
}
