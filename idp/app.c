/*
 * Opens and closes what one antin-idpd (or antin-idpctl) process holds.
 * Called by main.c and ctl/main.c.
 */
#include "idp/app.h"
#include "common/http.h"
#include "common/log.h"
#include "idp/errors.h"
#include "idp/factors/password.h"
#include "idp/rules/audit_bound.h"
#include "idp/rules/client_cert.h"
#include "idp/rules/clients.h"
#include "idp/rules/jwks.h"
#include "idp/rules/keeping.h"
#include "idp/rules/notify.h"
#include "idp/rules/upstream.h"
#include "idp/rules/software_statement.h"
#include "idp/store/statements.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY(...) CONFIG_KEY(struct idp_conf, __VA_ARGS__)
#define STR(sec, nam, member, d, req, txt) KEY(sec, nam, CONFIG_STR, member, d, req, 0, 0, txt)
#define INT(sec, nam, member, d, lo, hi, txt) KEY(sec, nam, CONFIG_INT, member, d, false, lo, hi, txt)

const struct config_key idp_conf_keys[] = {
    STR("idp", "issuer", issuer, NULL, true, "public origin, without a path; https unless its host is loopback"),
    STR("idp", "listen", listen, "127.0.0.1:8400", false, "address to listen on: host:port or unix:/path"),
    STR("idp", "share", share, "/usr/share/antin", false, "folder that holds common/ and idp/ with pages and texts"),
    INT("idp", "threads", threads, "0", 0, 64, "HTTP threads; 0: one a core"),
    INT("idp", "workers", workers, "16", 2, 256, "threads for requests that wait for database, keyd or Argon2"),
    INT("idp", "queue_max", queue_max, "256", 1, 100000, "requests waiting for a worker; past it 503"),
    INT("idp", "connections_max", connections_max, "1024", 1, 100000, "open connections at most"),
    STR("idp", "proxy_header", proxy_header, "", false, "header in which our own proxy gives the caller's address; its last entry counts"),
    STR("idp", "tls_header", tls_header, "", false,
        "header in which our own TLS front end forwards a client's certificate; beside it NAME-Key with tls_secret"),
    KEY("idp", "tls_secret", CONFIG_SECRET, tls_secret, NULL, false, 0, 0, "secret: what the front end puts into NAME-Key"),
    STR("idp", "tls_cas", tls_cas, "", false, "PEM file with the authorities whose certificates tls_client_auth takes"),
    STR("idp", "log_level", log_level, "info", false, "debug, info, warning or error"),
    STR("database", "conninfo", conninfo, NULL, true, "libpq connection string; the password belongs in a passfile"),
    INT("database", "pool", pool, "8", 1, 256, "database connections at most"),
    STR("keyd", "socket", keyd_socket, NULL, true, "Unix socket of this domain's antin-keyd"),
    INT("keyd", "connections", keyd_conns, "4", 1, 64, "requests to keyd at once"),
    KEY("secrets", "master", CONFIG_SECRET, master, NULL, true, 0, 0, "secret: subjects, look-up hashes and form tokens are keyed by it"),
    INT("password", "opslimit", argon_ops, "2", 1, 16, "Argon2id passes"),
    INT("password", "memory_mib", argon_mem_mib, "64", 8, 1024, "Argon2id memory of one check, MiB"),
    INT("password", "at_once", argon_parallel, "2", 1, 64, "password checks at once; the rest wait"),
    INT("password", "wait_ms", argon_wait_ms, "3000", 0, 60000, "how long one waits before it gets 503"),
    INT("login", "session_idle", session_idle, "1800", 10, 86400, "seconds without use that end a session"),
    INT("login", "session_max", session_max, "28800", 10, 604800, "seconds after which a session ends in any case"),
    INT("login", "officer_max_age", officer_max_age, "43200", 60, 604800,
        "seconds since an officer's sign-in in which people may be enrolled"),
    INT("login", "admin_max_age", admin_max_age, "3600", 60, 86400,
        "seconds since an administrator's sign-in in which /admin/v1 may be used"),
    INT("login", "request_life", request_life, "1800", 10, 86400, "seconds that a pending authorization request is kept"),
    INT("login", "activation_days", activation_days, "7", 1, 90, "days that an activation code is good"),
    INT("login", "consent_days", consent_days, "365", 1, 3650, "days that a consent is remembered"),
    INT("login", "throttle_account", throttle_account, "5", 1, 1000, "wrong passwords for one account before it must wait"),
    INT("login", "throttle_address", throttle_address, "100", 1, 100000, "wrong passwords from one address before it must wait"),
    INT("login", "throttle_window", throttle_window, "900", 10, 86400, "seconds in which they are counted, and the longest wait"),
    KEY("token", "dpop_nonce", CONFIG_BOOL, dpop_nonce, "no", false, 0, 0, "every DPoP proof must carry a nonce of ours"),
    KEY("token", "require_pushed", CONFIG_BOOL, require_pushed, "no", false, 0, 0, "authorization requests only by /par, for every client"),
    INT("token", "pushed_life", pushed_life, "90", 5, 600, "seconds that a pushed authorization request waits"),
    INT("token", "pushed_address", pushed_address, "600", 1, 1000000, "those of public clients from one address in throttle_window"),
    INT("token", "code_life", code_life, "60", 5, 60, "seconds that an authorization code is good"),
    INT("token", "token_life", token_life, "600", 10, 3600, "seconds that access and ID tokens are good"),
    INT("token", "device_life", device_life, "600", 60, 3600, "seconds that a device waits for a person"),
    INT("token", "device_client", device_client, "5000", 1, 1000000, "sign-ins that devices of one client may begin in throttle_window"),
    INT("token", "device_address", device_address, "300", 1, 1000000, "and those of a public client from one address"),
    INT("token", "refresh_idle", refresh_idle, "1209600", 60, 31536000, "seconds without use that end a refresh token"),
    INT("token", "refresh_life", refresh_life, "7776000", 60, 31536000, "seconds after a sign-in that end refreshing in any case"),
    INT("token", "refresh_window", refresh_window, "10", 0, 60, "seconds in which a refresh token's lost answer is given again"),
    STR("logout", "origins", logout_origins, "", false, "origins that logout tokens may be posted to, separated by spaces; empty: none"),
    INT("audit", "refusals", audit_refusals, "10", 1, 100000,
        "audit rows a minute of one kind of refusal about one client or account; the rest are counted"),
    KEY("egress", "private_addresses", CONFIG_BOOL, private_addresses, "no", false, 0, 0,
        "configured origins whose names resolve into our own network may be reached, too"),
    STR("upstream", "folder", upstream_folder, "", false,
        "folder with a file NAME.conf for each provider where people may sign in instead; empty: none"),
    STR("registration", "statement_issuers", statement_issuers, "", false,
        "JSON file with the issuers of software statements and their public keys; empty: none"),
    STR("identity", "trust_framework", trust_framework, "vn_decree_69_2024", false,
        "name of the law that enrolment follows, in verified_claims"),
    STR("identity", "organization", organization, "", false, "who enrols, when an officer names nobody else; in verified_claims"),
    INT("ciba", "life", ciba_life, "300", 30, 3600, "seconds that a backchannel request waits for a person at most"),
    INT("ciba", "client_limit", ciba_client, "1000", 1, 1000000, "backchannel requests of one client in throttle_window"),
    INT("ciba", "person_limit", ciba_person, "5", 1, 1000, "unanswered ones of one client for one person before it must wait"),
    INT("ciba", "max_age", ciba_max_age, "900", 60, 86400, "seconds since a sign-in in which a person may answer them"),
    STR("ciba", "origins", ciba_origins, "", false, "origins that answers may be announced to (ping), separated by spaces; empty: none"),
    STR("resource", "signer_resource", signer_resource, "", false, "audience of access tokens that carry one of signer_scopes"),
    STR("resource", "signer_scopes", signer_scopes, "", false, "scopes of the signing daemon, separated by spaces"),
};
const size_t idp_conf_nkeys = sizeof idp_conf_keys / sizeof *idp_conf_keys;

static bool has_prefix(const char *s, const char *p)
{
    return strncmp(s, p, strlen(p)) == 0;
}

/* Plain http is for loopback names alone: cookies and tokens would otherwise travel in the clear. */
static bool origin_ok(const char *o, bool *https)
{
    static const char *const loopback[] = {"http://localhost", "http://127.0.0.1", "http://[::1]", NULL};
    const char *host = strstr(o, "://");

    if (!host || host[3] == '\0' || strpbrk(host + 3, "/?#@ "))
        return false;
    *https = has_prefix(o, "https://");
    if (*https)
        return true;
    for (size_t i = 0; loopback[i]; i++) {
        const char *rest = o + strlen(loopback[i]);
        if (has_prefix(o, loopback[i]) && (*rest == '\0' || *rest == ':'))
            return true;
    }
    return false;
}

static err_t derive(struct app *a)
{
    static const struct {
        const char *context; /* crypto_kdf wants exactly eight characters */
        size_t offset;
    } uses[] = {
        {"pairwise", offsetof(struct idp_keys, pairwise)}, {"look_up_", offsetof(struct idp_keys, lookup)},
        {"csrf____", offsetof(struct idp_keys, csrf)},     {"throttle", offsetof(struct idp_keys, throttle)},
        {"nonce___", offsetof(struct idp_keys, nonce)},    {"sealing_", offsetof(struct idp_keys, seal)},
        {"refresh_", offsetof(struct idp_keys, refresh)},  {"upstream", offsetof(struct idp_keys, upstream)},
    };
    uint8_t root[crypto_kdf_KEYBYTES];

    if (a->conf.master.len < 32) {
        fprintf(stderr, "[secrets] master: shorter than 32 bytes\n");
        return ERR_CONFIG;
    }
    if (crypto_generichash(root, sizeof root, a->conf.master.ptr, a->conf.master.len, NULL, 0) != 0)
        return ERR_CRYPTO;
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        crypto_kdf_derive_from_key((uint8_t *)&a->keys + uses[i].offset, 32, 1, uses[i].context, root);
    secret_wipe(root, sizeof root);
    return OK;
}

/* Upstream providers' files are checked with the rest, and opened only where there is something to be served. */
static err_t check_upstreams(const struct app *a)
{
    struct upstream_confs confs;

    TRY(upstream_confs_load(a->conf.upstream_folder, &confs, stderr));
    upstream_confs_free(&confs);
    return OK;
}

static err_t open_upstreams(struct app *a)
{
    AUTO(upstream_confs_free) struct upstream_confs confs = {0};

    TRY(upstream_confs_load(a->conf.upstream_folder, &confs, stderr));
    return confs.n ? upstreams_open(&confs, a->keyd, a->conf.issuer, a->conf.private_addresses, &a->upstreams) : OK;
}

static err_t read_conf(const char *conf_path, struct app *a)
{
    TRY(config_load(conf_path, idp_conf_keys, idp_conf_nkeys, &a->conf, stderr));
    if (!origin_ok(a->conf.issuer, &a->https)) {
        fprintf(stderr, "%s: [idp] issuer must be an https origin without a path (http only for loopback)\n", conf_path);
        return ERR_CONFIG;
    }
    if (a->conf.tls_header[0] && a->conf.tls_secret.len < 16) {
        fprintf(stderr, "%s: [idp] tls_header needs a tls_secret of 16 characters or more\n", conf_path);
        return ERR_CONFIG;
    }
    return derive(a);
}

err_t idp_check(const char *conf_path, struct app *a)
{
    TRY(read_conf(conf_path, a));
    return check_upstreams(a);
}

static err_t read_asset(const char *share, const char *name, struct buf *out, char etag[24])
{
    AUTO_BUF path = {0};
    AUTO_FD fd = -1;
    uint8_t hash[SHA256_LEN];
    char chunk[8192], tag[B64URL_LEN(12) + 1];
    ssize_t n;

    TRY(buf_addf(&path, "%s/common/pages/%s", share, name));
    fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "%s: %m\n", buf_str(&path));
        return ERR_CONFIG;
    }
    while ((n = read(fd, chunk, sizeof chunk)) > 0 && out->len < 1 << 20)
        TRY(buf_add(out, chunk, (size_t)n));
    if (n != 0)
        return ERR_IO;
    sha256(buf_bytes(out), hash);
    b64url_encode(BYTES(hash, 12), tag);
    snprintf(etag, 24, "\"%s\"", tag);
    return OK;
}

/* A way out of this daemon: to origins that the operator wrote down, whatever clients register. None written: *out stays NULL. */
static err_t open_fetch(const struct app *a, const char *section, const char *list, struct fetch **out)
{
    const char *origins[33] = {NULL};
    size_t n = 0;
    AUTO_STR words = NULL;
    char *rest = NULL;

    TRY(str_copy(&words, list));
    for (char *o = strtok_r(words, " ", &rest); o; o = strtok_r(NULL, " ", &rest)) {
        if (n == 32) {
            fprintf(stderr, "[%s] origins: more than 32\n", section);
            return ERR_CONFIG;
        }
        origins[n++] = o;
    }
    const struct fetch_conf conf = {.origins = origins, .total_ms = 3000, .body_max = 4096, .private_addresses = a->conf.private_addresses};
    return n > 0 ? fetch_open(&conf, out) : OK;
}

static err_t open_notifiers(struct app *a)
{
    TRY(open_fetch(a, "logout", a->conf.logout_origins, &a->fetch));
    TRY(open_fetch(a, "ciba", a->conf.ciba_origins, &a->ping_fetch));
    const struct notifier_conf logouts = {
        .db = a->db, .keyd = a->keyd, .clients = a->clients, .fetch = a->fetch, .look_every = 5, .work = logout_work};
    const struct notifier_conf pings = {.db = a->db, .keys = &a->keys, .fetch = a->ping_fetch, .look_every = 2, .work = ping_work};
    TRY(notifier_open(&logouts, &a->notifier));
    return notifier_open(&pings, &a->pinger);
}

static err_t open_web(struct app *a)
{
    AUTO_BUF common_texts = {0}, idp_texts = {0}, common_pages = {0}, idp_pages = {0};

    TRY(buf_addf(&common_texts, "%s/common/texts", a->conf.share));
    TRY(buf_addf(&idp_texts, "%s/idp/texts", a->conf.share));
    TRY(buf_addf(&common_pages, "%s/common/pages", a->conf.share));
    TRY(buf_addf(&idp_pages, "%s/idp/pages", a->conf.share));
    const char *texts[] = {buf_str(&common_texts), buf_str(&idp_texts), NULL};
    const char *pages[] = {buf_str(&common_pages), buf_str(&idp_pages), NULL};
    TRY(texts_load(texts, &a->texts));
    TRY(templates_load(pages, a->texts, &a->pages));
    TRY(read_asset(a->conf.share, "style.css", &a->assets.css, a->assets.etag[0]));
    return read_asset(a->conf.share, "seal.svg", &a->assets.seal, a->assets.etag[1]);
}

struct partition_lives idp_lives(const struct idp_conf *c)
{
    long asked = c->code_life > c->device_life ? c->code_life : c->device_life;

    return (struct partition_lives){
        .grant = asked + (c->refresh_life > c->token_life ? c->refresh_life : c->token_life),
        .session = c->session_max,
        .request = c->request_life,
    };
}

err_t idp_open(struct app *a, const char *conf_path, bool web)
{
    idp_errors_init();
    pthread_mutex_init(&a->published.lock, NULL);
    TRY(read_conf(conf_path, a));
    audit_bound_set((unsigned)a->conf.audit_refusals);
    const struct db_pool_conf pool = {
        .conninfo = a->conf.conninfo,
        .size = (unsigned)a->conf.pool,
        .wait_ms = 2000,
        .stmts = idp_statements,
    };
    TRY(db_pool_open(&pool, &a->db));
    TRY(clients_open(a->db, web ? a->conf.conninfo : NULL, &a->clients));
    TRY(key_open(a->conf.keyd_socket, (unsigned)a->conf.keyd_conns, &a->keyd));
    TRY(jwks_cache_open(a->keyd, &a->jwks));
    const struct argon2_conf argon = {
        .ops = (unsigned)a->conf.argon_ops,
        .mem = (size_t)a->conf.argon_mem_mib << 20,
        .at_once = (unsigned)a->conf.argon_parallel,
        .waiting = (unsigned)(a->conf.workers / 2 > a->conf.argon_parallel ? a->conf.workers / 2 - a->conf.argon_parallel : 1),
        .wait_ms = (unsigned)a->conf.argon_wait_ms,
    };
    TRY(argon2_open(&argon, &a->argon));
    if (a->conf.tls_cas[0]) {
        err_t e = client_cas_open(a->conf.tls_cas, &a->client_cas);
        if (e != OK) {
            fprintf(stderr, "[idp] tls_cas: %s holds no certificates that can be read\n", a->conf.tls_cas);
            return ERR_CONFIG;
        }
    }
    if (!web)
        return OK;
    TRY(open_web(a));
    TRY(open_upstreams(a));
    TRY(statement_issuers_open(a->conf.statement_issuers, &a->software));
    const struct partition_lives lives = idp_lives(&a->conf);
    TRY(keeper_open(a->db, &lives, &a->keeper));
    return open_notifiers(a);
}

void idp_close(struct app *a)
{
    for (size_t i = 0; i < PUBLISHED_N; i++)
        http_shared_free(&a->published.doc[i]);
    X509_STORE_free(a->client_cas);
    statement_issuers_close(&a->software);
    notifier_close(&a->notifier);
    upstreams_close(&a->upstreams);
    keeper_close(&a->keeper);
    notifier_close(&a->pinger);
    fetch_close(&a->ping_fetch);
    fetch_close(&a->fetch);
    argon2_close(&a->argon);
    jwks_cache_close(&a->jwks);
    key_close(&a->keyd);
    clients_close(&a->clients);
    db_pool_close(&a->db);
    templates_free(&a->pages);
    texts_free(&a->texts);
    buf_free(&a->assets.css);
    buf_free(&a->assets.seal);
    secret_wipe(&a->keys, sizeof a->keys);
    config_free(idp_conf_keys, idp_conf_nkeys, &a->conf);
}
