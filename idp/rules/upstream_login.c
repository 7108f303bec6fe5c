/*
 * From an upstream provider's word to a session here.
 * Called by endpoints/upstream.c.
 */
#include "idp/rules/upstream_login.h"
#include "idp/rules/audit_bound.h"
#include "idp/rules/person.h"
#include <string.h>

#define AMR_UPSTREAM "fed" /* federated: RFC 8176 has no name for it */

static const struct {
    err_t why;
    const char *event;
} events[] = {
    {ERR_UPSTREAM_REFUSED, "login.upstream.refused"}, {ERR_UPSTREAM_ANSWER, "login.upstream.distrusted"},
    {ERR_UPSTREAM_OLD, "login.upstream.old"},         {ERR_UPSTREAM_LEVEL, "login.upstream.level"},
    {ERR_UPSTREAM_UNKNOWN, "login.upstream.unknown"}, {ERR_ACCOUNT_LOCKED, "login.locked"},
};

static err_t note(struct db_pool *db, const struct login_in *in, const char *event, const char *account_id, err_t why)
{
    const struct audit row = {.event = event, .account_id = account_id, .client_id = in->client_id, .request_id = in->request_id};

    return audit_refusal(db, &row, why);
}

static err_t failed(struct db_pool *db, const struct login_in *in, err_t why, const char *account_id)
{
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i].why == why)
            return note(db, in, events[i].event, account_id, why);
    return why;
}

err_t upstream_login_failed(struct db_pool *db, const struct login_in *in, err_t why)
{
    return failed(db, in, why, NULL);
}

/* A number that was typed wrong somewhere is another person's: where both sides know the date of birth, it must be the same. */
static err_t same_person(struct keyclient *keyd, struct db_pool *db, const char *account_id, const struct upstream_person *p)
{
    AUTO_JSON person = NULL;

    if (!p->birth_date[0])
        return OK;
    TRY(person_open(keyd, db, account_id, &person));
    const char *birth = json_string_value(json_object_get(person, "birth_date"));
    return birth && strcmp(birth, p->birth_date) == 0 ? OK : ERR_UPSTREAM_UNKNOWN;
}

/* Officers' accounts are found by names that the operator gave; no number leads to one. */
static err_t find(const struct login_deps *d, const char *number, struct account *a)
{
    uint8_t hash[HASH_LEN];

    lookup_hash(d->keys->lookup, "login", number, hash);
    err_t e = account_by_login(d->db, hash, a);
    return e == ERR_DB_NONE || (e == OK && strcmp(a->kind, "citizen") != 0) ? ERR_UPSTREAM_UNKNOWN : e;
}

err_t upstream_login(const struct login_deps *d, struct keyclient *keyd, const struct login_in *in, const struct upstream *u,
                     const struct upstream_came *came, char cookie[TIMED_CHARS + 1])
{
    struct account a = {0};
    const struct login_how how = {
        .amr = AMR_UPSTREAM,
        .limited = true,
        .level_max = came->person.level,
        .auth_time = came->auth_time,
        .upstream = upstream_conf_of(u)->name,
    };

    err_t e = find(d, came->person.number, &a);
    if (e == OK)
        e = same_person(keyd, d->db, a.id, &came->person);
    if (e == OK)
        e = login_begin(d, in, a.id, &how, cookie);
    return e == OK ? OK : failed(d->db, in, e, a.kind[0] && strcmp(a.kind, "citizen") == 0 ? a.id : NULL);
}
