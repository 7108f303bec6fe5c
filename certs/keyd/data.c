/*
 * WRAP and UNWRAP: data keys under the domain's data key (XChaCha20-Poly1305), bound to their owner by the additional data.
 * Called by serve.c. Layout: PROTOCOL.md.
 */
#include "certs/keyd/keyd.h"
#include "common/clock.h"

#include <sodium.h>
#include <string.h>

#define NUMBER_LEN 8
#define NONCE_LEN 24

/* A key's number in a wrapped key: the first bytes of its id. */
static void number_of(const struct key *key, uint8_t out[NUMBER_LEN])
{
    uint8_t raw[32];
    size_t n = 0;
    if (b64url_decode(BYTES_STR(key->id), raw, sizeof raw, &n) != OK)
        memset(raw, 0, sizeof raw);
    memcpy(out, raw, NUMBER_LEN);
}

/* What is authenticated besides: the key number and the owner. */
static size_t full_ad(const uint8_t number[NUMBER_LEN], const uint8_t *ad, uint32_t ad_len, uint8_t out[NUMBER_LEN + KEYW_AD_MAX])
{
    memcpy(out, number, NUMBER_LEN);
    memcpy(out + NUMBER_LEN, ad, ad_len);
    return NUMBER_LEN + ad_len;
}

static bool ad_ok(const uint8_t *ad, uint32_t len)
{
    return len <= KEYW_AD_MAX && keyw_zero(ad + len, KEYW_AD_MAX - len);
}

enum keyw_status op_wrap(struct worker *w, struct conn *c)
{
    const struct keyw_wrap *q = &w->q.WRAP_q;
    uint8_t *out = w->r.WRAP_r.wrapped, ad[NUMBER_LEN + KEYW_AD_MAX];
    (void)c;
    if (!ad_ok(q->ad, q->ad_len) || !keyw_zero(q->reserved, sizeof q->reserved))
        return KEYW_SYNTAX;
    const struct key *key = key_active(w->keyd, KEY_DATA, clock_now());
    if (!key)
        return KEYW_REFUSED;
    number_of(key, out);
    size_t n = full_ad(out, q->ad, q->ad_len, ad);
    random_bytes(out + NUMBER_LEN, NONCE_LEN);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NUMBER_LEN + NONCE_LEN, NULL, q->key, KEY_DATA_LEN, ad, n, NULL, out + NUMBER_LEN,
                                               key->data);
    return KEYW_OK;
}

/* Any data key that was ever loaded opens what it wrapped, also after its time: else rotation would lose data. */
enum keyw_status op_unwrap(struct worker *w, struct conn *c)
{
    const struct keyw_unwrap *q = &w->q.UNWRAP_q;
    uint8_t number[NUMBER_LEN], ad[NUMBER_LEN + KEYW_AD_MAX];
    (void)c;
    if (!ad_ok(q->ad, q->ad_len) || !keyw_zero(q->reserved, sizeof q->reserved))
        return KEYW_SYNTAX;
    size_t n = full_ad(q->wrapped, q->ad, q->ad_len, ad);
    for (size_t i = 0; i < w->keyd->n; i++) {
        const struct key *key = &w->keyd->key[i];
        if (key->purpose != KEY_DATA)
            continue;
        number_of(key, number);
        if (memcmp(number, q->wrapped, NUMBER_LEN) == 0)
            return crypto_aead_xchacha20poly1305_ietf_decrypt(w->r.UNWRAP_r.key, NULL, NULL, q->wrapped + NUMBER_LEN + NONCE_LEN,
                                                              KEY_DATA_LEN + 16, ad, n, q->wrapped + NUMBER_LEN, key->data) == 0
                       ? KEYW_OK
                       : KEYW_ALTERED;
    }
    return KEYW_ALTERED;
}
