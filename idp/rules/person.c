/*
 * Personal data of an account: sealing, opening, and the claims made of it.
 * Called by endpoints/ and antin-idpctl. OpenID Connect Core §5.1, §5.4.
 */
#include "idp/rules/person.h"
#include "idp/rules/scope.h"
#include "idp/rules/secrets.h"
#include <string.h>

err_t person_seal(struct keyclient *k, const char *account_id, const json_t *person, uint8_t wrapped[KEY_WRAPPED_LEN], struct buf *sealed)
{
    uint8_t key[KEY_DATA_LEN];
    AUTO_BUF text = {0};

    TRY(json_text(person, &text));
    random_bytes(key, sizeof key);
    err_t e = key_wrap(k, bytes_str(account_id), key, wrapped);
    if (e == OK)
        e = idp_seal(key, bytes_str(account_id), buf_bytes(&text), sealed);
    secret_wipe(key, sizeof key);
    secret_wipe(text.ptr, text.len);
    return e;
}

err_t person_open(struct keyclient *k, struct db_pool *p, const char *account_id, json_t **person)
{
    struct account_sealed row = {0};

    err_t e = account_sealed_get(p, account_id, &row);
    if (e == OK)
        e = person_unseal(k, account_id, &row, person);
    buf_free(&row.data);
    return e;
}

err_t person_unseal(struct keyclient *k, const char *account_id, const struct account_sealed *row, json_t **person)
{
    uint8_t key[KEY_DATA_LEN];
    AUTO_BUF text = {0};

    err_t e = key_unwrap(k, bytes_str(account_id), row->key, key);
    if (e == OK)
        e = idp_unseal(key, bytes_str(account_id), buf_bytes(&row->data), &text);
    secret_wipe(key, sizeof key);
    if (e == OK)
        e = json_parse(buf_bytes(&text), PERSON_SEALED_MAX, person);
    if (text.ptr)
        secret_wipe(text.ptr, text.len);
    return e;
}

static err_t put(json_t *claims, const char *name, const char *v, size_t n)
{
    if (!v || n == 0)
        return OK;
    return json_object_set_new(claims, name, json_stringn(v, n)) == 0 ? OK : ERR_NOMEM;
}

static err_t copy(json_t *claims, const char *claim, const json_t *person, const char *member)
{
    const char *v = json_string_value(json_object_get(person, member));

    return put(claims, claim, v, v ? strlen(v) : 0);
}

/* Vietnamese names: the family name first, the given name last, what stands between belongs to neither. */
static err_t names(json_t *claims, const char *name)
{
    if (!name)
        return OK;
    TRY(put(claims, "name", name, strlen(name)));
    const char *first_end = strchr(name, ' '), *last = strrchr(name, ' ');
    if (!first_end)
        return put(claims, "given_name", name, strlen(name));
    TRY(put(claims, "family_name", name, (size_t)(first_end - name)));
    TRY(put(claims, "given_name", last + 1, strlen(last + 1)));
    return last > first_end ? put(claims, "middle_name", first_end + 1, (size_t)(last - first_end - 1)) : OK;
}

err_t person_claims(const json_t *person, const char *scope, json_t *claims)
{
    if (scope_has(scope, "profile")) {
        TRY(names(claims, json_string_value(json_object_get(person, "name"))));
        TRY(copy(claims, "birthdate", person, "birth_date"));
        TRY(copy(claims, "gender", person, "sex"));
    }
    if (scope_has(scope, "email"))
        TRY(copy(claims, "email", person, "email"));
    if (scope_has(scope, "phone"))
        TRY(copy(claims, "phone_number", person, "phone"));
    const char *address = json_string_value(json_object_get(person, "address"));
    if (scope_has(scope, "address") && address && json_object_set_new(claims, "address", json_pack("{s:s}", "formatted", address)) != 0)
        return ERR_NOMEM;
    if (scope_has(scope, "citizen_number"))
        TRY(copy(claims, "citizen_number", person, "number"));
    return OK;
}
