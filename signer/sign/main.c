/*
 * antin-sign: signs files with a person's own key, and raises the level of signatures that are there.
 * Run by people and scripts; docs/man/antin-sign.1 describes it. ETSI EN 319 122-1, EN 319 132-1, EN 319 142-1, EN 319 162-1.
 */
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "signer/formats/errors.h"
#include "signer/sign/crew.h"
#include "signer/sign/folder.h"
#include "signer/sign/key_process.h"
#include "signer/sign/options.h"
#include "signer/sign/report.h"
#include "signer/sign/source.h"
#include "signer/sign/target.h"
#include "signer/sign/words.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef ANTIN_VERSION
#define ANTIN_VERSION "0.1.0"
#endif
#define PASSWORD_MAX 256
#define ANSWER_MAX (64u << 20) /* a large authority's CRL */
#define TOKEN_ANSWER_MAX (256u << 10)
#define DER_MAX 256

enum { EXIT_DONE, EXIT_NOT_SIGNED, EXIT_LOWER, EXIT_USAGE };

struct program {
    struct options o;
    struct key_process *key;
    struct secret tsa_password;
    struct fetch *tsa, *web;
    struct buf origin, cache;
    struct folder folder;
    struct renew_offer offer;
    struct source picture;
    struct buf cert_der[DER_MAX], crl_der[DER_MAX];
    struct bytes cert[DER_MAX], crl[DER_MAX];
};

static void program_free(struct program *p)
{
    key_process_end(&p->key);
    secret_free(&p->tsa_password);
    fetch_close(&p->tsa);
    fetch_close(&p->web);
    buf_free(&p->origin);
    buf_free(&p->cache);
    folder_free(&p->folder);
    source_close(&p->picture);
    for (size_t i = 0; i < DER_MAX; i++) {
        buf_free(&p->cert_der[i]);
        buf_free(&p->crl_der[i]);
    }
}

static bool complain(const struct program *p, const char *what, err_t e)
{
    fprintf(stderr, "antin-sign: %s: %s\n", what, word_text(e, p->o.lang));
    return false;
}

/* In a process of its own, before this one has read anything but its command line. */
static bool load_key(struct program *p)
{
    char why[160] = "";
    const struct key_wish wish = {.source = p->o.key, .password_file = p->o.password_file, .lang = p->o.lang};
    if (!job_needs_key(&p->o.job))
        return true;
    err_t e = key_process_start(&wish, p->o.threads, &p->key, why);
    if (e != OK)
        return complain(p, why[0] != '\0' ? why : "key", e);
    p->o.job.key = key_process_signing(p->key);
    return true;
}

/* --- what is at hand --- */

static bool load_certs(struct program *p, const char *path)
{
    AUTO_X509_STACK certs = NULL;
    AUTO_X509_CRL_STACK crls = NULL;
    err_t e = x509_bundle_load(path, &certs, &crls);
    for (int i = 0; e == OK && i < sk_X509_num(certs); i++) {
        struct buf *to = &p->cert_der[p->o.job.cert_n];
        e = p->o.job.cert_n < DER_MAX ? x509_to_der(sk_X509_value(certs, i), to) : ERR_TOO_LARGE;
        if (e == OK)
            p->cert[p->o.job.cert_n++] = buf_bytes(to);
    }
    for (int i = 0; e == OK && i < sk_X509_CRL_num(crls); i++) {
        struct buf *to = &p->crl_der[p->o.job.crl_n];
        e = p->o.job.crl_n < DER_MAX ? x509_crl_to_der(sk_X509_CRL_value(crls, i), to) : ERR_TOO_LARGE;
        if (e == OK)
            p->crl[p->o.job.crl_n++] = buf_bytes(to);
    }
    return e == OK || complain(p, path, e);
}

static bool load_at_hand(struct program *p)
{
    for (size_t i = 0; p->o.trust[i] != NULL; i++) {
        if (!load_certs(p, p->o.trust[i]))
            return false;
    }
    for (size_t i = 0; p->o.crl[i] != NULL; i++) {
        if (!load_certs(p, p->o.crl[i]))
            return false;
    }
    p->o.job.cert = p->cert;
    p->o.job.crl = p->crl;
    return true;
}

/* Drawn once before anything is signed: what is wrong with its texts or picture is wrong with all of them. */
static bool load_look(struct program *p)
{
    AUTO_DRAWN d = {0};
    struct job_conf *c = &p->o.job;
    if (!c->visible.wanted)
        return true;
    err_t e = p->o.picture != NULL ? source_open(&p->picture, p->o.picture) : OK;
    if (e != OK)
        return complain(p, p->o.picture, e);
    c->visible.picture = p->picture.data;
    e = visible_draw(&c->visible, c->pades.name, c->key->cert, clock_now(), &d);
    return e == OK || complain(p, "--visible", e);
}

/* --- services --- */

static bool open_tsa(struct program *p)
{
    const char *url = p->o.job.tsa_url, *host = url == NULL ? NULL : strstr(url, "://");
    if (url == NULL)
        return true;
    size_t n = host == NULL ? 0 : (size_t)(host - url) + 3 + strcspn(host + 3, "/?#");
    if (n == 0 || url[n] != '/' || buf_add(&p->origin, url, n) != OK)
        return complain(p, "--tsa", ERR_SYNTAX);
    if (p->o.tsa_password_file != NULL && secret_read_file(&p->tsa_password, p->o.tsa_password_file, PASSWORD_MAX) != OK)
        return complain(p, p->o.tsa_password_file, ERR_IO);
    const char *const origins[] = {buf_str(&p->origin), NULL};
    const struct fetch_conf conf = {.origins = origins,
                                    .ca_file = p->o.tls_ca,
                                    .total_ms = p->o.timeout * 1000,
                                    .body_max = TOKEN_ANSWER_MAX,
                                    .private_addresses = true};
    err_t e = fetch_open(&conf, &p->tsa);
    p->o.job.tsa = p->tsa;
    p->o.job.tsa_password = (const char *)p->tsa_password.ptr;
    return e == OK || complain(p, "--tsa", e == ERR_CONFIG ? ERR_SYNTAX : e);
}

/* Nobody else's: whoever writes there could keep a revocation from being seen until its nextUpdate. */
static bool own_folder(const char *path)
{
    struct stat st;
    return (mkdir(path, 0700) == 0 || errno == EEXIST) && stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
           (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static void open_cache(struct program *p)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    err_t e = ERR_NOT_FOUND;
    if (p->o.no_cache || p->o.cache != NULL)
        e = p->o.no_cache ? ERR_NOT_FOUND : buf_add_str(&p->cache, p->o.cache);
    else if (xdg != NULL && xdg[0] == '/')
        e = buf_addf(&p->cache, "%s/antin", xdg);
    else if (home != NULL && home[0] == '/')
        e = buf_addf(&p->cache, "%s/.cache/antin", home);
    if (e == OK && own_folder(buf_str(&p->cache)))
        p->o.job.cache = buf_str(&p->cache);
    else if (p->o.cache != NULL && !p->o.no_cache)
        fprintf(stderr, "antin-sign: %s: not a folder of our own; nothing is kept\n", p->o.cache);
}

static bool open_web(struct program *p)
{
    if (p->o.offline || (p->o.job.level < LEVEL_LT && !p->o.check))
        return true;
    const struct fetch_conf conf = {.any_origin = true,
                                    .ca_file = p->o.tls_ca,
                                    .total_ms = p->o.timeout * 1000,
                                    .body_max = ANSWER_MAX,
                                    .private_addresses = p->o.private_addresses};
    err_t e = fetch_open(&conf, &p->web);
    p->o.job.web = p->web;
    open_cache(p);
    return e == OK || complain(p, "network", e);
}

/* Decree 23/2025 art. 15: a certificate that is known to be revoked signs nothing; --check: nor one of which nothing is known. */
static bool signer_is_good(struct program *p)
{
    if (p->o.job.key == NULL || (p->o.job.level < LEVEL_LT && !p->o.check))
        return true;
    err_t e = job_check_signer(&p->o.job);
    return e == OK || (e != ERR_CERT_REVOKED && !p->o.check) || complain(p, "certificate", e);
}

/* --- running --- */

static int exit_status(const struct job_result *r, size_t n)
{
    int worst = EXIT_DONE;
    for (size_t i = 0; i < n; i++) {
        enum outcome o = outcome_of(&r[i]);
        if (o == OUTCOME_FAILED)
            return EXIT_NOT_SIGNED;
        if (o == OUTCOME_LOWER)
            worst = EXIT_LOWER;
    }
    return worst;
}

static int report(const struct program *p, const struct job_result *r, size_t n)
{
    AUTO_BUF text = {0};
    const struct options *o = &p->o;
    int status = exit_status(r, n);
    err_t e = o->json ? report_json(&o->job, o->paths, r, n, &text) : report_text(&o->job, o->paths, r, n, o->lang, &text);
    bool silent = o->quiet && !o->json && status == EXIT_DONE;
    if (e != OK || (!silent && fwrite(text.ptr, 1, text.len, stdout) != text.len) || fflush(stdout) != 0) {
        fputs("antin-sign: the report could not be written\n", stderr);
        return status != EXIT_DONE ? status : EXIT_NOT_SIGNED;
    }
    return status;
}

/* renew: folders become the files in them. */
static bool list_files(struct program *p)
{
    for (size_t i = 0; p->o.job.verb == JOB_RENEW && i < p->o.path_n; i++) {
        err_t e = folder_add(&p->folder, p->o.paths[i]);
        if (e != OK)
            return complain(p, p->o.paths[i], e);
    }
    if (p->o.job.verb == JOB_RENEW) {
        p->o.paths = p->folder.path;
        p->o.path_n = p->folder.n;
    }
    p->o.job.offer = &p->offer;
    return true;
}

static bool same_folder(const char *a, const char *b)
{
    const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
    size_t n = x != NULL ? (size_t)(x - a) + 1 : 0, m = y != NULL ? (size_t)(y - b) + 1 : 0;
    return n == m && memcmp(a, b, n) == 0;
}

/* What is reported stays, whatever happens to the machine. */
static void sync_folders(const struct job_result *r, size_t n)
{
    const char *last = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!r[i].written || (last != NULL && same_folder(last, r[i].output)))
            continue;
        last = r[i].output;
        target_sync_folder(last);
    }
}

static int run(struct program *p)
{
    const struct options *o = &p->o;
    const struct evidence_conf evidence = {
        .verb = o->evidence, .job = &o->job, .hash = o->key.hash, .lang = o->lang, .threads = o->threads};
    if (o->evidence != EVIDENCE_NONE)
        return evidence_run(&evidence, o->paths, o->path_n) ? EXIT_DONE : EXIT_NOT_SIGNED;
    size_t n = job_is_one(&o->job) ? 1 : o->path_n;
    struct job_result *r = calloc(n + 1, sizeof *r);
    if (r == NULL)
        return EXIT_NOT_SIGNED;
    if (n < o->path_n)
        job_run_all(&o->job, o->paths, o->path_n, r);
    else
        crew_run(&o->job, o->paths, r, n, o->threads, !o->quiet && n > 1 && isatty(STDERR_FILENO));
    sync_folders(r, n);
    int status = report(p, r, n);
    for (size_t i = 0; i < n; i++)
        job_result_free(&r[i]);
    free(r);
    return status;
}

static void harden(void)
{
    struct rlimit core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &core); /* it would hold the key */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a size limit is a full disk to us */
}

int main(int argc, char **argv)
{
    static struct program p = {.offer.mutex = PTHREAD_MUTEX_INITIALIZER, .picture = {.fd = -1}}; /* large, and wiped by the system */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL); /* a local openssl.cnf changes nothing of what is signed */
    secret_init();
    formats_errors_register();
    log_init("antin-sign", (enum log_level)(LOG_ERROR + 1)); /* people read this program's own words */
    harden();
    if (!options_read(&p.o, argc, argv))
        return EXIT_USAGE;
    if (p.o.help)
        return fputs(OPTIONS_HELP, stdout) < 0 ? EXIT_USAGE : EXIT_DONE;
    if (p.o.version)
        return puts("antin-sign " ANTIN_VERSION) < 0 ? EXIT_USAGE : EXIT_DONE;
    int status = EXIT_USAGE;
    if (load_key(&p) && load_look(&p) && load_at_hand(&p) && open_tsa(&p) && open_web(&p) && list_files(&p))
        status = signer_is_good(&p) ? run(&p) : EXIT_NOT_SIGNED;
    program_free(&p);
    return status;
}
