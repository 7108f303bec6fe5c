/*
 * One second thread for one certificate. It shares certificates and CRLs (OpenSSL locks what it caches in them) and nothing else.
 * Called by signature.c. RFC 3161 §2.4.2 (TSTInfo).
 */
#include "signer/verify/ahead.h"

#include "signer/formats/tlv.h"
#include "signer/verify/path.h"
#include "signer/verify/revocation.h"
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_BYTES (512u << 10)

struct ahead {
    pthread_t thread;
    struct context ctx;
    const struct evidence *ev;
    X509 *cert;
    int64_t t;
    struct crl_memory memory; /* its own: what is new in it is handed over at the end */
    unsigned known;           /* entries that it started with */
    struct standing standing;
};

void standing_check(const struct context *ctx, const struct evidence *ev, X509 *cert, int64_t t, bool proven, struct standing *out)
{
    struct path path;
    path_build(ctx, ev, cert, PURPOSE_SIGNER, t, proven, &path, &out->findings);
    out->path_valid = path.valid;
    snprintf(out->anchor, sizeof out->anchor, "%s", path.anchor);
    if (path.chain != NULL)
        revocation_check(ctx, ev, path.chain, PURPOSE_SIGNER, t, &out->revocation, &out->findings);
    path_free(&path);
}

void standing_take(const struct standing *s, struct signature_result *r)
{
    r->path_valid = s->path_valid;
    r->revocation = s->revocation;
    memcpy(r->anchor, s->anchor, sizeof r->anchor);
    findings_merge(&r->findings, &s->findings, NULL);
}

void standing_settle(const struct context *ctx, const struct evidence *ev, X509 *cert, struct signature_result *r)
{
    struct standing standing = {.revocation.reason = -1};
    standing_check(ctx, ev, cert, r->best_time, r->time_proven, &standing);
    standing_take(&standing, r);
}

static void time_free(ASN1_TIME **t)
{
    ASN1_TIME_free(*t);
}

/* ContentInfo, SignedData, EncapsulatedContentInfo, TSTInfo: only as deep as genTime, and nothing is believed of it. */
static err_t claimed_time(struct bytes token, int64_t *out)
{
    struct tlv info, type, wrapped, sd, version, algs, encap, octets, tst, field;
    TRY(tlv_expect(&token, 0x30, &info));
    TRY(tlv_expect(&info.body, 0x06, &type));
    TRY(tlv_expect(&info.body, 0xa0, &wrapped));
    TRY(tlv_expect(&wrapped.body, 0x30, &sd));
    TRY(tlv_expect(&sd.body, 0x02, &version));
    TRY(tlv_expect(&sd.body, 0x31, &algs));
    TRY(tlv_expect(&sd.body, 0x30, &encap));
    TRY(tlv_expect(&encap.body, 0x06, &type));
    TRY(tlv_expect(&encap.body, 0xa0, &wrapped));
    TRY(tlv_expect(&wrapped.body, 0x04, &octets));
    TRY(tlv_expect(&octets.body, 0x30, &tst));
    for (int i = 0; i < 5; i++) /* version, policy, messageImprint, serialNumber, genTime */
        TRY(tlv_next(&tst.body, &field));
    const uint8_t *p = field.whole.ptr;
    AUTO(time_free) ASN1_TIME *t = field.tag == 0x18 ? d2i_ASN1_TIME(NULL, &p, (long)field.whole.len) : NULL;
    return t != NULL ? x509_time(t, out) : ERR_SYNTAX;
}

static void *run(void *arg)
{
    struct ahead *a = arg;
    standing_check(&a->ctx, a->ev, a->cert, a->t, true, &a->standing);
    return NULL;
}

static bool start_thread(struct ahead *a)
{
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0)
        return false;
    bool started = pthread_attr_setstacksize(&attr, STACK_BYTES) == 0 && pthread_create(&a->thread, &attr, run, a) == 0;
    pthread_attr_destroy(&attr);
    return started;
}

static void settle_certs(STACK_OF(X509) *certs)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        (void)X509_check_purpose(sk_X509_value(certs, i), -1, 0); /* reads the extensions and keeps what they say */
}

static void settle_crls(STACK_OF(X509_CRL) *crls, X509 *cert)
{
    X509_REVOKED *entry;
    for (int i = 0; i < sk_X509_CRL_num(crls); i++)
        (void)X509_CRL_get0_by_cert(sk_X509_CRL_value(crls, i), &entry, cert); /* sorts the entries */
}

/* Lets OpenSSL do now what it would do on first use, under its locks: from here on both threads only read. */
static void settle(const struct context *ctx, const struct evidence *ev, X509 *cert)
{
    for (size_t i = 0; i < ctx->trust->anchor_n; i++)
        (void)X509_check_purpose(ctx->trust->anchor[i].cert, -1, 0);
    settle_certs(ctx->trust->certs);
    settle_crls(ctx->trust->crls, cert);
    for (size_t i = 0; i < ev->n; i++) {
        settle_certs(ev->certs[i]);
        settle_crls(ev->crls[i], cert);
    }
}

struct ahead *ahead_start(const struct context *ctx, const struct evidence *ev, X509 *cert, struct bytes token)
{
    int64_t t;
    struct ahead *a = claimed_time(token, &t) == OK ? calloc(1, sizeof *a) : NULL;
    if (a == NULL)
        return NULL;
    a->ctx = *ctx;
    a->ev = ev;
    a->cert = cert;
    a->t = t;
    a->standing.revocation.reason = -1;
    if (ctx->memory != NULL) {
        a->memory = *ctx->memory;
        a->known = a->memory.n;
        a->ctx.memory = &a->memory;
    }
    settle(ctx, ev, cert);
    if (!start_thread(a)) {
        free(a);
        return NULL;
    }
    return a;
}

bool ahead_finish(struct ahead **a, struct crl_memory *memory, int64_t t, struct standing *out)
{
    struct ahead *done = take(a);
    if (done == NULL)
        return false;
    pthread_join(done->thread, NULL);
    for (unsigned i = done->known; i < done->memory.n && memory != NULL && memory->n < CRL_MEMORY_MAX; i++)
        memory->good[memory->n++] = done->memory.good[i];
    bool guessed = done->t == t;
    if (guessed)
        *out = done->standing;
    free(done);
    return guessed;
}
