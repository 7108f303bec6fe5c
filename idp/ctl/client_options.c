/*
 * antin-idpctl client set: what a client may do beside signing people in, and where it hears of logouts.
 * Called by ctl/main.c.
 */
#include "idp/store/client_options.h"
#include "idp/ctl/ctl.h"
#include "idp/rules/redirect.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static int read_flag(const char *v, int *out)
{
    *out = strcmp(v, "yes") == 0;
    return *out || strcmp(v, "no") == 0 ? CTL_OK : ctl_usage("say yes or no");
}

static int read_uri(const char *v, const char **out)
{
    const char *why = NULL;

    *out = strcmp(v, "none") == 0 ? "" : v;
    if (!**out || redirect_registrable(v, &why) == OK)
        return CTL_OK;
    fprintf(stderr, "antin-idpctl: %s %s\n", v, why);
    return CTL_USAGE;
}

static int read_args(struct ctl *c, struct client_options *o)
{
    static const struct option options[] = {
        {"introspect", required_argument, NULL, 'i'},         {"userinfo-signed", required_argument, NULL, 'u'},
        {"backchannel-logout", required_argument, NULL, 'b'}, {"frontchannel-logout", required_argument, NULL, 'f'},
        {"exchange", required_argument, NULL, 'e'},           {NULL, 0, NULL, 0},
    };
    int given, code = CTL_OK;

    optind = 0; /* glibc: begin anew, with this argv */
    while (code == CTL_OK && (given = getopt_long(c->argc, c->argv, "", options, NULL)) != -1)
        switch (given) {
        case 'i': code = read_flag(optarg, &o->introspect); break;
        case 'u': code = read_flag(optarg, &o->userinfo_signed); break;
        case 'b': code = read_uri(optarg, &o->backchannel_uri); break;
        case 'e': o->exchange = strcmp(optarg, "none") == 0 ? "" : optarg; break;
        case 'f': code = read_uri(optarg, &o->frontchannel_uri); break;
        default: code = CTL_USAGE;
        }
    return code;
}

int ctl_client_set(struct ctl *c)
{
    struct client_options o = {.introspect = -1, .userinfo_signed = -1};
    AUTO_ROWS r = NULL;

    int code = read_args(c, &o);
    if (code != CTL_OK)
        return code;
    if (optind != c->argc - 1)
        return ctl_usage("client set needs one id");
    const char *id = c->argv[optind];
    err_t e = client_options_set(c->app->db, id, &o);
    if (e == OK)
        e = client_options_get(c->app->db, id, &r);
    if (e != OK)
        return ctl_fail(id, e);
    return ctl_print(c, json_pack("{s:s, s:b, s:b, s:s, s:s, s:s}", "client_id", id, "introspect", db_bool(r, 0, 0), "userinfo_signed",
                                  db_bool(r, 0, 1), "backchannel_logout_uri", db_str(r, 0, 2), "frontchannel_logout_uri", db_str(r, 0, 3),
                                  "exchange", db_str(r, 0, 4)));
}
