/*
 * The signing daemon's route table.
 * Used by main() and by the test that walks it.
 */
#ifndef ANTIN_SIGNER_ROUTES_H
#define ANTIN_SIGNER_ROUTES_H

#include "common/http.h"

extern const struct http_route signer_routes[]; /* ends with a row whose method is NULL */

#endif
