/*
 * Opening and closing what an antin-signerd process holds.
 * Called by main().
 */
#ifndef ANTIN_SIGNER_APP_H
#define ANTIN_SIGNER_APP_H

#include "common/config.h"
#include "signer/rules/context.h"

extern const struct config_key signer_conf_keys[];
extern const size_t signer_conf_nkeys;

/* Only reads and checks the configuration (-t). Mistakes are printed to stderr. */
err_t signer_conf_check(const char *conf_path, struct app *a) MUST_USE;
/* Opens what needs no other process: a daemon starts without its database, keyd and identity provider, and recovers when they come. */
err_t signer_open(struct app *a, const char *conf_path) MUST_USE;
void signer_close(struct app *a);

#endif
