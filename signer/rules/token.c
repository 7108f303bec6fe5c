/*
 * Access tokens: signature, type, issuer, audience, time, and the claims that decide who calls.
 * Called by endpoints/api. RFC 9068 §4.
 */
#include "signer/rules/token.h"

#include "common/json.h"
#include "signer/errors.h"
#include "signer/rules/provider.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    enum scope bit;
} scopes[] = {{"dossier", SCOPE_DOSSIER}, {"dossier.read", SCOPE_DOSSIER_READ}, {"registrar", SCOPE_REGISTRAR}};

/* Space separated, exact names (RFC 6749 §3.3). */
static unsigned read_scopes(const char *text)
{
    unsigned bits = 0;
    while (text != NULL && *text != '\0') {
        size_t n = strcspn(text, " ");
        for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
            if (strlen(scopes[i].name) == n && memcmp(scopes[i].name, text, n) == 0)
                bits |= scopes[i].bit;
        text += n;
        text += strspn(text, " ");
    }
    return bits;
}

err_t bearer_check(struct provider *p, const char *audience, const char *token, struct caller *out)
{
    AUTO_JSON claims = NULL;
    TRY(provider_verify(p, BYTES_STR(token), "at+jwt", audience, &claims));
    const char *sub = NULL, *client = NULL, *scope = NULL;
    int64_t level = 0;
    if (json_need_str(claims, "sub", SUBJECT_MAX, &sub) != OK || json_need_str(claims, "client_id", CLIENT_ID_MAX, &client) != OK ||
        json_get_str(claims, "scope", 1024, &scope) != OK || json_get_int(claims, "level", 0, 2, 0, &level) != OK)
        return ERR_UNAUTHENTICATED;
    if (level != 0 && strcmp(sub, client) == 0)
        return ERR_UNAUTHENTICATED; /* a client is no citizen */
    *out = (struct caller){.level = (int)level, .scopes = read_scopes(scope)};
    snprintf(out->sub, sizeof out->sub, "%s", sub);
    snprintf(out->client_id, sizeof out->client_id, "%s", client);
    return OK;
}
