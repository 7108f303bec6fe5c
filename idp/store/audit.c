/*
 * Tables audit and idempotency: statements, typed parameters and results.
 * Called by rules/, endpoints/citizens.c and antin-idpctl.
 */
#include "idp/store/audit.h"
#include "idp/store/statements.h"
#include <string.h>

const struct db_stmt st_audit_add = {
    "audit_add",
    "INSERT INTO idp.audit (event, account_id, client_id, detail, by_account, by_client, by_operator, request_id)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    8,
};
const struct db_stmt st_audit_tokens = {
    "audit_tokens",
    "INSERT INTO idp.audit (event, client_id, detail, request_id)"
    " SELECT 'token.client', c, d, r FROM unnest($1::text[], $2::text[], $3::text[]) AS t (c, d, r)",
    3,
};
const struct db_stmt st_idempotency_get = {
    "idempotency_get",
    "SELECT request_hash, status, answer FROM idp.idempotency WHERE principal = $1 AND key = $2 AND expires_at > now()",
    2,
};
err_t idp_audit(struct db_pool *p, const struct audit *a)
{
    const struct actor itself = {.request_id = a->request_id}, *by = a->by ? a->by : &itself;
    const struct db_param v[] = {DB_TEXT(a->event), DB_TEXT(a->account_id), DB_TEXT(a->client_id), DB_TEXT(a->detail), ACTOR_PARAMS(by)};

    return store_one(p, &st_audit_add, v, NULL);
}

#define ITEM 48 /* bytes that most take in a list */

/* Ids of ours and of clients: none holds a character that an array literal would escape. */
static err_t add_item(struct buf *list, const char *id)
{
    TRY(buf_add_str(list, list->len ? ",\"" : "{\""));
    TRY(buf_add_str(list, id));
    return buf_add_str(list, "\"");
}

err_t idp_audit_tokens(struct db_pool *p, const struct audit_token *t, size_t n)
{
    AUTO_BUF clients = {0}, jtis = {0}, requests = {0};

    TRY(buf_reserve(&clients, n * ITEM));
    TRY(buf_reserve(&jtis, n * ITEM));
    TRY(buf_reserve(&requests, n * ITEM));
    for (size_t i = 0; i < n; i++) {
        TRY(add_item(&clients, t[i].client_id));
        TRY(add_item(&jtis, t[i].jti));
        TRY(add_item(&requests, t[i].request_id));
    }
    TRY(buf_add_str(&clients, "}"));
    TRY(buf_add_str(&jtis, "}"));
    TRY(buf_add_str(&requests, "}"));
    return store_one(p, &st_audit_tokens,
                     (struct db_param[]){DB_TEXT(buf_str(&clients)), DB_TEXT(buf_str(&jtis)), DB_TEXT(buf_str(&requests))}, NULL);
}

err_t idp_idempotency_get(struct db_pool *p, const char *principal, const char *key, struct kept_answer *out)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_idempotency_get, (struct db_param[]){DB_TEXT(principal), DB_TEXT(key)}, &r));
    struct bytes h = db_bytes(r, 0, 0);
    if (h.len != HASH_LEN)
        return ERR_DB;
    memcpy(out->request_hash, h.ptr, HASH_LEN);
    out->status = (int)db_int(r, 0, 1);
    return buf_copy(&out->sealed, db_bytes(r, 0, 2));
}
