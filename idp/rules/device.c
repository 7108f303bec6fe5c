/*
 * The device flow, and the polling and redemption that backchannel authentication shares with it.
 * Called by endpoints/device.c, endpoints/flow.c, endpoints/token.c and rules/backchannel.c. RFC 8628 §3, §5; CIBA Core 1.0 §10, §11.
 */
#include "idp/rules/device.h"
#include "common/clock.h"
#include "idp/rules/details.h"
#include "idp/rules/scope.h"
#include "idp/rules/subject.h"
#include "idp/rules/terms.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define DIGITS 9
#define TRIES 5 /* user codes that happen to be taken */

static err_t insert(struct db_pool *p, const struct idp_keys *k, const struct device_new *wanted, struct device_codes *out)
{
    uint8_t device_hash[TIMED_KEY_LEN], user_hash[HASH_LEN];
    char digits[DIGITS + 1];
    uint32_t n = randombytes_uniform(1000000000);

    timed_make(clock_now() + wanted->life, out->device);
    if (!timed_key(out->device, device_hash))
        return ERR_INTERNAL;
    snprintf(digits, sizeof digits, "%09u", n);
    snprintf(out->user, sizeof out->user, "%.3s-%.3s-%.3s", digits, digits + 3, digits + 6);
    lookup_hash(k->lookup, "device", digits, user_hash); /* keyed: thirty bits could be tried through otherwise */
    struct device_new row = *wanted;
    row.device_hash = device_hash;
    row.user_hash = user_hash;
    return device_add(p, &row);
}

static err_t seal_details(const struct idp_keys *k, const struct client *c, const struct device_ask *ask, uint8_t out[TERMS_SEALED_MAX],
                          size_t *len)
{
    AUTO_TERMS t = {0};

    if (ask->details)
        TRY(details_read(ask->details, c->details_types, &ask->resources, &t.details));
    return terms_seal(k->seal, c->id, &t, out, len);
}

err_t device_begin(struct db_pool *p, const struct idp_keys *k, const struct client *c, const struct device_ask *ask,
                   struct device_codes *out)
{
    char granted[SCOPE_MAX + 1];
    uint8_t terms[TERMS_SEALED_MAX];
    struct device_new row = {.client_id = c->id, .scope = granted, .request_id = ask->request_id, .life = ask->life};
    err_t e = ERR_DB_NONE;

    TRY(scope_select(ask->scope ? ask->scope : c->scope, c->scope, granted));
    TRY(seal_details(k, c, ask, terms, &row.terms.len));
    row.terms.ptr = terms;
    for (int i = 0; i < TRIES && e == ERR_DB_NONE; i++)
        e = insert(p, k, &row, out);
    return e == ERR_DB_NONE ? ERR_BUSY : e;
}

/* Digits as people type them, with spaces, dashes or dots. */
static bool clean(const char *typed, char out[DIGITS + 1])
{
    size_t n = 0;

    for (; *typed; typed++) {
        if (strchr(" -.", *typed))
            continue;
        if (n == DIGITS || *typed < '0' || *typed > '9')
            return false;
        out[n++] = *typed;
    }
    out[n] = '\0';
    return n == DIGITS;
}

err_t device_lookup(struct db_pool *p, const struct idp_keys *k, const struct throttle_conf *t, const char *typed, const char *where,
                    struct device_waiting *out, int64_t *wait)
{
    const struct throttle_conf limits = {.account = t->address, .address = t->address, .window = t->window};
    char digits[DIGITS + 1];
    uint8_t hash[HASH_LEN];
    struct throttle mark;

    *wait = 0;
    if (!typed || !clean(typed, digits))
        return ERR_USER_CODE;
    TRY(throttle_try(p, &limits, k->throttle, "device", where ? where : "anybody", NULL, &mark, wait));
    lookup_hash(k->lookup, "device", digits, hash);
    err_t e = device_find(p, hash, out);
    if (e != ERR_DB_NONE)
        throttle_forgive(p, &mark, true);
    return e == ERR_DB_NONE ? ERR_USER_CODE : e;
}

err_t device_agree(struct db_pool *p, const struct idp_keys *k, const struct device_agreed *d)
{
    char grant_id[UUID_LEN + 1], sub[SUB_LEN + 1];

    timed_uuid(clock_now() + d->grant_life, grant_id);
    subject_make(k->pairwise, d->client->sector, d->session->account_id, sub);
    const struct device_grant g = {
        .device_hash = d->hash,
        .grant_id = grant_id,
        .session = d->session,
        .request = d->request,
        .sub = sub,
        .request_id = d->request_id,
        .acr = d->acr,
        .grant_life = d->grant_life,
    };
    err_t e = device_allow(p, &g);
    return e == ERR_DB_NONE ? ERR_REQUEST_GONE : e;
}

/* As with a code: whoever has it a second time may have stolen it. */
static err_t reused(struct db_pool *p, const struct grant *g, const char *request_id)
{
    err_t e = g->id[0] ? grant_revoke(p, g->id, "replay", request_id) : OK;

    return e == OK || e == ERR_DB_NONE ? ERR_CODE_REUSED : e;
}

err_t device_redeem_begin(struct db_pool *p, const char *device_code, bool backchannel, const struct client *c, const char *request_id,
                          struct grant *out)
{
    static const err_t answers[] = {
        [DEVICE_PENDING] = ERR_DEVICE_PENDING, [DEVICE_EARLY] = ERR_DEVICE_SLOW, [DEVICE_EXPIRED] = ERR_DEVICE_EXPIRED,
        [DEVICE_REFUSED] = ERR_DEVICE_REFUSED, [DEVICE_USED] = ERR_CODE_REUSED,  [DEVICE_ALLOWED] = OK,
    };
    uint8_t hash[TIMED_KEY_LEN];
    enum device_state state;

    if (!device_code)
        return ERR_REQUEST;
    if (!timed_key(device_code, hash))
        return ERR_CODE;
    err_t e = device_poll(p, hash, c->id, backchannel, &state, out);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CODE : e;
    if (state == DEVICE_USED)
        return reused(p, out, request_id);
    return state == DEVICE_ALLOWED && !out->live ? ERR_CODE : answers[state];
}

err_t device_redeem_finish(struct db_pool *p, const char *device_code, const struct grant *g, const char *refresh_token, const char *jkt,
                           int64_t refresh_idle, const char *request_id)
{
    uint8_t hash[TIMED_KEY_LEN], refresh[TIMED_KEY_LEN];

    if (!timed_key(device_code, hash))
        return ERR_CODE;
    err_t e = device_use(p, hash, timed_key(refresh_token, refresh) ? refresh : NULL, jkt, refresh_idle, request_id);
    return e == ERR_DB_NONE ? reused(p, g, request_id) : e;
}
