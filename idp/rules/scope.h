/*
 * Scopes: which there are, which a client may have, which one person's consent covers.
 * Called by rules/authz.c, rules/token.c and endpoints/. RFC 6749 §3.3, OpenID Connect Core §5.4.
 */
#ifndef ANTIN_IDP_RULES_SCOPE_H
#define ANTIN_IDP_RULES_SCOPE_H

#include "idp/store/client.h"

struct scope_info {
    const char *name;
    const char *text;  /* key of the words that consent shows; text ".why" beside it */
    bool needs_openid; /* claims of the UserInfo endpoint */
    bool ignorable;    /* left out when the client may not have it (offline_access, OpenID Connect Core §11) */
};
extern const struct scope_info scope_table[]; /* ends with a NULL name */

bool scope_has(const char *list, const char *name); /* list: separated by single spaces */
/*
 * The scopes of asked that exist, each once, in the table's order. ERR_SCOPE: malformed, or one that exists but is not allowed to
 * this client.
 * Unknown ones are left out (OpenID Connect Core §3.1.2.1); nothing left is ERR_SCOPE.
 */
err_t scope_select(const char *asked, const char *allowed, char out[SCOPE_MAX + 1]) MUST_USE;
bool scope_covers(const char *given, const char *wanted); /* every one of wanted is in given */
bool scope_any(const char *list, const char *names);      /* one of names is in list */

#endif
