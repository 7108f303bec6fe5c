/*
 * Slowing down guesses.
 * Called by rules/login.c and rules/activation.c.
 */
#include "idp/rules/throttle.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool throttle_network(const char *address, char out[NETWORK_CAP])
{
    uint8_t a[16];
    size_t n = strlen(address);

    if (n >= NETWORK_CAP)
        return false;
    memcpy(out, address, n + 1);
    if (inet_pton(AF_INET6, address, a) != 1)
        return true;
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (memcmp(a, mapped, sizeof mapped) == 0)
        return inet_ntop(AF_INET, a + 12, out, NETWORK_CAP) != NULL;
    memset(a + 8, 0, 8);
    return inet_ntop(AF_INET6, a, out, NETWORK_CAP) != NULL;
}

err_t throttle_try(struct db_pool *p, const struct throttle_conf *c, const uint8_t key[IDP_KEY_LEN], const char *what, const char *name,
                   const char *address, struct throttle *t, int64_t *wait)
{
    char use[32];
    int64_t wait_address = 0;

    *wait = 0;
    lookup_hash(key, what, name, t->account);
    TRY(throttle_row_try(p, t->account, c->account, c->window, wait));
    t->has_address = address != NULL;
    if (address) {
        snprintf(use, sizeof use, "%s-address", what);
        lookup_hash(key, use, address, t->address);
        TRY(throttle_row_try(p, t->address, c->address, c->window, &wait_address));
    }
    if (wait_address > *wait)
        *wait = wait_address;
    return *wait > 0 ? ERR_THROTTLED : OK;
}

void throttle_forgive(struct db_pool *p, const struct throttle *t, bool account_too)
{
    /* A failure here leaves one attempt too many counted: the safe side. */
    if (t->has_address && throttle_row_forgive(p, t->address) != OK)
        return;
    if (account_too && throttle_row_forgive(p, t->account) != OK)
        return;
}

err_t rate_try(struct db_pool *p, const uint8_t key[IDP_KEY_LEN], const char *what, const char *name, int64_t limit, int64_t window,
               int64_t *wait)
{
    uint8_t bucket[HASH_LEN];

    lookup_hash(key, what, name, bucket);
    TRY(throttle_row_count(p, bucket, limit, window, wait));
    return *wait > 0 ? ERR_RATE : OK;
}
