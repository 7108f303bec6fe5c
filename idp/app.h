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
#include "idp/store/partition.h"
#include <openssl/x509.h>
#include <pthread.h>

struct jwks_cache;
struct argon2;
struct fetch;
struct notifier;
struct upstreams;
struct statement_issuers;
struct keeper;
struct clients;

struct idp_conf {
    char *issuer; /* the public origin, no trailing slash; every URL of ours is made from it */
    char *listen;
    char *share;
    long threads, workers, queue_max, connections_max;
    char *proxy_header; /* "X-Forwarded-For" when a proxy of ours sets it; empty: none stands in front, the peer is who calls */
    char *tls_header; /* "Client-Cert" when our TLS front end forwards clients' certificates; empty: there are none */
    struct secret tls_secret;
    char *tls_cas;
    bool dpop_nonce, require_pushed, private_addresses;
    long audit_refusals;
    long pushed_life;
    char *log_level;
    char *conninfo;
    long pool;
    char *keyd_socket;
    long keyd_conns;
    struct secret master;
    long argon_ops, argon_mem_mib, argon_parallel, argon_wait_ms;
    long officer_max_age, admin_max_age;
    long session_idle, session_max, request_life, code_life, token_life, device_life, device_client, device_address, pushed_address, refresh_idle, refresh_life, refresh_window, activation_days, consent_days;
    long throttle_account, throttle_address, throttle_window;
    long ciba_life, ciba_client, ciba_person, ciba_max_age;
    char *ciba_origins;
    char *logout_origins;
    char *upstream_folder;
    char *statement_issuers;
    char *trust_framework, *organization;
    char *signer_resource;
    char *signer_scopes;
};
extern const struct config_key idp_conf_keys[];
extern const size_t idp_conf_nkeys;

struct asset {
    struct buf css, seal;
    char etag[2][24];
};

/* Documents kept as they are sent (endpoints/published.c), each for one version of our keys. */
enum published_doc { PUBLISHED_DISCOVERY, PUBLISHED_JWKS, PUBLISHED_N };
struct http_shared;
struct published {
    pthread_mutex_t lock;
    uint64_t version[PUBLISHED_N];
    struct http_shared *doc[PUBLISHED_N];
};

struct app {
    struct idp_conf conf;
    struct idp_keys keys;
    struct db_pool *db;
    struct clients *clients; /* asked before the database */
    struct keyclient *keyd;
    struct texts *texts;
    struct templates *pages;
    struct jwks_cache *jwks;
    struct argon2 *argon;
    struct fetch *fetch; /* NULL: no origin is configured, nothing goes out */
    struct notifier *notifier;
    struct upstreams *upstreams; /* NULL: people sign in here alone */
    struct statement_issuers *software; /* who may speak for software that registers itself */
    struct keeper *keeper;
    struct fetch *ping_fetch; /* NULL: clients are told of no answer, they ask */
    struct notifier *pinger;
    X509_STORE *client_cas; /* NULL: tls_client_auth is off */
    struct asset assets;
    struct published published;
    bool https;
};

/* Reads the file and opens what needs no other process. web: texts and templates too. Mistakes are printed to stderr. */
err_t idp_open(struct app *a, const char *conf_path, bool web) MUST_USE;
/* Only reads and checks the configuration (-t). */
err_t idp_check(const char *conf_path, struct app *a) MUST_USE;
void idp_close(struct app *a);
/* How long rows live at most, by this configuration. */
struct partition_lives idp_lives(const struct idp_conf *c);

#endif
