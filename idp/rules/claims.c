/*
 * The claims parameter.
 * Called by rules/authz.c. OpenID Connect Core §5.5, §5.5.1, §5.5.1.1.
 */
#include "idp/rules/claims.h"
#include "common/json.h"
#include "idp/rules/acr.h"
#include "idp/rules/scope.h"
#include <stdio.h>
#include <string.h>

#define CLAIMS_MAX 4096

static const struct {
    const char *claim, *scope;
} belongs[] = {
    {"name", "profile"},        {"family_name", "profile"},
    {"middle_name", "profile"}, {"given_name", "profile"},
    {"birthdate", "profile"},   {"gender", "profile"},
    {"email", "email"},         {"phone_number", "phone"},
    {"address", "address"},     {"citizen_number", "citizen_number"},
};

static void add_scope(struct claims_wish *w, const char *claim)
{
    for (size_t i = 0; i < sizeof belongs / sizeof *belongs; i++) {
        size_t n = strlen(w->scope);
        if (strcmp(belongs[i].claim, claim) == 0 && !scope_has(w->scope, belongs[i].scope))
            snprintf(w->scope + n, sizeof w->scope - n, "%s%s", n ? " " : "", belongs[i].scope);
    }
}

static void add_acr(const json_t *value, struct claims_wish *w)
{
    if (json_is_string(value) && !strchr(json_string_value(value), ' '))
        acr_add(json_string_value(value), json_string_length(value), w->acr);
}

/* An essential acr: one of the values is enough. A voluntary one asks for nothing that a person could not bring (§5.5.1.1). */
static void read_acr(const json_t *wish, struct claims_wish *w)
{
    const json_t *values = json_object_get(wish, "values"), *value = json_object_get(wish, "value");

    if (!value && !values)
        return;
    w->acr_essential = w->acr_essential || json_is_true(json_object_get(wish, "essential"));
    add_acr(value, w);
    for (size_t i = 0; i < json_array_size(values); i++)
        add_acr(json_array_get(values, i), w);
}

/* The sub that is meant: whoever else signs in gets no answer (§5.5.1). */
static err_t read_sub(const json_t *wish, struct claims_wish *w)
{
    const json_t *value = json_object_get(wish, "value");
    const char *v = json_string_value(value);

    if (!value)
        return OK;
    if (!v || strlen(v) >= sizeof w->sub || (w->sub[0] && strcmp(w->sub, v) != 0))
        return ERR_REQUEST;
    snprintf(w->sub, sizeof w->sub, "%s", v);
    return OK;
}

static err_t read_part(json_t *part, struct claims_wish *w)
{
    if (part && !json_is_object(part))
        return ERR_REQUEST;
    for (void *i = json_object_iter(part); i; i = json_object_iter_next(part, i)) {
        const char *name = json_object_iter_key(i);
        const json_t *wish = json_object_iter_value(i);
        if (!json_is_null(wish) && !json_is_object(wish))
            return ERR_REQUEST;
        add_scope(w, name);
        if (strcmp(name, "acr") == 0)
            read_acr(wish, w);
        if (strcmp(name, "sub") == 0)
            TRY(read_sub(wish, w));
    }
    return OK;
}

err_t claims_read(const char *text, struct claims_wish *out)
{
    AUTO_JSON all = NULL;

    memset(out, 0, sizeof *out);
    err_t e = json_parse(bytes_str(text), CLAIMS_MAX, &all);
    if (e != OK || !json_is_object(all))
        return e == ERR_NOMEM ? e : ERR_REQUEST;
    TRY(read_part(json_object_get(all, "userinfo"), out));
    return read_part(json_object_get(all, "id_token"), out);
}
