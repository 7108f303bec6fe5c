/*
 * antin-idpctl key list, key rotate: the token keys, which keyd alone has.
 * Called by ctl/main.c.
 */
#include "idp/ctl/ctl.h"
#include "idp/rules/keys.h"
#include <poll.h>

#define LOOK_MS 200
#define LOOKS 100 /* keyd hears a word every ten seconds at most, and large keys take a while to make */

int ctl_key_list(struct ctl *c)
{
    json_t *keys = NULL;

    err_t e = keys_tell(c->app->keyd, &keys);
    return e == OK ? ctl_print(c, keys) : ctl_fail("key list", e);
}

/* Asks, and waits until each algorithm has a key that will sign. */
int ctl_key_rotate(struct ctl *c)
{
    bool waits = false;

    if (c->argc != 1)
        return ctl_usage("key rotate takes no more words");
    err_t e = keys_rotate(c->app->keyd, c->app->db, ctl_actor());
    for (int i = 0; e == OK && !waits && i < LOOKS; i++) {
        poll(NULL, 0, LOOK_MS);
        e = keys_wait(c->app->keyd, &waits);
    }
    if (e == ERR_CONFLICT)
        return ctl_usage("keyd is not configured to rotate: [token] rotate_days or jwks_out");
    if (e == OK && !waits)
        e = ERR_TIMEOUT;
    return e == OK ? ctl_key_list(c) : ctl_fail("key rotate", e);
}
