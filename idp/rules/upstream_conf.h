/*
 * Upstream OpenID Providers, as the operator wrote them down: a folder with one INI file a provider.
 * Called by app.c (also for -t) and rules/upstream.c.
 */
#ifndef ANTIN_IDP_RULES_UPSTREAM_CONF_H
#define ANTIN_IDP_RULES_UPSTREAM_CONF_H

#include "common/config.h"
#include "common/jose.h"
#include "idp/errors.h"

#define UPSTREAMS_MAX 8
#define UPSTREAM_NAME_MAX 32
#define UPSTREAM_ORIGINS_MAX 8

enum upstream_auth { UPSTREAM_BASIC, UPSTREAM_POST, UPSTREAM_KEY };

struct upstream_conf {
    char name[UPSTREAM_NAME_MAX + 1]; /* the file's, without ".conf": part of the redirect URI and of audit rows */
    /* [provider] */
    char *issuer, *label_vi, *label_en, *ca_file, *origins;
    long timeout_ms, at_once;
    /* [endpoints]; authorization, token and keys together, or none: then discovery */
    char *authorization, *token, *jwks, *userinfo;
    /* [client] */
    char *client_id, *auth_name, *assertion_audience;
    struct secret client_secret;
    /* [request] */
    char *scope, *acr_values, *acr_values_2;
    bool prompt_login;
    /* [answer] */
    char *alg_name;
    bool require_iss, use_userinfo;
    long skew;
    /* [claims] */
    char *number, *birth_date, *birth_format, *level, *level_1, *level_2;
    long level_default, level_max;

    /* made of the above */
    enum upstream_auth auth;
    enum jose_alg alg;
    char *origin[UPSTREAM_ORIGINS_MAX + 1]; /* where requests may go, the issuer's own first; ends with NULL */
};

struct upstream_confs {
    struct upstream_conf one[UPSTREAMS_MAX];
    size_t n;
};

/* Reads NAME.conf of the folder in the order of their names; "" or NULL: none. Every mistake is printed to errs, then ERR_CONFIG. */
err_t upstream_confs_load(const char *folder, struct upstream_confs *out, FILE *errs) MUST_USE;
void upstream_conf_free(struct upstream_conf *c);
void upstream_confs_free(struct upstream_confs *c);
void upstream_conf_print_keys(FILE *to); /* for --help-config */

#endif
