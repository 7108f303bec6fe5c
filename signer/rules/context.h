/*
 * What one antin-signerd process holds: configuration, pool, the way to keyd, content store, PDF sandbox, trust, the identity provider.
 * Filled by app.c; the rules work with it, the endpoints get it from http_app().
 */
#ifndef ANTIN_SIGNER_CONTEXT_H
#define ANTIN_SIGNER_CONTEXT_H

#include "common/db.h"
#include "common/keyclient.h"
#include "common/template.h"
#include "common/text.h"

struct content;
struct provider;
struct responder;
struct pdfjail;
struct trust;

struct signer_conf {
    char *url; /* the public origin, no trailing slash: audience of access tokens, start of every address of ours */
    char *listen;
    char *share;
    char *instance; /* this daemon's name among those on one database: its crash is cleaned up by itself at the next start */
    long threads, workers, queue_max, connections_max;
    char *log_level;
    char *pki; /* folder with root.crt citizens.crt services.crt root.crl services.crl */
    char *conninfo;
    long pool;
    char *keyd_socket;
    long keyd_conns;
    char *spool, *content;
    long file_max, dossier_max, unused_days;
    char *issuer;      /* of the identity provider */
    char *backchannel; /* where this daemon reaches it; "": the issuer's own address */
    char *client_id;
    struct secret client_secret;
    char *tsa_policy;
    long crl_lifetime, ocsp_lifetime, certificate_days;
    char *return_origins; /* portals' origins to which the result page links back, separated by spaces */
    long session_idle, session_max, officer_max_age;
    long pdf_readers;
};

struct app {
    struct signer_conf conf;
    bool https;
    struct db_pool *db;
    struct keyclient *keys;
    struct content *content;
    struct pdfjail *pdfjail;
    struct trust *trust;
    struct provider *provider;
    struct responder *responder; /* OCSP answers */
    struct replay *proofs; /* DPoP proofs that were used */
    struct buf redirect_uri;
    struct texts *texts;
    struct templates *pages;
    struct buf css, seal;
};

#endif
