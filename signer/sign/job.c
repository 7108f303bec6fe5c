/*
 * Signs and raises files.
 * Called by crew.c; the formats do the work. What could not be reached is said, never claimed.
 */
#include "signer/sign/job.h"

#include "common/clock.h"
#include "signer/formats/algorithm.h"
#include "signer/formats/signed_data.h"
#include "signer/formats/tlv.h"
#include "signer/sign/source.h"
#include "signer/sign/target.h"
#include "signer/sign/tsa_client.h"
#include "signer/sign/web.h"
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const char *format_name(enum file_format f)
{
    static const char *const NAMES[] = {"", "PAdES", "CAdES"};
    return NAMES[f];
}

const char *level_name(enum sig_level l)
{
    static const char *const NAMES[] = {"B-B", "B-T", "B-LT", "B-LTA"};
    return NAMES[l];
}

/* One job's way to the services. */
struct means {
    struct tsa_client client;
    struct stamping ask, ts;
    err_t stamp_failed;
    struct web web;
    struct vdata_source source;
    struct cades_means means;
};

static err_t stamp_and_remember(void *arg, enum cms_hash alg, struct bytes digest, struct buf *token)
{
    struct means *m = arg;
    m->stamp_failed = m->ask.stamp(m->ask.arg, alg, digest, token);
    return m->stamp_failed;
}

static void means_make(struct means *m, const struct job_conf *c)
{
    *m = (struct means){
        .client = {.fetch = c->tsa, .url = c->tsa_url, .user = c->tsa_user, .password = c->tsa_password, .alg = c->tsa_hash},
        .web = {.fetch = c->web, .cache = c->cache, .now = clock_now()},
        .source = {.cert = c->cert, .cert_n = c->cert_n, .crl = c->crl, .crl_n = c->crl_n, .now = clock_now()},
    };
    tsa_client_stamping(&m->client, &m->ask);
    m->ts = (struct stamping){.stamp = stamp_and_remember, .arg = m, .alg = c->tsa_hash};
    if (c->web != NULL) {
        m->source.get = web_get;
        m->source.arg = &m->web;
    }
    m->means = (struct cades_means){.ts = c->tsa != NULL ? &m->ts : NULL, .source = &m->source};
}

err_t job_check_signer(const struct job_conf *c)
{
    struct means m;
    AUTO_VDATA v = {0};
    means_make(&m, c);
    err_t e = vdata_collect(&m.source, c->key->cert, c->key->chain, c->key->chain_n, &v);
    if (e == OK || e == ERR_CERT_REVOKED || m.web.recalled == 0)
        return e;
    m.web.fresh = true;
    return vdata_collect(&m.source, c->key->cert, c->key->chain, c->key->chain_n, &v);
}

/* What was kept from earlier may be stale or was never good: once more without it. */
static bool once_more(struct means *m, err_t e)
{
    bool again = (e == ERR_CERT_STATUS || e == ERR_CERT_PATH) && m->web.recalled > 0 && !m->web.fresh;
    m->web.fresh = m->web.fresh || again;
    return again;
}

/* --- what comes from where, and goes where --- */

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n > k && strcasecmp(s + n - k, end) == 0;
}

static enum file_format format_of(const struct job_conf *c, const char *path, struct bytes head)
{
    if (c->format != FORMAT_AUTO)
        return c->format;
    return ends_in(path, ".pdf") || (head.len >= 5 && memcmp(head.ptr, "%PDF-", 5) == 0) ? FORMAT_PADES : FORMAT_CADES;
}

static err_t own_name(const struct job_conf *c, enum file_format f, const char *path, struct buf *out)
{
    if (c->extend)
        return buf_add_str(out, path);
    if (f == FORMAT_CADES)
        return buf_addf(out, "%s%s", path, c->cades.enveloping ? ".p7m" : ".p7s");
    int stem = (int)(strlen(path) - (ends_in(path, ".pdf") ? 4 : 0));
    return buf_addf(out, "%.*s.signed.pdf", stem, path);
}

static err_t output_of(const struct job_conf *c, enum file_format f, const char *path, char **out)
{
    struct stat st;
    AUTO_BUF own = {0};
    AUTO_BUF inside = {0};
    if (c->output != NULL && (stat(c->output, &st) != 0 || !S_ISDIR(st.st_mode)))
        return str_copy(out, c->output);
    TRY(own_name(c, f, path, &own));
    if (c->output == NULL)
        return str_copy(out, buf_str(&own));
    TRY(buf_addf(&inside, "%s/%s", c->output, basename((char *)own.ptr)));
    return str_copy(out, buf_str(&inside));
}

/* In its place means: over itself. */
static bool may_replace(const struct job_conf *c)
{
    return c->overwrite || (c->extend && c->output == NULL);
}

/* --- PDF --- */

/*
 * Without a timestamp when the service gives none: then B-B is what it is. Whatever else fails leaves the copy unsigned.
 */
static err_t sign_pdf(const struct job_conf *c, struct means *m, int fd, struct job_result *r)
{
    struct pades_opts o = c->pades;
    const struct stamping *ts = c->level >= LEVEL_T ? m->means.ts : NULL;
    o.signing_time = clock_now();
    err_t e = pades_sign(fd, &o, c->key, ts);
    if (e != OK && ts != NULL && m->stamp_failed != OK) {
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
    } while (once_more(m, e));
    return e;
}

static err_t do_pdf(const struct job_conf *c, struct means *m, const struct source *in, struct target *t, struct job_result *r)
{
    struct stat st;
    TRY(target_copy(t, in->fd));
    if (!c->extend)
        TRY(sign_pdf(c, m, t->fd, r));
    if (c->extend || c->level > LEVEL_T)
        TRY(raise_pdf(c, m, t->fd, r));
    r->unchanged = c->extend && fstat(t->fd, &st) == 0 && (uint64_t)st.st_size == in->data.len;
    return OK;
}

/* --- CMS --- */

static err_t octets(struct bytes whole, struct bytes *out)
{
    struct tlv t;
    TRY(tlv_expect(&whole, 0x04, &t));
    *out = t.body;
    return OK;
}

/* An archive timestamp over other content would prove nothing, and look as if it did. */
static err_t content_is_signed(struct bytes cms, const struct covered *content)
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
    if (!ends_in(path, ".p7s"))
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
    } while (once_more(m, e));
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
        TRY(content_is_signed(in->data, &content));
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

static err_t do_cms(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct target *t,
                    struct job_result *r)
{
    AUTO_BUF cms = {0};
    err_t e = c->extend ? extend_cms(c, m, in, path, &cms, r) : sign_cms(c, m, in, &cms, r);
    if (!r->has_level)
        return e;
    err_t w = target_write(t, buf_bytes(&cms));
    r->has_level = w == OK; /* half a message is none */
    return w == OK ? e : w;
}

/* --- one file --- */

static void explain(const struct means *m, err_t e, struct job_result *r)
{
    if (e != OK && m->client.why[0] != '\0')
        snprintf(r->why, sizeof r->why, "%s", m->client.why);
}

/* After a failure half way: is what is there still what is claimed? */
static bool sound(const struct target *t, const struct job_result *r)
{
    enum sig_level have;
    return r->format != FORMAT_PADES || (pades_level(t->fd, &have) == OK && have >= r->reached);
}

/* A signature that fell short is kept unless nothing is wanted then; an extension that got nowhere leaves the file alone. */
static err_t finish(const struct job_conf *c, struct target *t, enum sig_level before, err_t e, struct job_result *r)
{
    bool gained = !c->extend || r->reached > before;
    if (r->unchanged || !r->has_level || (e != OK && (c->or_nothing || !gained || !sound(t, r))))
        return e;
    TRY(target_commit(t));
    r->written = true;
    return e;
}

static enum sig_level level_before(enum file_format f, const struct source *in)
{
    enum sig_level l = LEVEL_B;
    err_t e = f == FORMAT_PADES ? pades_level(in->fd, &l) : cades_level(in->data, &l);
    return e == OK ? l : LEVEL_B;
}

static err_t run(const struct job_conf *c, const char *path, struct job_result *r)
{
    struct means m;
    AUTO_SOURCE in = {.fd = -1};
    AUTO_TARGET t = {.fd = -1};
    TRY(source_open(&in, path));
    r->format = format_of(c, path, in.data);
    TRY(output_of(c, r->format, path, &r->output));
    TRY(target_open(&t, r->output, may_replace(c)));
    means_make(&m, c);
    enum sig_level before = c->extend ? level_before(r->format, &in) : LEVEL_B;
    err_t e = r->format == FORMAT_PADES ? do_pdf(c, &m, &in, &t, r) : do_cms(c, &m, &in, path, &t, r);
    explain(&m, e, r);
    return finish(c, &t, before, e, r);
}

void job_run(const struct job_conf *c, const char *path, struct job_result *out)
{
    *out = (struct job_result){0};
    out->err = run(c, path, out);
}

void job_result_free(struct job_result *r)
{
    str_free(&r->output);
}
