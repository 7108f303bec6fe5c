/*
 * Signers with their chains, and the assembly of the CMS around what keyd made.
 * Called by rules/activation, results, sealing and container.
 */
#include "signer/rules/evidence.h"

#include "signer/formats/cades.h"
#include "signer/rules/trust.h"

void evidence_free(struct evidence *e)
{
    buf_free(&e->cert);
    for (size_t i = 0; i < e->chain_n; i++)
        buf_free(&e->chain[i]);
    e->chain_n = 0;
}

err_t evidence_for_citizen(struct app *a, struct bytes cert, struct evidence *out)
{
    TRY(buf_copy(&out->cert, cert));
    TRY(trust_get(a->trust, TRUST_CITIZENS_CRT, &out->chain[0]));
    out->chain_n = 1;
    return OK;
}

/* The certificate of the key that seals now. */
static err_t seal_certificate(struct app *a, struct buf *cert)
{
    AUTO_BUF room = {0};
    TRY(buf_reserve(&room, KEY_LIST_MAX * sizeof(struct key_info)));
    struct key_info *keys = (struct key_info *)(void *)room.ptr;
    size_t n = 0;
    TRY(key_list(a->keys, KEY_SEAL, keys, &n));
    for (size_t i = 0; i < n; i++)
        if (keys[i].active && keys[i].cert_len > 0)
            return buf_copy(cert, BYTES(keys[i].cert, keys[i].cert_len));
    return ERR_KEYD_REFUSED;
}

err_t evidence_for_seal(struct app *a, struct evidence *out)
{
    TRY(seal_certificate(a, &out->cert));
    return key_chain(a->keys, KEY_SEAL, out->chain, &out->chain_n); /* at most 4 */
}

static const struct bytes *chain_of(struct evidence *e)
{
    for (size_t i = 0; i < e->chain_n; i++)
        e->view[i] = buf_bytes(&e->chain[i]);
    return e->view;
}

/* Our own tokens with their chain have about 2 kB. */
#define OWN_TIMESTAMP_ROOM 4096

size_t evidence_room(const struct evidence *e, enum sig_level level)
{
    struct evidence copy = *e;
    return cades_room(buf_bytes(&e->cert), chain_of(&copy), e->chain_n, NULL, 0, level >= LEVEL_T ? OWN_TIMESTAMP_ROOM : 1);
}

void evidence_key(struct evidence *e, struct signing_key *out)
{
    *out = (struct signing_key){
        .cert = buf_bytes(&e->cert), .chain = chain_of(e), .chain_n = e->chain_n, .hash = CMS_SHA256, .scheme = SIGN_ECDSA};
}

err_t evidence_assemble(struct evidence *e, const struct key_signature *signature, struct bytes timestamp, struct buf *cms)
{
    const struct cms_signed parts = {
        .digest_alg = CMS_SHA256,
        .signed_attrs = buf_bytes(&signature->attrs),
        .cert = buf_bytes(&e->cert),
        .chain = chain_of(e),
        .chain_n = e->chain_n,
        .signature = buf_bytes(&signature->signature),
        .timestamp = timestamp,
    };
    return cades_detached(&parts, cms);
}
