/*
 * Makes PAdES signatures: prepare, sign, timestamp, fill, append.
 * Called by antin-sign. ETSI EN 319 142-1 §6.3 (B-B, B-T).
 */
#include "signer/formats/pades_sign.h"

#include "signer/formats/pades_append.h"

#define GROWN 1024 /* bytes beyond what was needed the first time: signatures differ by a few */

/* The CMS for what has been prepared. */
static err_t make_cms(const struct pades_prepared *p, const struct signing_key *key, const struct stamping *ts, struct buf *cms)
{
    AUTO_BUF plain = {0};
    enum sig_level reached;
    TRY(cades_sign_digest(BYTES(p->digest, p->digest_len), &(struct cades_opts){.pades = true}, key, &plain));
    if (ts != NULL)
        return cades_raise(buf_bytes(&plain), NULL, LEVEL_T, &(struct cades_means){.ts = ts}, cms, &reached);
    *cms = take(&plain);
    return OK;
}

static err_t sign_once(int fd, const struct pades_opts *o, const struct signing_key *key, const struct stamping *ts, size_t *needed)
{
    AUTO_PADES p = {0};
    AUTO_BUF cms = {0};
    TRY(pades_prepare(fd, o, &p));
    TRY(make_cms(&p, key, ts, &cms));
    *needed = cms.len;
    TRY(pades_fill(&p, buf_bytes(&cms)));
    return pades_append(fd, p.base_size, buf_bytes(&p.increment));
}

err_t pades_sign(int fd, const struct pades_opts *o, const struct signing_key *key, const struct stamping *ts)
{
    struct pades_opts opts = *o;
    size_t needed = 0;
    opts.hash = key->hash;
    if (opts.document_timestamp)
        return ERR_SYNTAX;
    if (opts.contents_room == 0) {
        opts.contents_room = cades_room(key->cert, key->chain, key->chain_n, NULL, 0, ts != NULL ? ts->room : 1);
    }
    err_t e = sign_once(fd, &opts, key, ts, &needed);
    if (e != ERR_PDF_ROOM)
        return e;
    opts.contents_room = needed + GROWN;
    return sign_once(fd, &opts, key, ts, &needed);
}
