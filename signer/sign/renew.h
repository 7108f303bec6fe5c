/*
 * Which files need a further archive timestamp now, and whether the service's would last any longer.
 * Used by job.c. ETSI EN 319 102-1 §5.4.
 */
#ifndef ANTIN_SIGN_RENEW_H
#define ANTIN_SIGN_RENEW_H

#include "signer/sign/job_impl.h"

/* What is to be done with a file that renew came upon. */
enum renewal {
    RENEWAL_NOT,     /* it is none of those: unsigned, or never archived */
    RENEWAL_NOT_YET, /* its archive timestamps last */
    RENEWAL_DUE,
};
/*
 * *until: when its archive timestamps end. Failures: a file that looks signed and cannot be read. ERR_STAMP: due, but the service's timestamps last no
 * longer, m's why says so; or none is to be had.
 */
err_t renewal_of(const struct job_conf *c, struct means *m, enum file_format f, struct bytes file, enum renewal *what,
                 int64_t *until) MUST_USE;
/* What kind of signature a file in a folder holds; FORMAT_AUTO: none that could be archived. */
enum file_format renewal_format(struct bytes file);

#endif
