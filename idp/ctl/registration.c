/*
 * antin-idpctl registration-token add, list, revoke: the tokens that software registers itself with.
 * Called by ctl/main.c. RFC 7591 §3.
 */
#include "common/secret.h"
#include "idp/ctl/client_change.h"
#include "idp/rules/registration_token.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct given {
    json_t *asked;
    const char *token_out;
};

static void given_free(struct given *g)
{
    json_decref(g->asked);
}

static int ask(struct given *g, const char *member, json_t *value)
{
    return json_object_set_new(g->asked, member, value) == 0 ? CTL_OK : ctl_usage("that is no text");
}

static int ask_number(struct given *g, const char *member, const char *v)
{
    if (!*v || strlen(v) > 7 || v[strspn(v, "0123456789")] != '\0')
        return ctl_usage("that is no number");
    return ask(g, member, json_integer(strtoll(v, NULL, 10)));
}

static int ask_policy(struct given *g, const char *file)
{
    AUTO_SECRET text = {0}; /* no secret, but read in one go and bounded */
    json_t *policy = NULL;

    if (secret_read_file(&text, strcmp(file, "-") == 0 ? "/dev/stdin" : file, POLICY_MAX) != OK)
        return ctl_usage("--policy cannot be read");
    if (json_parse(secret_bytes(&text), POLICY_MAX, &policy) != OK)
        return ctl_usage("--policy holds no JSON");
    return ask(g, "policy", policy);
}

static int read_args(struct ctl *c, struct given *g)
{
    static const struct option options[] = {
        {"name", required_argument, NULL, 'n'}, {"policy", required_argument, NULL, 'p'},    {"uses", required_argument, NULL, 'u'},
        {"days", required_argument, NULL, 'd'}, {"token-out", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0},
    };
    int o, code = CTL_OK;

    optind = 0; /* glibc: begin anew, with this argv */
    while (code == CTL_OK && (o = getopt_long(c->argc, c->argv, "", options, NULL)) != -1)
        switch (o) {
        case 'n': code = ask(g, "name", json_string(optarg)); break;
        case 'p': code = ask_policy(g, optarg); break;
        case 'u': code = ask_number(g, "uses", optarg); break;
        case 'd': code = ask_number(g, "days", optarg); break;
        case 'o': g->token_out = optarg; break;
        default: code = CTL_USAGE;
        }
    if (code == CTL_OK && (optind != c->argc || !json_object_get(g->asked, "name") || !json_object_get(g->asked, "policy")))
        return ctl_usage("registration-token add needs --name and --policy");
    return code;
}

int ctl_registration_add(struct ctl *c)
{
    AUTO(given_free) struct given g = {.asked = json_object()};
    AUTO_JSON made = NULL;
    struct client_fault fault = {0};

    int code = g.asked ? read_args(c, &g) : CTL_FAILED;
    if (code != CTL_OK)
        return code;
    err_t e = registration_token_make(c->app->db, g.asked, ctl_actor(), &made, &fault);
    if (e != OK)
        return ctl_client_fail("registration-token add", e, &fault);
    if (g.token_out) {
        if (ctl_write_secret(g.token_out, json_string_value(json_object_get(made, "initial_access_token"))) != OK)
            return CTL_FAILED;
        json_object_del(made, "initial_access_token");
        json_object_set_new(made, "token_file", json_string(g.token_out));
    }
    return ctl_print(c, take(&made));
}

int ctl_registration_list(struct ctl *c)
{
    AUTO_JSON list = NULL;

    err_t e = registration_tokens_tell(c->app->db, &list);
    return e == OK ? ctl_print(c, take(&list)) : ctl_fail("registration-token list", e);
}

int ctl_registration_revoke(struct ctl *c)
{
    if (c->argc != 2)
        return ctl_usage("registration-token revoke needs one id");
    err_t e = registration_token_revoke(c->app->db, c->argv[1], ctl_actor());
    return e == OK ? ctl_print(c, json_pack("{s:s, s:s}", "id", c->argv[1], "state", "revoked")) : ctl_fail(c->argv[1], e);
}
