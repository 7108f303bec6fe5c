/*
 * What one antin-idpd process holds: configuration, database pool, the way to keyd, texts, templates, secrets derived at start.
 * Made by main.c and by antin-idpctl; endpoints get it from http_app(). Rules and stores never see it: they get the piece they need.
 */
#ifndef ANTIN_IDP_APP_H
#define ANTIN_IDP_APP_H

#include "common/config.h"
#include "common/db.h"
#include "common/keyclient.h"
#include "common/template.h"
#include "common/text.h"
#include "idp/rules/secrets.h"

struct jwks_cache;
struct argon2;

struct idp_conf {
    char *issuer; /* the public origin, no trailing slash; every URL of ours is made from it */
    char *listen;
    char *share;
    long threads, workers, queue_max, connections_max;
    char *proxy_header; /* "X-Forwarded-For" when a proxy of ours sets it; empty: the peer is unknown to us */
    char *log_level;
    char *conninfo;
    long pool;
    char *keyd_socket;
    long keyd_conns;
    struct secret master;
    long argon_ops, argon_mem_mib, argon_parallel, argon_wait_ms;
    long session_idle, session_max, request_life, code_life, token_life, activation_days, consent_days;
    long throttle_account, throttle_address, throttle_window;
    char *signer_resource;
    char *signer_scopes;
};
extern const struct config_key idp_conf_keys[];
extern const size_t idp_conf_nkeys;

struct asset {
    struct buf css, seal;
    char etag[2][24];
};

struct app {
    struct idp_conf conf;
    struct idp_keys keys;
    struct db_pool *db;
    struct keyclient *keyd;
    struct texts *texts;
    struct templates *pages;
    struct jwks_cache *jwks;
    struct argon2 *argon;
    struct asset assets;
    bool https;
};

/* Reads the file and opens what needs no other process. web: texts and templates too. Mistakes are printed to stderr. */
err_t idp_open(struct app *a, const char *conf_path, bool web) MUST_USE;
/* Only reads and checks the configuration (-t). */
err_t idp_check(const char *conf_path, struct app *a) MUST_USE;
void idp_close(struct app *a);

#endif
