/*
 * The token keys that keyd has.
 * Called by endpoints/admin_keys.c and antin-idpctl.
 */
#include "idp/rules/keys.h"
#include "common/clock.h"
#include <stdlib.h>

static json_t *tell_one(const struct key_info *k)
{
    char from[CLOCK_RFC3339_LEN + 1], to[CLOCK_RFC3339_LEN + 1];

    clock_rfc3339(k->not_before, from);
    clock_rfc3339(k->not_after, to);
    return json_pack("{s:s, s:s, s:b, s:b, s:s, s:s}", "kid", k->id, "alg", jose_alg_name(k->alg), "active", k->active, "default",
                     k->preferred, "not_before", from, "not_after", to);
}

err_t keys_tell(struct keyclient *k, json_t **out)
{
    struct key_info *info = calloc(KEY_LIST_MAX, sizeof *info);
    AUTO_JSON list = json_array();
    size_t n = 0;

    err_t e = info && list ? key_list(k, KEY_TOKEN, info, &n) : ERR_NOMEM;
    for (size_t i = 0; e == OK && i < n; i++)
        e = json_array_append_new(list, tell_one(&info[i])) == 0 ? OK : ERR_NOMEM;
    free(info);
    TRY(e);
    *out = json_pack("{s:O}", "keys", list);
    return *out ? OK : ERR_NOMEM;
}

err_t keys_rotate(struct keyclient *k, struct db_pool *db, const struct actor *by)
{
    TRY(idp_audit(db, &(struct audit){.event = "key.rotation_asked", .by = by}));
    err_t e = key_rotate(k);
    return e == ERR_KEYD_REFUSED ? ERR_CONFLICT : e;
}

err_t keys_wait(struct keyclient *k, bool *waits)
{
    struct key_info *info = calloc(KEY_LIST_MAX, sizeof *info);
    unsigned active = 0, waiting = 0;
    size_t n = 0;

    err_t e = info ? key_list(k, KEY_TOKEN, info, &n) : ERR_NOMEM;
    for (size_t i = 0; e == OK && i < n; i++) {
        active |= info[i].active ? 1u << info[i].alg : 0u;
        waiting |= info[i].not_before > clock_now() ? 1u << info[i].alg : 0u;
    }
    free(info);
    *waits = e == OK && active != 0 && (active & ~waiting) == 0;
    return e;
}
