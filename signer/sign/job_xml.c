/*
 * XML signatures inside the document that they sign, around a file, or about one beside them.
 * Called by job.c. ETSI EN 319 132-1.
 */
#include "signer/sign/job_beside.h"

#include "common/clock.h"

#define XML_MAX (64u << 20) /* bytes: XML is read whole */

static err_t raise_step(void *arg, struct bytes from, enum sig_level level, struct means *m, struct buf *out, enum sig_level *reached)
{
    return xades_raise(from, level, &(struct xades_means){.ts = m->means.ts, .source = m->means.source, .files = arg}, out, reached);
}

static err_t sign_xml(const struct job_conf *c, const struct source *in, const char *path, const struct xades_files *files, struct buf *xml)
{
    const struct xades_opts o = {.signing_time = clock_now(), .mime_type = c->cades.mime_type};
    const struct xades_data data = {.name = beside_name(path), .mime_type = o.mime_type != NULL ? o.mime_type : job_media_type(path)};
    if (c->detached)
        return xades_sign_detached(&data, 1, files, &o, c->key, xml);
    return c->cades.enveloping ? xades_sign_enveloping(in->data, &o, c->key, xml) : xades_sign_enveloped(in->data, &o, c->key, xml);
}

err_t job_xml_as_it_stands(struct bytes xml, const struct xades_files *files)
{
    AUTO_XADES x = NULL;
    TRY(xades_open(xml, &x));
    for (size_t i = 0; i < xades_count(x); i++) {
        const struct xades_signature *s = xades_signature(x, i);
        for (size_t k = 0; k < s->ref_n; k++)
            TRY(xades_check_ref(&s->ref[k], files));
    }
    return OK;
}

err_t job_xml(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct target *t, struct job_result *r)
{
    AUTO_BUF xml = {0};
    const struct beside b = {path, c->content};
    struct xades_files files = {beside_digest, (void *)(uintptr_t)&b};
    if (in->data.len > XML_MAX && !c->detached)
        return ERR_TOO_LARGE;
    if (c->verb == JOB_COUNTER)
        return ERR_UNSUPPORTED;
    if (job_in_place(c))
        TRY(job_xml_as_it_stands(in->data, &files));
    if (c->verb == JOB_EXTEND)
        TRY(buf_copy(&xml, in->data));
    else
        TRY(sign_xml(c, in, path, &files, &xml));
    err_t e = job_made(c, m, raise_step, &files, &xml, r);
    r->unchanged = c->verb == JOB_EXTEND && e == OK && bytes_eq(buf_bytes(&xml), in->data);
    return job_put(t, &xml, e, r);
}
