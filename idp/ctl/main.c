/*
 * antin-idpctl: clients, officers' accounts, sessions, consents, keys and the audit log at the command line. Reads the daemon's configuration.
 * Run by the operator. See docs/man/antin-idpctl.1.
 */
#include "common/log.h"
#include "idp/ctl/ctl.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef ANTIN_VERSION
#define ANTIN_VERSION "0.1"
#endif

static const struct {
    const char *noun, *verb; /* verb NULL: the noun stands alone */
    ctl_fn *run;
    const char *usage;
} commands[] = {
    {"client", "add", ctl_client_add,
     "client add --id ID --name NAME --scope \"openid …\" [--redirect URI]… [--post-logout URI]… [--public | --auth basic|post]\n"
     "           [--grant authorization_code|refresh_token|client_credentials|device_code|token_exchange|ciba]… [--sector HOST[:PORT]] "
     "[--first-party] [--secret-out FILE]\n"
     "    Registers a client. Its secret is printed once, or written to FILE (mode 0600)."},
    {"client", "list", ctl_client_list, "client list\n    Lists all clients."},
    {"client", "show", ctl_client_show, "client show ID\n    One client, with its URIs."},
    {"client", "disable", ctl_client_disable, "client disable ID\n    Refuses it from now on."},
    {"client", "enable", ctl_client_enable, "client enable ID\n    Takes it again."},
    {"client", "remove", ctl_client_remove,
     "client remove ID\n    Takes away its keys, secrets and addresses; its id is never given again."},
    {"client", "secret", ctl_client_secret, "client secret ID [--secret-out FILE]\n    Gives it a new secret; the old one ends at once."},
    {"client", "set", ctl_client_set,
     "client set ID [--introspect yes|no] [--userinfo-signed yes|no] [--backchannel-logout URI|none] [--frontchannel-logout URI|none]\n"
     "           [--exchange \"ID …\"|none] [--ciba-notify URI|none] [--set NAME=VALUE]…\n"
     "    What it may do beside signing people in, and where it hears of logouts and answers. --set takes any member of its metadata (RFC "
     "7591): VALUE "
     "is JSON\n"
     "    or else a text; an empty one takes the member away."},
    {"client", "secure", ctl_client_secure,
     "client secure ID [--auth METHOD] [--jwks FILE] [--tls KIND:VALUE] [--certificate FILE] [--require-par] [--require-object] [--dpop]\n"
     "              [--dpop-nonce] [--certificate-bound] [--profile none|fapi2-security|fapi2-message-signing] [--secret-out FILE]\n"
     "    How it proves who it is, and what it must do beyond; what is not said is off. Without --auth and --jwks those stay."},
    {"client", "tokens", ctl_client_tokens,
     "client tokens ID [--id-token ALG] [--userinfo ALG] [--introspection ALG] [--authorization ALG]\n"
     "              [--id-token-encryption \"ALG [ENC]\"] [--userinfo-encryption \"ALG [ENC]\"]\n"
     "    What it is told, signed by ES256, ES384, EdDSA, RS256, PS256 or the default, and encrypted to the key in its jwks with use enc: "
     "none,\n"
     "    RSA-OAEP or ECDH-ES, with A128CBC-HS256 or A256GCM. What is not said stays; without an option it is shown."},
    {"client", "export", ctl_client_export,
     "client export [ID…]\n    Their metadata as JSON (RFC 7591), without secrets; without an id all of them."},
    {"client", "import", ctl_client_import,
     "client import FILE [--replace] [--secrets-dir DIR]\n"
     "    Registers clients from such JSON (FILE - is standard input); with --replace also in place of those that are there."},
    {"registration-token", "add", ctl_registration_add,
     "registration-token add --name NAME --policy FILE [--uses N] [--days N] [--token-out FILE]\n"
     "    A token that software registers itself with (RFC 7591): once and within 7 days unless said otherwise, inside the policy (JSON)."},
    {"registration-token", "list", ctl_registration_list, "registration-token list\n    All of them, with their policies."},
    {"registration-token", "revoke", ctl_registration_revoke,
     "registration-token revoke ID\n    Nobody registers with it any more; its clients stay."},
    {"account", "add", ctl_account_add,
     "account add --login NAME --name \"FULL NAME\" [--role registrar|admin] --password-file FILE\n"
     "    An officer's account, usable at once. FILE - is standard input."},
    {"account", "password", ctl_account_password,
     "account password ID|LOGIN --password-file FILE\n    A new password; its sessions end and its tokens die. Citizens get an activation "
     "code instead."},
    {"account", "lock", ctl_account_lock, "account lock ID|LOGIN\n    Locks an account: its sessions end, its tokens die."},
    {"account", "unlock", ctl_account_unlock, "account unlock ID|LOGIN\n    Unlocks it."},
    {"account", "role", ctl_account_role,
     "account role ID|LOGIN give|take registrar|admin\n    What an officer may do beside signing in; asked at every use, so it is gone at "
     "once."},
    {"account", "show", ctl_account_show, "account show ID|LOGIN\n    State, level and roles; no personal data."},
    {"session", "list", ctl_session_list, "session list ID|LOGIN\n    Live sessions of an account."},
    {"session", "end", ctl_session_end, "session end SID\n    Ends one session, with what was granted in it."},
    {"session", "revoke", ctl_session_revoke, "session revoke ID|LOGIN\n    Ends all sessions of an account and kills its tokens."},
    {"consent", "list", ctl_consent_list, "consent list ID|LOGIN\n    Whom an account shares what with."},
    {"consent", "remove", ctl_consent_remove,
     "consent remove ID|LOGIN CLIENT\n    Takes it back: the client's tokens for this account die."},
    {"grant", "list", ctl_grant_list, "grant list ID|LOGIN\n    What clients may do now in an account's name."},
    {"grant", "revoke", ctl_grant_revoke, "grant revoke ID\n    Ends one, with all its tokens."},
    {"audit", "search", ctl_audit_search,
     "audit search [--event NAME|FAMILY.*] [--account ID|LOGIN] [--by ID|LOGIN] [--client ID] [--from TIME] [--to TIME]\n"
     "             [--limit N] [--after CURSOR] [--format json|ndjson|csv]\n"
     "    Reads the audit log, the newest first. Times as 2026-11-24T08:00:00+07:00."},
    {"key", "list", ctl_key_list, "key list\n    The token keys that keyd has."},
    {"key", "rotate", ctl_key_rotate,
     "key rotate\n    A successor for each token key, unless one waits already: published now, signing after keyd's overlap."},
    {"maintain", NULL, ctl_maintain,
     "maintain\n    Makes partitions ahead and drops those whose time is over, as the daemon does every hour."},
};

static int print_help(FILE *to)
{
    fputs("usage: antin-idpctl [-c FILE] [--json] COMMAND …\n"
          "  -c, --config FILE   configuration of antin-idpd (default /etc/antin/idpd.conf)\n"
          "      --json          results as JSON\n"
          "      --help          this text; after a command: that command's\n"
          "      --version       print the version\n\ncommands:\n",
          to);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %s\n", commands[i].usage);
    fputs("\nexit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 exists already\n", to);
    return to == stdout ? CTL_OK : CTL_USAGE;
}

int ctl_usage(const char *what)
{
    fprintf(stderr, "antin-idpctl: %s (see antin-idpctl --help)\n", what);
    return CTL_USAGE;
}

/* The user id of the login, which the kernel keeps through su and sudo (pam_loginuid); -1 when nobody logged in. */
static long login_id(void)
{
    char text[32], *end = text;
    FILE *f = fopen("/proc/self/loginuid", "re");
    long id = f && fgets(text, sizeof text, f) ? strtol(text, &end, 10) : -1;

    if (f)
        fclose(f);
    return end == text || id < 0 || id >= UINT32_MAX ? -1 : id;
}

const struct actor *ctl_actor(void)
{
    static char who[32];
    static const struct actor actor = {.operator= who };
    long id = login_id();

    snprintf(who, sizeof who, "uid %ld", id < 0 ? (long)getuid() : id);
    return &actor;
}

static const char *in_words(err_t e)
{
    switch (e) {
    case ERR_DB_DOWN: return "the database does not answer";
    case ERR_KEYD_DOWN: return "keyd does not answer";
    case ERR_DB_CONFLICT: return "exists already";
    case ERR_DB_NONE: return "not found";
    case ERR_PASSWORD_SHORT: return "the password is too short (8 characters at least)";
    case ERR_PASSWORD_LONG: return "the password is too long (256 bytes at most)";
    case ERR_PASSWORD_WEAK: return "the password is one that others would try first";
    default: return err_info(e)->name;
    }
}

int ctl_fail(const char *what, err_t e)
{
    fprintf(stderr, "antin-idpctl: %s: %s\n", what, in_words(e));
    return e == ERR_DB_NONE ? CTL_NOT_FOUND : e == ERR_DB_CONFLICT ? CTL_EXISTS : CTL_FAILED;
}

static void print_members(const json_t *object);

static void print_value(const char *name, const json_t *v)
{
    if (json_is_string(v))
        printf("%s: %s\n", name, json_string_value(v));
    else if (json_is_integer(v))
        printf("%s: %lld\n", name, (long long)json_integer_value(v));
    else if (json_is_boolean(v))
        printf("%s: %s\n", name, json_is_true(v) ? "yes" : "no");
    else if (json_is_object(v)) {
        print_members(v);
        puts("");
    }
    for (size_t i = 0; i < json_array_size(v); i++)
        print_value(name, json_array_get(v, i));
}

static void print_members(const json_t *object)
{
    json_t *o = (json_t *)object; /* jansson's iterators take no const */

    for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i))
        print_value(json_object_iter_key(i), json_object_iter_value(i));
}

int ctl_print(const struct ctl *c, json_t *j)
{
    AUTO_JSON mine = j;

    if (!mine)
        return ctl_fail("printing", ERR_NOMEM);
    if (c->json) {
        json_dumpf(mine, stdout, JSON_INDENT(2));
        puts("");
    } else
        print_members(mine);
    return fflush(stdout) == 0 ? CTL_OK : ctl_fail("printing", ERR_IO);
}

err_t ctl_write_secret(const char *path, const char *secret)
{
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || fchmod(fd, 0600) != 0 || dprintf(fd, "%s\n", secret) < 0 || fsync(fd) != 0) {
        fprintf(stderr, "antin-idpctl: %s: %s\n", path, strerror(errno));
        return ERR_IO;
    }
    return OK;
}

/* Daemons keep clients in memory and hear of changes within milliseconds: whoever sees this command end may rely on it. */
static void let_daemons_hear(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

static int run(const char *config, bool json, int argc, char **argv)
{
    struct app app = {0};

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        int words = commands[i].verb ? 2 : 1;
        if (argc < words || strcmp(argv[0], commands[i].noun) != 0 || (commands[i].verb && strcmp(argv[1], commands[i].verb) != 0))
            continue;
        if (argc > words && strcmp(argv[words], "--help") == 0)
            return printf("usage: antin-idpctl [-c FILE] [--json] %s\n", commands[i].usage) < 0;
        struct ctl c = {.app = &app, .json = json, .argc = argc - words + 1, .argv = argv + words - 1};
        int code = idp_open(&app, config, false) == OK ? commands[i].run(&c) : CTL_FAILED;
        idp_close(&app);
        if (code == CTL_OK && strcmp(commands[i].noun, "client") == 0)
            let_daemons_hear();
        return code;
    }
    return ctl_usage("no such command");
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    const char *config = "/etc/antin/idpd.conf";
    bool json = false;
    int o;

    secret_init();
    log_init("antin-idpctl", LOG_ERROR);
    while ((o = getopt_long(argc, argv, "+c:", options, NULL)) != -1) {
        if (o == 'c')
            config = optarg;
        else if (o == 'j')
            json = true;
        else if (o == 'h')
            return print_help(stdout);
        else if (o == 'v')
            return puts("antin-idpctl " ANTIN_VERSION) < 0;
        else
            return CTL_USAGE;
    }
    if (optind == argc)
        return print_help(stderr);
    return run(config, json, argc - optind, argv + optind);
}
