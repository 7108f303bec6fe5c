/*
 * Table device: statements, typed parameters and results.
 * Called by rules/device.c.
 */
#include "idp/store/device.h"
#include "idp/store/statements.h"
#include <string.h>

const struct db_stmt st_device_add = {
    "device_add",
    "WITH d AS (INSERT INTO idp.device (device_hash, user_hash, client_id, scope, expires_at, terms)"
    "  SELECT $1, $2, $3, $4, now() + make_interval(secs => $5::bigint), $7"
    "  WHERE NOT EXISTS (SELECT 1 FROM idp.device WHERE user_hash = $2 AND expires_at > now()) RETURNING client_id)"
    " INSERT INTO idp.audit (event, client_id, request_id) SELECT 'device.begun', client_id, $6 FROM d",
    7,
};
const struct db_stmt st_device_find = {
    "device_find",
    "SELECT device_hash, client_id, scope, terms FROM idp.device WHERE user_hash = $1 AND expires_at > now() AND grant_id IS NULL AND "
    "refused_at "
    "IS NULL",
    1,
};
const struct db_stmt st_device_allow = {
    "device_allow",
    "WITH q AS (UPDATE idp.auth_request SET done_at = now() WHERE id_hash = $1 AND done_at IS NULL AND expires_at > now() RETURNING 1),"
    " w AS (SELECT client_id, scope, resource, terms, backchannel, account_id, bucket FROM idp.device WHERE device_hash = $2"
    "  AND expires_at > now() AND grant_id IS NULL AND refused_at IS NULL AND (backchannel OR EXISTS (SELECT 1 FROM q)) FOR UPDATE),"
    " g AS (INSERT INTO idp.access_grant (id, account_id, client_id, scope, sub, sid, auth_time, expires_at, amr, level_max, terms, "
    "resource, acr)"
    "  SELECT $3, s.account_id, w.client_id, w.scope, $5, s.sid, s.auth_time, now() + make_interval(secs => $6::bigint), s.amr, "
    "s.level_max,"
    "   w.terms, w.resource, $8::text"
    "  FROM idp.session s, w WHERE s.id_hash = $4 AND s.ended_at IS NULL AND (NOT w.backchannel OR w.account_id = s.account_id)"
    "  RETURNING id, account_id, client_id),"
    " d AS (UPDATE idp.device SET grant_id = g.id, notify_due = CASE WHEN notify IS NOT NULL THEN now() END FROM g WHERE device_hash = $2),"
    " t AS (DELETE FROM idp.throttle USING w WHERE throttle.bucket = w.bucket AND EXISTS (SELECT 1 FROM g))"
    " INSERT INTO idp.audit (event, account_id, client_id, request_id)"
    "  SELECT CASE WHEN w.backchannel THEN 'backchannel.allowed' ELSE 'device.allowed' END, g.account_id, g.client_id, $7 FROM g, w",
    8,
};
const struct db_stmt st_device_refuse = {
    "device_refuse",
    "UPDATE idp.device SET refused_at = now() WHERE device_hash = $1 AND grant_id IS NULL AND refused_at IS NULL",
    1,
};
/* RFC 8628 §3.5: slow_down adds five seconds for good. A second's grace for the network. States are numbered as in device.h. */
const struct db_stmt st_device_poll = {
    "device_poll",
    "WITH o AS (SELECT polled_at, pause FROM idp.device WHERE device_hash = $1 AND client_id = $2 AND backchannel = $3"
    "  FOR UPDATE),"
    " d AS (UPDATE idp.device d SET polled_at = now(),"
    "   pause = d.pause + CASE WHEN o.polled_at > now() - make_interval(secs => o.pause - 1) THEN 5 ELSE 0 END"
    "  FROM o WHERE d.device_hash = $1"
    "  RETURNING d.grant_id, CASE WHEN d.used_at IS NOT NULL THEN 4 WHEN d.expires_at <= now() THEN 2 WHEN d.refused_at IS NOT NULL THEN 3"
    "   WHEN o.polled_at > now() - make_interval(secs => o.pause - 1) THEN 1 WHEN d.grant_id IS NOT NULL THEN 5 ELSE 0 END::bigint AS "
    "state)"
    " SELECT " GRANT_COLUMNS
    ", d.state FROM d LEFT JOIN idp.access_grant g ON g.id = d.grant_id LEFT JOIN idp.account a ON a.id = g.account_id",
    3,
};
const struct db_stmt st_device_use = {
    "device_use",
    "WITH d AS (UPDATE idp.device d SET used_at = now() FROM idp.access_grant g"
    "  WHERE d.device_hash = $1 AND d.used_at IS NULL AND g.id = d.grant_id AND g.revoked_at IS NULL"
    "  RETURNING g.id, g.account_id, g.client_id, g.expires_at),"
    " t AS (INSERT INTO idp.refresh_token (token_hash, grant_id, expires_at)"
    "  SELECT $2::bytea, id, least(expires_at, now() + make_interval(secs => $3::bigint)) FROM d WHERE $2::bytea IS NOT NULL),"
    " b AS (UPDATE idp.access_grant g SET dpop_jkt = $5 FROM d WHERE g.id = d.id AND $5::text IS NOT NULL)"
    " INSERT INTO idp.audit (event, account_id, client_id, request_id) SELECT 'token.issued', account_id, client_id, $4 FROM d",
    5,
};

err_t device_add(struct db_pool *p, const struct device_new *d)
{
    const struct db_param v[] = {TIMED_PARAM(d->device_hash),
                                 HASH_PARAM(d->user_hash),
                                 DB_TEXT(d->client_id),
                                 DB_TEXT(d->scope),
                                 DB_INT(d->life),
                                 DB_TEXT(d->request_id),
                                 d->terms.len ? DB_BYTES(d->terms) : DB_NULL};

    return store_one(p, &st_device_add, v, NULL);
}

err_t device_find(struct db_pool *p, const uint8_t user_hash[HASH_LEN], struct device_waiting *out)
{
    AUTO_ROWS r = NULL;

    memset(out, 0, sizeof *out);
    TRY(store_one(p, &st_device_find, (struct db_param[]){HASH_PARAM(user_hash)}, &r));
    if (db_count(r) != 1) /* two devices of the same code: neither can be meant */
        return ERR_DB_NONE;
    if (db_bytes(r, 0, 0).len != TIMED_KEY_LEN)
        return ERR_DB;
    memcpy(out->device_hash, db_bytes(r, 0, 0).ptr, TIMED_KEY_LEN);
    TRY(store_text(r, 0, 1, out->client_id, sizeof out->client_id));
    TRY(store_text(r, 0, 2, out->scope, sizeof out->scope));
    return store_bytes(r, 0, 3, out->terms, sizeof out->terms, &out->terms_len);
}

err_t device_allow(struct db_pool *p, const struct device_grant *g)
{
    const struct db_param v[] = {
        g->request ? TIMED_PARAM(g->request->id_hash) : DB_NULL,
        TIMED_PARAM(g->device_hash),
        DB_TEXT(g->grant_id),
        TIMED_PARAM(g->session->id_hash),
        DB_TEXT(g->sub),
        DB_INT(g->grant_life),
        DB_TEXT(g->request_id),
        DB_TEXT(g->acr),
    };

    return store_one(p, &st_device_allow, v, NULL);
}

err_t device_refuse(struct db_pool *p, const uint8_t device_hash[TIMED_KEY_LEN])
{
    return store_one(p, &st_device_refuse, (struct db_param[]){TIMED_PARAM(device_hash)}, NULL);
}

err_t device_poll(struct db_pool *p, const uint8_t device_hash[TIMED_KEY_LEN], const char *client_id, bool backchannel,
                  enum device_state *state, struct grant *grant)
{
    AUTO_ROWS r = NULL;

    memset(grant, 0, sizeof *grant);
    TRY(store_one(p, &st_device_poll, (struct db_param[]){TIMED_PARAM(device_hash), DB_TEXT(client_id), DB_BOOL(backchannel)}, &r));
    *state = (enum device_state)db_int(r, 0, GRANT_NCOLUMNS);
    return db_null(r, 0, 0) ? OK : grant_read(r, 0, grant);
}

err_t device_use(struct db_pool *p, const uint8_t device_hash[TIMED_KEY_LEN], const uint8_t *refresh_hash, const char *jkt,
                 int64_t refresh_idle, const char *request_id)
{
    const struct db_param v[] = {TIMED_PARAM(device_hash), refresh_hash ? TIMED_PARAM(refresh_hash) : DB_NULL, DB_INT(refresh_idle),
                                 DB_TEXT(request_id), jkt && *jkt ? DB_TEXT(jkt) : DB_NULL};

    return store_one(p, &st_device_use, v, NULL);
}
