/*
 * The table of operations: which group each belongs to, and whether it may take long. Judges a message and performs it.
 * Called by serve.c. PROTOCOL.md, "Who may call what".
 */
#include "certs/keyd/keyd.h"

#include <string.h>

enum { ANY_GROUP = 0 }; /* the operation names the purpose itself */
static const struct {
    op_fn *fn;
    unsigned group;
    bool slow; /* Argon2id, or as long as the caller's list */
} OPS[KEYW_OP_END] = {
    [KEYW_LIST] = {op_list, ANY_GROUP, false},      [KEYW_CHAIN] = {op_chain, ANY_GROUP, false},
    [KEYW_TOKEN] = {op_token, KEY_TOKEN, false},    [KEYW_WRAP] = {op_wrap, KEY_DATA, false},
    [KEYW_UNWRAP] = {op_unwrap, KEY_DATA, false},   [KEYW_TIMESTAMP] = {op_timestamp, KEY_TSA, false},
    [KEYW_SEAL] = {op_seal, KEY_SEAL, false},       [KEYW_CREATE] = {op_create, GROUP_CITIZEN, true},
    [KEYW_REPIN] = {op_repin, GROUP_CITIZEN, true}, [KEYW_ISSUE] = {op_issue, KEY_CA, false},
    [KEYW_SIGN] = {op_sign, GROUP_CITIZEN, true},   [KEYW_CRL_BEGIN] = {op_crl_begin, KEY_CA, false},
    [KEYW_CRL_ADD] = {op_crl_add, KEY_CA, false},   [KEYW_CRL_END] = {op_crl_end, KEY_CA, true},
    [KEYW_CRL_READ] = {op_crl_read, KEY_CA, false}, [KEYW_STATEMENT] = {op_statement, KEY_TOKEN, false},
    [KEYW_ROTATE] = {op_rotate, KEY_TOKEN, false},  [KEYW_TOKEN_MORE] = {op_token_more, KEY_TOKEN, false},
    [KEYW_TOKENS] = {op_tokens, KEY_TOKEN, false},  [KEYW_OCSP] = {op_ocsp, KEY_OCSP, false},
    [KEYW_SEAL_INFO] = {op_seal_info, KEY_SEAL, false},
};

bool op_well_formed(const union keyw_msg *q, size_t n)
{
    return n >= sizeof q->head && q->head.version == KEYW_VERSION && q->head.status == 0 && q->head.op < KEYW_OP_END &&
           OPS[q->head.op].fn && n == keyw_request_used(&q->head, n);
}

static bool allowed(unsigned op, const struct conn *c)
{
    return OPS[op].group == ANY_GROUP || (c->allowed & GROUP_BIT(OPS[op].group));
}

bool op_slow(const struct worker *w, const struct conn *c)
{
    return OPS[w->q.head.op].slow && allowed(w->q.head.op, c);
}

enum keyw_status op_perform(struct worker *w, struct conn *c)
{
    unsigned op = w->q.head.op;
    memset(&w->r, 0, keyw_reply_fixed(op)); /* the rest is sent as far as the operation fills it */
    return allowed(op, c) ? OPS[op].fn(w, c) : KEYW_REFUSED;
}
