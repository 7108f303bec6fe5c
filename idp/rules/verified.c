/*
 * Verified claims: reading requests for them, and answering.
 * Called by rules/claims.c. OpenID Connect for Identity Assurance 1.0 §5 (representation), §6 (requests).
 */
#include "idp/rules/verified.h"
#include "idp/rules/match.h"
#include "idp/rules/scope.h"
#include <string.h>

/* §6.2: each filter names its type by value. */
static bool evidence_ok(const json_t *evidence)
{
    if (!evidence)
        return true;
    for (size_t i = 0; i < json_array_size(evidence); i++)
        if (!json_is_string(json_object_get(json_object_get(json_array_get(evidence, i), "type"), "value")))
            return false;
    return json_array_size(evidence) > 0;
}

static bool one_ok(const json_t *one)
{
    const json_t *verification = json_object_get(one, "verification");

    return json_is_object(verification) && json_object_size(json_object_get(one, "claims")) > 0 &&
           json_object_get(verification, "trust_framework") && evidence_ok(json_object_get(verification, "evidence"));
}

err_t verified_read(const json_t *asked, json_t **out)
{
    AUTO_JSON all = json_is_array(asked) ? json_deep_copy(asked) : json_pack("[o]", json_deep_copy(asked));
    size_t n = json_array_size(all);

    if (n == 0 || n > VERIFIED_MAX)
        return ERR_REQUEST;
    for (size_t i = 0; i < n; i++)
        if (!one_ok(json_array_get(all, i)))
            return ERR_REQUEST;
    *out = take(&all);
    return OK;
}

bool verified_wants_evidence(const json_t *one)
{
    return json_object_get(json_object_get(one, "verification"), "evidence") != NULL;
}

bool verified_wants_number(const json_t *one)
{
    const json_t *evidence = json_object_get(json_object_get(one, "verification"), "evidence");

    for (size_t i = 0; i < json_array_size(evidence); i++) {
        const json_t *document = json_object_get(json_array_get(evidence, i), "document_details");
        if (json_is_null(document) || json_object_get(document, "document_number"))
            return true;
    }
    return false;
}

/* --- what is known, in the shape of the schema --- */

static const char *text(const json_t *from, const char *name)
{
    return json_string_value(json_object_get(from, name));
}

static json_t *checks(const json_t *note, const char *organization)
{
    const json_t *methods = json_object_get(note, "methods");
    AUTO_JSON list = json_array();

    for (size_t i = 0; list && i < json_array_size(methods); i++) {
        json_t *one = json_pack("{s:O, s:s*, s:s*, s:s*}", "check_method", json_array_get(methods, i), "organization", organization,
                                "check_id", text(note, "check_id"), "time", text(note, "time"));
        if (!one || json_array_append_new(list, one) != 0)
            return NULL;
    }
    return take(&list);
}

static json_t *document(const json_t *d, bool number)
{
    const char *issuer = text(d, "issuer");

    return json_pack("{s:s?, s:s*, s:s*, s:s*, s:o*}", "type", text(d, "type"), "document_number", number ? text(d, "number") : NULL,
                     "date_of_issuance", text(d, "issued"), "date_of_expiry", text(d, "expires"), "issuer",
                     json_pack("{s:s*, s:s}", "name", issuer, "country_code", "VNM"));
}

static json_t *evidence(const json_t *note, const char *organization, bool number)
{
    const json_t *d = json_object_get(note, "document");

    if (!d)
        return NULL;
    return json_pack("[{s:s, s:s*, s:o*, s:o*, s:{s:s*, s:s*}}]", "type", "document", "time", text(note, "time"), "check_details",
                     checks(note, organization), "document_details", document(d, number), "verifier", "organization", organization, "txn",
                     text(note, "check_id"));
}

/* Accounts from before anything was noted have framework and level alone. */
static json_t *verification(const json_t *person, const struct verified_facts *f, const char *scope)
{
    const json_t *note = json_object_get(person, "verification");
    const char *named = text(note, "organization"), *organization = named ? named : f->organization[0] ? f->organization : NULL;

    return json_pack("{s:s, s:s, s:s*, s:s*, s:o*}", "trust_framework", f->trust_framework, "assurance_level",
                     f->level >= 2 ? "level_2" : "level_1", "time", text(note, "time"), "verification_process", text(note, "check_id"),
                     "evidence", evidence(note, organization, scope_has(scope, "citizen_number")));
}

/* A claim that is otherwise than asked is left out; one that is not known as well. */
static err_t tell_claims(const json_t *asked, const json_t *known, json_t *to)
{
    const char *name;
    json_t *wish;

    json_object_foreach((json_t *)asked, name, wish)
    {
        json_t *v = json_object_get(known, name);
        if (v && match_value(wish, v) && json_object_set(to, name, v) != 0)
            return ERR_NOMEM;
    }
    return OK;
}

static err_t tell_one(const json_t *asked, const json_t *known, const json_t *have, json_t *to)
{
    AUTO_JSON said = NULL;
    AUTO_JSON claims = json_object();

    TRY(claims ? tell_claims(json_object_get(asked, "claims"), known, claims) : ERR_NOMEM);
    if (!match_fill(json_object_get(asked, "verification"), have, &said) || !said || json_object_size(claims) == 0)
        return OK;
    return json_array_append_new(to, json_pack("{s:O, s:O}", "verification", said, "claims", claims)) == 0 ? OK : ERR_NOMEM;
}

err_t verified_tell(const json_t *asked, const json_t *person, const json_t *known, const struct verified_facts *f, const char *scope,
                    json_t **out)
{
    AUTO_JSON have = verification(person, f, scope);
    AUTO_JSON all = json_array();

    *out = NULL;
    if (!have || !all)
        return ERR_NOMEM;
    if (f->level < 1) /* an officer's account: nobody identified a citizen */
        return OK;
    for (size_t i = 0; i < json_array_size(asked); i++)
        TRY(tell_one(json_array_get(asked, i), known, have, all));
    if (json_array_size(all) == 1)
        *out = json_incref(json_array_get(all, 0));
    else if (json_array_size(all) > 1)
        *out = take(&all);
    return OK;
}
