/*
 * CREATE and REPIN: a citizen's key is made here, and leaves only sealed.
 * Called by serve.c on a PIN thread.
 */
#include "certs/keyd/keyd.h"
#include "common/clock.h"
#include "common/log.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <stdlib.h>
#include <string.h>

#define NONCES_MAX 65536
#define PINS_MAX 65536

err_t citizen_start(struct keyd *k, FILE *errs)
{
    if (!k->peers[GROUP_CITIZEN].n)
        return OK;
    k->citizens = calloc(1, sizeof *k->citizens);
    err_t e = k->citizens ? nonces_new(NONCES_MAX, &k->citizens->nonces) : ERR_NOMEM;
    if (e == OK)
        e = pins_new(PINS_MAX, k->conf.pin_tries, k->conf.pin_lock_s, &k->citizens->pins);
    if (e != OK)
        fputs("out of memory\n", errs);
    return e;
}

void citizen_stop(struct keyd *k)
{
    if (k->citizens) {
        nonces_free(&k->citizens->nonces);
        pins_free(&k->citizens->pins);
    }
    free(k->citizens);
}

static void bn_free(BIGNUM **n)
{
    BN_clear_free(*n);
}

/* Takes scalar and point out of a fresh key. */
static err_t new_key(uint8_t scalar[32], uint8_t point[POINT_LEN], struct buf *spki)
{
    AUTO_PKEY key = EVP_EC_gen("P-256");
    AUTO(bn_free) BIGNUM *d = NULL;
    size_t n = 0;
    if (!key || EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") != 1 ||
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, POINT_LEN, &n) != 1 || n != POINT_LEN ||
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &d) != 1 || BN_bn2binpad(d, scalar, 32) != 32)
        return ERR_INTERNAL;
    return pkey_spki(key, spki);
}

enum keyw_status op_create(struct worker *w, struct conn *c)
{
    const struct keyw_create *q = &w->q.CREATE_q;
    struct keyw_create_r *r = &w->r.CREATE_r;
    uint8_t scalar[32], point[POINT_LEN];
    AUTO_BUF spki = {0};
    (void)c;
    if (!citizen_ok(&q->citizen) || !pin_ok(&q->pin))
        return KEYW_SYNTAX;
    err_t e = new_key(scalar, point, &spki);
    if (e == OK && spki.len > sizeof r->spki)
        e = ERR_INTERNAL;
    if (e == OK)
        e = blob_seal(w->keyd, &q->citizen, BYTES(q->pin.pin, q->pin.len), scalar, point, &r->blob);
    secret_wipe(scalar, sizeof scalar);
    if (e != OK)
        return status_of(e);
    memcpy(r->spki, spki.ptr, spki.len);
    r->spki_len = (uint32_t)spki.len;
    log_event(LOG_INFO, "citizen_key_made", "credential %s", q->citizen.credential_id);
    return KEYW_OK;
}

enum keyw_status op_repin(struct worker *w, struct conn *c)
{
    const struct keyw_repin *q = &w->q.REPIN_q;
    struct keyd *k = w->keyd;
    struct blob_open_result o;
    uint8_t scalar[32];
    (void)c;
    if (!citizen_ok(&q->citizen) || !pin_ok(&q->old_pin) || !pin_ok(&q->new_pin))
        return KEYW_SYNTAX;
    err_t e = blob_open(k, &q->citizen, &q->blob, &o);
    if (e == OK)
        e = pins_try(k->citizens->pins, q->citizen.credential_id, clock_now());
    if (e == OK)
        e = blob_unlock(k, &q->citizen, &o, BYTES(q->old_pin.pin, q->old_pin.len), scalar);
    if (e == OK) {
        pins_right(k->citizens->pins, q->citizen.credential_id);
        e = blob_seal(k, &q->citizen, BYTES(q->new_pin.pin, q->new_pin.len), scalar, o.point, &w->r.REPIN_r.blob);
    }
    secret_wipe(scalar, sizeof scalar);
    return status_of(e);
}
