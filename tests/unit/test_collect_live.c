/*
 * vdata_collect over the network against a running stack: started by tests/flow/test_signer_ocsp.py, which says where; skipped without.
 * ANTIN_LIVE_LEAF (PEM), ANTIN_LIVE_ROOT (PEM), ANTIN_LIVE_ORIGIN (of the signing service). RFC 5280 §4.2.2.1, RFC 6960 appendix A.1.
 */
#include "tests/unit/unit.h"

#include "common/clock.h"
#include "common/fetch.h"
#include "signer/formats/validation_data.h"

static err_t get(void *arg, enum vdata_kind kind, const char *url, struct bytes body, struct buf *out)
{
    AUTO_FETCH_REPLY reply = {0};
    bool asks = kind == VDATA_OCSP;
    const struct fetch_request q = {.url = url, .body = body, .content_type = asks ? "application/ocsp-request" : NULL};
    TRY(fetch_run(arg, &q, &reply));
    if (reply.status != 200 || (asks && strcmp(reply.content_type, "application/ocsp-response") != 0))
        return ERR_IO;
    *out = take(&reply.body);
    return OK;
}

static void load(const char *variable, struct buf *der)
{
    AUTO_X509 cert = NULL;
    assert_ok(x509_load(getenv(variable), &cert));
    assert_ok(x509_to_der(cert, der));
}

static void a_citizens_certificate_leads_to_all_that_proves_it(void **state)
{
    (void)state;
    if (getenv("ANTIN_LIVE_LEAF") == NULL)
        skip();
    AUTO_BUF leaf = {0}, root = {0};
    AUTO_VDATA v = {0};
    struct fetch *f = NULL;
    const char *const origins[] = {getenv("ANTIN_LIVE_ORIGIN"), NULL};
    load("ANTIN_LIVE_LEAF", &leaf);
    load("ANTIN_LIVE_ROOT", &root);
    assert_ok(fetch_open(&(struct fetch_conf){.origins = origins, .total_ms = 10000, .body_max = 1 << 20}, &f));
    const struct bytes known[] = {buf_bytes(&root)};
    const struct vdata_source source = {.cert = known, .cert_n = 1, .get = get, .arg = f, .now = clock_now()};
    assert_ok(vdata_collect(&source, buf_bytes(&leaf), NULL, 0, &v));
    fetch_close(&f);
    (void)printf("%zu OCSP, %zu CRL, %zu certificates\n", v.ocsp_n, v.crl_n, v.cert_n);
    assert_true(v.ocsp_n == 1 && v.crl_n == 1 && v.cert_n == 3); /* the root's CRL is about the CA; the responder need not be asked about */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_citizens_certificate_leads_to_all_that_proves_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
