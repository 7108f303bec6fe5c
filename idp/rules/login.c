/*
 * Signing in by number and password, and the session that follows any sign-in.
 * Called by endpoints/login.c and rules/upstream_login.c.
 */
#include "idp/rules/login.h"
#include "common/clock.h"
#include "common/log.h"
#include "idp/rules/audit_bound.h"
#include "idp/rules/citizen.h"
#include "idp/rules/password_policy.h"
#include <ctype.h>
#include <string.h>

bool login_normalise(const char *typed, char out[LOGIN_MAX + 1])
{
    char number[NUMBER_LEN + 1];
    size_t n = 0;

    if (citizen_number_clean(typed, number)) {
        memcpy(out, number, sizeof number);
        return true;
    }
    typed += strspn(typed, " ");
    for (; typed[n]; n++) {
        if (n == LOGIN_MAX)
            return false;
        out[n] = (char)tolower((unsigned char)typed[n]);
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
    return n > 0;
}

static err_t find(const struct login_deps *d, const char *login, struct account *a)
{
    uint8_t hash[HASH_LEN];

    memset(a, 0, sizeof *a);
    lookup_hash(d->keys->lookup, "login", login, hash);
    err_t e = account_by_login(d->db, hash, a);
    return e == ERR_DB_NONE ? OK : e; /* nobody: goes on with an empty password hash */
}

static err_t refuse(const struct login_deps *d, const struct login_in *in, const struct account *a, err_t why)
{
    const struct audit row = {
        .event = why == ERR_ACCOUNT_LOCKED ? "login.locked"
                 : why == ERR_THROTTLED    ? "login.throttled"
                                           : "login.failed",
        .account_id = a->id[0] ? a->id : NULL,
        .client_id = in->client_id,
        .request_id = in->request_id,
        .detail = in->browser[0] ? in->browser : NULL,
    };

    if (!row.account_id || why == ERR_THROTTLED)
        return audit_refusal(d->db, &row, why);
    TRY(idp_audit(d->db, &row)); /* as many as the throttle lets through */
    return why;
}

/* Whose account is under attack. The caller sees and waits the same whether there is one. */
static err_t throttled(const struct login_deps *d, const struct login_in *in, const char *login)
{
    struct account a;

    TRY(find(d, login, &a));
    secret_wipe(a.password, sizeof a.password);
    return refuse(d, in, &a, ERR_THROTTLED);
}

err_t login_begin(const struct login_deps *d, const struct login_in *in, const char *account_id, const struct login_how *how,
                  char cookie[TIMED_CHARS + 1])
{
    uint8_t hash[TIMED_KEY_LEN], old[TIMED_KEY_LEN];
    char sid[UUID_LEN + 1];

    timed_make(clock_now() + d->session_max, cookie);
    if (!timed_key(cookie, hash))
        return ERR_INTERNAL;
    random_uuid(sid);
    const struct session_new s = {
        .id_hash = hash,
        .old_id_hash = timed_key(in->old_cookie, old) ? old : NULL,
        .sid = sid,
        .account_id = account_id,
        .max_age = d->session_max,
        .request_hash = in->request_hash,
        .throttle = how->throttle,
        .client_id = in->client_id,
        .browser = in->browser[0] ? in->browser : NULL,
        .request_id = in->request_id,
        .amr = how->amr,
        .limited = how->limited,
        .level_max = how->level_max,
        .auth_time = how->auth_time,
        .upstream = how->upstream,
    };
    err_t e = session_start(d->db, &s);
    return e == ERR_DB_NONE ? ERR_ACCOUNT_LOCKED : e;
}

/* The cost was raised since: now is the moment when the password is known. That it does not work out is no reason to keep somebody out. */
static void renew_hash(const struct login_deps *d, const struct login_in *in, const struct account *a)
{
    char hash[ARGON2_STR_CAP];

    if (!argon2_outdated(d->argon, a->password))
        return;
    err_t e = argon2_make(d->argon, bytes_str(in->password), hash);
    if (e == OK)
        e = account_rehash(d->db, a->id, hash);
    if (e != OK)
        log_event(LOG_WARNING, "password.rehash", "%s", err_info(e)->name);
}

err_t login_password(const struct login_deps *d, const struct login_in *in, char cookie[TIMED_CHARS + 1], int64_t *wait)
{
    char login[LOGIN_MAX + 1];
    struct account a;
    struct throttle t;

    *wait = 0;
    if (!login_normalise(in->login, login) || strlen(in->password) > PASSWORD_MAX || !in->password[0])
        return ERR_PASSWORD;
    err_t e = throttle_try(d->db, &d->throttle, d->keys->throttle, "login", login, in->address, &t, wait);
    if (e != OK)
        return e == ERR_THROTTLED ? throttled(d, in, login) : e;
    e = find(d, login, &a);
    if (e == OK)
        e = argon2_check(d->argon, a.password, bytes_str(in->password));
    if (e == OK && strcmp(a.state, "active") != 0)
        e = ERR_ACCOUNT_LOCKED;
    if (e == OK)
        renew_hash(d, in, &a);
    if (e == OK)
        e = login_begin(d, in, a.id, &(struct login_how){.throttle = t.account}, cookie);
    if (e == ERR_PASSWORD || e == ERR_ACCOUNT_LOCKED)
        e = refuse(d, in, &a, e);
    else
        throttle_forgive(d->db, &t, e != OK); /* right, or never checked: not an attempt to count */
    secret_wipe(&a, sizeof a);
    return e;
}
