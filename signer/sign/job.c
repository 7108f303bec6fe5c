/*
 * Signs and raises files.
 * Called by crew.c; the formats do the work. What could not be reached is said, never claimed.
 */
#include "signer/sign/job_impl.h"
#include "signer/sign/renew.h"

#include "common/clock.h"
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const char *format_name(enum file_format f)
{
    static const char *const NAMES[] = {"", "PAdES", "CAdES", "XAdES", "ASiC-E", "ASiC-S", "JAdES"};
    return NAMES[f];
}

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
bool job_once_more(struct means *m, err_t e)
{
    bool again = (e == ERR_CERT_STATUS || e == ERR_CERT_PATH) && m->web.recalled > 0 && !m->web.fresh;
    m->web.fresh = m->web.fresh || again;
    return again;
}

const struct stamping *job_stamping(const struct job_conf *c, const struct means *m)
{
    return c->level >= LEVEL_T ? m->means.ts : NULL;
}

bool job_without_stamp(const struct means *m, err_t e)
{
    return e != OK && m->stamp_failed != OK;
}

/* --- what comes from where, and goes where --- */

bool job_ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n > k && strcasecmp(s + n - k, end) == 0;
}

static enum file_format format_of(const struct job_conf *c, const char *path, struct bytes head)
{
    if (c->format != FORMAT_AUTO)
        return c->format;
    if (job_in_place(c) && asic_looks_like(head))
        return FORMAT_ASIC_E; /* job_asic tells which */
    if (job_in_place(c) && jades_looks_like(head))
        return FORMAT_JADES;
    if (job_in_place(c) && head.len > 0 && head.ptr[0] == '<')
        return FORMAT_XADES;
    return job_ends_in(path, ".pdf") || (head.len >= 5 && memcmp(head.ptr, "%PDF-", 5) == 0) ? FORMAT_PADES : FORMAT_CADES;
}

/* The length of a path without its name's ending: "a.b/tờ-khai.pdf" up to the last dot. */
static int stem_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path, *dot = strrchr(name, '.');
    return (int)(dot != NULL && dot != name ? (size_t)(dot - path) : strlen(path));
}

static err_t own_name(const struct job_conf *c, enum file_format f, const char *path, struct buf *out)
{
    if (job_in_place(c))
        return buf_add_str(out, path);
    if (f == FORMAT_ASIC_E || f == FORMAT_ASIC_S)
        return buf_addf(out, "%.*s%s", stem_of(path), path, f == FORMAT_ASIC_E ? ".asice" : ".asics");
    if (f == FORMAT_CADES)
        return buf_addf(out, "%s%s", path, c->cades.enveloping ? ".p7m" : ".p7s");
    if (f == FORMAT_JADES)
        return buf_addf(out, "%s%s", path, c->compact ? ".jws" : ".jades.json");
    if (f == FORMAT_XADES && (c->cades.enveloping || c->detached))
        return buf_addf(out, "%s.xades.xml", path);
    if (f == FORMAT_XADES)
        return buf_addf(out, "%.*s.signed.xml", (int)(strlen(path) - (job_ends_in(path, ".xml") ? 4 : 0)), path);
    int stem = (int)(strlen(path) - (job_ends_in(path, ".pdf") ? 4 : 0));
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
    return c->overwrite || (job_in_place(c) && c->output == NULL);
}

err_t job_raise(const struct job_conf *c, struct means *m, job_raise_fn *raise, void *arg, struct buf *made, struct job_result *r)
{
    err_t e;
    do {
        AUTO_BUF from = take(made);
        e = raise(arg, buf_bytes(&from), c->level, m, made, &r->reached);
        if (made->len == 0) { /* not even read */
            *made = take(&from);
            return e;
        }
        r->has_level = true;
    } while (job_once_more(m, e));
    return e;
}

err_t job_made(const struct job_conf *c, struct means *m, job_raise_fn *raise, void *arg, struct buf *made, struct job_result *r)
{
    if (c->verb != JOB_EXTEND) {
        r->reached = LEVEL_B;
        r->has_level = true;
        if (c->level == LEVEL_B)
            return OK;
    }
    return job_raise(c, m, raise, arg, made, r);
}

err_t job_put(struct target *t, const struct buf *made, err_t e, struct job_result *r)
{
    if (!r->has_level)
        return e;
    err_t w = target_write(t, buf_bytes(made));
    r->has_level = w == OK;
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
    bool gained = c->verb != JOB_EXTEND || r->reached > before;
    if (r->unchanged || !r->has_level || (e != OK && (c->or_nothing || !gained || !sound(t, r))))
        return e;
    TRY(target_commit(t));
    r->written = true;
    return e;
}

static err_t container_level(struct bytes file, enum sig_level *level)
{
    AUTO_ASIC a = {0};
    TRY(asic_open(file, &a));
    return asic_level(&a, level);
}

static enum sig_level level_before(enum file_format f, const struct source *in)
{
    enum sig_level l = LEVEL_B;
    err_t e = OK;
    switch (f) {
    case FORMAT_PADES: e = pades_level(in->fd, &l); break;
    case FORMAT_JADES: e = jades_level(in->data, &l); break;
    case FORMAT_XADES: e = xades_level(in->data, &l); break;
    case FORMAT_ASIC_E:
    case FORMAT_ASIC_S: e = container_level(in->data, &l); break;
    default: e = cades_level(in->data, &l); break;
    }
    return e == OK ? l : LEVEL_B;
}

static err_t make(const struct job_conf *c, struct means *m, const struct source *in, char *const *paths, size_t n, struct target *t,
                  struct job_result *r)
{
    switch (r->format) {
    case FORMAT_PADES: return job_pdf(c, m, in, t, r);
    case FORMAT_XADES: return job_xml(c, m, in, paths[0], t, r);
    case FORMAT_JADES: return job_json(c, m, in, paths[0], t, r);
    case FORMAT_ASIC_E:
    case FORMAT_ASIC_S: return job_asic(c, m, paths, n, t, r);
    default: return job_cms(c, m, in, paths[0], t, r);
    }
}

/* What goes where, made or raised. */
static err_t work(const struct job_conf *c, struct means *m, const struct source *in, char *const *paths, size_t n, struct job_result *r)
{
    AUTO_TARGET t = {.fd = -1};
    TRY(output_of(c, r->format, paths[0], &r->output));
    TRY(target_open(&t, r->output, may_replace(c)));
    enum sig_level before = c->verb == JOB_EXTEND ? level_before(r->format, in) : LEVEL_B;
    err_t e = make(c, m, in, paths, n, &t, r);
    explain(m, e, r);
    return finish(c, &t, before, e, r);
}

/* One that is due is extended where it lies. */
static err_t renew(const struct job_conf *c, struct means *m, const struct source *in, char *const *paths, struct job_result *r)
{
    enum renewal what;
    struct job_conf extend = *c;
    extend.verb = JOB_EXTEND;
    r->format = renewal_format(in->data);
    err_t e = renewal_of(c, m, r->format, in->data, &what, &r->until);
    r->passed = e == OK && what == RENEWAL_NOT;
    r->unchanged = what == RENEWAL_NOT_YET;
    r->has_level = what != RENEWAL_NOT;
    r->reached = LEVEL_LTA;
    explain(m, e, r);
    return e == OK && what == RENEWAL_DUE ? work(&extend, m, in, paths, 1, r) : e;
}

static err_t run(const struct job_conf *c, char *const *paths, size_t n, struct job_result *r)
{
    struct means m;
    AUTO_SOURCE in = {.fd = -1};
    err_t e = source_open(&in, paths[0]);
    r->passed = c->verb == JOB_RENEW && e == ERR_SYNTAX; /* empty: nobody's signature */
    if (e != OK)
        return r->passed ? OK : e;
    means_make(&m, c);
    if (c->verb == JOB_RENEW)
        return renew(c, &m, &in, paths, r);
    r->format = format_of(c, paths[0], in.data);
    return work(c, &m, &in, paths, n, r);
}

bool job_in_place(const struct job_conf *c)
{
    return c->verb != JOB_SIGN;
}

bool job_needs_key(const struct job_conf *c)
{
    return c->verb != JOB_EXTEND && c->verb != JOB_RENEW && c->kind != ASIC_TIMESTAMP;
}

bool job_is_one(const struct job_conf *c)
{
    return c->verb == JOB_SIGN && c->format == FORMAT_ASIC_E;
}

void job_run_all(const struct job_conf *c, char *const *paths, size_t n, struct job_result *out)
{
    *out = (struct job_result){0};
    out->err = run(c, paths, n, out);
}

void job_run(const struct job_conf *c, const char *path, struct job_result *out)
{
    char *one = (char *)(uintptr_t)path;
    job_run_all(c, &one, 1, out);
}

void job_result_free(struct job_result *r)
{
    str_free(&r->output);
}
