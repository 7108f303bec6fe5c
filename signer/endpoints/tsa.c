/*
 * POST /tsa: timestamps for anybody. A query that was read gets its answer with status 200, a refusal too (PKIFailureInfo).
 * Called through routes.c. RFC 3161 §2.4, §3.4 (HTTP), RFC 5816.
 */
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/formats/tsp.h"
#include "signer/rules/timestamping.h"
#include <string.h>

#define REPLY_TYPE "application/timestamp-reply"

static void reply_free(struct key_ts_reply *r)
{
    buf_free(&r->token);
}

static err_t answer(struct app *a, struct bytes der, struct buf *out)
{
    struct tsp_query query;
    TRY(tsp_query_parse(der, &query));
    if (query.policy[0] != '\0' && strcmp(query.policy, a->conf.tsa_policy) != 0)
        return ERR_TSP_POLICY;
    struct key_ts_request q = {.alg = query.alg, .cert_req = query.cert_req, .nonce_len = query.nonce_len};
    memcpy(q.imprint, query.imprint, sizeof q.imprint);
    memcpy(q.nonce, query.nonce, sizeof q.nonce);
    AUTO(reply_free) struct key_ts_reply ts = {0};
    TRY(timestamp_public(a, &q, &ts)); /* the row is committed: only now may the token leave */
    return tsp_reply(buf_bytes(&ts.token), out);
}

err_t signer_tsa(struct http_req *r)
{
    AUTO_BUF out = {0};
    TRY(answer(signer_app(r), http_body(r), &out));
    http_reply_no_store(r);
    http_reply(r, 200, REPLY_TYPE, &out);
    return OK;
}

/*
 * What the query did wrong is said with 200, as clients drop other bodies; what we cannot do now with 503, so that they come back. What is no
 * timestamp query at all (its type, its length) keeps its HTTP status.
 */
void signer_fail_tsa(struct http_req *r, err_t e)
{
    const struct err_row *row = err_info(e);
    AUTO_BUF out = {0};
    int status = e >= ERR_FORMAT_BASE && row->status < 500 ? 200 : row->status;
    if (status == 503)
        http_reply_header(r, "Retry-After", "2");
    http_reply_no_store(r);
    if (tsp_reply_failure(e, &out) == OK)
        http_reply(r, status, REPLY_TYPE, &out);
    else
        http_reply(r, 503, NULL, NULL);
}
