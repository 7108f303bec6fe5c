/*
 * Table client: how what a client is told is signed and encrypted.
 * Called by store/client.c; the rows of client_fields.def write them. OpenID Connect Registration §2, RFC 9701 §6, JARM §3.
 */
#ifndef ANTIN_IDP_STORE_CLIENT_JOSE_H
#define ANTIN_IDP_STORE_CLIENT_JOSE_H

#include "idp/store/client.h"

#define CLIENT_JOSE_COLUMNS                                             \
    "id_token_alg, userinfo_alg, introspection_alg, authorization_alg," \
    " id_token_enc_alg, id_token_enc_enc, userinfo_enc_alg, userinfo_enc_enc"
#define CLIENT_JOSE_N 8
/* From a row that has these columns beginning at col. ERR_DB. */
err_t client_jose_read(const struct db_rows *r, int row, int col, struct client_jose *out) MUST_USE;

#endif
