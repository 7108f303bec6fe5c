/*
 * Access tokens: signature, type, issuer, audience, time, and the claims that decide who calls.
 * Called by endpoints/api. RFC 9068 §4, RFC 9449 §4.3, §7.
 */
#include "signer/rules/token.h"

#include "common/clock.h"
#include "common/dpop.h"
#include "common/json.h"
#include "common/replay.h"
#include "signer/errors.h"
#include "signer/rules/provider.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum scope bit;
} scopes[] = {{"dossier", SCOPE_DOSSIER}, {"dossier.read", SCOPE_DOSSIER_READ}, {"registrar", SCOPE_REGISTRAR}};

/* Space separated, exact names (RFC 6749 §3.3). */
static unsigned read_scopes(const char *text)
{
    unsigned bits = 0;
    while (text != NULL && *text != '\0') {
        size_t n = strcspn(text, " ");
        for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
            if (strlen(scopes[i].name) == n && memcmp(scopes[i].name, text, n) == 0)
                bits |= scopes[i].bit;
        text += n;
        text += strspn(text, " ");
    }
    return bits;
}

static const char *token_behind(const char *header, const char *scheme)
{
    size_t n = strlen(scheme);
    return header != NULL && strncasecmp(header, scheme, n) == 0 && header[n] == ' ' ? header + n + strspn(header + n, " ") : NULL;
}

/* The proof's own time must lie after this process began to remember: an older one may have been used before it. */
static err_t check_proof(struct replay *proofs, const struct bearer_call *call, const char *token, const char *jkt)
{
    struct dpop_proof proof;
    const struct dpop_expect want = {.method = call->method, .url = call->url, .access_token = token, .now = clock_now()};
    if (call->dpop == NULL)
        return ERR_UNAUTHENTICATED;
    err_t e = dpop_check(call->dpop, &want, &proof);
    if (e != OK)
        return e == ERR_NOMEM ? e : ERR_PROOF;
    if (proof.until - DPOP_PAST - 1 < replay_since(proofs))
        return ERR_PROOF;
    e = replay_once(proofs, proof.id, proof.until, want.now);
    if (e != OK)
        return e == ERR_CONFLICT ? ERR_PROOF : e;
    return strcmp(proof.jkt, jkt) == 0 ? OK : ERR_UNAUTHENTICATED;
}

/* RFC 7800 §3.1, RFC 9449 §7.1: bound by DPoP and proven, or not bound and brought as a bearer token. */
static err_t check_binding(struct replay *proofs, const struct bearer_call *call, const json_t *claims, const char *token, bool by_dpop)
{
    static const char *const known[] = {"jkt", NULL};
    const json_t *cnf = json_object_get(claims, "cnf");
    const char *jkt = NULL;
    if (cnf == NULL)
        return by_dpop ? ERR_UNAUTHENTICATED : OK;
    if (!json_is_object(cnf) || json_only(cnf, known) != OK || json_need_str(cnf, "jkt", JKT_LEN, &jkt) != OK || !by_dpop)
        return ERR_UNAUTHENTICATED;
    return check_proof(proofs, call, token, jkt);
}

err_t bearer_check(struct provider *p, struct replay *proofs, const char *audience, const struct bearer_call *call, struct caller *out)
{
    AUTO_JSON claims = NULL;
    const char *bearer = token_behind(call->authorization, "Bearer"), *dpop = token_behind(call->authorization, "DPoP");
    const char *token = bearer != NULL ? bearer : dpop;
    if (token == NULL)
        return ERR_UNAUTHENTICATED;
    TRY(provider_verify(p, BYTES_STR(token), "at+jwt", audience, &claims));
    TRY(check_binding(proofs, call, claims, token, dpop != NULL));
    const char *sub = NULL, *client = NULL, *scope = NULL;
    int64_t level = 0, auth_time = 0;
    if (json_need_str(claims, "sub", SUBJECT_MAX, &sub) != OK || json_need_str(claims, "client_id", CLIENT_ID_MAX, &client) != OK ||
        json_get_str(claims, "scope", 1024, &scope) != OK || json_get_int(claims, "level", 0, 2, 0, &level) != OK ||
        json_get_int(claims, "auth_time", 0, INT64_C(1) << 40, 0, &auth_time) != OK)
        return ERR_UNAUTHENTICATED;
    if (level != 0 && strcmp(sub, client) == 0)
        return ERR_UNAUTHENTICATED; /* a client is no citizen */
    *out = (struct caller){.level = (int)level, .auth_time = auth_time, .scopes = read_scopes(scope)};
    snprintf(out->sub, sizeof out->sub, "%s", sub);
    snprintf(out->client_id, sizeof out->client_id, "%s", client);
    return OK;
}
