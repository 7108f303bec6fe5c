/*
 * Scopes: one table, and set arithmetic on space-separated lists.
 * Called by rules/ and endpoints/. RFC 6749 §3.3, OpenID Connect Core §5.4.
 */
#include "idp/rules/scope.h"
#include <string.h>

const struct scope_info scope_table[] = {
    {"openid", "scope.openid", false, false},
    {"profile", "scope.profile", true, false},
    {"email", "scope.email", true, false},
    {"phone", "scope.phone", true, false},
    {"address", "scope.address", true, false},
    {"citizen_number", "scope.citizen_number", true, false},
    {"verified_claims", "scope.verified_claims", true, false},
    {"dossier", "scope.dossier", false, false},
    {"dossier.read", "scope.dossier_read", false, false},
    {"offline_access", "scope.offline_access", false, true},
    {"registrar", "scope.registrar", false, false},
    {"admin", "scope.admin", false, false},
    {NULL, NULL, false, false},
};

/* The next word of a list; NULL at its end. */
static const char *next_word(const char **at, size_t *len)
{
    const char *s = *at, *end;

    while (*s == ' ')
        s++;
    for (end = s; *end && *end != ' ';)
        end++;
    *len = (size_t)(end - s);
    *at = end;
    return *len ? s : NULL;
}

static bool has(const char *list, const char *name, size_t name_len)
{
    size_t n;
    const char *w;

    while ((w = next_word(&list, &n)))
        if (n == name_len && memcmp(w, name, n) == 0)
            return true;
    return false;
}

bool scope_has(const char *list, const char *name)
{
    return has(list, name, strlen(name));
}

/* scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), RFC 6749 appendix A.4 */
static bool well_formed(const char *s)
{
    for (; *s; s++)
        if (*s < 0x20 || *s > 0x7e || *s == '"' || *s == '\\')
            return false;
    return true;
}

err_t scope_select(const char *asked, const char *allowed, char out[SCOPE_MAX + 1])
{
    size_t len = 0;

    out[0] = '\0';
    if (!asked || strlen(asked) > SCOPE_MAX || !well_formed(asked))
        return ERR_SCOPE;
    for (const struct scope_info *s = scope_table; s->name; s++) {
        if (!scope_has(asked, s->name) || (s->ignorable && !scope_has(allowed, s->name)))
            continue;
        if (!scope_has(allowed, s->name) || (s->needs_openid && !scope_has(asked, "openid")))
            return ERR_SCOPE;
        size_t n = strlen(s->name);
        if (len + n + 2 > SCOPE_MAX)
            return ERR_SCOPE;
        if (len)
            out[len++] = ' ';
        memcpy(out + len, s->name, n + 1);
        len += n;
    }
    return len ? OK : ERR_SCOPE;
}

bool scope_covers(const char *given, const char *wanted)
{
    size_t n;
    const char *w;

    while ((w = next_word(&wanted, &n)))
        if (!has(given, w, n))
            return false;
    return true;
}

bool scope_any(const char *list, const char *names)
{
    size_t n;
    const char *w;

    while ((w = next_word(&names, &n)))
        if (has(list, w, n))
            return true;
    return false;
}
