/*
 * PDF files: signed and raised in the target itself, which grows by updates.
 * Called by job.c. ETSI EN 319 142-1.
 */
#include "signer/sign/job_impl.h"

#include "common/clock.h"
#include "signer/formats/pdf_active.h"
#include <sys/stat.h>

#define SMALL (1u << 20) /* bytes that are written quicker than their sharing is negotiated */

/*
 * Without a timestamp when the service gives none: then B-B is what it is. Whatever else fails leaves the copy unsigned.
 */
static err_t sign_pdf(const struct job_conf *c, struct means *m, int fd, struct job_result *r)
{
    struct pades_opts o = c->pades;
    const struct stamping *ts = job_stamping(c, m);
    AUTO_DRAWN drawn = {0};
    struct pdf_appearance seen;
    o.signing_time = clock_now();
    if (c->visible.wanted) {
        TRY(visible_draw(&c->visible, o.name, c->key->cert, o.signing_time, &drawn));
        seen = (struct pdf_appearance){buf_bytes(&drawn.pdf), drawn.width, drawn.height, buf_str(&drawn.spoken), c->visible.place};
        o.appearance = &seen;
    }
    err_t e = pades_sign(fd, &o, c->key, ts);
    if (job_without_stamp(m, e)) {
        TRY(pades_sign(fd, &o, c->key, NULL));
        r->reached = LEVEL_B;
        r->has_level = true;
        return e;
    }
    TRY(e);
    r->reached = ts != NULL ? LEVEL_T : LEVEL_B;
    r->has_level = true;
    return c->level >= LEVEL_T && ts == NULL ? ERR_STAMP : OK;
}

static err_t raise_pdf(const struct job_conf *c, struct means *m, int fd, struct job_result *r)
{
    err_t e;
    do {
        TRY(pades_level(fd, &r->reached));
        r->has_level = true;
        e = pades_raise(fd, c->level, &m->means, &r->reached);
    } while (job_once_more(m, e));
    return e;
}

/* What --accept would have to name. */
static err_t name_active(const struct job_conf *c, int fd, err_t e, struct job_result *r)
{
    unsigned found = 0;
    if (e == ERR_PDF_ACTIVE && pdf_active_of(fd, &found) == OK)
        pdf_active_text(found & ~c->pades.accept, r->why);
    return e;
}

err_t job_pdf(const struct job_conf *c, struct means *m, const struct source *in, struct target *t, struct job_result *r)
{
    struct stat st;
    if (c->verb == JOB_COUNTER) /* ISO 32000-1 §12.8.3.3: its CMS has one signer, and its bytes are where they are */
        return ERR_UNSUPPORTED;
    TRY(in->data.len <= SMALL ? target_write(t, in->data) : target_copy(t, in->fd));
    if (c->verb != JOB_EXTEND)
        TRY(name_active(c, t->fd, sign_pdf(c, m, t->fd, r), r));
    if (c->verb == JOB_EXTEND || c->level > LEVEL_T)
        TRY(raise_pdf(c, m, t->fd, r));
    r->unchanged = c->verb == JOB_EXTEND && fstat(t->fd, &st) == 0 && (uint64_t)st.st_size == in->data.len;
    return OK;
}
