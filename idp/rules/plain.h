/*
 * Words of a client that a person will read: nothing in them may change how the words around them look.
 * Called by rules/details.c, rules/claims.c and rules/backchannel.c. Unicode TR36 §3.
 */
#ifndef ANTIN_IDP_RULES_PLAIN_H
#define ANTIN_IDP_RULES_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* min to max characters of UTF-8, no control characters, none that are invisible or turn the direction, no space at either end. */
bool plain_text(const char *s, size_t min, size_t max);
/* min to max of printable ASCII without spaces: codes and identifiers. */
bool plain_code(const char *s, size_t min, size_t max);

#endif
