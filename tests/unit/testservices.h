/*
 * A time-stamping service, honest and hostile, an OCSP responder, CRLs and certificates over HTTP, in this process.
 * Included by tests/unit/test_{tsa_client,sign_web,sign_cli}.c. RFC 3161 §3.4, RFC 6960 appendix A.
 */
#ifndef ANTIN_TESTSERVICES_H
#define ANTIN_TESTSERVICES_H

#include "tests/unit/http_peer.h"
#include "common/der.h"
#include "tests/unit/testsign.h"

static struct ts_pki pki;

/* Of the PKI above, but with addresses in them; and services that should not be believed. */
static struct tp_id signer, stamper, fading, loose, expired, ocsp_ca; /* fading: it ends in five days */
static struct buf served_ca_crl, served_services_crl;
static _Atomic int stamps, crl_fetches, ocsp_asks;
static _Atomic bool ocsp_lies, crl_away, signer_revoked;

TP_FN const char *services_url(const char *path)
{
    static char url[4][200];
    static unsigned at;
    char *to = url[at++ % 4];
    (void)snprintf(to, 200, "http://127.0.0.1:%u%s", http_port(peer_server), path);
    return to;
}

TP_FN err_t send_stamp(struct http_req *r, struct buf *body)
{
    http_reply(r, 200, "application/timestamp-reply", body);
    return OK;
}

TP_FN TS_REQ *query_of(struct http_req *r)
{
    struct bytes b = http_body(r);
    const uint8_t *p = b.ptr;
    return d2i_TS_REQ(NULL, &p, (long)b.len);
}

/* TimeStampResp around a token: granted. */
TP_FN void granted(struct buf *token, struct buf *out)
{
    uint8_t room[32768];
    struct der w;
    struct bytes der;
    der_init(&w, room, sizeof room);
    der_raw(&w, buf_bytes(token));
    size_t at = der_mark(&w);
    der_uint(&w, 0);
    der_wrap(&w, 0x30, at);
    der_wrap(&w, 0x30, 0);
    TP_MUST(der_finish(&w, &der) == OK && buf_copy(out, der) == OK);
}

enum lie { HONEST, WRONG_NONCE, WRONG_IMPRINT, NO_CERT };

TP_FN err_t answer(struct http_req *r, enum lie lie)
{
    AUTO_BUF out = {0};
    TS_REQ *q = query_of(r);
    if (q == NULL)
        return ERR_SYNTAX;
    atomic_fetch_add(&stamps, 1);
    if (lie == WRONG_NONCE) {
        ASN1_INTEGER *other = ASN1_INTEGER_new();
        ASN1_INTEGER_set_int64(other, 0x4142434445464748);
        TS_REQ_set_nonce(q, other);
        ASN1_INTEGER_free(other);
    } else if (lie == WRONG_IMPRINT) {
        uint8_t digest[32] = {7};
        TS_MSG_IMPRINT_set_msg(TS_REQ_get_msg_imprint(q), digest, 32);
    } else if (lie == NO_CERT) {
        TS_REQ_set_cert_req(q, 0);
    }
    tp_timestamp_answer(&stamper, &pki.services, q, clock_now(), &out);
    TS_REQ_free(q);
    return send_stamp(r, &out);
}

/* By another certificate than one should stamp with. */
TP_FN err_t answer_by(struct http_req *r, const struct tp_id *by, bool nonce)
{
    AUTO_BUF token = {0}, out = {0};
    TS_REQ *q = query_of(r);
    if (q == NULL)
        return ERR_SYNTAX;
    const ASN1_OCTET_STRING *digest = TS_MSG_IMPRINT_get_msg(TS_REQ_get_msg_imprint(q));
    ts_token_of(by, &pki.services, ASN1_STRING_get0_data(digest), nonce ? (ASN1_INTEGER *)TS_REQ_get_nonce(q) : NULL, clock_now(), &token);
    TS_REQ_free(q);
    granted(&token, &out);
    return send_stamp(r, &out);
}

TP_FN err_t on_tsa(struct http_req *r)
{
    return answer(r, HONEST);
}
TP_FN err_t on_wrong_nonce(struct http_req *r)
{
    return answer(r, WRONG_NONCE);
}
TP_FN err_t on_no_nonce(struct http_req *r)
{
    return answer_by(r, &stamper, false);
}
TP_FN err_t on_wrong_imprint(struct http_req *r)
{
    return answer(r, WRONG_IMPRINT);
}
TP_FN err_t on_no_cert(struct http_req *r)
{
    return answer(r, NO_CERT);
}
TP_FN err_t on_loose(struct http_req *r)
{
    return answer_by(r, &loose, true);
}
TP_FN err_t on_expired(struct http_req *r)
{
    return answer_by(r, &expired, true);
}
TP_FN err_t on_fading(struct http_req *r)
{
    atomic_fetch_add(&stamps, 1);
    return answer_by(r, &fading, true);
}
TP_FN err_t on_citizen(struct http_req *r)
{
    return answer_by(r, &pki.citizen, true);
}

/* The honest answer with its last byte turned: the signature value's. */
TP_FN err_t on_bad_signature(struct http_req *r)
{
    AUTO_BUF out = {0};
    TS_REQ *q = query_of(r);
    tp_timestamp_answer(&stamper, &pki.services, q, clock_now(), &out);
    TS_REQ_free(q);
    out.ptr[out.len - 1] ^= 1;
    return send_stamp(r, &out);
}

TP_FN err_t on_rejected(struct http_req *r)
{
    static const uint8_t REJECTION[] = {0x30, 0x09, 0x30, 0x07, 0x02, 0x01, 0x02, 0x03, 0x02, 0x05, 0x20};
    AUTO_BUF out = {0};
    TP_MUST(buf_add(&out, REJECTION, sizeof REJECTION) == OK);
    return send_stamp(r, &out);
}

TP_FN err_t on_empty_grant(struct http_req *r)
{
    static const uint8_t GRANT[] = {0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00};
    AUTO_BUF out = {0};
    TP_MUST(buf_add(&out, GRANT, sizeof GRANT) == OK);
    return send_stamp(r, &out);
}

TP_FN err_t on_garbage(struct http_req *r)
{
    AUTO_BUF out = {0};
    TP_MUST(buf_add_str(&out, "0\x84\xff\xff\xff\xff garbage") == OK);
    return send_stamp(r, &out);
}

TP_FN err_t on_html(struct http_req *r)
{
    AUTO_BUF out = {0};
    TP_MUST(buf_add_str(&out, "<p>Sign in to the Wi-Fi</p>") == OK);
    http_reply(r, 200, "text/html", &out);
    return OK;
}

TP_FN err_t on_huge(struct http_req *r)
{
    AUTO_BUF out = {0};
    TP_MUST(buf_reserve(&out, 1u << 20) == OK);
    memset(out.ptr, '0', 1u << 20);
    out.len = 1u << 20;
    return send_stamp(r, &out);
}

TP_FN err_t on_moved(struct http_req *r)
{
    http_reply_redirect(r, 302, "/tsa");
    return OK;
}

TP_FN err_t on_slow(struct http_req *r)
{
    peer_nap(2500);
    return answer(r, HONEST);
}

/* Basic authentication: the user is "cơ quan", the password "bí mật". */
TP_FN err_t on_locked(struct http_req *r)
{
    const char *given = http_header(r, "Authorization");
    if (given == NULL || strcmp(given, "Basic Y8ahIHF1YW46YsOtIG3huq10") != 0)
        return ERR_UNAUTHENTICATED;
    return answer(r, HONEST);
}

/* --- status --- */

TP_FN err_t send_der(struct http_req *r, const char *type, const struct buf *der)
{
    AUTO_BUF copy = {0};
    TP_MUST(buf_copy(&copy, buf_bytes(der)) == OK);
    http_reply(r, 200, type, &copy);
    return OK;
}

TP_FN err_t on_ca_crl(struct http_req *r)
{
    atomic_fetch_add(&crl_fetches, 1);
    return atomic_load(&crl_away) ? ERR_NOT_FOUND : send_der(r, "application/pkix-crl", &served_ca_crl);
}

TP_FN err_t on_services_crl(struct http_req *r)
{
    atomic_fetch_add(&crl_fetches, 1);
    return atomic_load(&crl_away) ? ERR_NOT_FOUND : send_der(r, "application/pkix-crl", &served_services_crl);
}

TP_FN err_t on_root_crl(struct http_req *r)
{
    atomic_fetch_add(&crl_fetches, 1);
    return atomic_load(&crl_away) ? ERR_NOT_FOUND : send_der(r, "application/pkix-crl", &pki.root_crl);
}

TP_FN err_t on_root(struct http_req *r)
{
    return send_der(r, "application/pkix-cert", &pki.root.der);
}
TP_FN err_t on_ca(struct http_req *r)
{
    return send_der(r, "application/pkix-cert", &pki.ca.der);
}
TP_FN err_t on_endless_crl(struct http_req *r)
{
    return on_huge(r);
}

TP_FN err_t on_ocsp(struct http_req *r)
{
    AUTO_BUF out = {0};
    int64_t now = clock_now();
    atomic_fetch_add(&ocsp_asks, 1);
    const struct tp_id *by = atomic_load(&ocsp_lies) ? &pki.citizen : &ocsp_ca;
    tp_ocsp(by, &signer, &pki.ca, now - 10, now + 3600, atomic_load(&signer_revoked) ? now - 5 : 0, &out);
    return send_der(r, "application/ocsp-response", &out);
}

#define STAMPER(p, h)                                                                             \
    {                                                                                             \
        .method = "POST", .path = p, .handler = h, .fail = http_fail_problem, .body = HTTP_BYTES, \
        .body_type = "application/timestamp-query", .body_max = 4096                              \
    }
#define GETTER(p, h)                                                        \
    {                                                                       \
        .method = "GET", .path = p, .handler = h, .fail = http_fail_problem \
    }

static const struct http_route SERVICES[] = {
    STAMPER("/tsa", on_tsa),
    STAMPER("/wrong-nonce", on_wrong_nonce),
    STAMPER("/no-nonce", on_no_nonce),
    STAMPER("/wrong-imprint", on_wrong_imprint),
    STAMPER("/no-cert", on_no_cert),
    STAMPER("/loose", on_loose),
    STAMPER("/expired", on_expired),
    STAMPER("/fading", on_fading),
    STAMPER("/citizen", on_citizen),
    STAMPER("/bad-signature", on_bad_signature),
    STAMPER("/rejected", on_rejected),
    STAMPER("/empty-grant", on_empty_grant),
    STAMPER("/garbage", on_garbage),
    STAMPER("/html", on_html),
    STAMPER("/huge", on_huge),
    STAMPER("/moved", on_moved),
    STAMPER("/slow", on_slow),
    STAMPER("/locked", on_locked),
    GETTER("/ca.crl", on_ca_crl),
    GETTER("/services.crl", on_services_crl),
    GETTER("/root.crl", on_root_crl),
    GETTER("/root.crt", on_root),
    GETTER("/ca.crt", on_ca),
    GETTER("/endless.crl", on_endless_crl),
    {.method = "POST",
     .path = "/ocsp",
     .handler = on_ocsp,
     .fail = http_fail_problem,
     .body = HTTP_BYTES,
     .body_type = "application/ocsp-request",
     .body_max = 4096},
    {0},
};

TP_FN void services_start(void)
{
    char access[300], points[200], tsa_points[200], root_points[200], ca_access[200];
    peer_start(&(struct http_conf){.listen = "127.0.0.1:0",
                                   .threads = 1,
                                   .workers = 4,
                                   .queue_max = 64,
                                   .connections_max = 64,
                                   .header_ms = 2000,
                                   .body_ms = 2000,
                                   .routes = SERVICES});
    snprintf(access, sizeof access, "OCSP;URI:%s,caIssuers;URI:%s", services_url("/ocsp"), services_url("/ca.crt"));
    snprintf(ca_access, sizeof ca_access, "caIssuers;URI:%s", services_url("/root.crt"));
    snprintf(points, sizeof points, "URI:%s", services_url("/ca.crl"));
    snprintf(tsa_points, sizeof tsa_points, "URI:%s", services_url("/services.crl"));
    snprintf(root_points, sizeof root_points, "URI:%s", services_url("/root.crl"));
    tp_issue(&pki.root, &(struct tp_spec){.cn = "Test Root", .profile = TP_ROOT});
    tp_issue(&pki.ca, &(struct tp_spec){
                          .cn = "Test Citizens CA", .profile = TP_CA, .issuer = &pki.root, .access = ca_access, .points = root_points});
    tp_issue(
        &pki.services,
        &(struct tp_spec){.cn = "Test Services CA", .profile = TP_CA, .issuer = &pki.root, .access = ca_access, .points = root_points});
    tp_issue(&pki.citizen, &(struct tp_spec){.cn = "Nguyễn Văn Ánh", .profile = TP_CITIZEN, .issuer = &pki.ca, .points = points});
    tp_issue(&pki.other, &(struct tp_spec){.cn = "Lê Thị Hoa", .profile = TP_CITIZEN, .issuer = &pki.ca, .points = points});
    tp_issue(&signer,
             &(struct tp_spec){.cn = "Trần Thị Bưởi", .profile = TP_CITIZEN, .issuer = &pki.ca, .access = access, .points = points});
    tp_issue(&ocsp_ca, &(struct tp_spec){.cn = "Test OCSP", .profile = TP_OCSP_NOCHECK, .issuer = &pki.ca});
    tp_issue(&stamper, &(struct tp_spec){.cn = "Test TSA", .profile = TP_TSA, .issuer = &pki.services, .points = tsa_points});
    tp_issue(&fading,
             &(struct tp_spec){
                 .cn = "Fading TSA", .profile = TP_TSA, .issuer = &pki.services, .to = clock_now() + 5 * TP_DAY, .points = tsa_points});
    tp_issue(&loose, &(struct tp_spec){.cn = "Loose TSA", .profile = TP_TSA_NOT_CRITICAL, .issuer = &pki.services});
    int64_t now = clock_now();
    tp_issue(&expired,
             &(struct tp_spec){.cn = "Old TSA", .profile = TP_TSA, .issuer = &pki.services, .from = now - 20 * TP_DAY, .to = now - TP_DAY});
    ts_crls(&pki, NULL, 0);
    tp_crl(&pki.ca, now - 60, now + TP_DAY, NULL, 0, &served_ca_crl);
    tp_crl(&pki.services, now - 60, now + TP_DAY, NULL, 0, &served_services_crl);
}

TP_FN void services_stop(void)
{
    struct tp_id *ids[] = {&signer, &stamper, &fading, &loose, &expired, &ocsp_ca};
    http_close(&peer_server);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        tp_free(ids[i]);
    buf_free(&served_ca_crl);
    buf_free(&served_services_crl);
    ts_pki_free(&pki);
    tp_cleanup();
}

#endif
