/*
 * Idempotency-Key: the same request gets the same answer.
 * Called by citizens.c. draft-ietf-httpapi-idempotency-key-header.
 */
#include "idp/endpoints/once.h"
#include "idp/rules/secrets.h"
#include "idp/store/audit.h"
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 200

/* A JSON body counts by what it says, not by how it is written. */
static err_t hash_request(const struct http_req *r, uint8_t out[HASH_LEN])
{
    AUTO_BUF text = {0};
    AUTO(str_free) char *body = http_json(r) ? json_dumps(http_json(r), JSON_SORT_KEYS | JSON_COMPACT) : NULL;

    if (http_json(r) && !body)
        return ERR_NOMEM;
    TRY(buf_addf(&text, "%s %s\n", http_method(r), http_target(r)));
    TRY(body ? buf_add_str(&text, body) : buf_add_bytes(&text, http_body(r)));
    sha256(buf_bytes(&text), out);
    return OK;
}

err_t once_replay(struct http_req *r, const struct once *o)
{
    struct app *a = app_of(r);
    struct kept_answer kept = {0};
    AUTO_BUF plain = {0};

    err_t e = idp_idempotency_get(a->db, o->principal, o->key, &kept);
    if (e == OK && !bytes_eq(BYTES(kept.request_hash, HASH_LEN), BYTES(o->hash, HASH_LEN)))
        e = ERR_KEY_REUSED;
    if (e == OK)
        e = idp_unseal(a->keys.seal, bytes_str(o->key), buf_bytes(&kept.sealed), &plain);
    buf_free(&kept.sealed);
    TRY(e);
    http_reply_no_store(r);
    http_reply_header(r, "Idempotency-Replayed", "true");
    http_reply(r, kept.status, "application/json", &plain);
    return OK;
}

err_t once_begin(struct http_req *r, const char *principal, struct once *o, bool *done)
{
    o->principal = principal;
    o->key = http_header(r, "Idempotency-Key");
    if (!o->key || !*o->key || strlen(o->key) > KEY_MAX || !utf8_valid(bytes_str(o->key)))
        return ERR_KEY_MISSING;
    TRY(hash_request(r, o->hash));
    err_t e = once_replay(r, o);
    *done = e == OK;
    return e == ERR_DB_NONE ? OK : e;
}

err_t once_keep(const struct app *a, const struct once *o, int status, struct bytes answer, struct buf *sealed, struct once_new *row)
{
    TRY(idp_seal(a->keys.seal, bytes_str(o->key), answer, sealed));
    *row = (struct once_new){.key = o->key, .request_hash = o->hash, .status = status, .answer = buf_bytes(sealed)};
    return OK;
}
