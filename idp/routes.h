/*
 * The one table of what the identity provider answers to.
 * Used by main.c and by the test that walks it.
 */
#ifndef ANTIN_IDP_ROUTES_H
#define ANTIN_IDP_ROUTES_H

#include "common/http.h"

extern const struct http_route idp_routes[]; /* ends with a NULL method */

#endif
