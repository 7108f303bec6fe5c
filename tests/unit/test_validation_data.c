/*
 * Validation data: path and status of a certificate, asked for as its own addresses say.
 * RFC 5280 §6.3, RFC 6960 §4.2.2.2; ETSI EN 319 102-1 §5.2.6.
 */
#include "tests/unit/unit.h"
#include "common/clock.h"
#include "signer/formats/ocsp_client.h"
#include "signer/formats/validation_data.h"
#include "tests/unit/testpki.h"

#define OCSP_AT "http://ocsp.test/"
#define CRL_AT "http://crl.test/ca.crl"
#define ISSUER_AT "http://ca.test/ca.crt"

/* What stands behind the addresses; empty: nobody is there. */
struct web {
    struct buf ocsp, crl, root_crl, issuer;
    unsigned asked[3];
};

struct world {
    struct tp_id root, ca, leaf, responder, unchecked, stranger, other_ca;
    struct web web;
    struct bytes known[1];
    struct vdata_source source;
};

static err_t get(void *arg, enum vdata_kind kind, const char *url, struct bytes body, struct buf *out)
{
    struct web *w = arg;
    w->asked[kind]++;
    assert_int_equal(kind == VDATA_OCSP, body.len > 0);
    const struct buf *answer = strcmp(url, OCSP_AT) == 0     ? &w->ocsp
                               : strcmp(url, CRL_AT) == 0    ? &w->crl
                               : strcmp(url, ISSUER_AT) == 0 ? &w->issuer
                                                             : &w->root_crl;
    return answer->len > 0 ? buf_copy(out, buf_bytes(answer)) : ERR_IO;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    int64_t now = clock_now();
    tp_issue(&w->root, &(struct tp_spec){.cn = "Root", .profile = TP_ROOT});
    tp_issue(&w->ca, &(struct tp_spec){.cn = "CA", .profile = TP_CA, .issuer = &w->root, .points = "URI:http://crl.test/root.crl"});
    tp_issue(&w->leaf, &(struct tp_spec){.cn = "Leaf",
                                         .profile = TP_CITIZEN,
                                         .issuer = &w->ca,
                                         .points = "URI:" CRL_AT,
                                         .access = "OCSP;URI:" OCSP_AT ",caIssuers;URI:" ISSUER_AT});
    tp_issue(&w->responder, &(struct tp_spec){.cn = "Responder", .profile = TP_OCSP, .issuer = &w->ca, .points = "URI:" CRL_AT});
    tp_issue(&w->unchecked, &(struct tp_spec){.cn = "Responder, unchecked", .profile = TP_OCSP_NOCHECK, .issuer = &w->ca});
    tp_issue(&w->stranger, &(struct tp_spec){.cn = "Stranger", .profile = TP_CITIZEN, .issuer = &w->ca});
    tp_issue(&w->other_ca, &(struct tp_spec){.cn = "CA", .profile = TP_CA, .issuer = &w->root});
    tp_crl(&w->root, now - 60, now + TP_DAY, NULL, 0, &w->web.root_crl);
    w->known[0] = buf_bytes(&w->root.der);
    w->source = (struct vdata_source){.cert = w->known, .cert_n = 1, .get = get, .arg = &w->web, .now = now};
    assert_ok(buf_copy(&w->web.issuer, buf_bytes(&w->ca.der)));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    struct tp_id *ids[] = {&w->root, &w->ca, &w->leaf, &w->responder, &w->unchecked, &w->stranger, &w->other_ca};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        tp_free(ids[i]);
    buf_free(&w->web.ocsp);
    buf_free(&w->web.crl);
    buf_free(&w->web.root_crl);
    buf_free(&w->web.issuer);
    free(w);
    return 0;
}

static err_t collect(struct world *w, struct validation_data *v)
{
    return vdata_collect(&w->source, buf_bytes(&w->leaf.der), NULL, 0, v);
}

static void ocsp_by(struct world *w, const struct tp_id *by, int64_t revoked_at)
{
    tp_ocsp(by, &w->leaf, &w->ca, w->source.now - 60, w->source.now + TP_DAY, revoked_at, &w->web.ocsp);
}

static void the_issuer_is_fetched_and_the_responder_asked_first(void **state)
{
    struct world *w = *state;
    AUTO_VDATA v = {0};
    ocsp_by(w, &w->unchecked, 0);
    assert_ok(collect(w, &v));
    assert_int_equal(v.cert_n, 3);
    assert_int_equal(v.ocsp_n, 1);
    assert_int_equal(v.crl_n, 1); /* the root's, about the CA */
    assert_int_equal(w->web.asked[VDATA_ISSUER], 1);
}

static void a_responder_that_is_not_exempt_is_checked_too(void **state)
{
    struct world *w = *state;
    AUTO_VDATA v = {0};
    ocsp_by(w, &w->responder, 0);
    assert_err(collect(w, &v), ERR_CERT_STATUS); /* no CRL tells about the responder */
    tp_crl(&w->ca, w->source.now - 60, w->source.now + TP_DAY, NULL, 0, &w->web.crl);
    AUTO_VDATA again = {0};
    assert_ok(collect(w, &again));
    assert_int_equal(again.ocsp_n, 1);
    assert_int_equal(again.crl_n, 2);
}

static void without_a_responder_the_crl_tells(void **state)
{
    struct world *w = *state;
    AUTO_VDATA v = {0};
    tp_crl(&w->ca, w->source.now - 60, w->source.now + TP_DAY, NULL, 0, &w->web.crl);
    assert_ok(collect(w, &v));
    assert_int_equal(v.ocsp_n, 0);
    assert_int_equal(v.crl_n, 2);
}

static void a_crl_of_another_scope_tells_nothing(void **state)
{
    static const char *const scopes[] = {"critical,fullname:URI:http://crl.test/other.crl", "critical,onlyCA:TRUE",
                                         "critical,indirectCRL:TRUE"};
    struct world *w = *state;
    int64_t now = w->source.now;
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        AUTO_VDATA v = {0};
        tp_crl_scoped(&w->ca, now - 60, now + TP_DAY, NULL, 0, scopes[i], &w->web.crl);
        assert_err(collect(w, &v), ERR_CERT_STATUS);
    }
    AUTO_VDATA v = {0};
    tp_crl_scoped(&w->ca, now - 60, now + TP_DAY, NULL, 0, "critical,fullname:URI:" CRL_AT, &w->web.crl);
    assert_ok(collect(w, &v));
}

static void a_revoked_one_is_refused_by_either(void **state)
{
    struct world *w = *state;
    AUTO_VDATA v = {0};
    struct tp_revoked r = {.who = &w->leaf, .at = w->source.now - 3600};
    ocsp_by(w, &w->unchecked, w->source.now - 3600);
    assert_err(collect(w, &v), ERR_CERT_REVOKED);
    buf_free(&w->web.ocsp);
    tp_crl(&w->ca, w->source.now - 60, w->source.now + TP_DAY, &r, 1, &w->web.crl);
    assert_err(collect(w, &v), ERR_CERT_REVOKED);
    w->source.at = w->source.now - 7200; /* signed before that: the CRL is what proves it */
    AUTO_VDATA before = {0};
    assert_ok(collect(w, &before));
}

static void answers_of_others_count_for_nothing(void **state)
{
    struct world *w = *state;
    const struct tp_id *liars[] = {&w->stranger, &w->other_ca, &w->root};
    for (size_t i = 0; i < sizeof liars / sizeof *liars; i++) {
        AUTO_VDATA v = {0};
        ocsp_by(w, liars[i], 0);
        assert_err(collect(w, &v), ERR_CERT_STATUS);
        tp_crl(liars[i], w->source.now - 60, w->source.now + TP_DAY, NULL, 0, &w->web.crl);
        assert_err(collect(w, &v), ERR_CERT_STATUS);
        buf_free(&w->web.crl);
    }
    AUTO_VDATA v = {0};
    tp_ocsp(&w->unchecked, &w->stranger, &w->ca, w->source.now - 60, w->source.now + TP_DAY, 0, &w->web.ocsp); /* about somebody else */
    assert_err(collect(w, &v), ERR_CERT_STATUS);
}

static void old_and_future_answers_count_for_nothing(void **state)
{
    struct world *w = *state;
    AUTO_VDATA v = {0};
    tp_ocsp(&w->unchecked, &w->leaf, &w->ca, w->source.now - 2 * TP_DAY, w->source.now - TP_DAY, 0, &w->web.ocsp);
    assert_err(collect(w, &v), ERR_CERT_STATUS);
    tp_ocsp(&w->unchecked, &w->leaf, &w->ca, w->source.now + TP_DAY, w->source.now + 2 * TP_DAY, 0, &w->web.ocsp);
    assert_err(collect(w, &v), ERR_CERT_STATUS);
    buf_free(&w->web.ocsp);
    tp_crl(&w->ca, w->source.now - 2 * TP_DAY, w->source.now - TP_DAY, NULL, 0, &w->web.crl);
    assert_err(collect(w, &v), ERR_CERT_STATUS);
}

static void no_issuer_no_path(void **state)
{
    struct world *w = *state;
    AUTO_VDATA v = {0};
    buf_free(&w->web.issuer);
    assert_err(collect(w, &v), ERR_CERT_PATH);
    assert_ok(buf_copy(&w->web.issuer, buf_bytes(&w->other_ca.der))); /* the name alone is not enough */
    assert_err(collect(w, &v), ERR_CERT_PATH);
    assert_ok(buf_copy(&w->web.issuer, bytes_str("not a certificate")));
    assert_err(collect(w, &v), ERR_CERT_PATH);
}

static void nothing_is_fetched_without_a_way_out(void **state)
{
    struct world *w = *state;
    AUTO_VDATA v = {0};
    struct bytes others[] = {buf_bytes(&w->ca.der)};
    AUTO_BUF crl = {0};
    w->source.get = NULL;
    assert_err(vdata_collect(&w->source, buf_bytes(&w->leaf.der), others, 1, &v), ERR_CERT_STATUS);
    tp_crl(&w->ca, w->source.now - 60, w->source.now + TP_DAY, NULL, 0, &crl);
    struct bytes crls[] = {buf_bytes(&crl), buf_bytes(&w->web.root_crl)};
    w->source.crl = crls;
    w->source.crl_n = 2;
    assert_ok(vdata_collect(&w->source, buf_bytes(&w->leaf.der), others, 1, &v));
    assert_int_equal(w->web.asked[VDATA_OCSP] + w->web.asked[VDATA_CRL] + w->web.asked[VDATA_ISSUER], 0);
}

static void every_changed_byte_of_an_answer_is_noticed(void **state)
{
    struct world *w = *state;
    ocsp_by(w, &w->unchecked, w->source.now - 3600);
    for (size_t i = 0; i < w->web.ocsp.len; i++) {
        AUTO_OCSP_ANSWER a = {0};
        w->web.ocsp.ptr[i] ^= 1;
        err_t e = ocsp_read(buf_bytes(&w->web.ocsp), w->leaf.cert, w->ca.cert, &a);
        assert_true(e != OK ||
                    (a.status == OCSP_REVOKED && a.revoked_at == w->source.now - 3600)); /* an embedded certificate's padding may change */
        w->web.ocsp.ptr[i] ^= 1;
    }
    for (size_t n = 0; n < w->web.ocsp.len; n++) {
        AUTO_OCSP_ANSWER a = {0};
        assert_true(ocsp_read(BYTES(w->web.ocsp.ptr, n), w->leaf.cert, w->ca.cert, &a) != OK);
    }
}

static void a_set_holds_nothing_twice_and_has_an_end(void **state)
{
    AUTO_VDATA v = {0};
    AUTO_VDATA copy = {0};
    (void)state;
    for (unsigned char i = 0; i < VDATA_MAX; i++) {
        assert_ok(vdata_add_crl(&v, BYTES(&i, 1)));
        assert_ok(vdata_add_crl(&v, BYTES(&i, 1)));
    }
    assert_int_equal(v.crl_n, VDATA_MAX);
    assert_err(vdata_add_crl(&v, BYTES("xy", 2)), ERR_TOO_LARGE);
    assert_ok(vdata_merge(&copy, &v));
    assert_ok(vdata_merge(&copy, &v));
    assert_int_equal(copy.crl_n, VDATA_MAX);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_issuer_is_fetched_and_the_responder_asked_first),
        T(a_responder_that_is_not_exempt_is_checked_too),
        T(without_a_responder_the_crl_tells),
        T(a_crl_of_another_scope_tells_nothing),
        T(a_revoked_one_is_refused_by_either),
        T(answers_of_others_count_for_nothing),
        T(old_and_future_answers_count_for_nothing),
        T(no_issuer_no_path),
        T(nothing_is_fetched_without_a_way_out),
        T(every_changed_byte_of_an_answer_is_noticed),
        cmocka_unit_test(a_set_holds_nothing_twice_and_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
