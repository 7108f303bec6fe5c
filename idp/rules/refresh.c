/*
 * Refresh tokens.
 * Called by endpoints/token.c. RFC 6749 §6, RFC 9700 §4.14.2, OpenID Connect Core §12.
 */
#include "idp/rules/refresh.h"
#include "common/log.h"
#include "idp/rules/proofs.h"
#include "idp/rules/scope.h"
#include <string.h>

bool refresh_due(const struct client *c, const char *scope)
{
    return scope_has(c->grants, "refresh_token") && scope_has(scope, "offline_access");
}

/*
 * The successor is made of the token itself: when its answer was lost, the same one can be given again, though nobody keeps it. Whoever
 * reads the database has neither the key nor the token.
 */
static void successor(const struct idp_keys *keys, const char *token, char out[TIMED_CHARS + 1])
{
    uint8_t mac[SHA256_LEN];
    size_t at = strlen(token) == TIMED_CHARS ? TIMED_PREFIX_CHARS : 0;

    hmac_sha256(BYTES(keys->refresh, IDP_KEY_LEN), bytes_str(token), mac);
    memcpy(out, token, at); /* the time of its grant; one made before names carried any has none */
    b64url_encode(BYTES(mac, sizeof mac), out + at);
    secret_wipe(mac, sizeof mac);
}

/* RFC 6749 §6: fewer scopes than granted, never more. Unknown ones are left out here as at the authorization endpoint. */
static err_t narrow(const struct refresh_redeem *in, char out[SCOPE_MAX + 1])
{
    out[0] = '\0';
    return in->scope ? scope_select(in->scope, in->client->scope, out) : OK;
}

/* The statement's parameters; hashes and scope are kept by the caller. */
struct keys {
    uint8_t hash[TIMED_KEY_LEN], next[TIMED_KEY_LEN];
    char scope[SCOPE_MAX + 1];
};

static err_t prepare(const struct refresh_redeem *in, char next[TIMED_CHARS + 1], struct keys *k, struct refresh_use *out)
{
    TRY(narrow(in, k->scope));
    if (!timed_key(in->token, k->hash))
        return ERR_REFRESH;
    successor(in->keys, in->token, next);
    if (!timed_key(next, k->next))
        return ERR_INTERNAL;
    *out = (struct refresh_use){
        .proofs = in->proofs,
        .hash = k->hash,
        .next_hash = k->next,
        .client_id = in->client->id,
        .scope = in->scope ? k->scope : NULL,
        .idle = in->idle,
        .window = in->window,
        .jkt = in->jkt,
        .request_id = in->request_id,
    };
    return OK;
}

err_t refresh_redeem(struct db_pool *p, const struct refresh_redeem *in, struct refreshed *out)
{
    struct keys k;
    struct refresh_use use;
    struct refresh_done done;

    if (!in->token)
        return ERR_REQUEST;
    TRY(prepare(in, out->token, &k, &use));
    err_t e = refresh_use(p, &use, &done);
    if (e == OK || e == ERR_DB_NONE)
        *in->proofs = (struct proofs){0};
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_REFRESH : e;
    TRY(proofs_fault(done.proofs));
    if (done.outcome == REFRESH_SCOPE)
        return ERR_SCOPE;
    if (done.outcome == REFRESH_REUSED)
        return ERR_REFRESH_REUSED;
    if (!done.grant.live)
        return ERR_REFRESH;
    out->grant = done.grant;
    out->rotated = done.outcome == REFRESH_ROTATED;
    memcpy(out->scope, in->scope ? k.scope : done.grant.scope, sizeof out->scope);
    memcpy(out->grant.scope, out->scope, sizeof out->grant.scope);
    return OK;
}

void refresh_take_back(struct db_pool *p, const struct refresh_redeem *in, const struct refreshed *done)
{
    char next[TIMED_CHARS + 1];
    struct keys k;
    struct refresh_use use;

    if (!done->rotated)
        return;
    err_t e = prepare(in, next, &k, &use);
    if (e == OK)
        e = refresh_undo(p, &use);
    if (e != OK)
        log_event(LOG_WARNING, "refresh.take_back", "%s", err_info(e)->name);
}
