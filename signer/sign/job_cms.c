/*
 * CMS signatures beside their files or around them.
 * Called by job.c. ETSI EN 319 122-1.
 */
#include "signer/sign/job_impl.h"

#include "common/clock.h"
#include "signer/formats/algorithm.h"
#include "signer/formats/signed_data.h"
#include "signer/formats/tlv.h"
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
        if (algorithm_digest(sd.signer[i].digest_alg, &md, name) != OK)
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

static err_t raise_cms(const struct job_conf *c, struct means *m, const struct covered *content, struct buf *cms, struct job_result *r)
{
    err_t e;
    do {
        AUTO_BUF from = take(cms);
        e = cades_raise(buf_bytes(&from), content, c->level, &m->means, cms, &r->reached);
        if (cms->len == 0) { /* not even parsed */
            *cms = take(&from);
            return e;
        }
        r->has_level = true;
    } while (job_once_more(m, e));
    return e;
}

static err_t extend_cms(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct buf *cms,
                        struct job_result *r)
{
    AUTO_SOURCE beside = {.fd = -1};
    struct covered content = {{{0}}};
    bool inside = false, found = true;
    if (in->data.len > SIGNED_DATA_MAX)
        return ERR_TOO_LARGE;
    TRY(has_content_inside(in->data, &content, &inside));
    if (!inside) {
        err_t e = open_content(c, path, &beside);
        found = e == OK;
        if (!found && (e != ERR_NOT_FOUND || c->content != NULL || c->level == LEVEL_LTA))
            return e;
        content.part[0] = beside.data;
    }
    if (found)
        TRY(job_cms_is_over(in->data, &content));
    TRY(buf_copy(cms, in->data));
    err_t e = raise_cms(c, m, inside || !found ? NULL : &content, cms, r);
    r->unchanged = e == OK && bytes_eq(buf_bytes(cms), in->data);
    return e;
}

static err_t sign_cms(const struct job_conf *c, struct means *m, const struct source *in, struct buf *cms, struct job_result *r)
{
    const struct covered content = {{in->data}};
    struct cades_opts o = c->cades;
    o.signing_time = clock_now();
    TRY(cades_sign(&content, &o, c->key, cms));
    r->reached = LEVEL_B;
    r->has_level = true;
    return c->level > LEVEL_B ? raise_cms(c, m, o.enveloping ? NULL : &content, cms, r) : OK;
}

err_t job_cms(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct target *t, struct job_result *r)
{
    AUTO_BUF cms = {0};
    err_t e = c->extend ? extend_cms(c, m, in, path, &cms, r) : sign_cms(c, m, in, &cms, r);
    return job_put(t, &cms, e, r);
}
