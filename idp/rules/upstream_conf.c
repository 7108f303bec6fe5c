/*
 * Upstream OpenID Providers' files, read and checked.
 * Called by app.c and rules/upstream.c. OpenID Connect Discovery §4; RFC 8414 §2 for the endpoints' names.
 */
#include "idp/rules/upstream_conf.h"
#include "idp/rules/scope.h"
#include "idp/rules/upstream_claims.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEY(...) CONFIG_KEY(struct upstream_conf, __VA_ARGS__)
#define STR(sec, nam, member, d, req, txt) KEY(sec, nam, CONFIG_STR, member, d, req, 0, 0, txt)
#define INT(sec, nam, member, d, lo, hi, txt) KEY(sec, nam, CONFIG_INT, member, d, false, lo, hi, txt)
#define BOOL(sec, nam, member, d, txt) KEY(sec, nam, CONFIG_BOOL, member, d, false, 0, 0, txt)

static const struct config_key keys[] = {
    STR("provider", "issuer", issuer, NULL, true, "its issuer, exactly as its tokens say"),
    STR("provider", "label_vi", label_vi, NULL, true, "what the button says in Vietnamese"),
    STR("provider", "label_en", label_en, NULL, true, "what the button says in English"),
    STR("provider", "origins", origins, "", false, "origins of its endpoints beside the issuer's own, separated by spaces"),
    STR("provider", "ca_file", ca_file, "", false, "PEM file with the authorities for its TLS certificates; empty: the system's"),
    INT("provider", "timeout_ms", timeout_ms, "5000", 100, 30000, "how long one request to it may take, milliseconds"),
    INT("provider", "at_once", at_once, "4", 1, 64,
        "requests to it at once; past that people are asked to wait, so that a slow one holds up its own alone"),
    STR("endpoints", "authorization", authorization, "", false,
        "empty, with token and jwks: asked of ISSUER/.well-known/openid-configuration"),
    STR("endpoints", "token", token, "", false, "its token endpoint"),
    STR("endpoints", "jwks", jwks, "", false, "its published keys"),
    STR("endpoints", "userinfo", userinfo, "", false, "its UserInfo endpoint"),
    STR("client", "client_id", client_id, NULL, true, "who we are there"),
    STR("client", "auth", auth_name, "client_secret_basic", false,
        "client_secret_basic, client_secret_post or private_key_jwt (by our own token key)"),
    KEY("client", "client_secret", CONFIG_SECRET, client_secret, NULL, false, 0, 0, "secret: for the first two"),
    STR("client", "assertion_audience", assertion_audience, "", false, "aud of private_key_jwt; empty: the issuer"),
    STR("request", "scope", scope, "openid", false, "scopes to ask for; openid among them"),
    STR("request", "acr_values", acr_values, "", false, "acr_values to ask for, e.g. LoA1"),
    STR("request", "acr_values_2", acr_values_2, "", false, "the same when a client needs level 2; empty: as acr_values"),
    BOOL("request", "prompt_login", prompt_login, "yes", "it understands prompt=login and max_age, for clients that want a fresh sign-in"),
    STR("answer", "alg", alg_name, "ES256", false, "the one algorithm of its ID tokens: ES256, ES384, EdDSA, RS256, PS256"),
    BOOL("answer", "require_iss", require_iss, "no", "its answers carry iss (RFC 9207); discovery may say so too"),
    BOOL("answer", "userinfo", use_userinfo, "no", "claims come from its UserInfo endpoint too"),
    INT("answer", "skew", skew, "10", 0, 120, "seconds by which its clock may differ from ours"),
    STR("claims", "number", number, NULL, true, "claim with the personal number, verified there, e.g. SoDinhDanh; a.b is b inside a"),
    STR("claims", "birth_date", birth_date, "", false, "claim with the date of birth: when it comes, it must be the enrolled one"),
    STR("claims", "birth_format", birth_format, "YYYY-MM-DD", false,
        "how it is written there: YYYY, MM and DD with what stands between them"),
    STR("claims", "level", level, "acr", false, "claim with the level of identification, a text or a number"),
    STR("claims", "level_1", level_1, "", false, "its values that mean level 1, separated by spaces"),
    STR("claims", "level_2", level_2, "", false, "its values that mean level 2, separated by spaces"),
    INT("claims", "level_default", level_default, "0", 0, 2, "level without that claim or with another value; 0: nobody is signed in"),
    INT("claims", "level_max", level_max, "2", 1, 2, "a sign-in there never counts for more"),
};
#define NKEYS (sizeof keys / sizeof *keys)

void upstream_conf_print_keys(FILE *to)
{
    config_print_keys(keys, NKEYS, to);
}

/* --- one file --- */

/* How many bytes of a URL are its origin; 0: it is none that may be used. Plain http is for loopback alone, as everywhere here. */
static size_t origin_len(const char *url)
{
    static const char *const loopback[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
    const char *host = strstr(url, "://");
    bool ok = strncmp(url, "https://", 8) == 0 && url[8];

    for (const char *p = url; *p; p++)
        if (!isgraph((unsigned char)*p) || strchr("\"'\\#;,", *p))
            return 0;
    for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++) {
        size_t n = strlen(loopback[i]);
        ok |= strncmp(url, loopback[i], n) == 0 && strchr(":/", url[n]);
    }
    size_t n = host ? (size_t)(host - url) + 3 : 0;
    n += host ? strcspn(host + 3, "/?") : 0;
    return ok && !memchr(url, '@', n) ? n : 0;
}

static err_t add_origin(struct upstream_conf *c, const char *url)
{
    size_t n = origin_len(url), i = 0;

    if (n == 0)
        return ERR_CONFIG;
    for (; c->origin[i]; i++)
        if (strlen(c->origin[i]) == n && memcmp(c->origin[i], url, n) == 0)
            return OK;
    if (i == UPSTREAM_ORIGINS_MAX)
        return ERR_CONFIG;
    c->origin[i] = strndup(url, n);
    return c->origin[i] ? OK : ERR_NOMEM;
}

static bool read_origins(struct upstream_conf *c)
{
    const char *const urls[] = {c->issuer, c->authorization, c->token, c->jwks, c->userinfo};
    bool ok = true;
    char *rest = NULL;
    AUTO_STR list = NULL;

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        ok = ok && (!urls[i][0] || add_origin(c, urls[i]) == OK);
    if (!ok || str_copy(&list, c->origins) != OK)
        return false;
    for (char *o = strtok_r(list, " ", &rest); o; o = strtok_r(NULL, " ", &rest))
        ok = ok && origin_len(o) == strlen(o) && add_origin(c, o) == OK;
    return ok;
}

static bool read_alg(struct upstream_conf *c)
{
    static const enum jose_alg algs[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA, JOSE_RS256, JOSE_PS256};

    for (size_t i = 0; i < sizeof algs / sizeof *algs; i++)
        if (strcmp(c->alg_name, jose_alg_name(algs[i])) == 0) {
            c->alg = algs[i];
            return true;
        }
    return false;
}

static bool read_auth(struct upstream_conf *c)
{
    static const char *const names[] = {
        [UPSTREAM_BASIC] = "client_secret_basic", [UPSTREAM_POST] = "client_secret_post", [UPSTREAM_KEY] = "private_key_jwt"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(c->auth_name, names[i]) == 0) {
            c->auth = (enum upstream_auth)i;
            return (c->client_secret.len > 0) == (c->auth != UPSTREAM_KEY);
        }
    return false;
}

/* What a key table cannot say; each in the operator's words. */
static unsigned check(struct upstream_conf *c, const char *path, FILE *errs)
{
    int endpoints = (c->authorization[0] != 0) + (c->token[0] != 0) + (c->jwks[0] != 0);
    const struct {
        bool good;
        const char *words;
    } rules[] = {
        {!strpbrk(c->issuer, "?") && read_origins(c),
         "issuer, endpoints and origins: https (http for loopback alone), at most eight origins"},
        {endpoints == 0 || endpoints == 3, "[endpoints]: authorization, token and jwks, or none of them"},
        {endpoints == 0 || !c->use_userinfo || c->userinfo[0], "[answer] userinfo = yes needs [endpoints] userinfo"},
        {read_auth(c), "[client] auth: client_secret_basic or client_secret_post with a client_secret, or private_key_jwt without"},
        {read_alg(c), "[answer] alg: ES256, ES384, EdDSA, RS256 or PS256"},
        {scope_has(c->scope, "openid"), "[request] scope: openid is missing"},
        {c->level_default > 0 || c->level_1[0] || c->level_2[0],
         "[claims]: level_1, level_2 or level_default must say what a sign-in there proves"},
        {upstream_date_format_ok(c->birth_format), "[claims] birth_format: YYYY, MM and DD, once each"},
    };
    unsigned bad = 0;

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!rules[i].good) {
            fprintf(errs, "%s: %s\n", path, rules[i].words);
            bad++;
        }
    return bad;
}

void upstream_conf_free(struct upstream_conf *c)
{
    config_free(keys, NKEYS, c);
    for (size_t i = 0; c->origin[i]; i++)
        str_free(&c->origin[i]);
}

static err_t load_one(const char *folder, const char *file, struct upstream_conf *c, FILE *errs)
{
    AUTO_BUF path = {0};
    size_t n = strlen(file) - strlen(".conf");

    TRY(buf_addf(&path, "%s/%s", folder, file));
    if (n == 0 || n > UPSTREAM_NAME_MAX || strspn(file, "abcdefghijklmnopqrstuvwxyz0123456789-") != n) {
        fprintf(errs, "%s: the name must be a-z, 0-9 and -, at most %d characters, then .conf\n", buf_str(&path), UPSTREAM_NAME_MAX);
        return ERR_CONFIG;
    }
    TRY(config_load(buf_str(&path), keys, NKEYS, c, errs));
    memcpy(c->name, file, n);
    if (check(c, buf_str(&path), errs) == 0)
        return OK;
    upstream_conf_free(c);
    return ERR_CONFIG;
}

/* --- the folder --- */

static int is_conf(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return n > 5 && d->d_name[0] != '.' && strcmp(d->d_name + n - 5, ".conf") == 0;
}

err_t upstream_confs_load(const char *folder, struct upstream_confs *out, FILE *errs)
{
    struct dirent **found = NULL;

    memset(out, 0, sizeof *out);
    if (!folder || !folder[0])
        return OK;
    int n = scandir(folder, &found, is_conf, alphasort);
    err_t worst = n < 0 || n > UPSTREAMS_MAX ? ERR_CONFIG : OK;
    if (worst != OK)
        fprintf(errs, "%s: %s\n", folder, n < 0 ? strerror(errno) : "too many providers");
    for (int i = 0; i < n; i++) {
        struct upstream_conf c = {0};
        err_t e = i < UPSTREAMS_MAX ? load_one(folder, found[i]->d_name, &c, errs) : ERR_CONFIG;
        if (e == OK)
            out->one[out->n++] = c;
        else
            worst = e;
        free(found[i]);
    }
    free(found);
    if (worst != OK)
        upstream_confs_free(out);
    return worst;
}

void upstream_confs_free(struct upstream_confs *c)
{
    for (size_t i = 0; i < c->n; i++)
        upstream_conf_free(&c->one[i]);
    memset(c, 0, sizeof *c);
}
