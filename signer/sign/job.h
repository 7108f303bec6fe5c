/*
 * One file: signed, or its signatures raised to a higher level; and what came of it.
 * Run by crew.c, many at once. ETSI EN 319 122-1 §6, EN 319 132-1 §6, EN 319 142-1 §6; EN 319 162-1.
 */
#ifndef ANTIN_SIGN_JOB_H
#define ANTIN_SIGN_JOB_H

#include "common/fetch.h"
#include "signer/formats/asic.h"
#include "signer/formats/pades_sign.h"
#include <pthread.h>
#include "signer/sign/visible.h"

enum file_format { FORMAT_AUTO, FORMAT_PADES, FORMAT_CADES, FORMAT_XADES, FORMAT_ASIC_E, FORMAT_ASIC_S, FORMAT_JADES };
const char *format_name(enum file_format f); /* "PAdES" */

enum job_verb {
    JOB_SIGN,
    JOB_EXTEND,  /* raises what is there */
    JOB_ADD,     /* one more signature in what is signed */
    JOB_COUNTER, /* a signature over another's signature */
    JOB_RENEW,   /* a further archive timestamp, where the last one is about to end */
};

/* What the service's timestamps are worth: asked once by whoever needs it first. */
struct renew_offer {
    pthread_mutex_t mutex;
    bool asked;
    err_t err;
    int64_t until; /* when its certificate ends */
};

/* The same for all files; nothing in it changes while jobs run. */
struct job_conf {
    enum job_verb verb;
    enum sig_level level;
    enum file_format format;
    enum asic_kind kind;           /* of the signature in a new container */
    const struct signing_key *key; /* NULL: extend, or a timestamp alone */
    struct pades_opts pades;
    struct visible visible; /* of signatures in PDFs */
    struct cades_opts cades;
    const char *output;        /* a file, or an existing folder, or NULL: beside the input, or (all but JOB_SIGN) in its place */
    unsigned signer;           /* JOB_COUNTER: whose signature, from 1; 0: there is just one */
    int64_t within;            /* JOB_RENEW: seconds from now in which an archive timestamp may end */
    struct renew_offer *offer; /* JOB_RENEW */
    const char *content;       /* what a detached CMS signs, when its name does not tell */
    bool detached;             /* XML, JSON: about the file beside it */
    bool compact;              /* JSON: the one-line form */
    bool overwrite, or_nothing;

    struct fetch *tsa; /* NULL: no service */
    const char *tsa_url, *tsa_user, *tsa_password;
    enum cms_hash tsa_hash;

    struct fetch *web;              /* NULL: certificates' addresses are not followed */
    const char *cache;              /* NULL: none */
    const struct bytes *cert, *crl; /* DER, at hand */
    size_t cert_n, crl_n;
};

/* Something that is signed already is worked upon. */
bool job_in_place(const struct job_conf *c);
bool job_needs_key(const struct job_conf *c);
/* Do all files go into one result? Then job_run_all makes it. */
bool job_is_one(const struct job_conf *c);

struct job_result {
    char *output;
    enum file_format format;
    enum sig_level reached; /* when has_level: of the signature that was made or raised, whether it was written or not */
    bool has_level;
    bool timestamp; /* a timestamp and no signature: it has no level */
    bool written;   /* output holds it */
    bool unchanged; /* extend: it had the level before; renew: it lasts */
    bool passed;    /* renew: nothing that could be renewed */
    int64_t until;  /* renew: when its archive timestamps end, as found; 0: none */
    err_t err;      /* OK: the level that was asked for */
    char why[160];  /* more to err, or empty */
};
void job_run(const struct job_conf *conf, const char *path, struct job_result *out);
void job_run_all(const struct job_conf *conf, char *const *paths, size_t n, struct job_result *out);
void job_result_free(struct job_result *r);

/* Is the signer's certificate good, as OCSP or CRLs tell? Before anything is signed. ERR_CERT_*. */
err_t job_check_signer(const struct job_conf *conf) MUST_USE;

#endif
