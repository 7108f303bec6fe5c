/*
 * Pushed authorization requests.
 * Called by endpoints/par.c and endpoints/authorize.c. RFC 9126 §2.2, §4.
 */
#include "idp/rules/pushed.h"
#include "common/clock.h"
#include <string.h>

#define PARAMS_MAX 32768

err_t pushed_keep(struct db_pool *p, const struct pushed_keep *k, char uri[PUSHED_URI_LEN + 1])
{
    AUTO_BUF text = {0}, sealed = {0};
    uint8_t hash[TIMED_KEY_LEN];
    char *name = uri + sizeof PUSHED_URN - 1;

    TRY(json_text(k->params, &text));
    TRY(idp_seal(k->seal, bytes_str(k->client_id), buf_bytes(&text), &sealed));
    memcpy(uri, PUSHED_URN, sizeof PUSHED_URN - 1);
    timed_make(clock_now() + k->life, name);
    if (!timed_key(name, hash))
        return ERR_INTERNAL;
    return pushed_add(p, hash, k->client_id, buf_bytes(&sealed), k->life, k->request_id);
}

err_t pushed_find(struct db_pool *p, const uint8_t seal[IDP_KEY_LEN], const char *client_id, const char *uri, json_t **params)
{
    AUTO_BUF text = {0}, sealed = {0};
    uint8_t hash[TIMED_KEY_LEN];

    if (strlen(uri) != PUSHED_URI_LEN || !timed_key(uri + sizeof PUSHED_URN - 1, hash))
        return ERR_PUSHED_GONE;
    err_t e = pushed_take(p, hash, client_id, &sealed);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_PUSHED_GONE : e;
    TRY(idp_unseal(seal, bytes_str(client_id), buf_bytes(&sealed), &text));
    return json_parse(buf_bytes(&text), PARAMS_MAX, params);
}
