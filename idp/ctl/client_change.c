/*
 * What the commands about clients share.
 * Called by the ctl/client*.c files.
 */
#include "idp/ctl/client_change.h"
#include <stdio.h>

struct registry ctl_registry(const struct ctl *c)
{
    return (struct registry){.db = c->app->db, .seal = c->app->keys.seal, .jwks = c->app->jwks, .by = ctl_actor()};
}

int ctl_client_fail(const char *what, err_t e, const struct client_fault *f)
{
    if (e != ERR_CLIENT_METADATA && e != ERR_CLIENT_REDIRECT && e != ERR_STATEMENT)
        return ctl_fail(what, e);
    fprintf(stderr, "antin-idpctl: %s: %s\n", what, f->text);
    return CTL_USAGE;
}

int ctl_client_report(struct ctl *c, const char *id, const char *secret, const char *secret_out)
{
    bool any = secret[0] != '\0';

    if (any && secret_out && ctl_write_secret(secret_out, secret) != OK)
        return CTL_FAILED;
    return ctl_print(c, json_pack("{s:s, s:s*, s:s*}", "client_id", id, "client_secret", any && !secret_out ? secret : NULL, "secret_file",
                                  any ? secret_out : NULL));
}

err_t ctl_client_change(struct ctl *c, const char *id, const json_t *changes, const char *event, struct client_record *now,
                        char secret[TOKEN_CHARS + 1], struct client_fault *f)
{
    const struct registry r = ctl_registry(c);
    AUTO_CLIENT old = {0};
    AUTO_JSON doc = NULL;

    TRY(client_record_get(c->app->db, id, &old));
    TRY(client_metadata_write(&old, &doc));
    json_object_del(doc, "response_types"); /* follow of the grant types, which may change */
    if (json_object_update(doc, (json_t *)changes) != 0)
        return ERR_NOMEM;
    TRY(client_metadata_read(doc, true, now, f));
    return registry_put(&r, &old, now, NULL, NULL, event, secret, f);
}
