/*
 * Audit rows for refusals, within a bound.
 * Called by rules/ and endpoints/ where they refuse.
 */
#include "idp/rules/audit_bound.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/*
 * A small fixed table, the one thing that the whole process shares here: what is counted lives a minute, and losing it costs some rows more or
 * fewer. Keys are hashed with a secret of this process, so that nobody aims at somebody's slot.
 */
#define SETS 1024
#define WAYS 4
struct slot {
    uint64_t key;
    int64_t minute;
    unsigned written, left_out;
};
static struct slot slots[SETS][WAYS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint8_t secret[crypto_shorthash_KEYBYTES];
static unsigned bound = 10;

void audit_bound_set(unsigned a_minute)
{
    bound = a_minute;
}

static void make_secret(void)
{
    crypto_shorthash_keygen(secret);
}

static uint64_t key_of(const char *event, const char *whose)
{
    char text[192];
    uint64_t key;

    snprintf(text, sizeof text, "%s|%s", event, whose);
    pthread_once(&once, make_secret);
    crypto_shorthash((uint8_t *)&key, (const uint8_t *)text, strlen(text), secret);
    return key;
}

/* Its slot, or the one of its set that was quiet for the longest; NULL when all are in use this very minute. */
static struct slot *slot_of(uint64_t key, int64_t minute)
{
    struct slot *set = slots[key % SETS], *oldest = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (set[i].minute < oldest->minute)
            oldest = &set[i];
    }
    if (oldest->minute == minute)
        return NULL;
    *oldest = (struct slot){.key = key, .minute = minute};
    return oldest;
}

bool audit_bound_take(const char *event, const char *whose, unsigned *left_out)
{
    int64_t minute = clock_now() / 60;
    uint64_t key = key_of(event, whose);
    bool due = false;

    *left_out = 0;
    pthread_mutex_lock(&lock);
    struct slot *s = slot_of(key, minute);
    if (s && s->minute != minute) {
        s->minute = minute;
        s->written = 0;
    }
    if (s && s->written < bound) {
        due = true;
        s->written++;
        *left_out = s->left_out;
        s->left_out = 0;
    } else if (s)
        s->left_out++;
    pthread_mutex_unlock(&lock);
    return due;
}

err_t audit_refusal(struct db_pool *p, const struct audit *a, err_t why)
{
    const char *whose = a->client_id ? a->client_id : a->account_id ? a->account_id : "";
    struct audit row = *a;
    unsigned left_out;
    char detail[96];

    if (!audit_bound_take(a->event, whose, &left_out))
        return why;
    if (left_out) {
        snprintf(detail, sizeof detail, "%.64s%s+%u", a->detail ? a->detail : "", a->detail ? " " : "", left_out);
        row.detail = detail;
    }
    err_t e = idp_audit(p, &row);
    if (e != OK)
        log_event(LOG_WARNING, "audit.lost", "%s: %s", a->event, err_info(e)->name);
    return why;
}
