/*
 * Table client: which services a client may get tokens for in a person's name.
 * Called by rules/exchange.c. RFC 8693.
 */
#ifndef ANTIN_IDP_STORE_CLIENT_EXCHANGE_H
#define ANTIN_IDP_STORE_CLIENT_EXCHANGE_H

#include "idp/store/client.h"

/* Whether a client may get tokens for a service, and the sector that persons are known by there. ERR_DB_NONE: it may not. */
err_t client_may_exchange(struct db_pool *p, const char *id, const char *service, char sector[256]) MUST_USE;

#endif
