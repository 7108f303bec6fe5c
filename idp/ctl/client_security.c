/*
 * antin-idpctl client secure: how a client proves who it is, and what it must do beyond.
 * Called by ctl/main.c. RFC 7523, RFC 8705, RFC 9126, RFC 9101, RFC 9449; FAPI 2.0.
 */
#include "common/jose.h"
#include "idp/ctl/ctl.h"
#include "idp/rules/client_auth.h"
#include "idp/store/client.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define JWKS_TEXT_MAX 16384

struct given {
    struct client_security row;
    const char *jwks_file, *certificate, *secret_out;
    char match[sizeof "x5t:" + X5T_LEN];
};

static const char *const auth_methods[] = {
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
    NULL,
};

static bool one_of(const char *s, const char *const *list)
{
    while (*list && strcmp(*list, s) != 0)
        list++;
    return *list != NULL;
}

static int read_option(int o, struct given *g)
{
    static const char *const profiles[] = {"none", "fapi2-security", "fapi2-message-signing", NULL};

    switch (o) {
    case 'a': g->row.auth_method = optarg; return one_of(optarg, auth_methods) ? CTL_OK : ctl_usage("--auth names no method");
    case 'j': g->jwks_file = optarg; return CTL_OK;
    case 't':
        g->row.tls_match = optarg;
        return client_cert_match_ok(optarg) ? CTL_OK : ctl_usage("--tls is dn:, dns:, uri:, ip:, email: and a value");
    case 'c': g->certificate = optarg; return CTL_OK;
    case 'p': g->row.par_required = true; return CTL_OK;
    case 'O': g->row.object_required = true; return CTL_OK;
    case 'd': g->row.dpop_required = true; return CTL_OK;
    case 'n': g->row.dpop_nonce = true; return CTL_OK;
    case 'b': g->row.cert_bound = true; return CTL_OK;
    case 'P':
        g->row.profile = strcmp(optarg, "none") == 0 ? "" : optarg;
        return one_of(optarg, profiles) ? CTL_OK : ctl_usage("--profile names none");
    case 'o': g->secret_out = optarg; return CTL_OK;
    default: return CTL_USAGE;
    }
}

static int read_args(struct ctl *c, struct given *g)
{
    static const struct option options[] = {
        {"auth", required_argument, NULL, 'a'},
        {"jwks", required_argument, NULL, 'j'},
        {"tls", required_argument, NULL, 't'},
        {"certificate", required_argument, NULL, 'c'},
        {"require-par", no_argument, NULL, 'p'},
        {"require-object", no_argument, NULL, 'O'},
        {"dpop", no_argument, NULL, 'd'},
        {"dpop-nonce", no_argument, NULL, 'n'},
        {"certificate-bound", no_argument, NULL, 'b'},
        {"profile", required_argument, NULL, 'P'},
        {"secret-out", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    int o, code = CTL_OK;

    g->row.profile = "";
    optind = 0; /* glibc: begin anew, with this argv */
    while (code == CTL_OK && (o = getopt_long(c->argc, c->argv, "", options, NULL)) != -1)
        code = read_option(o, g);
    return code == CTL_OK && optind != c->argc - 1 ? ctl_usage("one client id is needed") : code;
}

/* Keys that could never verify anything are noticed now, and private ones above all. */
static int check_jwks(struct given *g, const struct buf *text)
{
    AUTO_JSON json = NULL;
    AUTO(jwks_free) struct jwks set = {0};

    if (json_parse(buf_bytes(text), JWKS_TEXT_MAX, &json) != OK || jwks_parse(json, &set) != OK || set.n == 0)
        return ctl_usage("--jwks holds no set of public keys (ES256, ES384, EdDSA, PS256, RS256; no private parts)");
    for (size_t i = 0; g->row.profile[0] && i < set.n; i++)
        if (set.key[i].alg == JOSE_RS256)
            return ctl_usage("the profile allows no RS256: give RSA keys the alg PS256 (FAPI 2.0 §5.4.1)");
    g->row.jwks = buf_str(text);
    return CTL_OK;
}

static int read_jwks(struct given *g, struct buf *text)
{
    AUTO_SECRET file = {0};

    if (secret_read_file(&file, g->jwks_file, JWKS_TEXT_MAX) != OK || buf_copy(text, secret_bytes(&file)) != OK)
        return ctl_usage("--jwks cannot be read");
    return check_jwks(g, text);
}

static int use_certificate(struct given *g)
{
    AUTO_X509 cert = NULL;
    char x5t[X5T_LEN + 1];

    if (x509_load(g->certificate, &cert) != OK || client_cert_thumbprint(cert, x5t) != OK)
        return ctl_usage("--certificate is no certificate");
    snprintf(g->match, sizeof g->match, "x5t:%s", x5t);
    g->row.tls_match = g->match;
    return CTL_OK;
}

static bool is(const struct given *g, const char *method)
{
    return g->row.auth_method && strcmp(g->row.auth_method, method) == 0;
}

static int complete(const struct given *g)
{
    bool tls = is(g, "tls_client_auth") || is(g, "self_signed_tls_client_auth");

    if (tls != (g->row.tls_match != NULL))
        return ctl_usage("tls_client_auth goes with --tls, self_signed_tls_client_auth with --certificate");
    if (tls && is(g, "self_signed_tls_client_auth") != (strncmp(g->row.tls_match, "x5t:", 4) == 0))
        return ctl_usage("tls_client_auth goes with --tls, self_signed_tls_client_auth with --certificate");
    if (is(g, "private_key_jwt") && !g->row.jwks)
        return ctl_usage("private_key_jwt needs --jwks");
    if (g->row.profile[0] && !g->row.dpop_required && !g->row.cert_bound)
        return ctl_usage("the profile needs --dpop or --certificate-bound (FAPI 2.0 §5.3.2.1)");
    return CTL_OK;
}

static int store(struct ctl *c, const struct given *g, const char *id)
{
    char secret[TOKEN_CHARS + 1];
    uint8_t hash[HASH_LEN];
    AUTO_BUF sealed = {0};
    struct client_security row = g->row;
    bool hashed = is(g, "client_secret_basic") || is(g, "client_secret_post"), shared = is(g, "client_secret_jwt");
    err_t e = OK;

    random_token(secret, TOKEN_BYTES);
    client_secret_hash(secret, hash);
    if (hashed)
        row.secret_hash = hash;
    if (shared)
        e = assertion_seal_secret(c->app->keys.seal, id, secret, &sealed);
    row.secret_sealed = buf_bytes(&sealed);
    if (e == OK)
        e = client_secure(c->app->db, id, &row);
    if (e != OK)
        return ctl_fail(id, e);
    if ((hashed || shared) && g->secret_out && ctl_write_secret(g->secret_out, secret) != OK)
        return CTL_FAILED;
    return ctl_print(c, json_pack("{s:s, s:s*}", "client_id", id, "client_secret", (hashed || shared) && !g->secret_out ? secret : NULL));
}

json_t *ctl_client_security(const struct client *k)
{
    const struct {
        bool on;
        const char *word;
    } all[] = {
        {k->par_required, "par"},
        {k->object_required, "request_object"},
        {k->dpop_required, "dpop"},
        {k->dpop_nonce, "dpop_nonce"},
        {k->cert_bound, "certificate_bound"},
        {k->fapi && !k->fapi_signed, "fapi2-security"},
        {k->fapi_signed, "fapi2-message-signing"},
    };
    json_t *list = json_array();

    for (size_t i = 0; list && i < sizeof all / sizeof *all; i++)
        if (all[i].on)
            json_array_append_new(list, json_string(all[i].word));
    return list;
}

int ctl_client_secure(struct ctl *c)
{
    struct given g = {0};
    AUTO_BUF jwks = {0};

    int code = read_args(c, &g);
    if (code == CTL_OK && g.jwks_file)
        code = read_jwks(&g, &jwks);
    if (code == CTL_OK && g.certificate)
        code = use_certificate(&g);
    if (code == CTL_OK)
        code = complete(&g);
    return code == CTL_OK ? store(c, &g, c->argv[optind]) : code;
}
