/*
 * antin-idpctl client secure: how a client proves who it is, and what it must do beyond.
 * Called by ctl/main.c. RFC 7523, RFC 8705, RFC 9126, RFC 9101, RFC 9449; FAPI 2.0.
 */
#include "idp/ctl/client_change.h"
#include "idp/rules/client_cert.h"
#include "idp/store/client.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define JWKS_TEXT_MAX 16384

struct given {
    json_t *changes; /* of the client's metadata */
    const char *auth, *tls, *jwks_file, *certificate, *secret_out;
};

static void given_free(struct given *g)
{
    json_decref(g->changes);
}

static int change(struct given *g, const char *member, json_t *value)
{
    return json_object_set_new(g->changes, member, value) == 0 ? CTL_OK : ctl_usage("that is no text");
}

/* Flags: an option that is said turns its member on, any other one off. */
static const struct {
    int option;
    const char *member;
} flags[] = {
    {'p', "require_pushed_authorization_requests"},
    {'O', "require_signed_request_object"},
    {'d', "dpop_bound_access_tokens"},
    {'n', "dpop_nonce_required"},
    {'b', "tls_client_certificate_bound_access_tokens"},
};
#define NFLAGS (sizeof flags / sizeof *flags)

static int read_option(int o, struct given *g)
{
    switch (o) {
    case 'a': g->auth = optarg; return CTL_OK;
    case 'j': g->jwks_file = optarg; return CTL_OK;
    case 't':
        g->tls = optarg;
        return strncmp(optarg, "x5t:", 4) != 0 ? CTL_OK : ctl_usage("--tls is dn:, dns:, uri:, ip:, email: and a value");
    case 'c': g->certificate = optarg; return CTL_OK;
    case 'P': return change(g, "security_profile", strcmp(optarg, "none") == 0 ? json_null() : json_string(optarg));
    case 'o': g->secret_out = optarg; return CTL_OK;
    default: break;
    }
    for (size_t i = 0; i < NFLAGS; i++)
        if (flags[i].option == o)
            return change(g, flags[i].member, json_true());
    return CTL_USAGE;
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
    int o, code = change(g, "security_profile", json_null());

    for (size_t i = 0; code == CTL_OK && i < NFLAGS; i++)
        code = change(g, flags[i].member, json_false());
    optind = 0; /* glibc: begin anew, with this argv */
    while (code == CTL_OK && (o = getopt_long(c->argc, c->argv, "", options, NULL)) != -1)
        code = read_option(o, g);
    return code == CTL_OK && optind != c->argc - 1 ? ctl_usage("one client id is needed") : code;
}

static int read_jwks(struct given *g)
{
    AUTO_SECRET file = {0};
    json_t *keys = NULL;

    if (!g->jwks_file)
        return CTL_OK;
    if (secret_read_file(&file, g->jwks_file, JWKS_TEXT_MAX) != OK)
        return ctl_usage("--jwks cannot be read");
    if (json_parse(secret_bytes(&file), JWKS_TEXT_MAX, &keys) != OK)
        return ctl_usage("--jwks holds no set of public keys");
    return change(g, "jwks", keys);
}

static int read_certificate(struct given *g)
{
    AUTO_X509 cert = NULL;
    char x5t[X5T_LEN + 1];

    if (!g->certificate)
        return CTL_OK;
    if (x509_load(g->certificate, &cert) != OK || client_cert_thumbprint(cert, x5t) != OK)
        return ctl_usage("--certificate is no certificate");
    return change(g, "tls_client_certificate", json_sprintf("x5t:%s", x5t));
}

/* A method that is said brings its own certificate, or none; keys stay, since requests may be signed with them. */
static int read_method(struct given *g)
{
    static const char *const of_method[] = {"tls_client_auth_subject_dn", "tls_client_auth_san_dns",   "tls_client_auth_san_uri",
                                            "tls_client_auth_san_ip",     "tls_client_auth_san_email", "token_endpoint_auth_signing_alg"};
    int code = CTL_OK;

    if (!g->auth)
        return g->tls || g->certificate ? ctl_usage("tls_client_auth goes with --tls, self_signed_tls_client_auth with --certificate")
                                        : CTL_OK;
    for (size_t i = 0; code == CTL_OK && i < sizeof of_method / sizeof *of_method; i++)
        code = change(g, of_method[i], json_null());
    if (code == CTL_OK && !g->certificate)
        code = change(g, "tls_client_certificate", g->tls ? json_string(g->tls) : json_null());
    return code == CTL_OK ? change(g, "token_endpoint_auth_method", json_string(g->auth)) : code;
}

/* A method that is said with a secret gives a new one, whatever it was before. */
static int store(struct ctl *c, const struct given *g, const char *id)
{
    const struct registry r = ctl_registry(c);
    AUTO_CLIENT now = {0};
    struct client_fault fault = {0};
    char secret[TOKEN_CHARS + 1] = "";

    err_t e = ctl_client_change(c, id, g->changes, "client.security", &now, secret, &fault);
    if (e == OK && g->auth && !*secret && client_secret_kind(g->auth) != SECRET_NONE)
        e = registry_secret(&r, id, secret);
    return e == OK ? ctl_client_report(c, id, secret, g->secret_out) : ctl_client_fail(id, e, &fault);
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
    AUTO(given_free) struct given g = {.changes = json_object()};

    int code = g.changes ? read_args(c, &g) : CTL_FAILED;
    if (code == CTL_OK)
        code = read_jwks(&g);
    if (code == CTL_OK)
        code = read_certificate(&g);
    if (code == CTL_OK)
        code = read_method(&g);
    return code == CTL_OK ? store(c, &g, c->argv[optind]) : code;
}
