/*
 * Slowing down guesses: per account and per address, counted before a secret is checked.
 * Called by rules/login.c and rules/activation.c. NIST SP 800-63B §5.2.2.
 */
#ifndef ANTIN_IDP_RULES_THROTTLE_H
#define ANTIN_IDP_RULES_THROTTLE_H

#include "idp/rules/secrets.h"
#include "idp/store/throttle.h"

struct throttle_conf {
    int64_t account, address, window;
};
struct throttle {
    uint8_t account[HASH_LEN], address[HASH_LEN];
    bool has_address;
};
#define NETWORK_CAP 48
/*
 * What is counted of an address: IPv4 whole (also when it is wrapped in IPv6), of IPv6 the /64, for whoever has one address there has them all
 * (RFC 6177, RFC 7934 §3). Anything else as it stands. False: longer than any address.
 */
bool throttle_network(const char *address, char out[NETWORK_CAP]);

/* what: "login", "activation". address NULL: unknown. *wait: seconds, with ERR_THROTTLED. */
err_t throttle_try(struct db_pool *p, const struct throttle_conf *c, const uint8_t key[IDP_KEY_LEN], const char *what, const char *name,
                   const char *address, struct throttle *t, int64_t *wait) MUST_USE;
/* It succeeded, or was never checked: takes the attempt back. */
void throttle_forgive(struct db_pool *p, const struct throttle *t, bool account_too);
/*
 * How often something may be begun at all, whoever it is about: what "name" (a client, an address) may do limit times in a window of
 * seconds. ERR_RATE with *wait.
 */
err_t rate_try(struct db_pool *p, const uint8_t key[IDP_KEY_LEN], const char *what, const char *name, int64_t limit, int64_t window,
               int64_t *wait) MUST_USE;

#endif
