/*
 * Table client: what a client may do beside signing people in, and where it hears of logouts.
 * Called by antin-idpctl.
 */
#ifndef ANTIN_IDP_STORE_CLIENT_OPTIONS_H
#define ANTIN_IDP_STORE_CLIENT_OPTIONS_H

#include "idp/store/client.h"

/* Each text NULL: stays as it is; "" empties a URI. Flags: -1 stays. */
struct client_options {
    int introspect, userinfo_signed;
    const char *backchannel_uri, *frontchannel_uri;
    const char *exchange; /* client ids, separated by single spaces */
};
err_t client_options_set(struct db_pool *p, const char *id, const struct client_options *o) MUST_USE; /* ERR_DB_NONE */
/* introspect, userinfo_signed, backchannel_uri, frontchannel_uri, exchange. ERR_DB_NONE */
err_t client_options_get(struct db_pool *p, const char *id, struct db_rows **rows) MUST_USE;
/* Whether a client may get tokens for a service, and the sector that persons are known by there. ERR_DB_NONE: it may not. */
err_t client_may_exchange(struct db_pool *p, const char *id, const char *service, char sector[256]) MUST_USE;

#endif
