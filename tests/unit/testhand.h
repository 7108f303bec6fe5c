/*
 * A key, a time-stamping service and CRLs at hand, for signatures made by signer/formats alone.
 * Included by tests/unit/test_{cades,pades_levels}.c.
 */
#ifndef ANTIN_TESTHAND_H
#define ANTIN_TESTHAND_H

#include "signer/formats/signing.h"
#include "signer/formats/validation_data.h"
#include "tests/unit/testsign.h"

static struct ts_pki pki;

struct hand {
    const struct tp_id *id;
    enum cms_hash hash;
};

TP_FN err_t hand_sign(void *arg, struct bytes tbs, struct buf *signature)
{
    const struct hand *h = arg;
    tp_sign(h->id, h->hash, tbs, signature);
    return OK;
}

struct hall {
    struct hand hand;
    struct bytes chain[1];
    struct signing_key key;
};

TP_FN const struct signing_key *key_of(struct hall *m, const struct tp_id *id, enum cms_hash hash, enum sign_scheme scheme)
{
    m->hand = (struct hand){id, hash};
    m->chain[0] = buf_bytes(&pki.ca.der);
    m->key = (struct signing_key){
        .cert = buf_bytes(&id->der), .chain = m->chain, .chain_n = 1, .hash = hash, .scheme = scheme, .sign = hand_sign, .arg = &m->hand};
    return &m->key;
}

TP_FN err_t honest(void *arg, enum cms_hash alg, struct bytes digest, struct buf *token)
{
    (*(unsigned *)arg)++;
    tp_timestamp_of(&pki.tsa, &pki.services, cms_hash_md(alg), digest, clock_now(), token);
    return OK;
}

TP_FN err_t away(void *arg, enum cms_hash alg, struct bytes digest, struct buf *token)
{
    (void)arg, (void)alg, (void)digest, (void)token;
    return ERR_TIMEOUT;
}

TP_FN err_t lying(void *arg, enum cms_hash alg, struct bytes digest, struct buf *token)
{
    uint8_t other[EVP_MAX_MD_SIZE] = {1};
    (void)arg;
    tp_timestamp_of(&pki.tsa, &pki.services, cms_hash_md(alg), BYTES(other, digest.len), clock_now(), token);
    return OK;
}

static __attribute__((unused)) unsigned stamps;
static __attribute__((unused)) const struct stamping tsa = {.stamp = honest, .arg = &stamps, .alg = CMS_SHA256};

TP_FN struct vdata_source *crls_at_hand(void)
{
    static struct bytes certs[1], crls[3];
    static struct vdata_source s;
    certs[0] = buf_bytes(&pki.root.der);
    crls[0] = buf_bytes(&pki.root_crl);
    crls[1] = buf_bytes(&pki.ca_crl);
    crls[2] = buf_bytes(&pki.services_crl);
    s = (struct vdata_source){.cert = certs, .cert_n = 1, .crl = crls, .crl_n = 3, .now = clock_now()};
    return &s;
}

#endif
