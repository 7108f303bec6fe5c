/*
 * XML signatures: prepared, filled in, looked at once more, raised.
 * Called by rules/activation, results and sealing.
 */
#include "signer/rules/xmlsign.h"

#include "signer/rules/level.h"
#include <string.h>

/* --- before the key signs --- */

err_t xmlsign_prepare(const struct xmlsign_over *o, struct evidence *signer, struct xades_prepared *out)
{
    struct signing_key key;
    const struct xades_opts opts = {.signing_time = o->time, .container = o->container};
    evidence_key(signer, &key);
    return xades_prepare_detached(o->data, o->n, NULL, &opts, &key, out);
}

err_t xmlsign_prepare_item(const struct xmlsign_over *o, struct evidence *signer, struct signing_item_row *item)
{
    AUTO(xades_prepared_free) struct xades_prepared p = {0};
    TRY(xmlsign_prepare(o, signer, &p));
    sha256(buf_bytes(&p.signed_info), item->digest);
    item->format = FORMAT_XADES;
    item->contents_at = p.value_at;
    item->increment = take(&p.text);
    return OK;
}

bool xmlsign_names(const struct signing_item_row *item, const uint8_t sha256[SHA256_LEN])
{
    char text[B64_LEN(SHA256_LEN) + 1];
    b64_encode(BYTES(sha256, SHA256_LEN), text);
    return memmem(item->increment.ptr, item->increment.len, text, strlen(text)) != NULL;
}

/* --- and after --- */

/* Nobody shall hold a signature that does not verify: the prepared text may have been changed since keyd was told its digest. */
static err_t check_value(const struct buf *xml, struct bytes cert)
{
    AUTO_XADES x = NULL;
    AUTO_X509 signer = NULL;
    TRY(x509_from_der(cert, &signer));
    if (xades_open(buf_bytes(xml), &x) != OK || xades_count(x) != 1 || xades_check_value(xades_signature(x, 0), signer) != OK)
        return ERR_EXPIRED;
    return OK;
}

/* Beyond T the timestamps are an archive's; the signature's own is the one that its row names. */
static err_t raise_stamped(struct means *m, const struct xmlsign *x, struct bytes stamped, struct buf *out, enum sig_level *reached)
{
    const struct xades_means means = {.ts = &m->ts, .source = &m->source, .files = x->files};
    const enum timestamp_use use = m->use;
    const size_t len = m->serial_len;
    uint8_t serial[sizeof m->serial];
    memcpy(serial, m->serial, sizeof serial);
    m->use = TIMESTAMP_ARCHIVE;
    err_t e = xades_raise(stamped, x->want, &means, out, reached);
    m->use = use;
    m->serial_len = len;
    memcpy(m->serial, serial, sizeof serial);
    return level_settle(e, *reached, x->want);
}

err_t xmlsign_finish(struct means *m, const struct xmlsign *x, struct buf *xml, enum sig_level *reached)
{
    AUTO_BUF filled = {0};
    AUTO_BUF stamped = {0};
    struct signing_key key;
    const struct xades_means means = {.ts = &m->ts};
    evidence_key(x->signer, &key);
    TRY(xades_fill(x->text, x->value_at, &key, x->signature, &filled));
    TRY(check_value(&filled, key.cert));
    *reached = LEVEL_B;
    if (x->want == LEVEL_B)
        return buf_copy(xml, buf_bytes(&filled));
    TRY(xades_raise(buf_bytes(&filled), LEVEL_T, &means, &stamped, reached));
    if (x->want == LEVEL_T)
        return buf_copy(xml, buf_bytes(&stamped));
    return raise_stamped(m, x, buf_bytes(&stamped), xml, reached);
}
