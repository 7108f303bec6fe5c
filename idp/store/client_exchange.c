/*
 * Table client: which services a client may get tokens for. Statement, typed parameters and result.
 * Called by rules/exchange.c. RFC 8693.
 */
#include "idp/store/client_exchange.h"
#include "idp/store/statements.h"

const struct db_stmt st_client_exchange = {
    "client_exchange",
    "SELECT s.sector FROM idp.client c JOIN idp.client s ON s.id = $2 AND s.state = 'active' AND s.sector <> ''"
    " WHERE c.id = $1 AND $2 = ANY (string_to_array(c.exchange, ' '))",
    2,
};

err_t client_may_exchange(struct db_pool *p, const char *id, const char *service, char sector[256])
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_client_exchange, (struct db_param[]){DB_TEXT(id), DB_TEXT(service)}, &r));
    return store_text(r, 0, 0, sector, 256);
}
