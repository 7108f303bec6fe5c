/*
 * Who calls the API: access tokens of the identity provider, checked here against its published keys.
 * Called by the API's authentication. RFC 6750, RFC 9068 §4.
 */
#ifndef ANTIN_SIGNER_TOKEN_H
#define ANTIN_SIGNER_TOKEN_H

#include "common/bytes.h"
#include "signer/store/dossier.h"

struct provider;

enum scope { SCOPE_DOSSIER = 1, SCOPE_DOSSIER_READ = 2, SCOPE_REGISTRAR = 4 };

struct caller {
    char sub[SUBJECT_MAX + 1];
    char client_id[CLIENT_ID_MAX + 1];
    unsigned scopes; /* of enum scope */
    int level;       /* of identification; 0: no citizen but a client acting for itself */
};

/* ERR_UNAUTHENTICATED (malformed, foreign, for another audience), ERR_EXPIRED as ERR_UNAUTHENTICATED, ERR_IDP_DOWN (keys never fetched yet). */
err_t bearer_check(struct provider *p, const char *audience, const char *token, struct caller *out) MUST_USE;

#endif
