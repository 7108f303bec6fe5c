/*
 * Authorization codes.
 * Called by endpoints/flow.c and endpoints/token.c. RFC 6749 §4.1.2, §4.1.3; RFC 7636 §4.6.
 */
#include "idp/rules/code.h"
#include "common/clock.h"
#include "common/log.h"
#include "idp/rules/acr.h"
#include "idp/rules/audit_bound.h"
#include "idp/rules/pkce.h"
#include "idp/rules/proofs.h"
#include "idp/rules/refresh.h"
#include "idp/rules/scope.h"
#include "idp/rules/subject.h"
#include "idp/store/code.h"
#include <string.h>

err_t code_issue(struct db_pool *p, const struct code_make *m, char code[TIMED_CHARS + 1])
{
    uint8_t hash[TIMED_KEY_LEN];
    char grant_id[UUID_LEN + 1], sub[SUB_LEN + 1];

    int64_t grant_life = m->code_life + (m->refresh_life > m->token_life ? m->refresh_life : m->token_life);

    /* The code lies beside its grant, so that a replay is noticed as long as there is something to revoke. */
    timed_make(clock_now() + grant_life, code);
    timed_uuid(clock_now() + grant_life, grant_id);
    if (!timed_key(code, hash))
        return ERR_INTERNAL;
    subject_make(m->keys->pairwise, m->client->sector, m->session->account_id, sub);
    const struct code_new row = {
        .code_hash = hash,
        .grant_id = grant_id,
        .session = m->session,
        .request = m->request,
        .scope = m->request->scope,
        .sub = sub,
        .code_life = m->code_life,
        .grant_life = grant_life,
        .consent_scope = m->consent_scope,
        .acr = acr_met(m->request->acr_values, m->session->level, m->session->amr),
        .consent_days = m->consent_days,
        .request_id = m->request_id,
    };
    err_t e = code_issue_row(p, &row);
    return e == ERR_DB_NONE ? ERR_REQUEST_GONE : e;
}

/* The statement's parameters; hash and challenge are kept by the caller. */
struct keys {
    uint8_t code[TIMED_KEY_LEN], refresh[TIMED_KEY_LEN];
    char challenge[PKCE_CHALLENGE_CHARS + 1];
};

static err_t prepare(const struct code_redeem *r, const char *refresh, struct keys *k, struct code_use *out)
{
    bool public = strcmp(r->client->auth_method, "none") == 0;

    if (!timed_key(r->code, k->code))
        return ERR_CODE;
    *out = (struct code_use){
        .proofs = r->proofs,
        .hash = k->code,
        .client_id = r->client->id,
        .redirect_uri = r->redirect_uri,
        .challenge = pkce_of(r->verifier, k->challenge) == OK ? k->challenge : NULL,
        .jkt = r->jkt,
        .refresh_hash = timed_key(refresh, k->refresh) ? k->refresh : NULL,
        .refresh_idle = r->refresh_idle,
        .bind = r->jkt[0] && public, /* RFC 9449 §5: it has nothing else to bind its refresh tokens to */
        .request_id = r->request_id,
    };
    return OK;
}

static err_t fault(const struct code_redeem *r, const struct code_used *u)
{
    switch (u->outcome) {
    case CODE_RIGHT: return u->grant.live ? OK : ERR_CODE;
    case CODE_REUSED: return ERR_CODE_REUSED;
    case CODE_CHALLENGE: return r->verifier ? ERR_PKCE_WRONG : ERR_PKCE_MISSING;
    case CODE_WRONG: break;
    }
    return ERR_CODE;
}

/* What the statement itself has not told: a code that was guessed, is another client's, late, or brought with another redirect URI, key or verifier. */
static err_t refused(struct db_pool *p, const struct code_redeem *r, const struct grant *g, const char *how, err_t why)
{
    bool verifier = why == ERR_PKCE_WRONG || why == ERR_PKCE_MISSING;
    const struct audit row = {.event = verifier ? "code.pkce_failed" : "code.refused",
                              .account_id = g ? g->account_id : NULL,
                              .client_id = r->client->id,
                              .detail = how,
                              .request_id = r->request_id};

    return audit_refusal(p, &row, why);
}

err_t code_redeem(struct db_pool *p, const struct code_redeem *r, struct redeemed *out)
{
    static const char *const outcomes[] = {
        [CODE_RIGHT] = "ended", [CODE_WRONG] = "unfit", [CODE_CHALLENGE] = "verifier", [CODE_REUSED] = ""};
    struct code_use use;
    struct code_used used;
    struct keys k;

    if (!r->code || !r->redirect_uri)
        return ERR_REQUEST;
    memset(out, 0, sizeof *out);
    if (scope_has(r->client->grants, "refresh_token"))
        timed_beside(r->code, clock_now() + r->refresh_idle, out->refresh);
    TRY(prepare(r, out->refresh, &k, &use));
    err_t e = code_use(p, &use, &used);
    if (e == OK || e == ERR_DB_NONE)
        *r->proofs = (struct proofs){0};
    if (e != OK)
        return e == ERR_DB_NONE ? refused(p, r, NULL, "unknown", ERR_CODE) : e;
    TRY(proofs_fault(used.proofs));
    e = fault(r, &used);
    if (e != OK) /* the revocation after a replay is in the statement */
        return e == ERR_CODE_REUSED ? e : refused(p, r, &used.grant, outcomes[used.outcome], e);
    out->grant = used.grant;
    memcpy(out->nonce, used.nonce, sizeof out->nonce);
    if (!refresh_due(r->client, out->grant.scope))
        out->refresh[0] = '\0';
    return OK;
}

void code_take_back(struct db_pool *p, const struct code_redeem *r, const struct redeemed *done)
{
    struct code_use use;
    struct keys k;

    err_t e = prepare(r, done->refresh, &k, &use);
    if (e == OK)
        e = code_undo(p, &use);
    if (e != OK)
        log_event(LOG_WARNING, "code.take_back", "%s", err_info(e)->name);
}
