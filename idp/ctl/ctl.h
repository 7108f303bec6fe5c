/*
 * What the subcommands of antin-idpctl share.
 * Included by the files of ctl/.
 */
#ifndef ANTIN_IDP_CTL_H
#define ANTIN_IDP_CTL_H

#include "common/json.h"
#include "idp/app.h"
#include "idp/errors.h"
#include "idp/store/audit.h"

/* Exit codes, as the man page tells them. */
enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_NOT_FOUND = 3, CTL_EXISTS = 4 };

struct ctl {
    struct app *app;
    bool json; /* results as JSON on stdout */
    int argc;  /* what follows the subcommand; argv[0] is the subcommand itself */
    char **argv;
};
typedef int ctl_fn(struct ctl *c);
/* For audit rows: whoever logged in to this machine, also behind sudo. */
const struct actor *ctl_actor(void);

ctl_fn ctl_client_add, ctl_client_list, ctl_client_show, ctl_client_disable, ctl_client_enable, ctl_client_remove, ctl_client_set, ctl_client_secure,
    ctl_client_secret, ctl_client_tokens, ctl_client_export, ctl_client_import, ctl_registration_add, ctl_registration_list, ctl_registration_revoke;
ctl_fn ctl_account_add, ctl_account_password, ctl_account_lock, ctl_account_unlock, ctl_account_role, ctl_session_revoke, ctl_key_list, ctl_key_rotate, ctl_maintain;
ctl_fn ctl_account_show, ctl_session_list, ctl_session_end, ctl_consent_list, ctl_consent_remove, ctl_grant_list, ctl_grant_revoke, ctl_audit_search;

struct client;
struct account;
/* The account that an argument names: its id, or its login. ERR_DB_NONE. */
err_t ctl_account_find(const struct ctl *c, const char *who, struct account *out) MUST_USE;
/* What a client must do beyond proving who it is, as words; for "client show". New reference. */
json_t *ctl_client_security(const struct client *k);

/* Says what failed (in words, on stderr) and gives the exit code for it. */
int ctl_fail(const char *what, err_t e);
int ctl_usage(const char *what); /* "what" and the hint at --help */
/* Prints JSON (takes it) when --json was given, or the lines "name: value" of an object. */
int ctl_print(const struct ctl *c, json_t *j);
/* Writes a secret to a new file that only its owner reads. */
err_t ctl_write_secret(const char *path, const char *secret) MUST_USE;

#endif
