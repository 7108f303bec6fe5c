/*
 * What the person is asked to agree to, in words.
 * Called by consent.c and requests.c. OpenID Connect Core §3.1.2.4, §5.5; RFC 9396 §2, §12 (what a client says is shown as text and as nothing else).
 */
#include "idp/endpoints/agree.h"
#include "idp/rules/claims.h"
#include "idp/rules/details.h"
#include "idp/rules/scope.h"
#include "idp/rules/terms.h"
#include <stdio.h>
#include <string.h>

/* {"what": …, "why": …} of a text key. */
static json_t *item(const struct http_req *r, const char *key)
{
    char why[64];

    snprintf(why, sizeof why, "%s.why", key);
    return json_pack("{s:s, s:s}", "what", page_text(r, key), "why", page_text(r, why));
}

static err_t add_scopes(const struct http_req *r, const char *scope, json_t *list)
{
    for (const struct scope_info *i = scope_table; i->name; i++)
        if (scope_has(scope, i->name) && json_array_append_new(list, item(r, i->text)) != 0)
            return ERR_NOMEM;
    return OK;
}

/* What was said of a single claim, wherever it was asked for. */
static const json_t *wish_of(const struct terms *t, bool verified, const char *name)
{
    const json_t *const places[] = {t->userinfo, t->id_token};

    for (size_t p = 0; p < 2; p++) {
        const json_t *all = json_object_get(places[p], "verified_claims");
        const json_t *plain = json_object_get(places[p], name);
        for (size_t i = 0; verified && i < json_array_size(all); i++) {
            const json_t *wish = json_object_get(json_object_get(json_array_get(all, i), "claims"), name);
            if (wish)
                return wish;
        }
        if (!verified && plain)
            return plain;
    }
    return NULL;
}

/* One of the request's claim names: its words, whether it is told as checked, and what the client says that it is for. */
static json_t *claim(const struct http_req *r, const struct terms *t, const char *word, size_t len)
{
    static const char prefix[] = "verified.";
    bool verified = len > sizeof prefix - 1 && memcmp(word, prefix, sizeof prefix - 1) == 0;
    size_t skip = verified ? sizeof prefix - 1 : 0;
    char name[64], key[80];

    snprintf(name, sizeof name, "%.*s", (int)(len - skip), word + skip);
    snprintf(key, sizeof key, "claim.%s", name);
    const json_t *wish = wish_of(t, verified, name);
    bool checked = verified && claim_is(name); /* evidence is what checked it */
    return json_pack("{s:s, s:s*, s:s*, s:s*}", "what", page_text(r, key), "why", checked ? page_text(r, "claim.checked") : NULL, "need",
                     json_is_true(json_object_get(wish, "essential")) ? page_text(r, "claim.essential") : NULL, "purpose",
                     json_string_value(json_object_get(wish, "purpose")));
}

static err_t add_claims(const struct http_req *r, const struct terms *t, const char *names, json_t *list)
{
    for (const char *w = names; *w; w += *w == ' ') {
        size_t n = strcspn(w, " ");
        if (json_array_append_new(list, claim(r, t, w, n)) != 0)
            return ERR_NOMEM;
        w += n;
    }
    return OK;
}

/* One value of a member as a person reads it; NULL: it cannot be. */
static json_t *value(const struct http_req *r, const struct detail_member *m, const json_t *v)
{
    char key[64];

    switch (m->kind) {
    case DETAIL_CODE:
    case DETAIL_WORDS: return json_string(json_string_value(v));
    case DETAIL_CHOICE:
    case DETAIL_CHOICES: snprintf(key, sizeof key, "%s.%s", m->text, json_string_value(v)); return json_string(page_text(r, key));
    case DETAIL_DIGESTS: return json_string(json_string_value(json_object_get(v, "label")));
    case DETAIL_COUNT_OF: return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
    default: return NULL;
    }
}

static json_t *values(const struct http_req *r, const struct detail_member *m, const json_t *v)
{
    AUTO_JSON list = json_array();

    if (!list)
        return NULL;
    if (!json_is_array(v))
        return json_array_append_new(list, value(r, m, v)) == 0 ? take(&list) : NULL;
    for (size_t i = 0; i < json_array_size(v); i++)
        if (json_array_append_new(list, value(r, m, json_array_get(v, i))) != 0)
            return NULL;
    return take(&list);
}

static err_t add_detail(const struct http_req *r, const json_t *one, json_t *list)
{
    const struct detail_type *t = detail_type_of(one);
    AUTO_JSON facts = json_array();
    AUTO_JSON shown = t ? item(r, t->text) : NULL;

    if (!t) /* a type that went with an update while the page was open */
        return ERR_REQUEST_GONE;
    if (!facts || !shown)
        return ERR_NOMEM;
    for (const struct detail_member *m = t->member; m->name; m++) {
        const json_t *v = json_object_get(one, m->name);
        if (v && m->text &&
            json_array_append_new(facts, json_pack("{s:s, s:o}", "label", page_text(r, m->text), "values", values(r, m, v))) != 0)
            return ERR_NOMEM;
    }
    return json_object_set(shown, "facts", facts) == 0 && json_array_append(list, shown) == 0 ? OK : ERR_NOMEM;
}

static err_t add_details(const struct http_req *r, const json_t *details, json_t *list)
{
    for (size_t i = 0; i < json_array_size(details); i++)
        TRY(add_detail(r, json_array_get(details, i), list));
    return OK;
}

err_t agree_words(struct http_req *r, const struct agree_what *q, json_t *v)
{
    AUTO_TERMS terms = {0};
    AUTO_JSON scopes = json_array();
    AUTO_JSON details = json_array();

    if (!scopes || !details)
        return ERR_NOMEM;
    TRY(terms_open(app_of(r)->keys.seal, q->client_id, q->terms, &terms));
    TRY(add_scopes(r, q->scope, scopes));
    TRY(add_claims(r, &terms, q->claims, scopes));
    TRY(add_details(r, terms.details, details));
    return json_object_set(v, "scopes", scopes) == 0 && json_object_set(v, "details", details) == 0 ? OK : ERR_NOMEM;
}
