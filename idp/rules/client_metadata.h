/*
 * Client metadata: the JSON that clients are registered with, read into a record and written out again. One model for antin-idpctl, the
 * administration's API and clients that register themselves.
 * Called by rules/client_registry.c, rules/software_policy.c, endpoints/ and antin-idpctl. RFC 7591 §2, OpenID Connect Dynamic Client Registration §2.
 */
#ifndef ANTIN_IDP_RULES_CLIENT_METADATA_H
#define ANTIN_IDP_RULES_CLIENT_METADATA_H

#include "common/json.h"
#include "idp/store/client_record.h"

/* What is wrong, in words: names and reasons, never values that nobody has checked. */
struct client_fault {
    char text[240];
};
/* Writes the words and gives e back: return client_fault(f, ERR_CLIENT_METADATA, "jwks", "holds a private key"). */
err_t client_fault(struct client_fault *f, err_t e, const char *field, const char *why) MUST_USE;

/*
 * Reads metadata; what is absent gets its default, unknown members are left aside (RFC 7591 §2). Each member is checked by itself:
 * client_rules.h says what must fit together. operator: also what software that registers itself cannot have.
 * ERR_CLIENT_REDIRECT (redirect_uris), ERR_CLIENT_METADATA (anything else); *out is empty then.
 */
err_t client_metadata_read(const json_t *doc, bool operator, struct client_record * out, struct client_fault *f) MUST_USE;
/* All that is registered, with client_id; no secret. New reference. */
err_t client_metadata_write(const struct client_record *c, json_t **out) MUST_USE;
/* Whether two say the same about everything but keys and versions of the software: what a change of needs no new approval. */
bool client_metadata_same(const struct client_record *a, const struct client_record *b);

/* Calls fn for each address in a record, whatever member holds it; ends at the first error. */
typedef err_t client_uri_fn(const char *member, const char *uri, void *arg);
err_t client_metadata_uris(const struct client_record *c, client_uri_fn *fn, void *arg) MUST_USE;

bool client_id_ok(const char *id);

/* Grant types. */
struct grant_type {
    const char *name, *word; /* word: what antin-idpctl calls it */
    bool person;             /* its tokens speak for somebody: the client needs a sector that pairwise subjects are made for */
    bool alone;              /* begins something; the others need one that does */
};
extern const struct grant_type grant_types[]; /* ends with a NULL name */

#endif
