/*
 * What may be registered as a redirect URI.
 * Called by antin-idpctl. RFC 6749 §3.1.2, RFC 9700 §2.1.
 */
#include "idp/rules/redirect.h"
#include "idp/store/client.h"
#include <ctype.h>
#include <string.h>

static bool visible_ascii(const char *s)
{
    for (; *s; s++)
        if (*s <= 0x20 || *s >= 0x7f)
            return false;
    return true;
}

/* http://localhost, 127.0.0.1 and [::1], with or without a port. */
static bool loopback(const char *host, size_t n)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        if (n >= len && strncmp(host, names[i], len) == 0 && (n == len || host[len] == ':'))
            return true;
    }
    return false;
}

static const char *fault(const char *uri)
{
    bool https = strncmp(uri, "https://", 8) == 0, http = strncmp(uri, "http://", 7) == 0;
    const char *host = uri + (https ? 8 : 7);

    if (!https && !http)
        return "must begin with https:// (or http:// on a loopback name)";
    if (strlen(uri) > URI_MAX)
        return "is too long";
    if (!visible_ascii(uri))
        return "holds spaces or other than ASCII characters";
    size_t n = strcspn(host, "/?#");
    if (n == 0)
        return "has no host";
    if (http && !loopback(host, n))
        return "is plain http on a name that is not loopback";
    if (memchr(host, '@', n))
        return "holds a user name";
    if (strpbrk(uri, "#*\\<>\"{}|^`"))
        return "holds a fragment, a wildcard or a character that no URI holds";
    if (strstr(host, "/../") || strstr(host, "/./"))
        return "holds dot segments";
    return NULL;
}

err_t redirect_registrable(const char *uri, const char **why)
{
    *why = fault(uri);
    return *why ? ERR_REDIRECT_URI : OK;
}
