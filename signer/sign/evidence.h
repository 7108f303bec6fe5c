/*
 * antin-sign evidence: one timestamp over many files, its renewal, and each file's own record.
 * Called by main.c. RFC 4998; signer/formats/ers_archive.h.
 */
#ifndef ANTIN_SIGN_EVIDENCE_H
#define ANTIN_SIGN_EVIDENCE_H

#include "common/text.h"
#include "signer/sign/job.h"

enum evidence_verb { EVIDENCE_NONE, EVIDENCE_CREATE, EVIDENCE_RENEW, EVIDENCE_GET };

struct evidence_conf {
    enum evidence_verb verb;
    const struct job_conf *job; /* services, and the folder as its output */
    const enum cms_hash *hash;  /* NULL: none named */
    enum lang lang;
    unsigned threads; /* that read files */
};
/* True: all done. What went wrong has been said on stderr. */
bool evidence_run(const struct evidence_conf *c, char **paths, size_t n);

#endif
