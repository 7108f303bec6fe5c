/*
 * What the readers of XML and JSON signatures return, as findings: the same failure is told the same way, whichever format it is.
 * Used by xades_signatures.c and jades_signatures.c. ETSI EN 319 102-1 §5.2, §5.5.4.
 */
#ifndef ANTIN_VERIFY_OUTCOME_H
#define ANTIN_VERIFY_OUTCOME_H

#include "signer/formats/algorithm.h"
#include "signer/verify/context.h"
#include "signer/verify/result.h"

/* A file that could not be taken apart; what: "XML", "JWS". */
void outcome_unreadable(err_t e, const char *what, struct findings *f);
/* What is told of a signature before it is judged: when it claims to have been made, and by which algorithms. */
void outcome_begin(const struct context *ctx, int64_t claimed, enum cms_hash hash, const char *alg, struct signature_result *r);
/* A reference that was checked; name NULL: not a file. what: of a fault of form. Is it fine? */
bool outcome_ref(err_t e, const char *name, const char *what, struct findings *f);
/* No certificate is the one that the signature names; any: though there are some. */
void outcome_no_signer(bool any, struct findings *f);
/* The signature value, as check finds it; the key's kind and size are looked at before. end: see algorithm.h. */
typedef err_t outcome_check_fn(void *arg, X509 *cert);
void outcome_value(X509 *cert, outcome_check_fn *check, void *arg, struct algorithm_end *end, struct signature_result *r);

/*
 * The timestamps of a signature: the earliest valid one tells the time; one that does not hold takes the verdict with it, also an archive's. The last comes
 * first, since an archive timestamp proves that what stands before it was there. imprint digests what number k is over, by alg. Returns what they prove.
 */
struct outcome_token {
    struct bytes token;
    bool archive;
    bool last;    /* nothing came along behind it: what it covers is all there is */
    size_t place; /* rises from the first to the last; those of one place (in one property) do not cover each other */
};
typedef err_t outcome_imprint_fn(void *arg, size_t k, enum cms_hash alg, uint8_t *out, size_t *len);
struct proof outcome_stamps(const struct context *ctx, const struct evidence *ev, const struct outcome_token *t, size_t n,
                            outcome_imprint_fn *imprint, void *arg, struct signature_result *r);

/*
 * The rest, once the timestamps have told the time: were the algorithms believed then, and the signer's standing. cert NULL: it was not found.
 */
void outcome_settle(const struct context *ctx, const struct evidence *ev, X509 *cert, struct proof proof, const struct algorithm_end *end,
                    struct signature_result *r);

#endif
