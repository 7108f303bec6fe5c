/*
 * The token-exchange grant: fields in, answer out.
 * Called by token.c. RFC 8693 §2.1, §2.2.
 */
#include "idp/endpoints/exchange.h"
#include "idp/endpoints/page.h"
#include "idp/rules/exchange.h"

err_t exchange_answer(struct http_req *r, const struct client *client, const struct token_conf *conf)
{
    AUTO(exchanged_free) struct exchanged done = {0};
    const struct exchange_in in = {
        .subject_token = http_field(r, "subject_token"),
        .subject_token_type = http_field(r, "subject_token_type"),
        .requested_token_type = http_field(r, "requested_token_type"),
        .actor_token = http_field(r, "actor_token"),
        .audience = http_field(r, "audience"),
        .resource = http_field(r, "resource"),
        .scope = http_field(r, "scope"),
        .client = client,
        .request_id = http_request_id(r),
    };

    TRY(exchange(app_of(r)->db, conf, &in, &done));
    json_t *j =
        json_pack("{s:s, s:s, s:s, s:I, s:s}", "access_token", buf_str(&done.token), "issued_token_type", TOKEN_TYPE_ACCESS, "token_type",
                  conf->bind && conf->bind->jkt[0] ? "DPoP" : "Bearer", "expires_in", (json_int_t)done.life, "scope", done.scope);
    http_reply_no_store(r);
    http_reply_header(r, "Pragma", "no-cache");
    http_reply_json(r, 200, j);
    return j ? OK : ERR_NOMEM;
}
