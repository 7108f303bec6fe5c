/*
 * Authorization codes.
 * Called by endpoints/flow.c and endpoints/token.c. RFC 6749 §4.1.2, §4.1.3; RFC 7636 §4.6.
 */
#include "idp/rules/code.h"
#include "idp/rules/acr.h"
#include "idp/rules/pkce.h"
#include "idp/rules/subject.h"
#include <string.h>

err_t code_issue(struct db_pool *p, const struct code_make *m, char code[TOKEN_CHARS + 1])
{
    uint8_t hash[HASH_LEN];
    char grant_id[UUID_LEN + 1], sub[SUB_LEN + 1];

    random_token(code, TOKEN_BYTES);
    sha256(BYTES(code, TOKEN_CHARS), hash);
    random_uuid(grant_id);
    subject_make(m->keys->pairwise, m->client->sector, m->session->account_id, sub);
    const struct code_new row = {
        .code_hash = hash,
        .grant_id = grant_id,
        .session = m->session,
        .request = m->request,
        .scope = m->request->scope,
        .sub = sub,
        .code_life = m->code_life,
        .grant_life = m->code_life + (m->refresh_life > m->token_life ? m->refresh_life : m->token_life),
        .consent_scope = m->consent_scope,
        .acr = acr_met(m->request->acr_values, m->session->level, m->session->amr),
        .consent_days = m->consent_days,
        .request_id = m->request_id,
    };
    err_t e = code_issue_row(p, &row);
    return e == ERR_DB_NONE ? ERR_REQUEST_GONE : e;
}

/* The code was used before: whoever has it a second time may have stolen it, so what the first one got dies as well. */
static err_t reused(struct db_pool *p, const struct code_redeem *r, const struct code *c)
{
    err_t e = grant_revoke(p, c->grant.id, "replay", r->request_id);

    return e == OK || e == ERR_DB_NONE ? ERR_CODE_REUSED : e;
}

err_t code_redeem_begin(struct db_pool *p, const struct code_redeem *r, struct code *c)
{
    uint8_t hash[HASH_LEN];

    if (!r->code || !r->redirect_uri)
        return ERR_REQUEST;
    if (!token_hash(r->code, hash))
        return ERR_CODE;
    err_t e = code_get(p, hash, c);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CODE : e;
    /* Another client's code is nobody's business: it neither works nor harms its owner. */
    if (strcmp(c->grant.client_id, r->client->id) != 0)
        return ERR_CODE;
    if (c->used)
        return reused(p, r, c);
    if (c->expired || !c->grant.live || strcmp(c->redirect_uri, r->redirect_uri) != 0)
        return ERR_CODE;
    if (c->dpop_jkt[0] && strcmp(c->dpop_jkt, r->jkt) != 0) /* RFC 9449 §10 */
        return ERR_CODE;
    return pkce_verify(c->challenge, r->verifier);
}

err_t code_redeem_finish(struct db_pool *p, const struct code_redeem *r, const struct code *c)
{
    uint8_t hash[HASH_LEN], refresh[HASH_LEN];

    if (!token_hash(r->code, hash))
        return ERR_CODE;
    /* RFC 9449 §5: a public client has nothing else to bind its refresh tokens to. */
    bool bind = r->jkt[0] && strcmp(r->client->auth_method, "none") == 0;
    const uint8_t *first = token_hash(r->refresh_token, refresh) ? refresh : NULL;
    err_t e = code_use(p, hash, first, r->refresh_idle, bind ? r->jkt : NULL, r->request_id);
    return e == ERR_DB_NONE ? reused(p, r, c) : e;
}
