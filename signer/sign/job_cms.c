/*
 * CMS signatures beside their files or around them.
 * Called by job.c. ETSI EN 319 122-1.
 */
#include "signer/sign/job_impl.h"

#include "common/clock.h"
#include "signer/formats/algorithm.h"
#include "signer/formats/signed_data.h"
#include "signer/formats/tlv.h"
#include <stdio.h>
#include <string.h>

static err_t octets(struct bytes whole, struct bytes *out)
{
    struct tlv t;
    TRY(tlv_expect(&whole, 0x04, &t));
    *out = t.body;
    return OK;
}

/* An archive timestamp over other content would prove nothing, and look as if it did. */
err_t job_cms_is_over(struct bytes cms, const struct covered *content)
{
    AUTO_SIGNED_DATA sd = {0};
    TRY(signed_data_parse(cms, &sd));
    for (size_t i = 0; i < sd.signer_n; i++) {
        char name[ALGORITHM_NAME_CAP];
        const EVP_MD *md;
        struct bytes value, want;
        uint8_t digest[EVP_MAX_MD_SIZE];
        size_t n;
        if (algorithm_digest(sd.signer[i].digest_alg, &md, name, NULL) != OK)
            return ERR_ALGORITHM;
        TRY(covered_digest(content, md, digest, &n));
        TRY(attribute_one(sd.signer[i].signed_attrs, OID_MESSAGE_DIGEST, &value));
        TRY(octets(value, &want));
        if (!bytes_eq(want, BYTES(digest, n)))
            return ERR_BAD_SIGNATURE;
    }
    return OK;
}

static err_t has_content_inside(struct bytes cms, struct covered *inside, bool *yes)
{
    AUTO_SIGNED_DATA sd = {0};
    TRY(signed_data_parse(cms, &sd));
    *yes = sd.content.ptr != NULL;
    *inside = (struct covered){{sd.own.ptr == NULL ? sd.content : (struct bytes){0}}}; /* borrowed from cms, which outlives it */
    return *yes && sd.own.ptr != NULL ? ERR_UNSUPPORTED : OK;                          /* BER with contents: nobody writes that */
}

/* The file beside it, whose name is the signature's without .p7s. ERR_NOT_FOUND: none there. */
static err_t open_content(const struct job_conf *c, const char *path, struct source *out)
{
    AUTO_STR beside = NULL;
    if (c->content != NULL)
        return source_open(out, c->content);
    if (!job_ends_in(path, ".p7s"))
        return ERR_NOT_FOUND;
    TRY(str_copy(&beside, path));
    beside[strlen(beside) - 4] = '\0';
    return source_open(out, beside);
}

static err_t raise_step(void *arg, struct bytes from, enum sig_level level, struct means *m, struct buf *out, enum sig_level *reached)
{
    return cades_raise(from, arg, level, &m->means, out, reached);
}

/* A message and what it is over, as far as that is at hand. */
struct message {
    struct source beside;
    struct covered content;
    bool inside, found;
};

static void message_close(struct message *x)
{
    source_close(&x->beside);
}
#define AUTO_MESSAGE AUTO(message_close) struct message

/* Nothing is built upon what was changed. need: without the content nothing can be done. */
static err_t message_open(const struct job_conf *c, const struct source *in, const char *path, bool need, struct message *x)
{
    if (in->data.len > SIGNED_DATA_MAX)
        return ERR_TOO_LARGE;
    TRY(has_content_inside(in->data, &x->content, &x->inside));
    x->found = x->inside;
    if (!x->inside) {
        err_t e = open_content(c, path, &x->beside);
        x->found = e == OK;
        if (!x->found && (e != ERR_NOT_FOUND || c->content != NULL || need))
            return e;
        x->content.part[0] = x->beside.data;
    }
    return x->found ? job_cms_is_over(in->data, &x->content) : OK;
}

static struct covered *outside(struct message *x)
{
    return x->inside || !x->found ? NULL : &x->content;
}

static err_t extend_cms(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct buf *cms,
                        struct job_result *r)
{
    AUTO_MESSAGE x = {.beside.fd = -1};
    TRY(message_open(c, in, path, c->level == LEVEL_LTA, &x));
    TRY(buf_copy(cms, in->data));
    err_t e = job_made(c, m, raise_step, outside(&x), cms, r);
    r->unchanged = e == OK && bytes_eq(buf_bytes(cms), in->data);
    return e;
}

static err_t add_cms(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct buf *cms,
                     struct job_result *r)
{
    AUTO_MESSAGE x = {.beside.fd = -1};
    struct cades_opts o = {.signing_time = clock_now(), .mime_type = c->cades.mime_type};
    TRY(message_open(c, in, path, true, &x));
    TRY(cades_add_signer(in->data, outside(&x), &o, c->key, cms));
    return job_made(c, m, raise_step, outside(&x), cms, r);
}

/* Which signer? When there are several, it must be said. */
static err_t signer_of(const struct job_conf *c, struct bytes cms, size_t *out, struct job_result *r)
{
    AUTO_SIGNED_DATA sd = {0};
    TRY(signed_data_parse(cms, &sd));
    *out = c->signer > 0 ? c->signer - 1 : 0;
    if (c->signer > 0 || sd.signer_n == 1)
        return *out < sd.signer_n ? OK : ERR_NOT_FOUND;
    snprintf(r->why, sizeof r->why, "--signer 1-%zu", sd.signer_n);
    return ERR_CONFLICT;
}

static err_t counter_cms(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct buf *cms,
                         struct job_result *r)
{
    AUTO_MESSAGE x = {.beside.fd = -1};
    size_t signer;
    const struct stamping *ts = job_stamping(c, m);
    TRY(message_open(c, in, path, false, &x));
    TRY(signer_of(c, in->data, &signer, r));
    err_t e = cades_countersign(in->data, signer, clock_now(), c->key, ts, cms);
    if (job_without_stamp(m, e))
        TRY(cades_countersign(in->data, signer, clock_now(), c->key, NULL, cms));
    else
        TRY(e);
    r->reached = e == OK && ts != NULL ? LEVEL_T : LEVEL_B;
    r->has_level = true;
    return e;
}

static err_t sign_cms(const struct job_conf *c, struct means *m, const struct source *in, struct buf *cms, struct job_result *r)
{
    struct covered content = {{in->data}};
    struct cades_opts o = c->cades;
    o.signing_time = clock_now();
    TRY(cades_sign(&content, &o, c->key, cms));
    return job_made(c, m, raise_step, o.enveloping ? NULL : &content, cms, r);
}

err_t job_cms(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct target *t, struct job_result *r)
{
    AUTO_BUF cms = {0};
    err_t e = OK;
    switch (c->verb) {
    case JOB_SIGN: e = sign_cms(c, m, in, &cms, r); break;
    case JOB_EXTEND: e = extend_cms(c, m, in, path, &cms, r); break;
    case JOB_ADD: e = add_cms(c, m, in, path, &cms, r); break;
    default: e = counter_cms(c, m, in, path, &cms, r); break;
    }
    return job_put(t, &cms, e, r);
}
