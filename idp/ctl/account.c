/*
 * antin-idpctl account …, session revoke, maintain.
 * Called by ctl/main.c.
 */
#include "common/secret.h"
#include "idp/ctl/ctl.h"
#include "idp/factors/password.h"
#include "idp/rules/keeping.h"
#include "idp/rules/login.h"
#include "idp/rules/password_policy.h"
#include "idp/rules/person.h"
#include "idp/rules/secrets.h"
#include "idp/store/account.h"
#include "idp/store/audit.h"
#include "idp/store/session.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

struct given {
    const char *login, *name, *role, *password_file;
};

#define ROLES "a role is registrar or admin"

static bool is_role(const char *word)
{
    return strcmp(word, "registrar") == 0 || strcmp(word, "admin") == 0;
}

static int read_args(struct ctl *c, struct given *g)
{
    static const struct option options[] = {
        {"login", required_argument, NULL, 'l'},
        {"name", required_argument, NULL, 'n'},
        {"role", required_argument, NULL, 'r'},
        {"password-file", required_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    int o;

    optind = 0; /* glibc: begin anew, with this argv */
    while ((o = getopt_long(c->argc, c->argv, "", options, NULL)) != -1) {
        const char **to = o == 'l' ? &g->login : o == 'n' ? &g->name : o == 'r' ? &g->role : o == 'p' ? &g->password_file : NULL;
        if (!to)
            return CTL_USAGE;
        *to = optarg;
    }
    if (optind != c->argc)
        return ctl_usage("too many words");
    return g->role && !is_role(g->role) ? ctl_usage(ROLES) : CTL_OK;
}

static err_t read_password(const char *file, struct secret *out)
{
    return secret_read_file(out, strcmp(file, "-") == 0 ? "/dev/stdin" : file, PASSWORD_MAX);
}

static err_t hash_password(struct app *a, const char *login, const struct secret *password, char hash[ARGON2_STR_CAP])
{
    AUTO_BUF text = {0};

    TRY(buf_add_bytes(&text, secret_bytes(password)));
    err_t e = password_policy(buf_str(&text), login);
    if (text.ptr)
        secret_wipe(text.ptr, text.len);
    TRY(e);
    return argon2_make(a->argon, secret_bytes(password), hash);
}

static err_t create(struct app *a, const struct given *g, const char *login, const struct secret *password, char id[UUID_LEN + 1])
{
    uint8_t login_hash[HASH_LEN], wrapped[KEY_WRAPPED_LEN];
    char hash[ARGON2_STR_CAP];
    AUTO_BUF data = {0};
    AUTO_JSON person = json_pack("{s:s}", "name", g->name);

    if (!person)
        return ERR_SYNTAX; /* not UTF-8 */
    TRY(hash_password(a, login, password, hash));
    random_uuid(id);
    lookup_hash(a->keys.lookup, "login", login, login_hash);
    TRY(person_seal(a->keyd, id, person, wrapped, &data));
    const struct account_new row = {
        .id = id,
        .login_hash = login_hash,
        .data_key = BYTES(wrapped, sizeof wrapped),
        .data = buf_bytes(&data),
        .password = hash,
        .role = g->role,
        .by = ctl_actor(),
    };
    return account_create_officer(a->db, &row);
}

int ctl_account_add(struct ctl *c)
{
    struct given g = {0};
    char login[LOGIN_MAX + 1], id[UUID_LEN + 1];
    AUTO_SECRET password = {0};

    int code = read_args(c, &g);
    if (code != CTL_OK)
        return code;
    if (!g.login || !g.name || !g.password_file)
        return ctl_usage("account add needs --login, --name and --password-file");
    if (!login_normalise(g.login, login))
        return ctl_usage("--login cannot be one");
    err_t e = read_password(g.password_file, &password);
    if (e != OK)
        return ctl_fail(g.password_file, e);
    e = create(c->app, &g, login, &password, id);
    if (e != OK)
        return ctl_fail(login, e);
    return ctl_print(c, json_pack("{s:s, s:s, s:s*}", "account_id", id, "login", login, "role", g.role));
}

err_t ctl_account_find(const struct ctl *c, const char *who, struct account *out)
{
    char login[LOGIN_MAX + 1];
    uint8_t hash[HASH_LEN];

    if (strlen(who) == UUID_LEN && who[8] == '-')
        return account_by_id(c->app->db, who, out);
    if (!login_normalise(who, login))
        return ERR_DB_NONE;
    lookup_hash(c->app->keys.lookup, "login", login, hash);
    return account_by_login(c->app->db, hash, out);
}

static err_t find(struct ctl *c, char id[UUID_LEN + 1])
{
    struct account a;

    TRY(ctl_account_find(c, c->argv[1], &a));
    memcpy(id, a.id, sizeof a.id);
    return OK;
}

int ctl_account_password(struct ctl *c)
{
    char id[UUID_LEN + 1], hash[ARGON2_STR_CAP];
    AUTO_SECRET password = {0};

    if (c->argc != 4 || strcmp(c->argv[2], "--password-file") != 0)
        return ctl_usage("account password needs one account and --password-file");
    err_t e = find(c, id);
    if (e == OK)
        e = read_password(c->argv[3], &password);
    if (e == OK)
        e = hash_password(c->app, "", &password, hash);
    if (e == OK)
        e = account_set_password(c->app->db, id, hash, ctl_actor());
    return e == OK ? ctl_print(c, json_pack("{s:s}", "account_id", id)) : ctl_fail("account password", e);
}

static int set_state(struct ctl *c, const char *state)
{
    char id[UUID_LEN + 1];

    if (c->argc != 2)
        return ctl_usage("one account is needed: its id or login");
    err_t e = find(c, id);
    if (e == OK)
        e = account_set_state(c->app->db, id, state, ctl_actor());
    return e == OK ? ctl_print(c, json_pack("{s:s, s:s}", "account_id", id, "state", state)) : ctl_fail("account", e);
}

int ctl_account_lock(struct ctl *c)
{
    return set_state(c, "locked");
}

int ctl_account_unlock(struct ctl *c)
{
    return set_state(c, "active");
}

int ctl_account_role(struct ctl *c)
{
    char id[UUID_LEN + 1];

    if (c->argc != 4 || !is_role(c->argv[3]))
        return ctl_usage("account role needs one account, give or take, and a role: registrar or admin");
    bool give = strcmp(c->argv[2], "give") == 0;
    if (!give && strcmp(c->argv[2], "take") != 0)
        return ctl_usage("a role is given or taken");
    err_t e = find(c, id);
    if (e == OK)
        e = give ? account_role_give(c->app->db, id, c->argv[3], ctl_actor()) : account_role_take(c->app->db, id, c->argv[3], ctl_actor());
    return e == OK ? ctl_print(c, json_pack("{s:s, s:s, s:b}", "account_id", id, "role", c->argv[3], "has", give))
                   : ctl_fail("account role", e);
}

int ctl_session_revoke(struct ctl *c)
{
    char id[UUID_LEN + 1];
    int64_t n = 0;

    if (c->argc != 2)
        return ctl_usage("session revoke needs one account: its id or login");
    err_t e = find(c, id);
    if (e == OK)
        e = session_revoke_all(c->app->db, id, ctl_actor(), &n);
    return e == OK ? ctl_print(c, json_pack("{s:s, s:I}", "account_id", id, "sessions_ended", (json_int_t)n))
                   : ctl_fail("session revoke", e);
}

int ctl_maintain(struct ctl *c)
{
    const struct partition_lives lives = idp_lives(&c->app->conf);
    struct kept kept;

    if (c->argc > 1)
        return ctl_usage("maintain takes nothing");
    err_t e = keep_once(c->app->db, &lives, &kept);
    if (e != OK)
        return ctl_fail("maintain", e);
    return ctl_print(c, json_pack("{s:I, s:I, s:I}", "partitions_made", (json_int_t)kept.made, "partitions_dropped",
                                  (json_int_t)kept.dropped, "consents_removed", (json_int_t)kept.consents));
}
