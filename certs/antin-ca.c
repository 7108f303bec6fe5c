/*
 * antin-ca: the certification authorities' ceremonies from the command line. Finds the command and its options.
 * Run by people and scripts, offline. `antin-ca --help`, docs/man/antin-ca.1.
 */
#include "certs/cli.h"
#include "common/log.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#ifndef ANTIN_VERSION
#define ANTIN_VERSION "0.1.0"
#endif

static const struct command *const COMMANDS[] = {&CMD_INIT,       &CMD_ISSUE,   &CMD_REVOKE,  &CMD_LIST,     &CMD_CRL,
                                                 &CMD_DOMAIN_KEY, &CMD_KEY_NEW, &CMD_KEY_CSR, &CMD_KEY_LIST, &CMD_JWKS};
#define COMMANDS_N (sizeof COMMANDS / sizeof COMMANDS[0])

static const char HELP[] =
    "antin-ca COMMAND [options]: the certification authorities of Ấn Tín, offline.\n"
    "\n"
    "  init DIR      begin a ceremony: the root, and with --all everything a stack needs\n"
    "  issue         a certificate by a profile: services-ca, citizens-ca, tsa, seal, ocsp, citizen\n"
    "  revoke SERIAL mark a certificate as revoked\n"
    "  list          every certificate of the ceremony\n"
    "  crl           sign a CRL\n"
    "  domain-key    make the key under which a keyd's keys are sealed\n"
    "  key new       make a key for keyd\n"
    "  key csr ID    a certificate request for a key of keyd\n"
    "  key list DIR  keyd's key files\n"
    "  jwks DIR      the public token keys as a JWKS\n"
    "\n"
    "antin-ca COMMAND --help tells each one's options. Common to those on a ceremony's folder:\n"
    "  --ca-dir DIR            the folder; else $ANTIN_CA_DIR, else the current one\n"
    "  --passphrase-file FILE  the passphrase of the root's and the services' CA keys; asked on the terminal when not given\n"
    "  --root-key FILE         where the root's key is, when it is kept apart\n"
    "\n"
    "In a script (no terminal, no question):\n"
    "  antin-ca domain-key --out signer.domain\n"
    "  antin-ca init ca --organization 'Thành phố' --crl-base http://ca.example/crl --aia-base http://ca.example/ca \\\n"
    "           --passphrase-file pass --all --key-out keys/signer --domain-key signer.domain\n"
    "  antin-ca crl --ca-dir ca --passphrase-file pass --ca root --out root.crl\n"
    "\n"
    "Exit: 0 done; 1 failed (files, keys); 2 refused (profile, state); 3 usage.\n";

enum { VAL_HELP = 1000, VAL_VERSION };
#define OPT(field, name) AT_##field,
#define FLAG(field, name) AT_##field,
enum { CLI_OPTIONS CLI_FLAGS AT_END };
#undef OPT
#undef FLAG

static const struct option LONG[] = {
#define OPT(field, name) {name, required_argument, NULL, AT_##field},
#define FLAG(field, name) {name, no_argument, NULL, AT_##field},
    CLI_OPTIONS CLI_FLAGS
#undef OPT
#undef FLAG
    {"help", no_argument, NULL, VAL_HELP},
    {"version", no_argument, NULL, VAL_VERSION},
    {NULL, 0, NULL, 0},
};

static void set(struct cli *c, int at, const char *value)
{
    switch (at) {
#define OPT(field, name)  \
    case AT_##field:      \
        c->field = value; \
        break;
#define FLAG(field, name) \
    case AT_##field: c->field = true; break;
        CLI_OPTIONS CLI_FLAGS
#undef OPT
#undef FLAG
            default : break;
    }
}

static bool takes(const struct command *cmd, const char *option)
{
    char word[40];
    snprintf(word, sizeof word, " %s ", option);
    return strstr(cmd->options, word) != NULL;
}

/* One word ("issue") or two ("key new"); *used tells how many. */
static const struct command *find(int argc, char **argv, int *used)
{
    char two[64] = "";
    if (argc > 2)
        snprintf(two, sizeof two, "%s %s", argv[1], argv[2]);
    for (size_t i = 0; i < COMMANDS_N; i++) {
        *used = strchr(COMMANDS[i]->name, ' ') ? 2 : 1;
        if (!strcmp(COMMANDS[i]->name, *used == 2 ? two : argv[1]))
            return COMMANDS[i];
    }
    return NULL;
}

static int parse(const struct command *cmd, int argc, char **argv, struct cli *c)
{
    int index = 0;
    for (int o; (o = getopt_long(argc, argv, "", LONG, &index)) != -1;) {
        if (o == VAL_HELP) {
            fputs(cmd->help, stdout);
            return -1;
        }
        if (o == '?' || o == VAL_VERSION)
            return cli_fail(EXIT_USAGE, "see antin-ca %s --help", cmd->name);
        if (!takes(cmd, LONG[index].name))
            return cli_fail(EXIT_USAGE, "%s has no option --%s (see antin-ca %s --help)", cmd->name, LONG[index].name, cmd->name);
        set(c, o, optarg);
    }
    if (optind < argc && cmd->arg)
        c->arg = argv[optind++];
    return optind == argc ? EXIT_OK
                          : cli_fail(EXIT_USAGE, "%s: \"%s\" is too much (see antin-ca %s --help)", cmd->name, argv[optind], cmd->name);
}

int main(int argc, char **argv)
{
    struct cli c = {0};
    int used = 1;
    umask(0022);
    secret_init();
    log_init("antin-ca", LOG_WARNING);
    if (argc < 2)
        return cli_fail(EXIT_USAGE, "which command? (see antin-ca --help)");
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
        fputs(HELP, stdout);
        return EXIT_OK;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("antin-ca " ANTIN_VERSION);
        return EXIT_OK;
    }
    const struct command *cmd = find(argc, argv, &used);
    if (!cmd)
        return cli_fail(EXIT_USAGE, "%s: no such command (see antin-ca --help)", argv[1]);
    int code = parse(cmd, argc - used, argv + used, &c);
    if (code == EXIT_OK)
        code = cmd->run(&c);
    return code == -1 ? EXIT_OK : code;
}
