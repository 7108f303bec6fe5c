/*
 * Validation data and timestamps of this house, as the formats ask for them.
 * Called by rules/signing.
 */
#include "signer/rules/means.h"

#include "common/clock.h"
#include "common/log.h"
#include "signer/formats/ocsp_server.h"
#include "signer/rules/crl.h"
#include "signer/rules/responder.h"
#include "signer/rules/trust.h"
#include <string.h>

#define CRL_EMBEDDED_MAX (256u * 1024) /* a CRL that outgrows this is left to the verifier to fetch; OCSP speaks for single certificates */
#define TOKEN_ROOM 4096                /* our own tokens with their chain have about 2 kB */

/* --- OCSP: asked as anybody would, without the way through HTTP --- */

/* Whatever address stands in a certificate: what our responder does not know it says, and another's responder is not asked. */
static err_t get(void *arg, enum vdata_kind kind, const char *url, struct bytes body, struct buf *out)
{
    struct means *m = arg;
    struct ocsp_query q;
    AUTO(responder_answer_free) struct responder_answer a = {0};
    (void)url;
    if (kind != VDATA_OCSP)
        return ERR_FORBIDDEN;
    TRY(ocsp_query_parse(body, &q));
    TRY(responder_ask(m->app, &q, m->since, &a));
    *out = take(&a.der);
    return OK;
}

/* --- timestamps --- */

static err_t stamp(void *arg, enum cms_hash alg, struct bytes digest, struct buf *token)
{
    struct means *m = arg;
    struct key_ts_request q = {.alg = alg, .cert_req = true};
    struct key_ts_reply r = {0};
    if (digest.len > sizeof q.imprint)
        return ERR_SYNTAX;
    memcpy(q.imprint, digest.ptr, digest.len);
    err_t e = timestamp_all(m->app, m->use, &q, &r, 1);
    if (e == OK) {
        memcpy(m->serial, r.serial, r.serial_len);
        m->serial_len = r.serial_len;
        if (m->use != TIMESTAMP_ARCHIVE)
            m->since = r.gen_time_us / 1000000;
        *token = take(&r.token);
    }
    buf_free(&r.token);
    return e;
}

/* --- what is at hand --- */

static err_t add_certs(struct means *m)
{
    static const enum trust_file FILES[MEANS_SET] = {TRUST_ROOT_CRT, TRUST_CITIZENS_CRT, TRUST_SERVICES_CRT};
    for (size_t i = 0; i < MEANS_SET; i++) {
        TRY(trust_get(m->app->trust, FILES[i], &m->own_cert[i]));
        m->cert[m->source.cert_n++] = buf_bytes(&m->own_cert[i]);
    }
    return OK;
}

static void offer_crl(struct means *m, struct buf *der)
{
    size_t i = m->source.crl_n;
    if (der->len == 0 || der->len > CRL_EMBEDDED_MAX)
        return;
    m->own_crl[i] = take(der);
    m->crl[i] = buf_bytes(&m->own_crl[i]);
    m->source.crl_n++;
}

static void add_crls(struct means *m)
{
    static const enum trust_file FILES[] = {TRUST_ROOT_CRL, TRUST_SERVICES_CRL};
    AUTO(crl_now_free) struct crl_now now = {0};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        AUTO_BUF der = {0};
        if (trust_get(m->app->trust, FILES[i], &der) == OK)
            offer_crl(m, &der);
    }
    if (crl_current(m->app, &now) == OK)
        offer_crl(m, &now.der);
}

err_t means_open(struct app *a, struct means *m)
{
    *m = (struct means){.app = a, .use = TIMESTAMP_SIGNATURE};
    m->source = (struct vdata_source){.cert = m->cert, .crl = m->crl, .get = get, .arg = m, .now = clock_now()};
    m->ts = (struct stamping){.stamp = stamp, .arg = m, .alg = CMS_SHA256, .room = TOKEN_ROOM};
    m->cades = (struct cades_means){.ts = &m->ts, .source = &m->source};
    TRY(add_certs(m));
    add_crls(m);
    return OK;
}

void means_close(struct means *m)
{
    for (size_t i = 0; i < MEANS_SET; i++) {
        buf_free(&m->own_cert[i]);
        buf_free(&m->own_crl[i]);
    }
}
