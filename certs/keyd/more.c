/*
 * Claims beyond the typed ones: about the person in an ID token, authorization details in an access token. Members of the table in
 * common/keywire.c alone, each of its kind, so that nothing here can pass for a claim that keyd lays down itself.
 * Called by token.c and statement.c. OpenID Connect Core §5.1; OpenID Connect for Identity Assurance 1.0 §5; RFC 9396 §9.
 */
#include "certs/keyd/keyd.h"
#include "common/json.h"
#include <string.h>

#define DETAILS_MAX 16
#define VERIFIED_MAX 4

static bool verified_one(const json_t *v)
{
    const json_t *verification = json_object_get(v, "verification");
    static const char *const known[] = {"verification", "claims", NULL};

    return json_is_object(v) && json_only(v, known) == OK && json_is_string(json_object_get(verification, "trust_framework")) &&
           json_object_size(json_object_get(v, "claims")) > 0;
}

/* An array of one to max that all pass. */
static bool all(const json_t *list, size_t max, bool (*one)(const json_t *v))
{
    size_t n = json_array_size(list);

    for (size_t i = 0; i < n; i++)
        if (!one(json_array_get(list, i)))
            return false;
    return n > 0 && n <= max;
}

static bool detail_one(const json_t *v)
{
    return json_is_object(v) && json_string_length(json_object_get(v, "type")) > 0; /* RFC 9396 §2 */
}

bool member_json_ok(const struct keyw_claim *c, const json_t *v)
{
    if (strcmp(c->name, "verified_claims") == 0)
        return json_is_array(v) ? all(v, VERIFIED_MAX, verified_one) : verified_one(v);
    return strcmp(c->name, "authorization_details") == 0 && all(v, DETAILS_MAX, detail_one);
}

static bool kind_ok(const struct keyw_claim *c, const json_t *v)
{
    switch (c->kind) {
    case KEYW_T_STRING: return json_string_length(v) > 0;
    case KEYW_T_JSON: return member_json_ok(c, v);
    default: return false; /* no other kind is about a person */
    }
}

static const struct keyw_claim *find(const char *parent, const char *name, unsigned bit)
{
    size_t i = keyw_claim_find(parent, name);

    return i && (keyw_claims[i].types & bit) ? &keyw_claims[i] : NULL;
}

static bool members_ok(json_t *object, const char *parent, unsigned bit)
{
    const char *name;
    json_t *v;

    json_object_foreach(object, name, v)
    {
        const struct keyw_claim *c = find(parent, name, bit);
        if (c ? !kind_ok(c, v) : parent || !json_is_object(v) || json_object_size(v) == 0 || !members_ok(v, name, bit))
            return false;
    }
    return true;
}

enum keyw_status more_open(const struct keyw_token_more *q, struct buf *out)
{
    static const unsigned bits[] = {[KEY_ID_TOKEN] = KEYW_IN_ID_TOKEN, [KEY_ACCESS_TOKEN] = KEYW_IN_ACCESS_TOKEN, [KEY_LOGOUT_TOKEN] = 0};
    AUTO_JSON all = NULL;

    if (q->token.type < KEY_ID_TOKEN || q->token.type > KEY_LOGOUT_TOKEN || q->len > sizeof q->more ||
        !keyw_zero(q->more + q->len, sizeof q->more - q->len) || !keyw_zero(q->reserved, sizeof q->reserved) ||
        json_parse(BYTES(q->more, q->len), sizeof q->more, &all) != OK || json_object_size(all) == 0)
        return KEYW_SYNTAX;
    if (!members_ok(all, NULL, bits[q->token.type]))
        return KEYW_REFUSED;
    return json_text(all, out) == OK ? KEYW_OK : KEYW_INTERNAL;
}
