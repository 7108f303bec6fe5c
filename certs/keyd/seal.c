/*
 * SEAL: the service's seal over a digest, for media types on keyd's list only. SEAL_INFO: the same seal under the XML signature of a container.
 * Called by serve.c. CAdES attributes: ETSI EN 319 122-1 §5; signing-time by keyd's own clock. SignedInfo: XML Signature 1.1 §4.4.
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

/* What its canonical form begins and ends with. So it can be no signed attributes of CMS (0x31 …), nor anything else that the seal's key signs. */
static bool is_signed_info(struct bytes text)
{
    static const char BEGIN[] =
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">"
        "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod>"
        "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"></ds:SignatureMethod><ds:Reference ";
    static const char END[] = "</ds:Reference></ds:SignedInfo>";
    size_t begin = sizeof BEGIN - 1, end = sizeof END - 1;
    return text.len > begin + end && memcmp(text.ptr, BEGIN, begin) == 0 && memcmp(text.ptr + text.len - end, END, end) == 0 &&
           memchr(text.ptr, '\0', text.len) == NULL && utf8_valid(text);
}

enum keyw_status op_seal_info(struct worker *w, struct conn *c)
{
    const struct keyw_seal_info *q = &w->q.SEAL_INFO_q;
    struct keyw_seal_info_r *r = &w->r.SEAL_INFO_r;
    struct bytes text = BYTES(q->text, q->len);
    uint8_t sig[SIG_MAX];
    size_t n = 0;
    (void)c;
    if (!keyw_zero(q->reserved, sizeof q->reserved) || !is_signed_info(text))
        return KEYW_SYNTAX;
    const struct key *key = key_active(w->keyd, KEY_SEAL, clock_now());
    if (!key || !on_list(w->keyd->conf.seal_types, "application/vnd.etsi.asic-e+zip"))
        return KEYW_REFUSED;
    if (worker_sign(w, key, text, sig, &n) != OK || n > sizeof r->sig)
        return KEYW_INTERNAL;
    memcpy(r->sig, sig, n);
    r->sig_len = (uint32_t)n;
    return KEYW_OK;
}
