/*
 * XML signatures inside the document that they sign, or around a file.
 * Called by job.c. ETSI EN 319 132-1.
 */
#include "signer/sign/job_impl.h"

#include "common/clock.h"

#define XML_MAX (64u << 20) /* bytes: XML is read whole */

static err_t raise_xml(const struct job_conf *c, struct means *m, struct buf *xml, struct job_result *r)
{
    const struct xades_means means = {.ts = m->means.ts, .source = m->means.source};
    err_t e;
    do {
        AUTO_BUF from = take(xml);
        e = xades_raise(buf_bytes(&from), c->level, &means, xml, &r->reached);
        if (xml->len == 0) { /* not even read */
            *xml = take(&from);
            return e;
        }
        r->has_level = true;
    } while (job_once_more(m, e));
    return e;
}

static err_t sign_xml(const struct job_conf *c, struct means *m, const struct source *in, struct buf *xml, struct job_result *r)
{
    const struct xades_opts o = {.signing_time = clock_now(), .mime_type = c->cades.mime_type};
    TRY(c->cades.enveloping ? xades_sign_enveloping(in->data, &o, c->key, xml) : xades_sign_enveloped(in->data, &o, c->key, xml));
    r->reached = LEVEL_B;
    r->has_level = true;
    return c->level > LEVEL_B ? raise_xml(c, m, xml, r) : OK;
}

err_t job_xml_as_it_stands(struct bytes xml, const struct xades_files *files)
{
    AUTO_XADES x = NULL;
    TRY(xades_open(xml, &x));
    for (size_t i = 0; i < xades_count(x); i++) {
        const struct xades_signature *s = xades_signature(x, i);
        for (size_t k = 0; k < s->ref_n; k++)
            TRY(s->ref[k].kind == XADES_FILE && files == NULL ? ERR_UNSUPPORTED : xades_check_ref(&s->ref[k], files));
    }
    return OK;
}

static err_t extend_xml(const struct job_conf *c, struct means *m, const struct source *in, struct buf *xml, struct job_result *r)
{
    TRY(job_xml_as_it_stands(in->data, NULL)); /* files beside a detached signature are not looked for */
    TRY(buf_copy(xml, in->data));
    err_t e = raise_xml(c, m, xml, r);
    r->unchanged = e == OK && bytes_eq(buf_bytes(xml), in->data);
    return e;
}

err_t job_xml(const struct job_conf *c, struct means *m, const struct source *in, struct target *t, struct job_result *r)
{
    AUTO_BUF xml = {0};
    if (in->data.len > XML_MAX)
        return ERR_TOO_LARGE;
    if (c->verb == JOB_COUNTER)
        return ERR_UNSUPPORTED;
    if (c->verb == JOB_ADD)
        TRY(job_xml_as_it_stands(in->data, NULL));
    err_t e = c->verb == JOB_EXTEND ? extend_xml(c, m, in, &xml, r) : sign_xml(c, m, in, &xml, r);
    return job_put(t, &xml, e, r);
}
