/*
 * Authorization responses: what they say, and the ways they may travel.
 * Called by rules/authz.c and endpoints/respond.c. OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode, JARM.
 */
#ifndef ANTIN_IDP_RULES_RESPONSE_H
#define ANTIN_IDP_RULES_RESPONSE_H

#include "common/json.h"
#include "idp/store/auth_request.h"

#define RESPONSE_LIFE 300 /* seconds that a signed one is good for: the time of a redirect */

bool response_mode_signed(enum response_mode m);
bool response_mode_posted(enum response_mode m);

/* What is said: code, or error with its description, and state. iss is added by who sends it (RFC 9207, JARM §2.1). */
err_t response_members(const struct auth_request *q, const char *code, const char *error, const char *description, json_t **out) MUST_USE;
/* The redirect URI with all members in its query. */
err_t response_url(const char *redirect_uri, const json_t *members, struct buf *url) MUST_USE;

#endif
