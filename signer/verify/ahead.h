/*
 * The signer's path and revocation, checked on a second thread while the first checks the timestamp that will tell for which time.
 * Called by signature.c, xades_signatures.c and jades_signatures.c. The time is guessed from the token; a wrong guess costs the work, never the answer.
 */
#ifndef ANTIN_VERIFY_AHEAD_H
#define ANTIN_VERIFY_AHEAD_H

#include "signer/verify/context.h"
#include "signer/verify/result.h"

/* What is known of a certificate at a time. */
struct standing {
    struct findings findings;
    bool path_valid;
    char anchor[200];
    struct revocation_facts revocation;
};
/* Path, purpose and revocation of a signer's certificate at t. */
void standing_check(const struct context *ctx, const struct evidence *ev, X509 *cert, int64_t t, bool proven, struct standing *out);

/* The same at r's best time, settled in r. */
void standing_settle(const struct context *ctx, const struct evidence *ev, X509 *cert, struct signature_result *r);
/* Takes it over into r. */
void standing_take(const struct standing *s, struct signature_result *r);

struct ahead;
/* Starts for the time that the token claims; NULL when that cannot be told or no thread can be had. ctx, ev and cert stay until ahead_finish. */
struct ahead *ahead_start(const struct context *ctx, const struct evidence *ev, X509 *cert, struct bytes token);
/* Ends the thread and frees *a (NULL is fine). false: nothing was started, or for another time than t: check it then. */
bool ahead_finish(struct ahead **a, struct crl_memory *memory, int64_t t, struct standing *out);

#endif
