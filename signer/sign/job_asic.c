/*
 * Containers: made of one or more files, raised as they are, signed once more.
 * Called by job.c. ETSI EN 319 162-1.
 */
#include "signer/sign/job_impl.h"

#include "common/clock.h"
#include "signer/formats/signed_data.h"
#include "signer/formats/xml.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a new one --- */

struct files {
    struct source *source;
    struct asic_file *file;
    size_t n;
};

static void files_close(struct files *f)
{
    for (size_t i = 0; i < f->n; i++)
        source_close(&f->source[i]);
    free(f->source);
    free(f->file);
}

static const char *name_in_container(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Mapped files need their descriptors no more: there may be thousands. */
static err_t add_file(const struct job_conf *c, const char *path, bool alone, struct files *f, struct job_result *r)
{
    struct source *s = &f->source[f->n];
    err_t e = source_open(s, path);
    f->n++;
    if (e != OK) {
        snprintf(r->why, sizeof r->why, "%s", path);
        return e;
    }
    fd_close(&s->fd);
    const char *type = alone && c->cades.mime_type != NULL ? c->cades.mime_type : job_media_type(path);
    f->file[f->n - 1] = (struct asic_file){.name = name_in_container(path), .media_type = type, .content = s->data};
    return OK;
}

static err_t open_files(const struct job_conf *c, char *const *paths, size_t n, struct files *f, struct job_result *r)
{
    if (n > ZIP_ENTRIES_MAX)
        return ERR_TOO_LARGE;
    f->source = calloc(n, sizeof *f->source);
    f->file = calloc(n, sizeof *f->file);
    if (f->source == NULL || f->file == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        TRY(add_file(c, paths[i], n == 1, f, r));
    return OK;
}

static err_t make(const struct job_conf *c, struct means *m, char *const *paths, size_t n, struct target *t, struct job_result *r)
{
    AUTO(files_close) struct files f = {0};
    const struct asic_opts o = {.type = c->format == FORMAT_ASIC_S ? ASIC_S : ASIC_E, .signing_time = clock_now()};
    const struct zip_sink sink = {zip_to_fd, &t->fd};
    TRY(open_files(c, paths, n, &f, r));
    switch (c->kind) {
    case ASIC_CADES: TRY(asic_sign_cades(f.file, n, &o, c->key, &sink)); break;
    case ASIC_XADES: TRY(asic_sign_xades(f.file, n, &o, c->key, &sink)); break;
    case ASIC_TIMESTAMP: TRY(asic_stamp(f.file, o.signing_time, m->means.ts, &sink)); break;
    case ASIC_EVIDENCE: return ERR_UNSUPPORTED;
    }
    r->timestamp = c->kind == ASIC_TIMESTAMP;
    r->reached = r->timestamp ? c->level : LEVEL_B;
    r->has_level = true;
    return OK;
}

/* --- raised --- */

/* Nothing is built upon what was changed after signing. */
static err_t cms_as_it_stands(const struct asic *a, const struct asic_signature *s)
{
    AUTO_BUF old = {0};
    AUTO_BUF own = {0};
    struct bytes cms;
    struct covered content = {{{0}}};
    TRY(zip_read(s->entry, SIGNED_DATA_MAX, &old, &cms));
    TRY(asic_content(a, s, &own, &content.part[0]));
    TRY(job_cms_is_over(cms, &content));
    for (size_t i = 0; i < s->list.n; i++)
        TRY(asic_check(a, &s->list.ref[i]));
    return OK;
}

static err_t xml_as_it_stands(const struct asic *a, const struct asic_signature *s)
{
    AUTO_BUF own = {0};
    struct bytes xml;
    const struct xades_files files = {asic_feed, (void *)(uintptr_t)a};
    TRY(zip_read(s->entry, XML_BYTES_MAX, &own, &xml));
    return job_xml_as_it_stands(xml, &files);
}

static err_t as_it_stands(const struct asic *a)
{
    for (size_t i = 0; i < a->n; i++) {
        if (a->signature[i].kind == ASIC_CADES)
            TRY(cms_as_it_stands(a, &a->signature[i]));
        else if (a->signature[i].kind == ASIC_XADES)
            TRY(xml_as_it_stands(a, &a->signature[i]));
    }
    return OK;
}

/* A container that broke off has no directory. */
static bool is_whole(const struct target *t)
{
    AUTO_SOURCE now = {.fd = -1};
    AUTO_ASIC a = {0};
    return source_map(&now, t->fd) == OK && asic_open(now.data, &a) == OK;
}

static err_t raise_once(const struct job_conf *c, struct means *m, struct bytes from, struct target *to, struct job_result *r, bool *whole)
{
    AUTO_ASIC a = {0};
    enum sig_level reached = LEVEL_B;
    TRY(asic_open(from, &a));
    TRY(as_it_stands(&a));
    err_t e = asic_raise(&a, c->level, &m->means, &(struct zip_sink){zip_to_fd, &to->fd}, &reached);
    *whole = e == OK || is_whole(to);
    if (*whole) {
        r->reached = reached;
        r->has_level = true;
    }
    return e;
}

/* From the target into another of the same name, which takes its place. */
static err_t raise_all(const struct job_conf *c, struct means *m, struct target *t, struct job_result *r)
{
    err_t e;
    do {
        AUTO_TARGET next = {.fd = -1};
        AUTO_SOURCE now = {.fd = -1};
        bool whole = false;
        TRY(target_open(&next, r->output, t->replace));
        TRY(source_map(&now, t->fd));
        e = raise_once(c, m, now.data, &next, r, &whole);
        if (!whole)
            return e;
        struct target was = *t;
        *t = next;
        next = was;
    } while (job_once_more(m, e));
    return e;
}

static err_t extend(const struct job_conf *c, struct means *m, const struct asic *a, int from, struct target *t, struct job_result *r)
{
    enum sig_level have;
    TRY(asic_level(a, &have));
    if (have >= c->level && c->level < LEVEL_LTA) {
        r->reached = have;
        r->has_level = r->unchanged = true;
        return OK;
    }
    TRY(target_copy(t, from));
    return raise_all(c, m, t, r);
}

/* --- further signatures --- */

static err_t add(const struct job_conf *c, struct means *m, const struct asic *a, struct target *t, struct job_result *r)
{
    TRY(as_it_stands(a));
    TRY(asic_add_signature(a, clock_now(), c->key, &(struct zip_sink){zip_to_fd, &t->fd}));
    r->reached = LEVEL_B;
    r->has_level = true;
    return c->level > LEVEL_B ? raise_all(c, m, t, r) : OK;
}

static err_t counter(const struct job_conf *c, struct means *m, const struct asic *a, struct target *t, struct job_result *r)
{
    const struct stamping *ts = job_stamping(c, m);
    const struct zip_sink sink = {zip_to_fd, &t->fd};
    size_t signer = c->signer > 0 ? c->signer - 1 : 0;
    TRY(as_it_stands(a));
    err_t e = asic_countersign(a, signer, clock_now(), c->key, ts, &sink);
    if (job_without_stamp(m, e)) /* nothing was written until now */
        TRY(asic_countersign(a, signer, clock_now(), c->key, NULL, &sink));
    else
        TRY(e);
    r->reached = e == OK && ts != NULL ? LEVEL_T : LEVEL_B;
    r->has_level = true;
    return e;
}

err_t job_asic(const struct job_conf *c, struct means *m, char *const *paths, size_t n, struct target *t, struct job_result *r)
{
    AUTO_SOURCE in = {.fd = -1};
    AUTO_ASIC a = {0};
    if (c->verb == JOB_SIGN) {
        TRY(make(c, m, paths, n, t, r));
        return c->level > LEVEL_B && !r->timestamp ? raise_all(c, m, t, r) : OK;
    }
    TRY(source_open(&in, paths[0]));
    TRY(asic_open(in.data, &a));
    r->format = a.type == ASIC_S ? FORMAT_ASIC_S : FORMAT_ASIC_E;
    if (c->verb == JOB_ADD)
        return add(c, m, &a, t, r);
    return c->verb == JOB_COUNTER ? counter(c, m, &a, t, r) : extend(c, m, &a, in.fd, t, r);
}
