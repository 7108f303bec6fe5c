/*
 * CAdES baseline signatures: checks the parts against each other, then lays the CMS.
 * Called by signerd. ETSI EN 319 122-1 §5.3, §6; RFC 3161.
 */
#include "signer/formats/cades.h"

#include "common/secret.h"
#include "signer/formats/tsp_token.h"

#define SIGNER_INFO_ROOM 2048        /* signer's name, attributes, algorithms, tags and lengths */
#define TIMESTAMP_ROOM_DEFAULT 12288 /* a token with its chain, also an RSA one of another service */

void cades_signature_digest(struct bytes signature, uint8_t digest[32])
{
    sha256(signature, digest);
}

/* A token over another signature would only be found out by the verifier, when the key has been used. */
static err_t timestamp_covers(struct bytes token, struct bytes signature)
{
    AUTO_TSP_TOKEN t = {0};
    const struct covered value = {{signature}};
    err_t e = tsp_token_read(token, &t);
    if (e == OK)
        e = tsp_token_covers(&t, &value);
    return e == ERR_STAMP ? ERR_CRYPTO : e;
}

err_t cades_detached(const struct cms_signed *s, struct buf *out)
{
    if (s->content.ptr != NULL || s->no_certs)
        return ERR_SYNTAX;
    if (s->timestamp.len > 0)
        TRY(timestamp_covers(s->timestamp, s->signature));
    return cms_signed_data(s, out);
}

size_t cades_room(struct bytes cert, const struct bytes *chain, size_t chain_n, const struct bytes *crls, size_t crls_n,
                  size_t timestamp_len)
{
    size_t n = SIGNER_INFO_ROOM + cert.len + (timestamp_len > 0 ? timestamp_len : TIMESTAMP_ROOM_DEFAULT);
    for (size_t i = 0; i < chain_n; i++)
        n += chain[i].len;
    for (size_t i = 0; i < crls_n; i++)
        n += crls[i].len;
    return n;
}
