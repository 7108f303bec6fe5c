/*
 * A client's wish held against what there is.
 * Called by rules/claims.c and rules/verified.c. OpenID Connect Core §5.5.1; OpenID Connect for Identity Assurance 1.0 §6.
 */
#include "idp/rules/match.h"
#include "common/clock.h"
#include "idp/rules/plain.h"
#include <string.h>

#define PURPOSE_MIN 3
#define PURPOSE_MAX 300

err_t match_wish_check(const json_t *wish)
{
    const json_t *essential = json_object_get(wish, "essential"), *values = json_object_get(wish, "values");
    const json_t *purpose = json_object_get(wish, "purpose");

    if (json_is_null(wish))
        return OK;
    if (!json_is_object(wish) || (essential && !json_is_boolean(essential)) || (values && !json_is_array(values)))
        return ERR_REQUEST;
    return !purpose || (json_is_string(purpose) && plain_text(json_string_value(purpose), PURPOSE_MIN, PURPOSE_MAX)) ? OK : ERR_REQUEST;
}

static bool among(const json_t *list, const json_t *v)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), v))
            return true;
    return false;
}

static bool young(const json_t *max_age, const json_t *have)
{
    const char *s = json_string_value(have);
    int64_t at;

    if (!json_is_integer(max_age) || json_integer_value(max_age) < 0 || !s || clock_parse_rfc3339(s, &at) != OK)
        return false;
    return clock_now() - at <= json_integer_value(max_age);
}

bool match_value(const json_t *wish, const json_t *have)
{
    const json_t *value = json_object_get(wish, "value"), *values = json_object_get(wish, "values"),
                 *max_age = json_object_get(wish, "max_age");

    return (!value || json_equal(value, have)) && (!values || among(values, have)) && (!max_age || young(max_age, have));
}

/* Whether anything is demanded here: then its absence is a failure. */
static bool demands(const json_t *asked)
{
    const char *name;
    json_t *v;

    if (json_is_array(asked))
        return true;
    if (json_object_get(asked, "value") || json_object_get(asked, "values") || json_object_get(asked, "max_age"))
        return true;
    json_object_foreach((json_t *)asked, name, v) if (demands(v)) return true;
    return false;
}

static bool fill_object(const json_t *asked, const json_t *have, json_t **out)
{
    AUTO_JSON to = json_object();
    const char *name;
    json_t *wish;

    json_object_foreach((json_t *)asked, name, wish)
    {
        const json_t *v = json_object_get(have, name);
        json_t *part = NULL;
        if (v ? !match_fill(wish, v, &part) : demands(wish))
            return false;
        if (part && json_object_set_new(to, name, part) != 0)
            return false;
    }
    *out = json_object_size(to) > 0 ? take(&to) : NULL;
    return true;
}

static bool fill_array(const json_t *filters, const json_t *have, json_t **out)
{
    AUTO_JSON to = json_array();

    for (size_t i = 0; i < json_array_size(have); i++)
        for (size_t k = 0; k < json_array_size(filters); k++) {
            json_t *part = NULL;
            if (!match_fill(json_array_get(filters, k), json_array_get(have, i), &part))
                continue;
            if (part && json_array_append_new(to, part) != 0)
                return false;
            break;
        }
    if (json_array_size(to) == 0)
        return false;
    *out = take(&to);
    return true;
}

bool match_fill(const json_t *asked, const json_t *have, json_t **out)
{
    *out = NULL;
    if (json_is_array(asked))
        return json_is_array(have) && fill_array(asked, have, out);
    if (json_is_object(asked) && json_is_object(have))
        return fill_object(asked, have, out);
    if (!json_is_null(asked) && (!json_is_object(asked) || json_is_array(have) || !match_value(asked, have)))
        return false;
    *out = json_incref((json_t *)have);
    return true;
}
