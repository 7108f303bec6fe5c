/*
 * Evidence over many files: reads them once each, and leaves trees and records to signer/formats.
 * Called by main.c. RFC 4998 §4, §5.
 */
#include "signer/sign/evidence.h"

#include "common/clock.h"
#include "signer/formats/ers_archive.h"
#include "signer/sign/crew.h"
#include "signer/sign/source.h"
#include "signer/sign/target.h"
#include "signer/sign/tsa_client.h"
#include "signer/sign/web.h"
#include "signer/sign/words.h"
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

struct run {
    const struct evidence_conf *conf;
    const char *folder;
    struct tsa_client client;
    struct web web;
    struct stamping ts;
    struct vdata_source source;
    struct ers_means means;
};

static bool complain(const struct run *r, const char *what, err_t e)
{
    fprintf(stderr, "antin-sign: %s: %s%s%s\n", what, word_text(e, r->conf->lang), r->client.why[0] != '\0' ? ": " : "", r->client.why);
    return false;
}

static void means_make(struct run *r)
{
    const struct job_conf *c = r->conf->job;
    r->client = (struct tsa_client){.fetch = c->tsa, .url = c->tsa_url, .user = c->tsa_user, .password = c->tsa_password};
    r->web = (struct web){.fetch = c->web, .cache = c->cache, .now = clock_now()};
    r->source = (struct vdata_source){.cert = c->cert, .cert_n = c->cert_n, .crl = c->crl, .crl_n = c->crl_n, .now = clock_now()};
    if (c->web != NULL) {
        r->source.get = web_get;
        r->source.arg = &r->web;
    }
    tsa_client_stamping(&r->client, &r->ts);
    r->means = (struct ers_means){.ts = c->tsa != NULL ? &r->ts : NULL, .source = &r->source};
}

/* --- files --- */

static err_t digests_of(const char *path, unsigned hashes, struct ers_digests *d)
{
    AUTO_SOURCE s = {.fd = -1};
    TRY(source_open(&s, path));
    for (enum cms_hash h = CMS_SHA256; h <= CMS_SHA3_512; h++) {
        if ((hashes & 1u << h) != 0 && EVP_Digest(s.data.ptr, s.data.len, d->of[h], NULL, cms_hash_md(h), NULL) != 1)
            return ERR_CRYPTO;
    }
    return OK;
}

struct reading {
    const struct run *run;
    struct ers_gather *gather;
    unsigned hashes;
    char **paths;
    size_t n;
    _Atomic size_t next;
    _Atomic bool failed;
};

/* The first failure ends it for all. */
static void *read_some(void *arg)
{
    struct reading *r = arg;
    AUTO_ERS_HAND hand = NULL;
    const char *where = r->run->folder;
    err_t e = ers_hand_new(r->gather, &hand);
    for (size_t i; e == OK && !atomic_load(&r->failed) && (i = atomic_fetch_add(&r->next, 1)) < r->n;) {
        struct ers_digests d;
        where = r->paths[i];
        e = digests_of(where, r->hashes, &d);
        if (e == OK)
            e = ers_hand_add(hand, &d);
    }
    if (e != OK && !atomic_exchange(&r->failed, true))
        (void)complain(r->run, where, e);
    return NULL;
}

static bool add_all(const struct run *run, struct ers_gather *g, unsigned hashes, char **paths, size_t n)
{
    struct reading r = {.run = run, .gather = g, .hashes = hashes, .paths = paths, .n = n};
    crew_spread(read_some, &r, n < run->conf->threads ? (unsigned)n : run->conf->threads);
    return !atomic_load(&r.failed);
}

/* --- the verbs --- */

static bool finish(struct run *r, struct ers_gather *g)
{
    err_t e = ers_gather_finish(g, false);
    return e == OK || complain(r, r->folder, e);
}

static bool create(struct run *r, char **paths, size_t n)
{
    AUTO_ERS_GATHER g = NULL;
    enum cms_hash alg = r->conf->hash != NULL ? *r->conf->hash : CMS_SHA256;
    (void)mkdir(r->folder, 0755); /* it may be there */
    err_t e = ers_gather_new(r->folder, alg, &r->means, &g);
    if (e != OK)
        return complain(r, r->folder, e);
    return add_all(r, g, 1u << alg, paths, n) && finish(r, g);
}

static bool renew_stamp(struct run *r)
{
    err_t e = ers_archive_renew(r->folder, &r->means);
    return e == OK || complain(r, r->folder, e);
}

static err_t hashes_of(const char *folder, unsigned *hashes)
{
    AUTO_ERS_ARCHIVE a = NULL;
    TRY(ers_archive_open(folder, &a));
    *hashes = ers_archive_hashes(a);
    return OK;
}

static bool renew_tree(struct run *r, char **paths, size_t n)
{
    AUTO_ERS_GATHER g = NULL;
    unsigned hashes = 0;
    err_t e = hashes_of(r->folder, &hashes);
    if (e == OK)
        e = ers_gather_renewal(r->folder, *r->conf->hash, &r->means, &g);
    if (e != OK)
        return complain(r, r->folder, e);
    return add_all(r, g, hashes | 1u << *r->conf->hash, paths, n) && finish(r, g);
}

static err_t write_record(const struct run *r, const char *path, struct bytes record)
{
    AUTO_TARGET t = {.fd = -1};
    AUTO_STR name = NULL;
    if (asprintf(&name, "%s.ers", path) < 0) {
        name = NULL;
        return ERR_NOMEM;
    }
    TRY(target_open(&t, name, r->conf->job->overwrite));
    TRY(target_write(&t, record));
    TRY(target_commit(&t));
    target_sync_folder(t.path);
    return OK;
}

static bool get(struct run *r, char **paths, size_t n)
{
    AUTO_ERS_ARCHIVE a = NULL;
    AUTO_BUF record = {0};
    bool all = true;
    err_t e = ers_archive_open(r->folder, &a);
    if (e != OK)
        return complain(r, r->folder, e);
    for (size_t i = 0; i < n; i++) {
        struct ers_digests d;
        e = digests_of(paths[i], ers_archive_hashes(a), &d);
        if (e == OK)
            e = ers_archive_record(a, &d, &record);
        if (e == OK)
            e = write_record(r, paths[i], buf_bytes(&record));
        if (e != OK)
            all = complain(r, paths[i], e);
    }
    return all;
}

bool evidence_run(const struct evidence_conf *c, char **paths, size_t n)
{
    struct run r = {.conf = c, .folder = c->job->output};
    means_make(&r);
    switch (c->verb) {
    case EVIDENCE_CREATE: return create(&r, paths, n);
    case EVIDENCE_RENEW: return n > 0 ? renew_tree(&r, paths, n) : renew_stamp(&r);
    case EVIDENCE_GET: return get(&r, paths, n);
    case EVIDENCE_NONE: break;
    }
    return false;
}
