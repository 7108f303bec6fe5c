/*
 * The command line of antin-sign, read and checked.
 * Used by main.c; docs/man/antin-sign.1 describes it.
 */
#ifndef ANTIN_SIGN_OPTIONS_H
#define ANTIN_SIGN_OPTIONS_H

#include "common/text.h"
#include "signer/sign/evidence.h"
#include "signer/sign/job.h"
#include "signer/sign/key.h"

#define LIST_MAX 32

struct options {
    struct job_conf job;
    enum evidence_verb evidence;
    struct key_source key;
    const char *lock_field[LIST_MAX + 1];                                      /* names; ends with NULL */
    const char *chain[LIST_MAX + 1], *trust[LIST_MAX + 1], *crl[LIST_MAX + 1]; /* files; each ends with NULL */
    const char *password_file, *tsa_password_file, *tls_ca, *cache, *picture, *place, *accept;
    enum cms_hash hash;
    unsigned threads, within_days, timeout; /* seconds of a request */
    bool level_given, kind_given, hash_given, within_given, add, counter, offline, private_addresses, no_cache, check, json, quiet, help,
        version;
    enum lang lang;
    char **paths;
    size_t path_n;
};
/* False: what is wrong has been said on stderr. */
bool options_read(struct options *o, int argc, char **argv);

extern const char OPTIONS_HELP[];

#endif
