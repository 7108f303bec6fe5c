/*
 * Asks a time-stamping service and judges its answer.
 * Used by antin-sign. RFC 3161 §2.2 (what a requester must check), §2.4.1, §2.4.2, §3.4; RFC 5816 (ESSCertIDv2).
 */
#include "signer/sign/tsa_client.h"

#include "common/clock.h"
#include "common/der.h"
#include "common/secret.h"
#include "signer/formats/signer_proof.h"
#include "signer/formats/tlv.h"
#include "signer/formats/tsp_token.h"
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define NONCE_LEN 16
#define QUERY_ROOM 256

/* --- the query --- */

static err_t make_query(enum cms_hash alg, struct bytes digest, struct bytes nonce, struct buf *out)
{
    uint8_t room[QUERY_ROOM];
    struct der w;
    struct bytes der;
    der_init(&w, room, sizeof room);
    der_bool(&w, true); /* certReq: what is archived must hold its certificate */
    der_integer(&w, nonce);
    size_t imprint = der_mark(&w);
    der_tlv(&w, 0x04, digest);
    size_t id = der_mark(&w);
    der_null(&w);
    der_oid(&w, cms_hash_oid(alg));
    der_wrap(&w, 0x30, id);
    der_wrap(&w, 0x30, imprint);
    der_uint(&w, 1);
    der_wrap(&w, 0x30, 0);
    TRY(der_finish(&w, &der));
    return buf_copy(out, der);
}

/* --- the response --- */

static err_t no(char why[160], const char *text)
{
    snprintf(why, 160, "%s", text);
    return ERR_STAMP;
}

/* TimeStampResp ::= SEQUENCE { status PKIStatusInfo, timeStampToken ContentInfo OPTIONAL } */
static err_t open_response(struct bytes in, struct bytes *token, char why[160])
{
    struct tlv response, status, number;
    unsigned value = 0;
    if (tlv_expect(&in, 0x30, &response) != OK || in.len != 0 || tlv_expect(&response.body, 0x30, &status) != OK ||
        tlv_next(&status.body, &number) != OK || tlv_small_integer(&number, &value) != OK)
        return no(why, "the answer is no TimeStampResp");
    if (value > 1) { /* granted, grantedWithMods */
        snprintf(why, 160, "the service refused (status %u)", value);
        return ERR_STAMP;
    }
    *token = response.body;
    return response.body.len > 0 ? OK : no(why, "granted, but without a token");
}

/* RFC 3161 §2.3: the purpose stands alone and is critical. */
static bool may_stamp(X509 *cert)
{
    int at = X509_get_ext_by_NID(cert, NID_ext_key_usage, -1);
    return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(cert, at)) && X509_get_extended_key_usage(cert) == XKU_TIMESTAMP;
}

/* By the certificate that it holds, over the TSTInfo that it holds. */
static bool signature_good(const struct tsp_token *t)
{
    char name[ALGORITHM_NAME_CAP];
    const EVP_MD *md;
    const struct signer_info *si = &t->sd.signer[0];
    const struct covered content = {{t->sd.content}};
    struct algorithm_end end = {0};
    return algorithm_digest(si->digest_alg, &md, name, &end) == OK && signer_declares(si, OID_TST_INFO) &&
           signer_covers(si, &content, md) == OK && signer_value(si, t->cert, md, name, &end) == OK && !algorithm_ended(&end, clock_now());
}

static err_t check_token(const struct tsp_token *t, enum cms_hash alg, struct bytes digest, struct bytes nonce, char why[160])
{
    int64_t from, to;
    if (tsp_token_is_of(t, alg, digest) != OK)
        return no(why, "the token is over something else than was sent");
    if (!bytes_eq(BYTES(t->nonce, t->nonce_len), nonce))
        return no(why, "the token does not have the nonce that was sent: it may be an old one");
    if (t->cert == NULL)
        return no(why, "the token does not hold its signer's certificate");
    if (!may_stamp(t->cert))
        return no(why, "the signer's certificate is none for timestamps alone");
    if (x509_validity(t->cert, &from, &to) != OK || t->time < from || t->time > to)
        return no(why, "the signer's certificate was not valid when it signed");
    if (signer_names(&t->sd.signer[0], t->cert, true, NULL) != OK)
        return no(why, "the token does not name its signer's certificate");
    return signature_good(t) ? OK : no(why, "the token's signature is wrong");
}

err_t tsa_response_check(struct bytes response, enum cms_hash alg, struct bytes digest, struct bytes nonce, struct buf *token,
                         char why[160])
{
    AUTO_TSP_TOKEN t = {0};
    struct bytes der;
    TRY(open_response(response, &der, why));
    if (tsp_token_read(der, &t) != OK)
        return no(why, "the token cannot be read");
    TRY(check_token(&t, alg, digest, nonce, why));
    return buf_copy(token, der);
}

/* --- asking --- */

/* Positive, and without a leading zero: as it comes back. */
static void make_nonce(uint8_t nonce[NONCE_LEN])
{
    random_bytes(nonce, NONCE_LEN);
    nonce[0] = (uint8_t)((nonce[0] & 0x7f) | 0x40);
}

static err_t ask(void *arg, enum cms_hash alg, struct bytes digest, struct buf *token)
{
    struct tsa_client *c = arg;
    uint8_t nonce[NONCE_LEN];
    AUTO_BUF query = {0};
    AUTO_FETCH_REPLY reply = {0};
    c->why[0] = '\0';
    make_nonce(nonce);
    TRY(make_query(alg, digest, BYTES(nonce, sizeof nonce), &query));
    const struct fetch_request q = {
        .url = c->url,
        .accept = "application/timestamp-reply",
        .content_type = "application/timestamp-query",
        .body = buf_bytes(&query),
        .user = c->user,
        .password = c->password,
    };
    err_t e = fetch_run(c->fetch, &q, &reply);
    if (e != OK) {
        snprintf(c->why, sizeof c->why, "%s does not answer", c->url);
        return e;
    }
    if (reply.status != 200 || strcmp(reply.content_type, "application/timestamp-reply") != 0) {
        snprintf(c->why, sizeof c->why, "%s answered with HTTP status %d, %s", c->url, reply.status, reply.content_type);
        return ERR_STAMP;
    }
    return tsa_response_check(buf_bytes(&reply.body), alg, digest, BYTES(nonce, sizeof nonce), token, c->why);
}

void tsa_client_stamping(struct tsa_client *c, struct stamping *out)
{
    *out = (struct stamping){.stamp = ask, .arg = c, .alg = c->alg};
}
