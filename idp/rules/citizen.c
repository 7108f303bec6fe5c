/*
 * What an enrolled citizen's data must look like.
 * Called by endpoints/citizens.c.
 */
#include "idp/rules/citizen.h"
#include "common/clock.h"
#include "idp/rules/evidence.h"
#include <string.h>

#define NAME_MAX_BYTES 200
#define TEXT_MAX_BYTES 500

static bool digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return true;
}

bool citizen_number_clean(const char *typed, char out[NUMBER_LEN + 1])
{
    size_t n = 0;

    for (; *typed; typed++) {
        if (*typed == ' ' || *typed == '.')
            continue;
        if (n == NUMBER_LEN || *typed < '0' || *typed > '9')
            return false;
        out[n++] = *typed;
    }
    out[n] = '\0';
    return n == NUMBER_LEN;
}

/* The value of two digits. */
static int two(const char *s)
{
    return (s[0] - '0') * 10 + (s[1] - '0');
}

err_t citizen_number_check(const char *number, const char *birth, bool female)
{
    if (strlen(number) != NUMBER_LEN || !digits(number, NUMBER_LEN) || strncmp(number, "000", 3) == 0)
        return ERR_CITIZEN_NUMBER;
    int century = two(birth);
    int want = (century - 19) * 2 + (female ? 1 : 0);
    if (want < 0 || want > 9 || number[3] - '0' != want || number[4] != birth[2] || number[5] != birth[3])
        return ERR_CITIZEN_NUMBER;
    return OK;
}

bool citizen_date_form(const char *d)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (strlen(d) != 10 || !digits(d, 4) || d[4] != '-' || !digits(d + 5, 2) || d[7] != '-' || !digits(d + 8, 2))
        return false;
    int y = two(d) * 100 + two(d + 2), m = two(d + 5), day = two(d + 8);
    if (y < 1900 || m < 1 || m > 12)
        return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return day >= 1 && day <= days[m - 1] + (m == 2 && leap ? 1 : 0);
}

bool citizen_date_ok(const char *d)
{
    char today[CLOCK_RFC3339_LEN + 1];

    clock_rfc3339(clock_now(), today);
    return citizen_date_form(d) && strncmp(d, today, 10) <= 0;
}

err_t citizen_phone_clean(const char *typed, char out[20])
{
    size_t n = 0;

    if (strncmp(typed, "+84", 3) == 0) {
        out[n++] = '0';
        typed += 3;
    }
    for (; *typed; typed++) {
        if (*typed == ' ' || *typed == '.' || *typed == '-')
            continue;
        if (n >= 15 || *typed < '0' || *typed > '9')
            return ERR_CITIZEN_FIELD;
        out[n++] = *typed;
    }
    out[n] = '\0';
    return n >= 9 && out[0] == '0' ? OK : ERR_CITIZEN_FIELD;
}

/* Words for people: no control characters, not only spaces. */
static bool words(const char *s)
{
    bool any = false;

    for (; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return false;
        any = any || *s != ' ';
    }
    return any;
}

static bool email_ok(const char *s)
{
    const char *at = strchr(s, '@');

    return words(s) && !strchr(s, ' ') && at && at != s && at[1] && !strchr(at + 1, '@') && strchr(at, '.');
}

static void fault(json_t *faults, const char *field, const char *code)
{
    json_array_append_new(faults, json_pack("{s:s,s:s}", "field", field, "code", code));
}

/* Reads one text into *person; names it among the faults when it will not do. */
static void text(const json_t *body, const char *name, size_t max, bool needed, bool (*ok)(const char *), json_t *person, json_t *faults)
{
    const char *v = NULL;

    if (json_get_str(body, name, max, &v) != OK) {
        fault(faults, name, "malformed");
        return;
    }
    if (!v || !*v) {
        if (needed)
            fault(faults, name, "missing");
        return;
    }
    if (!ok(v))
        fault(faults, name, "invalid");
    else
        json_object_set_new(person, name, json_string(v));
}

static bool phone_ok(const char *s)
{
    char clean[20];

    return citizen_phone_clean(s, clean) == OK;
}

static bool sex_ok(const char *s)
{
    static const char *const known[] = {"male", "female", "nam", "nữ", "Nam", "Nữ", NULL};

    for (size_t i = 0; known[i]; i++)
        if (strcmp(s, known[i]) == 0)
            return true;
    return false;
}

static bool is_female(const char *s)
{
    return strcmp(s, "female") == 0 || strcmp(s, "nữ") == 0 || strcmp(s, "Nữ") == 0;
}

static err_t check_number(const json_t *body, json_t *person, json_t *faults)
{
    const char *typed = NULL;
    char number[NUMBER_LEN + 1];
    const char *birth = json_string_value(json_object_get(person, "birth_date"));
    const char *sex = json_string_value(json_object_get(person, "sex"));

    if (json_need_str(body, "number", 32, &typed) != OK || !citizen_number_clean(typed, number)) {
        fault(faults, "number", "invalid");
        return ERR_CITIZEN_NUMBER;
    }
    json_object_set_new(person, "number", json_string(number));
    if (birth && sex && citizen_number_check(number, birth, is_female(sex)) != OK) {
        fault(faults, "number", "does_not_fit_birth_date_or_sex");
        return ERR_CITIZEN_NUMBER;
    }
    return OK;
}

err_t citizen_read(const json_t *body, json_t **out, int *level, json_t *faults)
{
    static const char *const names[] = {"number", "name", "birth_date", "sex", "address", "phone", "email", "level", "evidence", NULL};
    AUTO_JSON person = json_object();
    int64_t lv = 0;

    if (!person)
        return ERR_NOMEM;
    if (json_only(body, names) != OK)
        fault(faults, "", "unknown_member");
    text(body, "name", NAME_MAX_BYTES, true, words, person, faults);
    text(body, "birth_date", 10, true, citizen_date_ok, person, faults);
    text(body, "sex", 16, true, sex_ok, person, faults);
    text(body, "address", TEXT_MAX_BYTES, false, words, person, faults);
    text(body, "phone", 32, false, phone_ok, person, faults);
    text(body, "email", 254, false, email_ok, person, faults);
    evidence_read(body, person, faults);
    if (json_get_int(body, "level", 1, 2, 1, &lv) != OK)
        fault(faults, "level", "invalid");
    err_t e = check_number(body, person, faults);
    if (json_array_size(faults) > 0)
        return e != OK && json_array_size(faults) == 1 ? e : ERR_CITIZEN_FIELD;
    const char *sex = json_string_value(json_object_get(person, "sex"));
    json_object_set_new(person, "sex", json_string(is_female(sex) ? "female" : "male"));
    *level = (int)lv;
    *out = take(&person);
    return OK;
}
