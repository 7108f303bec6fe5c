/*
 * Table client, signing and encryption: statement, typed parameters and results.
 * Called by store/client.c and antin-idpctl.
 */
#include "idp/store/client_jose.h"
#include "idp/store/statements.h"

const struct db_stmt st_client_jose = {
    "client_jose",
    "WITH c AS (UPDATE idp.client SET id_token_alg = $2, userinfo_alg = $3, introspection_alg = $4, authorization_alg = $5,"
    "  id_token_enc_alg = $6, id_token_enc_enc = $7, userinfo_enc_alg = $8, userinfo_enc_enc = $9 WHERE id = $1 RETURNING id)"
    " INSERT INTO idp.audit (event, client_id) SELECT 'client.tokens', id FROM c",
    9,
};

err_t client_jose_read(const struct db_rows *r, int row, int col, struct client_jose *out)
{
    enum jose_alg *const algs[] = {&out->id_token, &out->userinfo, &out->introspection, &out->authorization};
    struct client_encryption *const encs[] = {&out->id_token_enc, &out->userinfo_enc};

    for (int i = 0; i < 4; i++)
        *algs[i] = jose_alg_from(db_str(r, row, col + i));
    for (int i = 0; i < 2; i++) {
        TRY(store_text(r, row, col + 4 + 2 * i, encs[i]->alg, sizeof encs[i]->alg));
        TRY(store_text(r, row, col + 5 + 2 * i, encs[i]->enc, sizeof encs[i]->enc));
    }
    return OK;
}

static struct db_param alg(enum jose_alg a)
{
    return DB_TEXT(a == JOSE_NONE ? "" : jose_alg_name(a));
}

err_t client_jose_set(struct db_pool *p, const char *id, const struct client_jose *j)
{
    const struct db_param v[] = {
        DB_TEXT(id),
        alg(j->id_token),
        alg(j->userinfo),
        alg(j->introspection),
        alg(j->authorization),
        DB_TEXT(j->id_token_enc.alg),
        DB_TEXT(j->id_token_enc.enc),
        DB_TEXT(j->userinfo_enc.alg),
        DB_TEXT(j->userinfo_enc.enc),
    };

    return store_one(p, &st_client_jose, v, NULL);
}
