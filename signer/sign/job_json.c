/*
 * JSON signatures around their content, or about a file beside them.
 * Called by job.c. ETSI TS 119 182-1.
 */
#include "signer/sign/job_beside.h"

#include "common/clock.h"

static err_t raise_step(void *arg, struct bytes from, enum sig_level level, struct means *m, struct buf *out, enum sig_level *reached)
{
    (void)arg;
    return jades_raise(from, level, &(struct jades_means){.ts = m->means.ts}, out, reached);
}

static err_t sign_json(const struct job_conf *c, const struct source *in, const char *path, struct buf *json)
{
    const struct beside b = {path, NULL};
    const struct jades_files files = {beside_take, (void *)(uintptr_t)&b};
    const char *type = c->cades.mime_type != NULL ? c->cades.mime_type : job_media_type(path);
    const struct jades_opts o = {.signing_time = clock_now(), .form = c->compact ? JADES_COMPACT : JADES_FLATTENED, .mime_type = type};
    const struct jades_data data = {.name = beside_name(path), .mime_type = type};
    return c->detached ? jades_sign_files(&data, 1, &files, &o, c->key, json) : jades_sign(in->data, &o, c->key, json);
}

/* Nothing is built upon what was changed after signing. */
static err_t as_it_stands(struct bytes json, const struct jades_files *files)
{
    AUTO_JADES j = NULL;
    TRY(jades_open(json, &j));
    for (size_t i = 0; i < jades_count(j); i++) {
        const struct jades_signature *s = jades_signature(j, i);
        AUTO_X509 cert = NULL;
        struct bytes der;
        TRY(jades_signer(s, &der));
        TRY(x509_from_der(der, &cert));
        TRY(jades_check_value(s, cert, files));
        for (size_t k = 0; k < s->ref_n; k++)
            TRY(jades_check_ref(s, k, files));
    }
    return OK;
}

err_t job_json(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct target *t, struct job_result *r)
{
    AUTO_BUF json = {0};
    const struct beside b = {path, c->content};
    const struct jades_files files = {beside_take, (void *)(uintptr_t)&b};
    if (in->data.len > JADES_BYTES_MAX)
        return ERR_TOO_LARGE;
    if (c->verb == JOB_COUNTER)
        return ERR_UNSUPPORTED;
    if (job_in_place(c))
        TRY(as_it_stands(in->data, &files));
    switch (c->verb) {
    case JOB_ADD: TRY(jades_add_signer(in->data, &files, &(struct jades_opts){.signing_time = clock_now()}, c->key, &json)); break;
    case JOB_EXTEND: TRY(buf_copy(&json, in->data)); break;
    default: TRY(sign_json(c, in, path, &json)); break;
    }
    err_t e = job_made(c, m, raise_step, NULL, &json, r);
    r->unchanged = c->verb == JOB_EXTEND && e == OK && bytes_eq(buf_bytes(&json), in->data);
    return job_put(t, &json, e, r);
}
