/*
 * What signerd does with keyd's help, done in one process: B-T signatures over PDFs and files by a test PKI.
 * Included by tests/unit/test_{cms,pades,manifest,verify}.c.
 */
#ifndef ANTIN_TESTSIGN_H
#define ANTIN_TESTSIGN_H

#include "signer/formats/cades.h"
#include "signer/formats/pades.h"
#include "tests/unit/testpki.h"
#include <fcntl.h>
#include <unistd.h>

struct ts_pki {
    struct tp_id root, ca, services, citizen, other, seal, tsa;
    struct buf root_crl, ca_crl, services_crl;
};

/* The CRLs afresh, with these revoked by the citizens' CA. */
TP_FN void ts_crls(struct ts_pki *p, const struct tp_revoked *r, size_t n)
{
    int64_t now = clock_now();
    tp_crl(&p->root, now - 3600, now + 30 * TP_DAY, NULL, 0, &p->root_crl);
    tp_crl(&p->ca, now - 60, now + TP_DAY, r, n, &p->ca_crl);
    tp_crl(&p->services, now - 60, now + TP_DAY, NULL, 0, &p->services_crl);
}

TP_FN void ts_pki_make(struct ts_pki *p)
{
    *p = (struct ts_pki){0};
    tp_issue(&p->root, &(struct tp_spec){.cn = "Test Root", .profile = TP_ROOT});
    tp_issue(&p->ca, &(struct tp_spec){.cn = "Test Citizens CA", .profile = TP_CA, .issuer = &p->root});
    tp_issue(&p->services, &(struct tp_spec){.cn = "Test Services CA", .profile = TP_CA, .issuer = &p->root});
    tp_issue(&p->citizen, &(struct tp_spec){.cn = "Nguyễn Văn Ánh", .profile = TP_CITIZEN, .issuer = &p->ca});
    tp_issue(&p->other, &(struct tp_spec){.cn = "Trần Thị Bưởi", .profile = TP_CITIZEN, .issuer = &p->ca});
    tp_issue(&p->seal, &(struct tp_spec){.cn = "Test Seal", .profile = TP_SEAL, .issuer = &p->services});
    tp_issue(&p->tsa, &(struct tp_spec){.cn = "Test TSA", .profile = TP_TSA, .issuer = &p->services});
    ts_crls(p, NULL, 0);
}

TP_FN void ts_pki_free(struct ts_pki *p)
{
    struct tp_id *ids[] = {&p->root, &p->ca, &p->services, &p->citizen, &p->other, &p->seal, &p->tsa};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        tp_free(ids[i]);
    buf_free(&p->root_crl);
    buf_free(&p->ca_crl);
    buf_free(&p->services_crl);
}

/* A token by any certificate, also one that OpenSSL's responder would refuse: made as keyd makes them. */
TP_FN void ts_token_of(const struct tp_id *tsa, const struct tp_id *ca, const uint8_t digest[32], ASN1_INTEGER *nonce, int64_t t,
                       struct buf *out)
{
    uint8_t *der = NULL;
    TS_TST_INFO *info = TS_TST_INFO_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *alg = X509_ALGOR_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_GENERALIZEDTIME *time = ASN1_GENERALIZEDTIME_set(NULL, t);
    ASN1_OBJECT *policy = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
    X509_ALGOR_set0(alg, OBJ_nid2obj(NID_sha256), V_ASN1_UNDEF, NULL);
    TS_MSG_IMPRINT_set_algo(imprint, alg);
    TS_MSG_IMPRINT_set_msg(imprint, (unsigned char *)digest, 32);
    ASN1_INTEGER_set(serial, 5);
    TS_TST_INFO_set_version(info, 1);
    TS_TST_INFO_set_policy_id(info, policy);
    TS_TST_INFO_set_msg_imprint(info, imprint);
    TS_TST_INFO_set_serial(info, serial);
    TS_TST_INFO_set_time(info, time);
    if (nonce != NULL)
        TS_TST_INFO_set_nonce(info, nonce);
    int n = i2d_TS_TST_INFO(info, &der);
    TP_MUST(n > 0);

    AUTO_BUF attrs = {0}, signature = {0};
    uint8_t content_digest[32];
    struct bytes content = BYTES(der, (size_t)n), chain = buf_bytes(&ca->der);
    static const char TST_INFO[] = "1.2.840.113549.1.9.16.1.4";
    sha256(content, content_digest);
    TP_MUST(
        cms_signed_attrs(&(struct cms_attrs){.content_type = TST_INFO, .digest = BYTES(content_digest, 32), .cert = buf_bytes(&tsa->der)},
                         &attrs) == OK);
    tp_sign(tsa, CMS_SHA256, buf_bytes(&attrs), &signature);
    TP_MUST(cms_signed_data(&(struct cms_signed){.content_type = TST_INFO,
                                                 .content = content,
                                                 .signed_attrs = buf_bytes(&attrs),
                                                 .cert = buf_bytes(&tsa->der),
                                                 .chain = &chain,
                                                 .chain_n = 1,
                                                 .signature = buf_bytes(&signature)},
                            out) == OK);
    OPENSSL_free(der);
    TS_TST_INFO_free(info);
    TS_MSG_IMPRINT_free(imprint);
    X509_ALGOR_free(alg);
    ASN1_INTEGER_free(serial);
    ASN1_GENERALIZEDTIME_free(time);
    ASN1_OBJECT_free(policy);
}

/* The same over data, without a nonce. */
TP_FN void ts_token(const struct tp_id *tsa, const struct tp_id *ca, struct bytes data, int64_t t, struct buf *out)
{
    uint8_t digest[32];
    sha256(data, digest);
    ts_token_of(tsa, ca, digest, NULL, t, out);
}

struct ts_how {
    const struct tp_id *signer;
    const struct tp_id *issuer; /* NULL: pki->ca */
    const struct tp_id *tsa;    /* NULL: pki->tsa, by OpenSSL's own responder */
    enum cms_hash hash;
    int64_t signing_time; /* signed attribute; 0: none */
    int64_t stamped_at;   /* genTime; 0: now; -1: no timestamp */
    const char *mime;
    bool no_crls;
};

/* A detached CMS over a digest. */
TP_FN void ts_cms(const struct ts_pki *p, const struct ts_how *h, struct bytes digest, struct buf *out)
{
    AUTO_BUF attrs = {0}, signature = {0}, token = {0};
    const struct tp_id *issuer = h->issuer != NULL ? h->issuer : &p->ca;
    TP_MUST(cms_signed_attrs(&(struct cms_attrs){.digest_alg = h->hash,
                                                 .digest = digest,
                                                 .cert = buf_bytes(&h->signer->der),
                                                 .signing_time = h->signing_time,
                                                 .mime_type = h->mime},
                             &attrs) == OK);
    tp_sign(h->signer, h->hash, buf_bytes(&attrs), &signature);
    int64_t when = h->stamped_at != 0 ? h->stamped_at : clock_now();
    if (h->stamped_at != -1 && h->tsa != NULL)
        ts_token(h->tsa, &p->services, buf_bytes(&signature), when, &token);
    else if (h->stamped_at != -1)
        tp_timestamp(&p->tsa, &p->services, "SHA256", buf_bytes(&signature), when, &token);
    const struct bytes chain[] = {buf_bytes(&issuer->der)};
    const struct bytes crls[] = {buf_bytes(&p->root_crl), buf_bytes(&p->ca_crl), buf_bytes(&p->services_crl)};
    TP_MUST(cades_detached(&(struct cms_signed){.digest_alg = h->hash,
                                                .signed_attrs = buf_bytes(&attrs),
                                                .cert = buf_bytes(&h->signer->der),
                                                .chain = chain,
                                                .chain_n = 1,
                                                .crls = h->no_crls ? NULL : crls,
                                                .crls_n = h->no_crls ? 0 : 3,
                                                .signature = buf_bytes(&signature),
                                                .timestamp = buf_bytes(&token)},
                           out) == OK);
}

TP_FN void ts_cms_over(const struct ts_pki *p, const struct ts_how *h, struct bytes content, struct buf *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n;
    TP_MUST(EVP_Digest(content.ptr, content.len, digest, &n, cms_hash_md(h->hash), NULL) == 1);
    ts_cms(p, h, BYTES(digest, n), out);
}

/* Appends a signature to the file, in place. */
TP_FN void ts_sign_pdf_how(const char *path, const struct ts_pki *p, const struct ts_how *h, const struct pades_opts *o)
{
    AUTO_PADES prepared = {0};
    AUTO_BUF cms = {0};
    AUTO_FD fd = open(path, O_RDWR | O_APPEND);
    struct pades_opts def = {.signing_time = clock_now()};
    err_t e = pades_prepare(fd, o != NULL ? o : &def, &prepared);
    if (e != OK)
        fprintf(stderr, "pades_prepare %s: %s\n", path, err_info(e)->name);
    TP_MUST(e == OK);
    ts_cms(p, h, BYTES(prepared.digest, prepared.digest_len), &cms);
    TP_MUST(pades_fill(&prepared, buf_bytes(&cms)) == OK);
    TP_MUST(write(fd, prepared.increment.ptr, prepared.increment.len) == (ssize_t)prepared.increment.len);
}

TP_FN void ts_sign_pdf(const char *path, const struct ts_pki *p, const struct tp_id *signer, const struct pades_opts *o)
{
    ts_sign_pdf_how(path, p, &(struct ts_how){.signer = signer}, o);
}

#endif
