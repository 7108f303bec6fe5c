/*
 * An upstream provider's claims, mapped.
 * Called by rules/upstream_flow.c and rules/upstream_conf.c.
 */
#include "idp/rules/upstream_claims.h"
#include "idp/rules/scope.h"
#include <stdio.h>
#include <string.h>

#define CLAIM_MAX 128

/* The claim of this very name (names may be URLs, dots and all), else a.b: b inside a. */
static const json_t *find(const json_t *claims, const char *name)
{
    const json_t *v = json_object_get(claims, name);
    const char *dot = strchr(name, '.');
    char first[CLAIM_MAX + 1];

    if (v || !dot || (size_t)(dot - name) > CLAIM_MAX)
        return v;
    memcpy(first, name, (size_t)(dot - name));
    first[dot - name] = '\0';
    return json_object_get(json_object_get(claims, first), dot + 1);
}

/* A text, or a whole number as text; "" when absent. ERR_UPSTREAM_ANSWER: anything else. */
static err_t read_text(const json_t *claims, const char *name, char out[CLAIM_MAX + 1])
{
    const json_t *v = name[0] && claims ? find(claims, name) : NULL;
    size_t n = json_string_length(v);

    out[0] = '\0';
    if (!v || json_is_null(v))
        return OK;
    if (json_is_integer(v)) {
        snprintf(out, CLAIM_MAX + 1, "%lld", (long long)json_integer_value(v));
        return OK;
    }
    if (!json_is_string(v) || n > CLAIM_MAX || strlen(json_string_value(v)) != n)
        return ERR_UPSTREAM_ANSWER;
    memcpy(out, json_string_value(v), n + 1);
    return OK;
}

/* From the ID token, else from UserInfo. *both: the two say different things. */
static err_t from_either(const json_t *id_token, const json_t *userinfo, const char *name, char out[CLAIM_MAX + 1], bool *differ)
{
    char other[CLAIM_MAX + 1];

    TRY(read_text(id_token, name, out));
    TRY(read_text(userinfo, name, other));
    *differ = out[0] && other[0] && strcmp(out, other) != 0;
    if (!out[0])
        memcpy(out, other, sizeof other);
    return OK;
}

/* --- dates --- */

static const struct {
    const char *word;
    size_t at, len; /* in YYYY-MM-DD */
} parts[] = {{"YYYY", 0, 4}, {"MM", 5, 2}, {"DD", 8, 2}};

bool upstream_date_format_ok(const char *format)
{
    size_t rest = strlen(format);

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *p = strstr(format, parts[i].word);
        if (!p || strstr(p + 1, parts[i].word))
            return false;
        rest -= parts[i].len;
    }
    return rest <= 4 && !strpbrk(format, "0123456789");
}

err_t upstream_date_read(const char *format, const char *text, char out[DATE_LEN + 1])
{
    if (strlen(text) != strlen(format))
        return ERR_SYNTAX;
    memcpy(out, "YYYY-MM-DD", DATE_LEN + 1);
    for (size_t at = 0; format[at];) {
        size_t i = 0;
        while (i < sizeof parts / sizeof *parts && strncmp(format + at, parts[i].word, parts[i].len) != 0)
            i++;
        if (i == sizeof parts / sizeof *parts) {
            if (format[at] != text[at])
                return ERR_SYNTAX;
            at++;
            continue;
        }
        if (strspn(text + at, "0123456789") < parts[i].len)
            return ERR_SYNTAX;
        memcpy(out + parts[i].at, text + at, parts[i].len);
        at += parts[i].len;
    }
    return citizen_date_ok(out) ? OK : ERR_SYNTAX;
}

/* --- the person --- */

static err_t read_level(const struct upstream_conf *c, const json_t *id_token, const json_t *userinfo, int *level)
{
    char value[CLAIM_MAX + 1];
    bool differ = false;

    TRY(from_either(id_token, userinfo, c->level, value, &differ));
    *level = (int)c->level_default;
    if (value[0] && scope_has(c->level_2, value))
        *level = 2;
    else if (value[0] && scope_has(c->level_1, value))
        *level = 1;
    if (*level > c->level_max)
        *level = (int)c->level_max;
    if (differ)
        return ERR_UPSTREAM_ANSWER;
    return *level > 0 ? OK : ERR_UPSTREAM_LEVEL;
}

err_t upstream_person_read(const struct upstream_conf *c, const json_t *id_token, const json_t *userinfo, struct upstream_person *out)
{
    char text[CLAIM_MAX + 1];
    bool differ = false;

    memset(out, 0, sizeof *out);
    TRY(from_either(id_token, userinfo, c->number, text, &differ));
    if (differ || !citizen_number_clean(text, out->number))
        return ERR_UPSTREAM_ANSWER;
    TRY(from_either(id_token, userinfo, c->birth_date, text, &differ));
    if (differ || (text[0] && upstream_date_read(c->birth_format, text, out->birth_date) != OK))
        return ERR_UPSTREAM_ANSWER;
    return read_level(c, id_token, userinfo, &out->level);
}
