/*
 * Authentication context classes.
 * Called by rules/authz.c, rules/claims.c, rules/code.c, rules/token.c and endpoints/discovery.c. OpenID Connect Core §2; RFC 8176 §2.
 */
#include "idp/rules/acr.h"
#include "idp/rules/scope.h"
#include <string.h>

const struct acr_info acr_table[] = {
    {"urn:antin:loa:1", 1, "", false},
    {"urn:antin:loa:2", 2, "", false},
    {"urn:antin:auth:pwd", 0, "pwd", true},
    {"urn:antin:auth:upstream", 0, "fed", true},
    {NULL, 0, NULL, false},
};

static const struct acr_info *find(const char *value, size_t len)
{
    for (const struct acr_info *i = acr_table; i->value; i++)
        if (strlen(i->value) == len && memcmp(i->value, value, len) == 0)
            return i;
    return NULL;
}

static const struct acr_info *next(const char **at)
{
    size_t n = strcspn(*at, " ");
    const struct acr_info *found = find(*at, n);

    *at += n;
    *at += **at == ' ';
    return found;
}

void acr_add(const char *asked, size_t len, char out[ACR_VALUES_MAX + 1])
{
    for (size_t i = 0, n; i < len; i += n + 1) {
        const char *space = memchr(asked + i, ' ', len - i);
        n = space ? (size_t)(space - asked) - i : len - i;
        const struct acr_info *a = find(asked + i, n);
        size_t used = strlen(out), more = a ? strlen(a->value) : 0;
        if (!a || scope_has(out, a->value) || used + more + 1 > ACR_VALUES_MAX)
            continue;
        if (used)
            out[used++] = ' ';
        memcpy(out + used, a->value, more + 1);
    }
}

bool acr_here(const struct acr_info *i, bool upstream)
{
    return upstream || !scope_has(i->amr, "fed");
}

void acr_keep_here(char values[ACR_VALUES_MAX + 1], bool upstream)
{
    char all[ACR_VALUES_MAX + 1];
    const char *at = all;

    memcpy(all, values, sizeof all);
    values[0] = '\0';
    while (*at) {
        const struct acr_info *i = next(&at);
        if (i && acr_here(i, upstream))
            acr_add(i->value, strlen(i->value), values);
    }
}

const char *acr_met(const char *wanted, int level, const char *amr)
{
    while (*wanted) {
        const struct acr_info *a = next(&wanted);
        if (a && level >= a->level && scope_covers(amr, a->amr))
            return a->value;
    }
    return NULL;
}

bool acr_reachable(const char *wanted, const struct session *s)
{
    while (*wanted) {
        const struct acr_info *a = next(&wanted);
        if (a && (a->offered || s->level < a->level) && s->account_level >= a->level)
            return true;
    }
    return false;
}

const char *acr_of_level(int level)
{
    return level >= 2 ? "urn:antin:loa:2" : level == 1 ? "urn:antin:loa:1" : NULL;
}
