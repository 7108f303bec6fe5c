/*
 * Table client: how what it is told is signed and encrypted.
 * Called by store/client.c.
 */
#include "idp/store/client_jose.h"

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
