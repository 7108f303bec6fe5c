/*
 * antin-idpctl client add, list, show, disable, enable, remove, secret: registering relying parties and services.
 * Called by ctl/main.c.
 */
#include "idp/ctl/client_change.h"
#include "idp/store/client.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* What the words of a command line say, as client metadata. */
struct given {
    json_t *doc;
    const char *secret_out;
};

static void given_free(struct given *g)
{
    json_decref(g->doc);
}

static int say(struct given *g, const char *member, json_t *value)
{
    return json_object_set_new(g->doc, member, value) == 0 ? CTL_OK : ctl_usage("that is no text");
}

static int say_more(struct given *g, const char *member, const char *value)
{
    if (!json_object_get(g->doc, member) && say(g, member, json_array()) != CTL_OK)
        return CTL_USAGE;
    return json_array_append_new(json_object_get(g->doc, member), json_string(value)) == 0 ? CTL_OK : ctl_usage("that is no text");
}

static int say_grant(struct given *g, const char *word)
{
    for (const struct grant_type *t = grant_types; t->name; t++)
        if (strcmp(word, t->word) == 0)
            return say_more(g, "grant_types", t->name);
    fputs("antin-idpctl: --grant is one of", stderr);
    for (const struct grant_type *t = grant_types; t->name; t++)
        fprintf(stderr, " %s", t->word);
    fputs("\n", stderr);
    return CTL_USAGE;
}

static int say_auth(struct given *g, const char *word)
{
    bool post = strcmp(word, "post") == 0;

    if (!post && strcmp(word, "basic") != 0)
        return ctl_usage("--auth is basic or post");
    if (json_object_get(g->doc, "token_endpoint_auth_method"))
        return ctl_usage("a public client has no secret");
    return say(g, "token_endpoint_auth_method", json_string(post ? "client_secret_post" : "client_secret_basic"));
}

static int say_public(struct given *g)
{
    if (json_object_get(g->doc, "token_endpoint_auth_method"))
        return ctl_usage("a public client has no secret");
    return say(g, "token_endpoint_auth_method", json_string("none"));
}

static int read_option(int o, struct given *g)
{
    switch (o) {
    case 'i': return say(g, "client_id", json_string(optarg));
    case 'n': return say(g, "client_name", json_string(optarg));
    case 's': return say(g, "scope", json_string(optarg));
    case 'r': return say_more(g, "redirect_uris", optarg);
    case 'l': return say_more(g, "post_logout_redirect_uris", optarg);
    case 'a': return say_auth(g, optarg);
    case 'g': return say_grant(g, optarg);
    case 'S': return say(g, "sector_identifier", json_string(optarg));
    case 'f': return say(g, "first_party", json_true());
    case 'p': return say_public(g);
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
    if (optind != c->argc)
        return ctl_usage("too many words");
    if (!json_object_get(g->doc, "client_id") || !json_object_get(g->doc, "client_name") || !json_object_get(g->doc, "scope"))
        return ctl_usage("client add needs --id, --name and --scope");
    return CTL_OK;
}

/* A grant that comes from something gets the usual something. */
static int complete(struct given *g)
{
    const json_t *said = json_object_get(g->doc, "grant_types");
    bool alone = false;

    for (size_t i = 0; i < json_array_size(said); i++)
        for (const struct grant_type *t = grant_types; t->name; t++)
            alone |= t->alone && strcmp(json_string_value(json_array_get(said, i)), t->name) == 0;
    return alone ? CTL_OK : say_more(g, "grant_types", "authorization_code");
}

int ctl_client_add(struct ctl *c)
{
    AUTO(given_free) struct given g = {.doc = json_object()};
    AUTO_CLIENT client = {0};
    struct client_fault fault = {0};
    char secret[TOKEN_CHARS + 1] = "";

    int code = g.doc ? read_args(c, &g) : CTL_FAILED;
    if (code == CTL_OK)
        code = complete(&g);
    if (code != CTL_OK)
        return code;
    const struct registry r = ctl_registry(c);
    err_t e = client_metadata_read(g.doc, true, &client, &fault);
    if (e == OK)
        e = registry_add(&r, &client, &(struct client_birth){.state = "active"}, secret, &fault);
    if (e != OK)
        return ctl_client_fail(client.id[0] ? client.id : "client", e, &fault);
    return ctl_client_report(c, client.id, secret, g.secret_out);
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

    err_t e = client_page(c->app->db, "", INT32_MAX, NULL, &r);
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

static json_t *uris_of(const struct db_rows *uris, const char *kind)
{
    json_t *list = json_array();

    for (int i = 0; list && i < db_count(uris); i++)
        if (strcmp(db_str(uris, i, 0), kind) == 0)
            json_array_append_new(list, json_string(db_str(uris, i, 1)));
    return list;
}

int ctl_client_show(struct ctl *c)
{
    AUTO_ROWS uris = NULL;
    AUTO_CLIENT full = {0};
    struct client k;
    const char *id = one_id(c);

    if (!id)
        return ctl_usage("client show needs one id");
    err_t e = client_record_get(c->app->db, id, &full);
    if (e == OK)
        e = client_get(c->app->db, id, NULL, &k);
    if (e == OK)
        e = client_uris(c->app->db, id, &uris);
    if (e != OK)
        return ctl_fail(id, e);
    return ctl_print(c, json_pack("{s:s, s:s, s:s, s:o, s:b, s:s, s:s, s:s, s:s, s:o, s:o}", "client_id", k.id, "name", k.name, "auth",
                                  k.auth_method, "security", ctl_client_security(&k), "first_party", k.first_party, "sector", k.sector,
                                  "scope", k.scope, "grants", k.grants, "state", full.state, "redirect_uri", uris_of(uris, "redirect"),
                                  "post_logout_uri", uris_of(uris, "logout")));
}

static int set_state(struct ctl *c, const char *state)
{
    const char *id = one_id(c);

    if (!id)
        return ctl_usage("one client id is needed");
    err_t e = client_set_state(c->app->db, id, state, ctl_actor());
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

int ctl_client_remove(struct ctl *c)
{
    const char *id = one_id(c);

    if (!id)
        return ctl_usage("one client id is needed");
    err_t e = client_record_remove(c->app->db, id, ctl_actor());
    return e == OK ? ctl_print(c, json_pack("{s:s, s:s}", "client_id", id, "state", "removed")) : ctl_fail(id, e);
}

int ctl_client_secret(struct ctl *c)
{
    char secret[TOKEN_CHARS + 1];
    const char *out = c->argc == 4 && strcmp(c->argv[2], "--secret-out") == 0 ? c->argv[3] : NULL;

    if (c->argc != 2 && !out)
        return ctl_usage("client secret needs one id");
    const struct registry r = ctl_registry(c);
    err_t e = registry_secret(&r, c->argv[1], secret);
    return e == OK ? ctl_client_report(c, c->argv[1], secret, out) : ctl_fail(c->argv[1], e);
}
