/*
 * What the commands about clients share: changing a client by its metadata, and telling a secret.
 * Called by ctl/client.c, ctl/client_options.c, ctl/client_security.c, ctl/client_file.c.
 */
#ifndef ANTIN_IDP_CTL_CLIENT_CHANGE_H
#define ANTIN_IDP_CTL_CLIENT_CHANGE_H

#include "idp/ctl/ctl.h"
#include "idp/rules/client_registry.h"

struct registry ctl_registry(const struct ctl *c);
/* Says what is wrong (metadata: in the fault's words, as wrong usage). */
int ctl_client_fail(const char *what, err_t e, const struct client_fault *f);
/* Prints a client's id and its new secret, or writes that to a file. secret "": there is none. */
int ctl_client_report(struct ctl *c, const char *id, const char *secret, const char *secret_out);
/* Puts the members of changes (null: none any more) over what is registered. *now is what it became; secret: see registry_put. */
err_t ctl_client_change(struct ctl *c, const char *id, const json_t *changes, const char *event, struct client_record *now,
                        char secret[TOKEN_CHARS + 1], struct client_fault *f) MUST_USE;

#endif
