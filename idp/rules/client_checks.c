/*
 * Single members of client metadata: what each may say.
 * Called by rules/client_metadata.c. RFC 7591 §2, RFC 7517, RFC 8705 §2, RFC 9700 §2.1.
 */
#include "idp/rules/client_checks.h"
#include "common/jose.h"
#include "idp/rules/client_metadata.h"
#include "idp/rules/acr.h"
#include "idp/rules/details.h"
#include "idp/rules/jwe.h"
#include "idp/rules/redirect.h"
#include "idp/rules/scope.h"
#include <string.h>

#define LABEL_MAX 200
#define CONTACT_MAX 100
#define SECTOR_MAX 255

const struct grant_type grant_types[] = {
    {"authorization_code", "authorization_code", true, true},
    {"refresh_token", "refresh_token", false, false},
    {"client_credentials", "client_credentials", false, true},
    {"urn:ietf:params:oauth:grant-type:device_code", "device_code", true, true},
    {"urn:ietf:params:oauth:grant-type:token-exchange", "token_exchange", false, false},
    {"urn:openid:params:grant-type:ciba", "ciba", true, true},
    {NULL, NULL, false, false},
};

static bool one_of(const char *s, const char *const *list)
{
    while (*list && strcmp(*list, s) != 0)
        list++;
    return *list != NULL;
}

/* --- texts --- */

/* Shown to people: no control characters, and none that turn the direction of what follows (U+202A–E, U+2066–9). */
const char *check_label(const char *v)
{
    size_t n = 0;

    for (const unsigned char *p = (const unsigned char *)v; *p; p++) {
        bool turns = p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
        if (*p < 0x20 || *p == 0x7f || turns)
            return "holds control characters";
        n += (*p & 0xc0) != 0x80;
    }
    return n <= LABEL_MAX ? NULL : "is longer than 200 characters";
}

const char *check_contact(const char *v)
{
    return strlen(v) <= CONTACT_MAX ? check_label(v) : "holds one that is too long";
}

const char *check_uri(const char *v)
{
    const char *why = NULL;

    return redirect_registrable(v, &why) == OK ? NULL : why;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

bool client_id_ok(const char *id)
{
    size_t n = strlen(id);

    return n > 0 && n <= CLIENT_ID_MAX && strchr(LETTERS, id[0]) && strspn(id, LETTERS "._-") == n;
}

const char *check_client_id(const char *v)
{
    return client_id_ok(v) ? NULL : "holds something that is no client id";
}

const char *check_statement(const char *v)
{
    return strspn(v, LETTERS "-_.") == strlen(v) ? NULL : "is no signed statement";
}

const char *check_nothing(const char *v)
{
    (void)v;
    return NULL;
}

/* host[:port], as it stands in a URL. */
const char *check_sector(const char *v)
{
    bool ok = strlen(v) <= SECTOR_MAX && strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == strlen(v);

    return ok ? NULL : "is no host (small letters, perhaps with a port)";
}

/* --- words of closed lists --- */

const char *check_auth_method(const char *v)
{
    static const char *const methods[] = {
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
        "none",
        NULL,
    };

    return one_of(v, methods) ? NULL : "names no method that there is";
}

const char *check_object_alg(const char *v)
{
    static const char *const algs[] = {"ES256", "ES384", "EdDSA", "PS256", "RS256", NULL};

    return one_of(v, algs) ? NULL : "is ES256, ES384, EdDSA, PS256 or RS256";
}

/* Push would send tokens to an address: FAPI-CIBA §5.2.2 forbids it, and here nobody has it. */
const char *check_ciba_mode(const char *v)
{
    return strcmp(v, "poll") == 0 || strcmp(v, "ping") == 0 ? NULL : "is poll or ping";
}

const char *check_assertion_alg(const char *v)
{
    return strcmp(v, "HS256") == 0 || !check_object_alg(v) ? NULL : "is ES256, ES384, EdDSA, PS256, RS256 or (client_secret_jwt) HS256";
}

/* RSA1_5, dir and symmetric key wraps are weak, or need a secret that is not there (RFC 8725 §3.2). */
const char *check_encryption_alg(const char *v)
{
    return jwe_alg_known(v) ? NULL : "is one of " JWE_ALGS;
}

const char *check_encryption_enc(const char *v)
{
    return jwe_enc_known(v) ? NULL : "is one of " JWE_ENCS;
}

const char *check_grant(const char *v)
{
    for (const struct grant_type *g = grant_types; g->name; g++)
        if (strcmp(g->name, v) == 0)
            return NULL;
    return "names a grant type that there is not";
}

const char *check_acr(const char *v)
{
    for (const struct acr_info *a = acr_table; a->value; a++)
        if (strcmp(a->value, v) == 0)
            return NULL;
    return "names a class of sign-in that there is not";
}

const char *check_details_type(const char *v)
{
    for (const struct detail_type *t = detail_types; t->name; t++)
        if (strcmp(t->name, v) == 0)
            return NULL;
    return "names a type of authorization details that there is not";
}

const char *check_scope(const char *v)
{
    bool known = strlen(v) <= SCOPE_MAX;

    for (const char *w = v; known && *w; w += *w == ' ') {
        size_t n = strcspn(w, " ");
        const struct scope_info *s = scope_table;
        while (s->name && !(strlen(s->name) == n && strncmp(s->name, w, n) == 0))
            s++;
        known = s->name != NULL;
        w += n;
    }
    return known ? NULL : "names a scope that there is not";
}

const char *check_profile(const char *v)
{
    static const char *const profiles[] = {"fapi2-security", "fapi2-message-signing", NULL};

    return one_of(v, profiles) ? NULL : "is fapi2-security or fapi2-message-signing";
}

const char *check_tls_match(const char *v)
{
    return client_cert_match_ok(v) ? NULL : "is dn:, dns:, uri:, ip:, email: or x5t: and a value";
}

/* --- keys --- */

const char *check_keys(const char *v)
{
    (void)v; /* an object, not a text: jwks_fault looks at it */
    return NULL;
}

/* What no public key holds; k is a symmetric one (RFC 7518 §6). */
static bool holds_private(const json_t *key)
{
    static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

    for (size_t i = 0; i < sizeof private_members / sizeof *private_members; i++)
        if (json_object_get(key, private_members[i]))
            return true;
    return false;
}

const char *jwks_fault(const json_t *set)
{
    static const char *const wrong = "holds no set of public keys (RFC 7517 §5)";
    const json_t *keys = json_object_get(set, "keys");
    AUTO(jwks_free) struct jwks read = {0};

    if (json_array_size(keys) == 0 || json_array_size(keys) > JWKS_MAX)
        return wrong;
    for (size_t i = 0; i < json_array_size(keys); i++)
        if (!json_is_object(json_array_get(keys, i)) || holds_private(json_array_get(keys, i)))
            return "holds no set of public keys: one is private or symmetric";
    return jwks_parse(set, &read) == OK ? NULL : wrong;
}
