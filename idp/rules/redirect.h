/*
 * What may be registered as a redirect URI. At run time nothing is parsed: a request's URI must equal a registered one byte by
 * byte (store/client.c).
 * Called by antin-idpctl. RFC 6749 §3.1.2, RFC 9700 §2.1, RFC 8252 §8.3.
 */
#ifndef ANTIN_IDP_RULES_REDIRECT_H
#define ANTIN_IDP_RULES_REDIRECT_H

#include "idp/errors.h"

/* https, or http on a loopback name; no fragment, user, wildcard, backslash, dot segment. *why: what is wrong with it. ERR_REDIRECT_URI. */
err_t redirect_registrable(const char *uri, const char **why) MUST_USE;

#endif
