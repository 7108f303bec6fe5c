/*
 * SEAL: the service's seal over a digest, for media types on keyd's list only.
 * Called by serve.c. CAdES attributes: ETSI EN 319 122-1 §5; signing-time by keyd's own clock.
 */
#include "certs/keyd/keyd.h"
#include "common/clock.h"

#include <string.h>

static bool on_list(const char *list, const char *word)
{
    size_t n = strlen(word);
    if (n == 0 || strchr(word, ' '))
        return false;
    for (const char *p = list; (p = strstr(p, word)) != NULL; p++)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

/* Signs attributes with key into s. */
static enum keyw_status seal_attrs(struct worker *w, const struct key *key, const struct cms_attrs *a, struct keyw_signature *s)
{
    AUTO_BUF attrs = {0};
    uint8_t sig[SIG_MAX];
    size_t n = 0;
    err_t e = cms_signed_attrs(a, &attrs);
    if (e != OK || attrs.len > sizeof s->attrs)
        return KEYW_INTERNAL;
    if (worker_sign(w, key, buf_bytes(&attrs), sig, &n) != OK)
        return KEYW_INTERNAL;
    memcpy(s->attrs, attrs.ptr, attrs.len);
    memcpy(s->sig, sig, n);
    s->attrs_len = (uint16_t)attrs.len;
    s->sig_len = (uint16_t)n;
    return KEYW_OK;
}

enum keyw_status op_seal(struct worker *w, struct conn *c)
{
    const struct keyw_seal *q = &w->q.SEAL_q;
    int64_t now = clock_now();
    (void)c;
    if (!keyw_str_ok(q->mime, sizeof q->mime))
        return KEYW_SYNTAX;
    const struct key *key = key_active(w->keyd, KEY_SEAL, now);
    if (!key || !on_list(w->keyd->conf.seal_types, q->mime))
        return KEYW_REFUSED;
    const struct cms_attrs a = {.digest_alg = CMS_SHA256,
                                .digest = BYTES(q->sha256, sizeof q->sha256),
                                .cert = buf_bytes(&key->cert),
                                .signing_time = now,
                                .mime_type = q->mime};
    return seal_attrs(w, key, &a, &w->r.SEAL_r.s);
}
