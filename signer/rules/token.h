/*
 * Who calls the API: access tokens of the identity provider, checked here against its published keys.
 * Called by the API's authentication. RFC 6750, RFC 9068 §4, RFC 9449 §7.
 */
#ifndef ANTIN_SIGNER_TOKEN_H
#define ANTIN_SIGNER_TOKEN_H

#include "common/bytes.h"
#include "signer/store/dossier.h"

struct provider;
struct replay;

enum scope { SCOPE_DOSSIER = 1, SCOPE_DOSSIER_READ = 2, SCOPE_REGISTRAR = 4 };

struct caller {
    char sub[SUBJECT_MAX + 1];
    char client_id[CLIENT_ID_MAX + 1];
    unsigned scopes; /* of enum scope */
    int level;       /* of identification; 0: no citizen but a client acting for itself */
    int64_t auth_time; /* when the person signed in; 0: nobody did */
};

/* What a request brought. */
struct bearer_call {
    const char *authorization; /* header, or NULL */
    const char *dpop;          /* header, or NULL */
    const char *method, *url;  /* of the request, without query: what a proof must be for */
};
/*
 * A token by the scheme that it is for. One that is bound to a key counts only with a proof by that key, made for this request and never used before; one
 * bound to a certificate is refused, since no front end tells this daemon of certificates. ERR_UNAUTHENTICATED (malformed, foreign, for another audience,
 * expired, bound and unproven), ERR_PROOF (the proof is wrong), ERR_IDP_DOWN (keys never fetched yet), ERR_BUSY.
 */
err_t bearer_check(struct provider *p, struct replay *proofs, const char *audience, const struct bearer_call *call, struct caller *out) MUST_USE;

#endif
