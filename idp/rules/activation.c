/*
 * Activation codes.
 * Called by endpoints/activate.c and endpoints/citizens.c.
 */
#include "idp/rules/activation.h"
#include "idp/rules/citizen.h"
#include "idp/rules/password_policy.h"
#include "idp/rules/audit_bound.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define CODE_LETTERS 10
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I, L, O, U */

static void hash_code(const struct idp_keys *keys, const char *account_id, const char *letters, uint8_t out[HASH_LEN])
{
    char use[16 + UUID_LEN];

    snprintf(use, sizeof use, "activation:%s", account_id);
    lookup_hash(keys->lookup, use, letters, out);
}

void activation_make(const struct idp_keys *keys, const char *account_id, char code[ACTIVATION_CHARS + 1], uint8_t hash[HASH_LEN])
{
    uint8_t random[CODE_LETTERS];
    char letters[CODE_LETTERS + 1];

    random_bytes(random, sizeof random);
    for (size_t i = 0; i < CODE_LETTERS; i++)
        letters[i] = alphabet[random[i] & 31];
    letters[CODE_LETTERS] = '\0';
    snprintf(code, ACTIVATION_CHARS + 1, "%.4s-%.4s-%.2s", letters, letters + 4, letters + 8);
    hash_code(keys, account_id, letters, hash);
}

/* As people type: lower case, with spaces or dashes, O for 0, I or L for 1. */
static bool clean_code(const char *typed, char out[CODE_LETTERS + 1])
{
    size_t n = 0;

    for (; *typed; typed++) {
        char c = (char)toupper((unsigned char)*typed);
        if (c == ' ' || c == '-')
            continue;
        c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
        if (n == CODE_LETTERS || !strchr(alphabet, c))
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n == CODE_LETTERS;
}

static err_t refuse(const struct login_deps *d, const struct activation_in *in, const char *account_id)
{
    const struct audit row = {.event = "activation.failed", .account_id = account_id, .request_id = in->request_id};

    return audit_refusal(d->db, &row, ERR_ACTIVATION);
}

/* The password is hashed even when nobody has that code: the answer takes as long. */
static err_t consume(const struct login_deps *d, const struct activation_in *in, const char *number, const char *letters)
{
    uint8_t login[HASH_LEN], want[HASH_LEN], got[HASH_LEN];
    char account_id[UUID_LEN + 1] = "", hash[ARGON2_STR_CAP];

    TRY(argon2_make(d->argon, bytes_str(in->password), hash));
    lookup_hash(d->keys->lookup, "login", number, login);
    err_t e = activation_try(d->db, login, account_id, want);
    if (e == ERR_DB_NONE)
        return refuse(d, in, NULL);
    TRY(e);
    hash_code(d->keys, account_id, letters, got);
    if (!secret_eq(BYTES(want, HASH_LEN), BYTES(got, HASH_LEN)))
        return refuse(d, in, account_id);
    e = activation_use(d->db, account_id, want, hash, in->request_id);
    return e == ERR_DB_NONE ? refuse(d, in, account_id) : e;
}

err_t activation_do(const struct login_deps *d, const struct activation_in *in, int64_t *wait)
{
    char number[NUMBER_LEN + 1], letters[CODE_LETTERS + 1];
    struct throttle t;

    *wait = 0;
    if (!citizen_number_clean(in->number, number) || !clean_code(in->code, letters))
        return ERR_ACTIVATION;
    TRY(password_policy(in->password, number));
    if (strcmp(in->password, in->again) != 0)
        return ERR_PASSWORD_TWICE;
    err_t e = throttle_try(d->db, &d->throttle, d->keys->throttle, "activation", number, in->address, &t, wait);
    if (e == ERR_THROTTLED)
        return audit_refusal(d->db, &(struct audit){.event = "activation.throttled", .request_id = in->request_id}, e);
    TRY(e);
    e = consume(d, in, number, letters);
    if (e != ERR_ACTIVATION)
        throttle_forgive(d->db, &t, true);
    return e;
}
