/*
 * Table client: options. Statements, typed parameters and results.
 * Called by antin-idpctl.
 */
#include "idp/store/client_options.h"
#include "idp/store/statements.h"

const struct db_stmt st_client_options_set = {
    "client_options_set",
    "WITH c AS (UPDATE idp.client SET introspect = coalesce($2::boolean, introspect), userinfo_signed = coalesce($3::boolean, "
    "userinfo_signed),"
    "  backchannel_uri = CASE WHEN $4::text IS NULL THEN backchannel_uri ELSE nullif($4::text, '') END,"
    "  frontchannel_uri = CASE WHEN $5::text IS NULL THEN frontchannel_uri ELSE nullif($5::text, '') END,"
    "  exchange = coalesce($6::text, exchange)"
    "  WHERE id = $1 RETURNING id)"
    " INSERT INTO idp.audit (event, client_id) SELECT 'client.changed', id FROM c",
    6,
};
const struct db_stmt st_client_options_get = {
    "client_options_get",
    "SELECT introspect, userinfo_signed, coalesce(backchannel_uri, ''), coalesce(frontchannel_uri, ''), exchange FROM idp.client WHERE id "
    "= $1",
    1,
};

const struct db_stmt st_client_exchange = {
    "client_exchange",
    "SELECT s.sector FROM idp.client c JOIN idp.client s ON s.id = $2 AND s.state = 'active' AND s.sector <> ''"
    " WHERE c.id = $1 AND $2 = ANY (string_to_array(c.exchange, ' '))",
    2,
};

static struct db_param flag(int v)
{
    return v < 0 ? DB_NULL : DB_BOOL(v);
}

err_t client_options_set(struct db_pool *p, const char *id, const struct client_options *o)
{
    const struct db_param v[] = {
        DB_TEXT(id),         flag(o->introspect), flag(o->userinfo_signed), DB_TEXT(o->backchannel_uri), DB_TEXT(o->frontchannel_uri),
        DB_TEXT(o->exchange)};

    return store_one(p, &st_client_options_set, v, NULL);
}

err_t client_options_get(struct db_pool *p, const char *id, struct db_rows **rows)
{
    return store_one(p, &st_client_options_get, (struct db_param[]){DB_TEXT(id)}, rows);
}

err_t client_may_exchange(struct db_pool *p, const char *id, const char *service, char sector[256])
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_client_exchange, (struct db_param[]){DB_TEXT(id), DB_TEXT(service)}, &r));
    return store_text(r, 0, 0, sector, 256);
}
