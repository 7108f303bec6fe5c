/*
 * Table device, its backchannel rows: statements, typed parameters and results.
 * Called by rules/backchannel.c and rules/ping.c.
 */
#include "idp/store/backchannel.h"
#include "idp/store/statements.h"

/* Officers are not asked this way: what they may do is nobody's to begin from afar. */
const struct db_stmt st_backchannel_add = {
    "backchannel_add",
    "WITH who AS (SELECT a.id FROM idp.account a WHERE a.state = 'active' AND a.kind = 'citizen' AND a.id = coalesce("
    "  (SELECT id FROM idp.account WHERE login_hash = $2::bytea),"
    "  (SELECT g.account_id FROM idp.access_grant g WHERE g.sid = $3::uuid AND g.client_id = $5 AND g.sub = $4::text LIMIT 1))),"
    " d AS (INSERT INTO idp.device (device_hash, backchannel, account_id, client_id, scope, resource, bucket, message, notify,"
    "   terms, acr_values, expires_at)"
    "  VALUES ($1, true, (SELECT id FROM who), $5, $6, $7, $8, $9, $10, $13, $14, now() + make_interval(secs => $11::bigint))"
    "  RETURNING account_id, client_id)"
    " INSERT INTO idp.audit (event, account_id, client_id, request_id) SELECT 'backchannel.begun', account_id, client_id, $12 FROM d",
    14,
};

#define WAITING                                                                                                                  \
    "SELECT d.device_hash, d.client_id, k.name, k.sector, d.scope, d.message, d.created_at, d.expires_at, d.terms, d.acr_values" \
    " FROM idp.device d JOIN idp.client k ON k.id = d.client_id AND k.state = 'active'"                                          \
    " WHERE d.account_id = $1 AND d.backchannel AND d.expires_at > now() AND d.grant_id IS NULL AND d.refused_at IS NULL"
const struct db_stmt st_backchannel_list = {"backchannel_list", WAITING " ORDER BY d.created_at DESC LIMIT 20", 1};
const struct db_stmt st_backchannel_get = {"backchannel_get", WAITING " AND d.device_hash = $2", 2};

const struct db_stmt st_backchannel_refuse = {
    "backchannel_refuse",
    "WITH d AS (UPDATE idp.device SET refused_at = now(), notify_due = CASE WHEN notify IS NOT NULL THEN now() END"
    "  WHERE device_hash = $1 AND account_id = $2 AND backchannel AND expires_at > now() AND grant_id IS NULL AND refused_at IS NULL"
    "  RETURNING account_id, client_id)"
    " INSERT INTO idp.audit (event, account_id, client_id, request_id) SELECT 'backchannel.refused', account_id, client_id, $3 FROM d",
    3,
};

/* 5, 10, 20 … seconds: whoever waits for a ping waits at a telephone. Not after the request's end, when there is nothing to fetch. */
const struct db_stmt st_ping_take = {
    "ping_take",
    "UPDATE idp.device d SET notify_tries = notify_tries + 1,"
    "  notify_due = now() + interval '5 seconds' * power(2, least(notify_tries, 10))"
    " WHERE device_hash IN"
    "  (SELECT device_hash FROM idp.device WHERE notify_due <= now() ORDER BY notify_due LIMIT 8 FOR UPDATE SKIP LOCKED)"
    " RETURNING device_hash, client_id, notify, notify_tries,"
    "  coalesce((SELECT k.ciba_notify_uri FROM idp.client k WHERE k.id = d.client_id AND k.state = 'active' AND d.expires_at > now()), '')",
    0,
};
const struct db_stmt st_ping_done = {
    "ping_done",
    "WITH d AS (UPDATE idp.device SET notify_due = NULL WHERE device_hash = $1 AND notify_due IS NOT NULL RETURNING client_id)"
    " INSERT INTO idp.audit (event, client_id) SELECT CASE WHEN $2 THEN 'backchannel.told' ELSE 'backchannel.untold' END, client_id FROM d",
    2,
};

err_t backchannel_add(struct db_pool *p, const struct backchannel_new *b)
{
    const struct db_param v[] = {
        TIMED_PARAM(b->hash),
        b->login_hash ? HASH_PARAM(b->login_hash) : DB_NULL,
        DB_TEXT(b->sid),
        DB_TEXT(b->sub),
        DB_TEXT(b->client_id),
        DB_TEXT(b->scope),
        b->resource && *b->resource ? DB_TEXT(b->resource) : DB_NULL,
        HASH_PARAM(b->bucket),
        b->message.len ? DB_BYTES(b->message) : DB_NULL,
        b->notify.len ? DB_BYTES(b->notify) : DB_NULL,
        DB_INT(b->life),
        DB_TEXT(b->request_id),
        b->terms.len ? DB_BYTES(b->terms) : DB_NULL,
        DB_TEXT(b->acr_values),
    };

    return store_one(p, &st_backchannel_add, v, NULL);
}

static err_t copy_hash(const struct db_rows *r, int row, uint8_t out[TIMED_KEY_LEN])
{
    size_t n = 0;

    TRY(store_bytes(r, row, 0, out, TIMED_KEY_LEN, &n));
    return n == TIMED_KEY_LEN ? OK : ERR_DB;
}

static err_t read_waiting(const struct db_rows *r, int row, struct backchannel_waiting *out)
{
    TRY(copy_hash(r, row, out->hash));
    TRY(store_text(r, row, 1, out->client_id, sizeof out->client_id));
    TRY(store_text(r, row, 2, out->client, sizeof out->client));
    TRY(store_text(r, row, 3, out->sector, sizeof out->sector));
    TRY(store_text(r, row, 4, out->scope, sizeof out->scope));
    TRY(store_bytes(r, row, 5, out->message, sizeof out->message, &out->message_len));
    out->created_at = db_time(r, row, 6);
    out->expires_at = db_time(r, row, 7);
    TRY(store_text(r, row, 9, out->acr_values, sizeof out->acr_values));
    return store_bytes(r, row, 8, out->terms, sizeof out->terms, &out->terms_len);
}

err_t backchannel_list(struct db_pool *p, const char *account_id, struct backchannel_waiting *out, size_t *n)
{
    AUTO_ROWS r = NULL;

    *n = 0;
    TRY(store_query(p, &st_backchannel_list, (struct db_param[]){DB_TEXT(account_id)}, &r));
    for (int i = 0; i < db_count(r) && i < BACKCHANNEL_LIST; i++) {
        TRY(read_waiting(r, i, &out[i]));
        *n = (size_t)i + 1;
    }
    return OK;
}

err_t backchannel_get(struct db_pool *p, const uint8_t hash[TIMED_KEY_LEN], const char *account_id, struct backchannel_waiting *out)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_backchannel_get, (struct db_param[]){DB_TEXT(account_id), TIMED_PARAM(hash)}, &r));
    return read_waiting(r, 0, out);
}

err_t backchannel_refuse(struct db_pool *p, const uint8_t hash[TIMED_KEY_LEN], const char *account_id, const char *request_id)
{
    return store_one(p, &st_backchannel_refuse, (struct db_param[]){TIMED_PARAM(hash), DB_TEXT(account_id), DB_TEXT(request_id)}, NULL);
}

err_t ping_take(struct db_pool *p, struct ping out[PING_BATCH], size_t *n)
{
    AUTO_ROWS r = NULL;

    *n = 0;
    TRY(store_query(p, &st_ping_take, NULL, &r));
    for (int i = 0; i < db_count(r) && i < PING_BATCH; i++) {
        TRY(copy_hash(r, i, out[i].hash));
        TRY(store_text(r, i, 1, out[i].client_id, sizeof out[i].client_id));
        TRY(store_bytes(r, i, 2, out[i].notify, sizeof out[i].notify, &out[i].notify_len));
        out[i].tries = (int)db_int(r, i, 3);
        TRY(store_text(r, i, 4, out[i].uri, sizeof out[i].uri));
        *n = (size_t)i + 1;
    }
    return OK;
}

err_t ping_done(struct db_pool *p, const struct ping *g, bool told)
{
    return store_query(p, &st_ping_done, (struct db_param[]){TIMED_PARAM(g->hash), DB_BOOL(told)}, NULL);
}
