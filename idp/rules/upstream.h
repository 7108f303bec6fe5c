/*
 * The upstream OpenID Providers as this daemon sees them: endpoints, keys, token endpoint, UserInfo; each over a way out of its own (common/fetch).
 * Opened by app.c; called by rules/upstream_flow.c and endpoints/. OpenID Connect Core §3.1.3, Discovery §4, RFC 9700.
 */
#ifndef ANTIN_IDP_RULES_UPSTREAM_H
#define ANTIN_IDP_RULES_UPSTREAM_H

#include "common/keyclient.h"
#include "idp/rules/upstream_conf.h"

struct upstream;  /* one provider */
struct upstreams; /* all of them, in the order of their names */

/* Takes confs. our_issuer: redirect URIs are made of it. Connects to nothing yet: a provider that is away keeps nobody from starting. */
err_t upstreams_open(struct upstream_confs *confs, struct keyclient *keyd, const char *our_issuer, bool private_addresses,
                     struct upstreams **out) MUST_USE;
void upstreams_close(struct upstreams **u);
struct upstream *upstreams_at(const struct upstreams *u, size_t i); /* NULL past the last, and when there are none at all */
struct upstream *upstreams_find(const struct upstreams *u, const char *name);

const struct upstream_conf *upstream_conf_of(const struct upstream *u);
const char *upstream_redirect_uri(const struct upstream *u); /* one a provider (RFC 9700 §4.4.2.2): an answer cannot pass for another's */

/* Every call below: ERR_UPSTREAM_DOWN (not there, too slow, too large, broken), ERR_BUSY (enough requests to it are on their way), ERR_NOMEM. */

/* Where people are sent, and whether its answers must carry iss (RFC 9207 §2.3). Borrowed. Asks for its discovery document when that is not known yet. */
err_t upstream_meet(struct upstream *u, const char **authorization, bool *iss_needed) MUST_USE;
/* The token endpoint's answer to a code. ERR_UPSTREAM_ANSWER: it refused, or answered something else. */
err_t upstream_redeem(struct upstream *u, const char *code, const char *verifier, json_t **tokens) MUST_USE;
/* An ID token for us: signature by a key of its own with the agreed algorithm, typ, iss, aud, azp, exp, iat. ERR_UPSTREAM_ANSWER. */
err_t upstream_verify(struct upstream *u, const char *token, json_t **claims) MUST_USE;
/* Claims, as JSON or signed. sub must be that of the ID token (Core §5.3.2). ERR_UPSTREAM_ANSWER. */
err_t upstream_userinfo(struct upstream *u, const char *access_token, const char *sub, json_t **claims) MUST_USE;

#endif
