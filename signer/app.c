/*
 * Configuration of antin-signerd, and what a process opens by it.
 * Called by main().
 */
#include "signer/app.h"
#include "common/replay.h"

#include "common/log.h"
#include "signer/rules/content.h"
#include "signer/rules/provider.h"
#include "signer/rules/pdfjail.h"
#include "signer/rules/responder.h"
#include "signer/rules/trust.h"
#include "signer/store/statements.h"
#include <stdio.h>
#include <string.h>

#define PROOFS_MAX 65536 /* DPoP proofs remembered at once: 60 seconds of them */

/* clang-format off */
#define STR(s, n, f, d, r, h) CONFIG_KEY(struct signer_conf, s, n, CONFIG_STR, f, d, r, 0, 0, h)
#define INT(s, n, f, d, lo, hi, h) CONFIG_KEY(struct signer_conf, s, n, CONFIG_INT, f, d, false, lo, hi, h)

const struct config_key signer_conf_keys[] = {
    STR("signer", "url", url, NULL, true, "public origin, no trailing slash; https everywhere but on loopback"),
    STR("signer", "listen", listen, "127.0.0.1:8401", false, "address:port or unix:/path"),
    STR("signer", "share", share, "/usr/share/antin", false, "folder with common/ and signer/: pages and texts"),
    STR("signer", "instance", instance, "signerd-1", false, "name of this daemon among those on one database; no two may share it"),
    STR("signer", "pki", pki, NULL, true, "folder with root.crt citizens.crt services.crt root.crl services.crl"),
    STR("signer", "log_level", log_level, "info", false, "debug, info, warning or error"),
    STR("signer", "return_origins", return_origins, "", false, "origins of portals to which the result page links back, separated by spaces"),
    INT("signer", "threads", threads, "0", 0, 64, "HTTP threads; 0: one a core"),
    INT("signer", "workers", workers, "24", 1, 256, "worker threads: timestamps asked for at once share a commit"),
    INT("signer", "queue_max", queue_max, "256", 1, 100000, "waiting requests at most; past it 503"),
    INT("signer", "connections_max", connections_max, "1024", 8, 100000, "open connections at most"),
    INT("signer", "session_idle", session_idle, "900", 60, 86400, "seconds without a request after which a sign-in ends"),
    INT("signer", "session_max", session_max, "28800", 60, 86400, "seconds after which a sign-in ends"),
    INT("signer", "officer_max_age", officer_max_age, "43200", 60, 604800,
        "seconds since an officer's sign-in in which credentials may be revoked and unlocked"),
    INT("signer", "pdf_readers", pdf_readers, "2", 1, 64, "PDF documents read at once"),
    INT("signer", "certificate_days", certificate_days, "730", 1, 1095, "validity of a citizen's certificate"),
    INT("signer", "crl_lifetime", crl_lifetime, "86400", 600, 864000, "seconds from a CRL to its nextUpdate"),
    INT("signer", "ocsp_lifetime", ocsp_lifetime, "3600", 120, 604800, "seconds from an OCSP response to its nextUpdate"),
    STR("database", "conninfo", conninfo, NULL, true, "libpq connection string"),
    INT("database", "pool", pool, "8", 1, 256, "connections at most"),
    STR("keyd", "socket", keyd_socket, NULL, true, "socket of antin-keyd"),
    INT("keyd", "conns", keyd_conns, "8", 1, 64, "requests to antin-keyd at once"),
    STR("store", "spool", spool, NULL, true, "folder for uploads on their way"),
    STR("store", "content", content, NULL, true, "folder of the content store"),
    INT("store", "file_max", file_max, "52428800", 1024, 2147483647, "bytes of a component at most"),
    INT("store", "dossier_max", dossier_max, "209715200", 1024, 1900000000, "bytes of a dossier at most; its container has PDFs twice and ends at 4 GiB"),
    INT("store", "unused_days", unused_days, "7", 1, 3650, "days after which bytes are deleted that no dossier refers to; time to notice a wrong database"),
    STR("idp", "issuer", issuer, NULL, true, "identity provider: its issuer"),
    STR("idp", "backchannel", backchannel, "", false, "where this daemon reaches it; empty: at its issuer"),
    STR("idp", "client_id", client_id, "antin-signer", false, "this daemon as a client of the identity provider"),
    {.section = "idp", .name = "client_secret", .type = CONFIG_SECRET, .offset = offsetof(struct signer_conf, client_secret), .required = true,
     .help = "file with the client secret"},
    STR("tsa", "policy", tsa_policy, "2.999.704.2.1", false, "OID of the timestamp policy; the same as antin-keyd's"),
};
/* clang-format on */
const size_t signer_conf_nkeys = sizeof signer_conf_keys / sizeof signer_conf_keys[0];

/* http is for loopback names alone: elsewhere a PIN would travel in the clear. */
static bool origin_ok(const char *url)
{
    static const char *const loopback[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
    if (strncmp(url, "https://", 8) == 0)
        return strchr(url + 8, '/') == NULL;
    for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++) {
        size_t n = strlen(loopback[i]);
        if (strncmp(url, loopback[i], n) == 0 && (url[n] == '\0' || url[n] == ':') && strchr(url + n, '/') == NULL)
            return true;
    }
    return false;
}

err_t signer_conf_check(const char *conf_path, struct app *a)
{
    TRY(config_load(conf_path, signer_conf_keys, signer_conf_nkeys, &a->conf, stderr));
    if (!origin_ok(a->conf.url) || !origin_ok(a->conf.issuer)) {
        (void)fprintf(stderr,
                      "%s: signer.url and idp.issuer must be https origins without a trailing slash (http on loopback names alone)\n",
                      conf_path);
        return ERR_CONFIG;
    }
    a->https = strncmp(a->conf.url, "https://", 8) == 0;
    return OK;
}

static err_t read_asset(const struct app *a, const char *name, struct buf *out)
{
    AUTO_BUF path = {0};
    TRY(buf_addf(&path, "%s/common/pages/%s", a->conf.share, name));
    FILE *f = fopen(buf_str(&path), "rbe");
    if (f == NULL) {
        log_event(LOG_ERROR, "assets", "%s is missing", name);
        return ERR_CONFIG;
    }
    char chunk[4096];
    err_t e = OK;
    for (size_t n; e == OK && (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        e = buf_add(out, chunk, n);
    (void)fclose(f);
    return e;
}

static err_t open_looks(struct app *a)
{
    AUTO_BUF ct = {0}, st = {0}, cp = {0}, sp = {0};
    TRY(buf_addf(&ct, "%s/common/texts", a->conf.share));
    TRY(buf_addf(&st, "%s/signer/texts", a->conf.share));
    TRY(buf_addf(&cp, "%s/common/pages", a->conf.share));
    TRY(buf_addf(&sp, "%s/signer/pages", a->conf.share));
    TRY(texts_load((const char *[]){buf_str(&ct), buf_str(&st), NULL}, &a->texts));
    TRY(templates_load((const char *[]){buf_str(&cp), buf_str(&sp), NULL}, a->texts, &a->pages));
    TRY(read_asset(a, "style.css", &a->css));
    return read_asset(a, "seal.svg", &a->seal);
}

err_t signer_open(struct app *a, const char *conf_path)
{
    TRY(signer_conf_check(conf_path, a));
    TRY(open_looks(a));
    const struct db_pool_conf pool = {
        .conninfo = a->conf.conninfo, .size = (unsigned)a->conf.pool, .wait_ms = 5000, .stmts = signer_statements};
    TRY(db_pool_open(&pool, &a->db));
    TRY(key_open(a->conf.keyd_socket, (unsigned)a->conf.keyd_conns, &a->keys));
    TRY(content_open(a->conf.content, &a->content));
    TRY(trust_open(a->conf.pki, &a->trust));
    TRY(responder_open(&a->responder));
    TRY(buf_addf(&a->redirect_uri, "%s/callback", a->conf.url));
    const struct provider_conf provider = {
        .issuer = a->conf.issuer,
        .backchannel = a->conf.backchannel,
        .client_id = a->conf.client_id,
        .client_secret = secret_bytes(&a->conf.client_secret),
        .redirect_uri = buf_str(&a->redirect_uri),
    };
    TRY(provider_open(&provider, &a->provider));
    TRY(replay_open(PROOFS_MAX, &a->proofs));
    return pdfjail_open((unsigned)a->conf.pdf_readers, &a->pdfjail);
}

void signer_close(struct app *a)
{
    pdfjail_close(&a->pdfjail);
    replay_close(&a->proofs);
    provider_close(&a->provider);
    responder_close(&a->responder);
    trust_close(&a->trust);
    content_close(&a->content);
    key_close(&a->keys);
    db_pool_close(&a->db);
    templates_free(&a->pages);
    texts_free(&a->texts);
    buf_free(&a->css);
    buf_free(&a->seal);
    buf_free(&a->redirect_uri);
    config_free(signer_conf_keys, signer_conf_nkeys, &a->conf);
}
