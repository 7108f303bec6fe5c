/*
 * antin-idpctl client …: registering relying parties and services.
 * Called by ctl/main.c.
 */
#include "common/secret.h"
#include "idp/ctl/ctl.h"
#include "idp/rules/client_auth.h"
#include "idp/rules/redirect.h"
#include "idp/rules/scope.h"
#include "idp/rules/secrets.h"
#include "idp/rules/subject.h"
#include "idp/store/client.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define MANY 32

struct given {
    const char *id, *name, *scope, *sector, *auth, *secret_out;
    const char *redirect[MANY], *logout[MANY];
    size_t redirects, logouts;
    unsigned grants; /* bits, by the table below */
    bool first_party, public;
};

enum { GRANT_CODE = 1, GRANT_REFRESH = 2, GRANT_CREDENTIALS = 4, GRANT_DEVICE = 8, GRANT_EXCHANGE = 16 };
static const struct {
    const char *given, *type;
    unsigned bit;
} grant_types[] = {
    {"authorization_code", "authorization_code", GRANT_CODE},
    {"refresh_token", "refresh_token", GRANT_REFRESH},
    {"client_credentials", "client_credentials", GRANT_CREDENTIALS},
    {"device_code", "urn:ietf:params:oauth:grant-type:device_code", GRANT_DEVICE},
    {"token_exchange", "urn:ietf:params:oauth:grant-type:token-exchange", GRANT_EXCHANGE},
};

static int need_grant(const char *name, struct given *g)
{
    for (size_t i = 0; i < sizeof grant_types / sizeof *grant_types; i++)
        if (strcmp(name, grant_types[i].given) == 0) {
            g->grants |= grant_types[i].bit;
            return CTL_OK;
        }
    return ctl_usage("--grant is authorization_code, refresh_token, client_credentials, device_code or token_exchange");
}

/* As the database has them, separated by spaces. */
static void write_grants(const struct given *g, char *out, size_t cap)
{
    size_t n = 0;

    for (size_t i = 0; i < sizeof grant_types / sizeof *grant_types; i++)
        if (g->grants & grant_types[i].bit)
            n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? " " : "", grant_types[i].type);
}

static int need_uri(const char *uri, const char **list, size_t *n)
{
    const char *why;

    if (*n == MANY)
        return ctl_usage("too many URIs");
    if (redirect_registrable(uri, &why) != OK) {
        fprintf(stderr, "antin-idpctl: %s %s\n", uri, why);
        return CTL_USAGE;
    }
    list[(*n)++] = uri;
    return CTL_OK;
}

static int read_option(int o, struct given *g)
{
    switch (o) {
    case 'i': g->id = optarg; return CTL_OK;
    case 'n': g->name = optarg; return CTL_OK;
    case 's': g->scope = optarg; return CTL_OK;
    case 'r': return need_uri(optarg, g->redirect, &g->redirects);
    case 'l': return need_uri(optarg, g->logout, &g->logouts);
    case 'a':
        g->auth = optarg;
        return strcmp(optarg, "basic") == 0 || strcmp(optarg, "post") == 0 ? CTL_OK : ctl_usage("--auth is basic or post");
    case 'g': return need_grant(optarg, g);
    case 'S': g->sector = optarg; return CTL_OK;
    case 'f': g->first_party = true; return CTL_OK;
    case 'p': g->public = true; return CTL_OK;
    case 'o': g->secret_out = optarg; return CTL_OK;
    default: return CTL_USAGE;
    }
}

static int read_args(struct ctl *c, struct given *g)
{
    static const struct option options[] = {
        {"id", required_argument, NULL, 'i'},       {"name", required_argument, NULL, 'n'},        {"scope", required_argument, NULL, 's'},
        {"redirect", required_argument, NULL, 'r'}, {"post-logout", required_argument, NULL, 'l'}, {"auth", required_argument, NULL, 'a'},
        {"grant", required_argument, NULL, 'g'},    {"sector", required_argument, NULL, 'S'},      {"first-party", no_argument, NULL, 'f'},
        {"public", no_argument, NULL, 'p'},         {"secret-out", required_argument, NULL, 'o'},  {NULL, 0, NULL, 0},
    };
    int o;

    optind = 0; /* glibc: begin anew, with this argv */
    while ((o = getopt_long(c->argc, c->argv, "", options, NULL)) != -1) {
        int code = read_option(o, g);
        if (code != CTL_OK)
            return code;
    }
    return optind == c->argc ? CTL_OK : ctl_usage("too many words");
}

static int complete(struct given *g, char scope[SCOPE_MAX + 1], char sector[256])
{
    static char all[SCOPE_MAX + 1];
    size_t words = 0;

    if (!g->id || !g->name || !g->scope)
        return ctl_usage("client add needs --id, --name and --scope");
    if (!(g->grants & ~(unsigned)(GRANT_REFRESH | GRANT_EXCHANGE))) /* these come from something */
        g->grants |= GRANT_CODE;
    if (g->public && (g->auth || g->grants & GRANT_CREDENTIALS))
        return ctl_usage("a public client has no secret");
    if (g->grants & GRANT_CODE && g->redirects == 0)
        return ctl_usage("authorization_code needs a --redirect");
    if (g->grants & GRANT_DEVICE && g->redirects == 0 && !g->sector)
        return ctl_usage("device_code without a --redirect needs a --sector (OpenID Connect Core §8.1)");
    for (const struct scope_info *s = scope_table; s->name; s++)
        words += (size_t)snprintf(all + words, sizeof all - words, "%s%s", words ? " " : "", s->name);
    if (!scope_covers(all, g->scope) || scope_select(g->scope, all, scope) != OK)
        return ctl_usage("--scope names a scope that there is not (or claims without openid)");
    sector[0] = '\0';
    if (g->sector)
        snprintf(sector, 256, "%s", g->sector);
    else if (g->redirects > 0 && subject_sector(g->redirect[0], sector, 256) != OK)
        return ctl_usage("no sector can be read from the first --redirect");
    for (size_t i = 1; !g->sector && i < g->redirects; i++) {
        char other[256];
        if (subject_sector(g->redirect[i], other, sizeof other) != OK || strcmp(other, sector) != 0)
            return ctl_usage("redirect URIs on several hosts: say which --sector subjects are made for (OpenID Connect Core §8.1)");
    }
    return CTL_OK;
}

/* A PostgreSQL array literal. The URIs hold neither quotes nor backslashes: redirect_registrable saw to it. */
static err_t array(const char *const *list, size_t n, struct buf *out)
{
    TRY(buf_add_str(out, "{"));
    for (size_t i = 0; i < n; i++)
        TRY(buf_addf(out, "%s\"%s\"", i ? "," : "", list[i]));
    return buf_add_str(out, "}");
}

static int report(struct ctl *c, const char *id, const char *secret, const char *secret_out)
{
    if (secret && secret_out && ctl_write_secret(secret_out, secret) != OK)
        return CTL_FAILED;
    return ctl_print(c, json_pack("{s:s, s:s*, s:s*}", "client_id", id, "client_secret", secret_out ? NULL : secret, "secret_file",
                                  secret ? secret_out : NULL));
}

int ctl_client_add(struct ctl *c)
{
    struct given g = {0};
    char scope[SCOPE_MAX + 1], sector[256], secret[TOKEN_CHARS + 1], grants[sizeof((struct client *)0)->grants];
    uint8_t hash[HASH_LEN];
    AUTO_BUF redirects = {0}, logouts = {0};

    int code = read_args(c, &g);
    if (code == CTL_OK)
        code = complete(&g, scope, sector);
    if (code != CTL_OK)
        return code;
    write_grants(&g, grants, sizeof grants);
    random_token(secret, TOKEN_BYTES);
    client_secret_hash(secret, hash);
    err_t e = array(g.redirect, g.redirects, &redirects);
    if (e == OK)
        e = array(g.logout, g.logouts, &logouts);
    const struct client_new row = {
        .id = g.id,
        .name = g.name,
        .auth_method = g.public                                ? "none"
                       : g.auth && strcmp(g.auth, "post") == 0 ? "client_secret_post"
                                                               : "client_secret_basic",
        .sector = sector,
        .scope = scope,
        .grants = grants,
        .secret_hash = g.public ? NULL : hash,
        .first_party = g.first_party,
        .redirect_uris = buf_str(&redirects),
        .logout_uris = buf_str(&logouts),
    };
    if (e == OK)
        e = client_add(c->app->db, &row);
    if (e != OK)
        return ctl_fail(g.id, e);
    return report(c, g.id, g.public ? NULL : secret, g.secret_out);
}

static json_t *row_json(const struct db_rows *r, int i)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s}", "client_id", db_str(r, i, 0), "name", db_str(r, i, 1), "auth",
                     db_str(r, i, 2), "first_party", db_bool(r, i, 3), "sector", db_str(r, i, 4), "scope", db_str(r, i, 5), "grants",
                     db_str(r, i, 6), "state", db_str(r, i, 7));
}

int ctl_client_list(struct ctl *c)
{
    AUTO_ROWS r = NULL;
    json_t *list = json_array();

    err_t e = client_list(c->app->db, &r);
    if (e != OK) {
        json_decref(list);
        return ctl_fail("client list", e);
    }
    for (int i = 0; i < db_count(r); i++)
        json_array_append_new(list, row_json(r, i));
    return ctl_print(c, json_pack("{s:o}", "clients", list));
}

static const char *one_id(struct ctl *c)
{
    return c->argc == 2 && c->argv[1][0] != '-' ? c->argv[1] : NULL;
}

int ctl_client_show(struct ctl *c)
{
    AUTO_ROWS uris = NULL;
    struct client k;
    const char *id = one_id(c);

    if (!id)
        return ctl_usage("client show needs one id");
    err_t e = client_get(c->app->db, id, NULL, &k);
    if (e == OK)
        e = client_uris(c->app->db, id, &uris);
    if (e != OK)
        return ctl_fail(id, e);
    json_t *redirect = json_array(), *logout = json_array();
    for (int i = 0; i < db_count(uris); i++)
        json_array_append_new(strcmp(db_str(uris, i, 0), "redirect") == 0 ? redirect : logout, json_string(db_str(uris, i, 1)));
    return ctl_print(c, json_pack("{s:s, s:s, s:s, s:o, s:b, s:s, s:s, s:s, s:s, s:o, s:o}", "client_id", k.id, "name", k.name, "auth",
                                  k.auth_method, "security", ctl_client_security(&k), "first_party", k.first_party, "sector", k.sector,
                                  "scope", k.scope, "grants", k.grants, "state", k.active ? "active" : "disabled", "redirect_uri", redirect, "post_logout_uri", logout));
}

static int set_state(struct ctl *c, const char *state)
{
    const char *id = one_id(c);

    if (!id)
        return ctl_usage("one client id is needed");
    err_t e = client_set_state(c->app->db, id, state);
    return e == OK ? ctl_print(c, json_pack("{s:s, s:s}", "client_id", id, "state", state)) : ctl_fail(id, e);
}

int ctl_client_disable(struct ctl *c)
{
    return set_state(c, "disabled");
}

int ctl_client_enable(struct ctl *c)
{
    return set_state(c, "active");
}

int ctl_client_secret(struct ctl *c)
{
    char secret[TOKEN_CHARS + 1];
    uint8_t hash[HASH_LEN];
    const char *out = c->argc == 4 && strcmp(c->argv[2], "--secret-out") == 0 ? c->argv[3] : NULL;

    if (c->argc != 2 && !out)
        return ctl_usage("client secret needs one id");
    random_token(secret, TOKEN_BYTES);
    client_secret_hash(secret, hash);
    err_t e = client_set_secret(c->app->db, c->argv[1], hash);
    return e == OK ? report(c, c->argv[1], secret, out) : ctl_fail(c->argv[1], e);
}
