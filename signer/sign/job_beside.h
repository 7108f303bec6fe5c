/*
 * Files that lie beside a signature which speaks about them.
 * Used by job_xml.c and job_json.c.
 */
#ifndef ANTIN_SIGN_JOB_BESIDE_H
#define ANTIN_SIGN_JOB_BESIDE_H

#include "signer/sign/job_impl.h"

/* path: of the signature (or of the file that is signed, in whose folder it will be). content: a file given for it, or NULL. */
struct beside {
    const char *path, *content;
};
const char *beside_name(const char *path); /* a path's last part */
/* For struct xades_files and struct jades_files; arg: a struct beside. ERR_NOT_FOUND, and source_open's. */
err_t beside_digest(void *arg, const char *name, EVP_MD_CTX *ctx) MUST_USE;
err_t beside_take(void *arg, const char *name, jades_take_fn *take_piece, void *to) MUST_USE;

#endif
