/*
 * Authorization details: the table of types, reading, narrowing.
 * Called by rules/authz.c, rules/device.c, endpoints/token.c, endpoints/agree.c, endpoints/discovery.c and antin-idpctl. RFC 9396 §2, §5, §6;
 * CSC API v2.0 §8.3 (credential).
 */
#include "idp/rules/details.h"
#include "idp/rules/plain.h"
#include "idp/rules/scope.h"
#include <string.h>

#define SHA2_OIDS "2.16.840.1.101.3.4.2.1 2.16.840.1.101.3.4.2.2 2.16.840.1.101.3.4.2.3"

/* A hash is as long as its algorithm makes it, and somebody says which credential and what is signed. */
static bool credential_whole(const json_t *one)
{
    static const size_t lengths[] = {32, 48, 64}; /* of SHA2_OIDS, which differ in the last digit alone */
    const json_t *digests = json_object_get(one, "documentDigests"), *count = json_object_get(one, "numSignatures");
    const char *oid = json_string_value(json_object_get(one, "hashAlgorithmOID"));
    uint8_t raw[64];
    size_t n = 0, want = oid ? lengths[oid[strlen(oid) - 1] - '1'] : 0;

    if (!json_object_get(one, "credentialID") && !json_object_get(one, "signatureQualifier"))
        return false;
    if (!digests)
        return count && !oid;
    if (!oid || (count && (size_t)json_integer_value(count) != json_array_size(digests)))
        return false;
    for (size_t i = 0; i < json_array_size(digests); i++) {
        const char *hash = json_string_value(json_object_get(json_array_get(digests, i), "hash"));
        if (b64_decode(bytes_str(hash), raw, sizeof raw, &n) != OK || n != want)
            return false;
    }
    return true;
}

static const struct detail_member credential[] = {
    {"credentialID", DETAIL_CODE, 64, NULL, false, NULL},
    {"signatureQualifier", DETAIL_CODE, 64, NULL, false, NULL},
    {"numSignatures", DETAIL_COUNT_OF, 64, NULL, false, "details.signatures"},
    {"documentDigests", DETAIL_DIGESTS, 16, NULL, false, "details.documents"},
    {"hashAlgorithmOID", DETAIL_CHOICE, 0, SHA2_OIDS, false, NULL},
    {"locations", DETAIL_LOCATIONS, 2, NULL, false, NULL},
    {NULL, 0, 0, NULL, false, NULL},
};
static const struct detail_member dossier[] = {
    {"actions", DETAIL_CHOICES, 4, "create read submit sign", true, "details.actions"},
    {"procedure", DETAIL_CODE, 64, NULL, true, "details.procedure"},
    {"agency", DETAIL_WORDS, 200, NULL, true, "details.agency"},
    {"dossier", DETAIL_CODE, 64, NULL, false, "details.code"},
    {"locations", DETAIL_LOCATIONS, 2, NULL, false, NULL},
    {NULL, 0, 0, NULL, false, NULL},
};
const struct detail_type detail_types[] = {
    {"credential", "details.credential", false, credential, credential_whole},
    {"dossier", "details.dossier", true, dossier, NULL},
    {NULL, NULL, false, NULL, NULL},
};

const struct detail_type *detail_type_of(const json_t *one)
{
    const char *name = json_string_value(json_object_get(one, "type"));

    for (const struct detail_type *t = detail_types; name && t->name; t++)
        if (strcmp(t->name, name) == 0)
            return t;
    return NULL;
}

static bool digest_ok(const json_t *d)
{
    static const char *const names[] = {"hash", "label", NULL};
    const char *hash = json_string_value(json_object_get(d, "hash")), *label = json_string_value(json_object_get(d, "label"));

    return json_is_object(d) && json_only(d, names) == OK && hash && plain_code(hash, 43, 88) && label && plain_text(label, 1, 120);
}

/* A non-empty list of different texts, each good. */
static bool list_ok(const json_t *v, size_t max, const struct detail_member *m,
                    bool (*ok)(const json_t *one, const struct detail_member *m))
{
    size_t n = json_array_size(v);

    if (n == 0 || n > max)
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (!ok(json_array_get(v, i), m) || (k != i && json_equal(json_array_get(v, i), json_array_get(v, k))))
                return false;
    return true;
}

static bool choice_ok(const json_t *one, const struct detail_member *m)
{
    const char *s = json_string_value(one);

    return s && *s && !strchr(s, ' ') && scope_has(m->choices, s);
}

static bool digest_of_list(const json_t *one, const struct detail_member *m)
{
    (void)m;
    return digest_ok(one);
}

static bool string_of_list(const json_t *one, const struct detail_member *m)
{
    (void)m;
    return json_is_string(one);
}

/* RFC 9396 §2.2: where it is for. Only what tokens can be for at all. */
static bool locations_ok(const json_t *v, const struct detail_member *m, const struct resources *known)
{
    if (!list_ok(v, m->max, m, string_of_list))
        return false;
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *s = json_string_value(json_array_get(v, i));
        if (strcmp(s, known->issuer) != 0 && (!known->signer[0] || strcmp(s, known->signer) != 0))
            return false;
    }
    return true;
}

static bool member_ok(const struct detail_member *m, const json_t *v, const struct resources *known)
{
    const char *s = json_string_value(v);

    switch (m->kind) {
    case DETAIL_CODE: return s && plain_code(s, 1, m->max);
    case DETAIL_WORDS: return s && plain_text(s, 1, m->max);
    case DETAIL_CHOICE: return choice_ok(v, m);
    case DETAIL_CHOICES: return list_ok(v, m->max, m, choice_ok);
    case DETAIL_COUNT_OF: return json_is_integer(v) && json_integer_value(v) >= 1 && json_integer_value(v) <= (json_int_t)m->max;
    case DETAIL_DIGESTS: return list_ok(v, m->max, m, digest_of_list);
    case DETAIL_LOCATIONS: return locations_ok(v, m, known);
    }
    return false;
}

/* RFC 9396 §5: an unknown type, an unknown member, a wrong type of value, a value that may not be, a member that is missing. */
static bool one_ok(json_t *one, const char *allowed, const struct resources *known)
{
    const struct detail_type *t = detail_type_of(one);
    size_t found = 1; /* type itself */

    if (!t || !scope_has(allowed, t->name))
        return false;
    for (const struct detail_member *m = t->member; m->name; m++) {
        const json_t *v = json_object_get(one, m->name);
        if (v ? !member_ok(m, v, known) : m->needed)
            return false;
        found += v != NULL;
    }
    return found == json_object_size(one) && (!t->whole || t->whole(one));
}

err_t details_read(const char *text, const char *allowed, const struct resources *known, json_t **out)
{
    AUTO_JSON all = NULL;
    AUTO_BUF compact = {0};

    err_t e = json_parse(bytes_str(text), DETAILS_TEXT_MAX, &all);
    if (e != OK)
        return e == ERR_NOMEM ? e : ERR_DETAILS;
    size_t n = json_array_size(all);
    if (n == 0 || n > DETAILS_COUNT)
        return ERR_DETAILS;
    for (size_t i = 0; i < n; i++)
        if (!one_ok(json_array_get(all, i), allowed, known))
            return ERR_DETAILS;
    TRY(json_text(all, &compact));
    if (compact.len > DETAILS_MAX)
        return ERR_DETAILS;
    *out = take(&all);
    return OK;
}

static bool among(const json_t *list, const json_t *v)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), v))
            return true;
    return false;
}

/* Fewer entries, a smaller number; a single value cannot be less. */
static bool member_narrower(const struct detail_member *m, const json_t *had, const json_t *asked)
{
    if (!had || !asked)
        return !had && !asked;
    if (m->kind == DETAIL_COUNT_OF)
        return json_integer_value(asked) <= json_integer_value(had);
    for (size_t i = 0; i < json_array_size(asked); i++)
        if (!among(had, json_array_get(asked, i)))
            return false;
    return json_is_array(asked) || json_equal(had, asked);
}

static bool narrower(const json_t *had, const json_t *asked)
{
    const struct detail_type *t = detail_type_of(asked);

    if (!t || t != detail_type_of(had))
        return false;
    for (const struct detail_member *m = t->member; m->name; m++)
        if (!member_narrower(m, json_object_get(had, m->name), json_object_get(asked, m->name)))
            return false;
    return true;
}

/* What was granted once is not there twice: each serves one of those asked for. */
static bool serve(const json_t *granted, const json_t *asked, unsigned *used)
{
    for (size_t i = 0; i < json_array_size(granted) && i < DETAILS_COUNT; i++)
        if (!(*used & 1u << i) && narrower(json_array_get(granted, i), asked)) {
            *used |= 1u << i;
            return true;
        }
    return false;
}

/* The types of what was granted: that the client may have lost one since is no matter of the token request. */
static err_t types_of(const json_t *granted, struct buf *out)
{
    for (size_t i = 0; i < json_array_size(granted); i++)
        TRY(buf_addf(out, "%s%s", i ? " " : "", json_string_value(json_object_get(json_array_get(granted, i), "type"))));
    return OK;
}

err_t details_narrow(const json_t *granted, const char *asked, const struct resources *known, json_t **out)
{
    AUTO_JSON all = NULL;
    AUTO_BUF types = {0};
    unsigned used = 0;

    *out = NULL;
    if (!asked) {
        *out = json_incref((json_t *)granted);
        return OK;
    }
    TRY(types_of(granted, &types));
    TRY(details_read(asked, buf_str(&types), known, &all));
    for (size_t i = 0; i < json_array_size(all); i++)
        if (!serve(granted, json_array_get(all, i), &used))
            return ERR_DETAILS;
    *out = take(&all);
    return OK;
}
