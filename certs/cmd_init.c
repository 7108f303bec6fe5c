/*
 * antin-ca init: the folder of a ceremony with the root, and in one go all that a running stack needs.
 * Called by antin-ca.
 */
#include "certs/cli.h"
#include "common/clock.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef ANTIN_PROFILE_DIR
#define ANTIN_PROFILE_DIR "/usr/share/antin/profiles"
#endif

/* --profiles, else certs/profiles of the tree that the program was built in, else the installed ones. */
static err_t profile_dir(const struct cli *c, struct buf *out)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (c->profiles)
        return buf_add_str(out, c->profiles);
    if (n > 0) {
        exe[n] = '\0';
        TRY(buf_addf(out, "%s/../../certs/profiles", dirname(exe)));
        if (access(buf_str(out), R_OK | X_OK) == 0)
            return OK;
        buf_free(out);
    }
    return buf_add_str(out, ANTIN_PROFILE_DIR);
}

static void dir_close(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* The profiles are copied: later issuances of this ceremony follow them, whatever is installed then. */
static int copy_profiles(const struct cli *c, const struct store *s)
{
    AUTO_BUF from = {0};
    if (profile_dir(c, &from) != OK)
        return cli_fail(EXIT_FAILED, "out of memory");
    AUTO(dir_close) DIR *d = opendir(buf_str(&from));
    if (!d)
        return cli_fail(EXIT_FAILED, "%s: no profiles there (give --profiles DIR)", buf_str(&from));
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        AUTO_BUF path = {0}, text = {0}, to = {0};
        size_t n = strlen(e->d_name);
        if (n < 6 || strcmp(e->d_name + n - 5, ".conf") != 0)
            continue;
        err_t err = buf_addf(&path, "%s/%s", buf_str(&from), e->d_name);
        if (err == OK)
            err = ca_file_read(buf_str(&path), 65536, &text);
        if (err == OK)
            err = store_path(s, &to, "profiles/%s", e->d_name);
        if (err == OK)
            err = ca_file_write(buf_str(&to), buf_bytes(&text), 0644);
        if (err != OK)
            return cli_fail(EXIT_FAILED, "%s: %s", buf_str(&path), cli_why(err));
    }
    return EXIT_OK;
}

/* What a stack needs besides the root: the services' CA, the citizens' CA, timestamps, seal and OCSP responder, their keys sealed for keyd. */
static int issue_all(struct store *s, const struct cli *c, int64_t from)
{
    static const struct {
        const char *profile;
        bool for_keyd;
    } all[] = {{"services-ca", false}, {"citizens-ca", true}, {"tsa", true}, {"seal", true}, {"ocsp", true}};
    struct cli with_ca = *c;
    with_ca.ca_keys = c->key_out; /* the citizens' CA's key is there, which signs the responder's certificate */
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const struct issuance n = {.profile = all[i].profile, .key_out = all[i].for_keyd ? c->key_out : NULL, .not_before = from};
        int code = issue_certificate(s, &with_ca, &n);
        if (code != EXIT_OK)
            return code;
    }
    return EXIT_OK;
}

static int check(const struct cli *c, int64_t *from, long *days)
{
    if (!c->arg)
        return cli_fail(EXIT_USAGE, "init: which folder? (antin-ca init DIR)");
    if (!c->organization || !c->crl_base || !c->aia_base)
        return cli_fail(EXIT_USAGE, "init: --organization, --crl-base and --aia-base are needed");
    for (const char *const *v = (const char *const[]){c->organization, c->crl_base, c->aia_base, c->ocsp_url, NULL}; *v; v++)
        if (strpbrk(*v, "\r\n;#") || **v == '\0')
            return cli_fail(EXIT_USAGE, "init: \"%s\" cannot be kept in ca.conf", *v);
    if (c->all && (!c->key_out || !c->domain_key))
        return cli_fail(EXIT_USAGE, "init --all: --key-out KEYDIR and --domain-key FILE say where keyd's keys go");
    if (cli_time("not-before", c->not_before, clock_now(), from) != OK || cli_days("days", c->days, 0, days) != OK)
        return EXIT_USAGE;
    return EXIT_OK;
}

static int run(const struct cli *c)
{
    AUTO_STORE s = {.lock = -1};
    int64_t from = 0;
    long days = 0;
    int code = check(c, &from, &days);
    if (code != EXIT_OK)
        return code;
    const struct store set = {.organization = (char *)(uintptr_t)c->organization,
                              .country = (char *)(uintptr_t)(c->country ? c->country : "VN"),
                              .crl_base = (char *)(uintptr_t)c->crl_base,
                              .aia_base = (char *)(uintptr_t)c->aia_base,
                              .ocsp_url = (char *)(uintptr_t)c->ocsp_url,
                              .crl_days = 180};
    err_t e = store_create(c->arg, &set);
    if (e == ERR_CONFLICT)
        return cli_fail(EXIT_REFUSED, "%s is the folder of a ceremony already; nothing was changed", c->arg);
    if (e != OK)
        return cli_fail(EXIT_FAILED, "%s: %s", c->arg, cli_why(e));
    if (store_open(c->arg, &s) != OK)
        return cli_fail(EXIT_FAILED, "%s: cannot open what was just made", c->arg);
    const struct issuance root = {.profile = "root", .subject = c->subject, .days = days, .not_before = from};
    code = copy_profiles(c, &s);
    if (code == EXIT_OK)
        code = issue_certificate(&s, c, &root);
    return code == EXIT_OK && c->all ? issue_all(&s, c, from) : code;
}

const struct command CMD_INIT = {
    .name = "init",
    .options = " passphrase-file root-key profiles organization country crl-base aia-base ocsp-url subject days not-before all key-out "
               "domain-key ",
    .arg = "DIR",
    .run = run,
    .help =
        "antin-ca init DIR --organization NAME --crl-base URL --aia-base URL [options]\n"
        "Begins a ceremony: makes DIR with the root's key (P-384, sealed under the passphrase) and certificate, prints its serial number.\n"
        "  --organization NAME    O of the names\n"
        "  --country CC           C of the names (VN)\n"
        "  --crl-base URL         CRLs will be at URL/root.crl, URL/services.crl, URL/citizens.crl\n"
        "  --aia-base URL         CA certificates will be at URL/root.crt …\n"
        "  --ocsp-url URL         the OCSP responder of the citizens' CA; kept in DIR/ca.conf\n"
        "  --subject NAME         the root's subject instead of /C=…/O=…/CN=… Root CA\n"
        "  --days N               the root's validity (20 years)\n"
        "  --not-before TIME      its start; now when not given\n"
        "  --root-key FILE        keep the root's key there (a removable disk) and not in DIR/root.key\n"
        "  --profiles DIR         profiles to copy into the ceremony\n"
        "  --passphrase-file FILE read the passphrase there; else it is asked on the terminal\n"
        "  --all --key-out KEYDIR --domain-key FILE   also the services' CA, the citizens' CA, timestamps, seal and OCSP responder, their "
        "keys for keyd\n",
};
