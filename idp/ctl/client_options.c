/*
 * antin-idpctl client set: what a client may do beside signing people in, where it hears of logouts, and any other member of its metadata.
 * Called by ctl/main.c.
 */
#include "idp/ctl/client_change.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static int change(json_t *changes, const char *member, json_t *value)
{
    return json_object_set_new(changes, member, value) == 0 ? CTL_OK : ctl_usage("that is no text");
}

static int change_flag(json_t *changes, const char *member, const char *v)
{
    bool yes = strcmp(v, "yes") == 0;

    return yes || strcmp(v, "no") == 0 ? change(changes, member, json_boolean(yes)) : ctl_usage("say yes or no");
}

static json_t *or_none(const char *v)
{
    return strcmp(v, "none") == 0 ? json_null() : json_string(v);
}

/* Whoever has an address is told; so the mode follows. */
static int change_ciba(json_t *changes, json_t *uri)
{
    int code = change(changes, "backchannel_client_notification_endpoint", uri);

    return code == CTL_OK ? change(changes, "backchannel_token_delivery_mode", json_null()) : code;
}

static int change_list(json_t *changes, const char *member, const char *words)
{
    return change(changes, member, json_words(strcmp(words, "none") == 0 ? "" : words));
}

/* NAME=VALUE; the value is JSON, or else a text; an empty one takes the member away. */
static int change_any(json_t *changes, const char *v)
{
    const char *sign = strchr(v, '=');
    char name[64];
    json_t *value = NULL;

    if (!sign || sign == v || (size_t)(sign - v) >= sizeof name)
        return ctl_usage("--set is NAME=VALUE");
    snprintf(name, sizeof name, "%.*s", (int)(sign - v), v);
    if (sign[1] == '\0')
        return change(changes, name, json_null());
    if (json_parse(bytes_str(sign + 1), 65536, &value) == OK && !json_is_number(value)) /* a software_version may look like one */
        return change(changes, name, value);
    json_decref(value);
    return change(changes, name, json_string(sign + 1));
}

static int read_args(struct ctl *c, json_t *changes)
{
    static const struct option options[] = {
        {"introspect", required_argument, NULL, 'i'},         {"userinfo-signed", required_argument, NULL, 'u'},
        {"backchannel-logout", required_argument, NULL, 'b'}, {"frontchannel-logout", required_argument, NULL, 'f'},
        {"exchange", required_argument, NULL, 'e'},           {"set", required_argument, NULL, 's'},
        {"ciba-notify", required_argument, NULL, 'n'},        {NULL, 0, NULL, 0},
    };
    int given, code = CTL_OK;

    optind = 0; /* glibc: begin anew, with this argv */
    while (code == CTL_OK && (given = getopt_long(c->argc, c->argv, "", options, NULL)) != -1)
        switch (given) {
        case 'i': code = change_flag(changes, "introspects_all_tokens", optarg); break;
        case 'u': code = change_flag(changes, "userinfo_signed_response", optarg); break;
        case 'b': code = change(changes, "backchannel_logout_uri", or_none(optarg)); break;
        case 'f': code = change(changes, "frontchannel_logout_uri", or_none(optarg)); break;
        case 'e': code = change_list(changes, "token_exchange_services", optarg); break;
        case 'n': code = change_ciba(changes, or_none(optarg)); break;
        case 's': code = change_any(changes, optarg); break;
        default: code = CTL_USAGE;
        }
    return code;
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

int ctl_client_set(struct ctl *c)
{
    AUTO_JSON changes = json_object();
    AUTO_CLIENT now = {0};
    struct client_fault fault = {0};
    char secret[TOKEN_CHARS + 1] = "";

    int code = changes ? read_args(c, changes) : CTL_FAILED;
    if (code != CTL_OK)
        return code;
    if (optind != c->argc - 1)
        return ctl_usage("client set needs one id");
    const char *id = c->argv[optind];
    err_t e = ctl_client_change(c, id, changes, "client.changed", &now, secret, &fault);
    if (e != OK)
        return ctl_client_fail(id, e, &fault);
    return ctl_print(c, json_pack("{s:s, s:b, s:b, s:s, s:s, s:s, s:s, s:s*}", "client_id", id, "introspect", now.introspect,
                                  "userinfo_signed", now.userinfo_signed, "backchannel_logout_uri", or_empty(now.backchannel_uri),
                                  "frontchannel_logout_uri", or_empty(now.frontchannel_uri), "exchange", or_empty(now.exchange),
                                  "ciba_notify", or_empty(now.ciba_notify_uri), "client_secret", *secret ? secret : NULL));
}
