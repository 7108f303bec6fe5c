/*
 * OCSP responses by keyd: the entries of one, and its bytes.
 * Called by signer/rules/responder.c. RFC 6960 §4.2; certs/keyd/PROTOCOL.md.
 */
#include "common/keycall.h"

#include <string.h>

static err_t put_status(const struct key_ocsp_entry *e, struct keyw_ocsp_entry *w)
{
    if (e->id.serial_len > sizeof w->serial || e->reason < 0 || e->reason > UINT8_MAX)
        return ERR_SYNTAX;
    *w = (struct keyw_ocsp_entry){
        .status = (uint8_t)e->status,
        .hash = (uint8_t)e->id.hash,
        .reason = (uint8_t)e->reason,
        .serial_len = (uint8_t)e->id.serial_len,
        .revoked_at = e->revoked_at,
        .invalid_since = e->invalid_since,
    };
    memcpy(w->serial, e->id.serial, sizeof w->serial);
    memcpy(w->issuer_name, e->id.issuer_name, sizeof w->issuer_name);
    memcpy(w->issuer_key, e->id.issuer_key, sizeof w->issuer_key);
    return OK;
}

err_t key_ocsp(struct keyclient *k, const struct key_ocsp_entry *e, size_t n, struct bytes nonce, int64_t lifetime,
               struct key_ocsp_reply *out)
{
    struct keyw_ocsp q = {.lifetime = lifetime, .n = (uint32_t)n, .nonce_len = (uint8_t)nonce.len};
    struct keyw_ocsp_r r;
    if (n > KEY_OCSP_MAX || nonce.len > sizeof q.nonce)
        return ERR_SYNTAX;
    if (nonce.len)
        memcpy(q.nonce, nonce.ptr, nonce.len);
    for (size_t i = 0; i < n; i++)
        TRY(put_status(&e[i], &q.entry[i]));
    TRY(key_call(k, KEYW_OCSP, &q.head, &r));
    if (r.len > sizeof r.der)
        return ERR_INTERNAL;
    *out = (struct key_ocsp_reply){.this_update = r.this_update, .next_update = r.next_update};
    return buf_add(&out->der, r.der, r.len);
}
