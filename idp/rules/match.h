/*
 * A client's wish held against what there is: value, values, max_age on single values, wishes within wishes on objects, filters on arrays.
 * Called by rules/claims.c and rules/verified.c. OpenID Connect Core §5.5.1; OpenID Connect for Identity Assurance 1.0 §6.
 */
#ifndef ANTIN_IDP_RULES_MATCH_H
#define ANTIN_IDP_RULES_MATCH_H

#include "common/json.h"
#include "idp/errors.h"

/* null, or an object whose essential is a boolean, values an array, purpose 3 to 300 characters of plain text. ERR_REQUEST. */
err_t match_wish_check(const json_t *wish) MUST_USE;
/* Whether a value is one that was asked for: any without value and values; not older than max_age seconds, when it is a time. */
bool match_value(const json_t *wish, const json_t *have);
/*
 * The part of have that asked names; false when it must be otherwise than it is. What there is not and nothing is demanded of is left out. An
 * array is an array of filters: whatever passes one of them; nothing passing is a failure. *out NULL with true: nothing of it is there.
 */
bool match_fill(const json_t *asked, const json_t *have, json_t **out);

#endif
