/*
 * antin-verify: verifies signed files against trust anchors, without a server and without a network.
 * Run by people and scripts; docs/man/antin-verify.1 describes it. ETSI EN 319 102-1.
 */
#include "common/clock.h"
#include "common/secret.h"
#include "signer/formats/errors.h"
#include "signer/verify/collect.h"
#include "signer/verify/input.h"
#include "signer/verify/show.h"
#include "signer/verify/verify.h"
#include <getopt.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef ANTIN_VERSION
#define ANTIN_VERSION "0.1.0"
#endif
#define TRUST_DEFAULT "/etc/antin/trust.pem"
#define MEMORY_MIB 256      /* heap at most; mapped files do not count */
#define SECONDS_PER_FILE 60 /* of processor time */

enum { EXIT_VALID, EXIT_INVALID, EXIT_UNDECIDED, EXIT_USAGE };

static const char USAGE[] =
    "usage: antin-verify [--trust PEM] [--crl FILE] [--content FILE] [--at TIME] [--json] [--lang vi|en] FILE|FOLDER...\n";

static const char HELP[] =
    "\nVerifies PDF signatures (PAdES), detached signatures (x.p7s beside x, CAdES), timestamps (x.tsr, x.tst beside x),\n"
    "evidence records (x.ers beside x), containers (ASiC) and sealed dossiers (manifest.json with manifest.json.p7s and the\n"
    "components beside it).\n\n"
    "  --trust PEM      trust anchors, helping CA certificates and CRLs (repeatable; default $ANTIN_TRUST or " TRUST_DEFAULT ")\n"
    "  --crl FILE       certificate revocation list, PEM or DER (repeatable)\n"
    "  --content FILE   the signed content, when its name does not tell\n"
    "  --at TIME        verify as of this time (RFC 3339, for example 2026-11-24T08:00:00Z)\n"
    "  --json           report for programs (schema/verify-report.schema.json)\n"
    "  --lang vi|en     language of the report (default by LC_ALL, LC_MESSAGES, LANG; else Vietnamese)\n"
    "  --help, --version\n\n"
    "exit status: 0 all valid, 1 one is invalid, 2 one cannot be decided (the report says what is missing), 3 usage error\n";

struct options {
    struct trust trust;
    struct paths paths;
    const char *content;
    int64_t at;
    bool json, trust_given;
    enum lang lang;
};

static void options_free(struct options *o)
{
    trust_free(&o->trust);
    paths_free(&o->paths);
}

/* --- options --- */

static enum lang lang_of_environment(void)
{
    static const char *const NAMES[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const char *value = getenv(NAMES[i]);
        if (value != NULL && value[0] != '\0')
            return strncmp(value, "en", 2) == 0 ? LANG_EN : LANG_VI;
    }
    return LANG_VI;
}

static bool complain(const char *what, const char *value)
{
    fprintf(stderr, "antin-verify: %s: %s\n", what, value);
    return false;
}

static bool set_lang(struct options *o, const char *value)
{
    if (strcmp(value, "vi") != 0 && strcmp(value, "en") != 0)
        return complain("unknown language", value);
    o->lang = value[0] == 'v' ? LANG_VI : LANG_EN;
    return true;
}

static bool set_option(struct options *o, int c, const char *value)
{
    switch (c) {
    case 't': o->trust_given = true; return trust_load(&o->trust, value) == OK || complain("no usable certificates in", value);
    case 'c': return trust_load_crls(&o->trust, value) == OK || complain("no usable CRL in", value);
    case 'f': o->content = value; return access(value, R_OK) == 0 || complain("cannot read", value);
    case 'a': return clock_parse_rfc3339(value, &o->at) == OK || complain("not an RFC 3339 time", value);
    case 'j': o->json = true; return true;
    case 'l': return set_lang(o, value);
    default: fputs(USAGE, stderr); return false;
    }
}

/* Trust that nobody named may be missing: then nothing can be trusted, and the report says so. */
static bool load_default_trust(struct options *o)
{
    const char *path = getenv("ANTIN_TRUST");
    if (path != NULL && path[0] != '\0')
        return trust_load(&o->trust, path) == OK || complain("no usable certificates in", path);
    if (access(TRUST_DEFAULT, R_OK) != 0)
        return complain("no trust anchors: give --trust or ANTIN_TRUST; there is no", TRUST_DEFAULT) || true;
    return trust_load(&o->trust, TRUST_DEFAULT) == OK || complain("no usable certificates in", TRUST_DEFAULT);
}

static bool collect_all(struct options *o, char **argv, int n)
{
    for (int i = 0; i < n; i++) {
        if (collect(&o->paths, argv[i]) != OK)
            return complain("cannot read", argv[i]);
    }
    return true;
}

static bool parse_options(struct options *o, int argc, char **argv, int *help)
{
    static const struct option LONG[] = {
        {"trust", required_argument, NULL, 't'}, {"crl", required_argument, NULL, 'c'}, {"content", required_argument, NULL, 'f'},
        {"at", required_argument, NULL, 'a'},    {"json", no_argument, NULL, 'j'},      {"lang", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},        {"version", no_argument, NULL, 'V'},   {NULL, 0, NULL, 0},
    };
    *o = (struct options){.at = clock_now(), .lang = lang_of_environment()};
    if (trust_new(&o->trust) != OK)
        return false;
    for (int c; (c = getopt_long(argc, argv, "hV", LONG, NULL)) != -1;) {
        if (c == 'h' || c == 'V') {
            *help = c;
            return true;
        }
        if (!set_option(o, c, optarg))
            return false;
    }
    if (optind == argc) {
        fputs(USAGE, stderr);
        return false;
    }
    return (o->trust_given || load_default_trust(o)) && collect_all(o, argv + optind, argc - optind);
}

/* --- limits --- */

static void on_timeout(int signal)
{
    static const char TEXT[] = "antin-verify: a file takes too long: INDETERMINATE\n";
    (void)signal;
    (void)!write(STDERR_FILENO, TEXT, sizeof TEXT - 1);
    _exit(EXIT_UNDECIDED);
}

/* Hostile files cost this much and no more. */
static void limit_resources(void)
{
    struct rlimit memory = {(rlim_t)MEMORY_MIB << 20, (rlim_t)MEMORY_MIB << 20}, core = {0, 0};
    struct sigaction sa = {.sa_handler = on_timeout};
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* whose shadow memory is larger than any limit */
    setrlimit(RLIMIT_DATA, &memory);
#else
    (void)memory;
#endif
    setrlimit(RLIMIT_CORE, &core);
    sigaction(SIGPROF, &sa, NULL);
    input_guard();
}

static void start_timer(void)
{
    struct itimerval t = {.it_value = {.tv_sec = SECONDS_PER_FILE}};
    setitimer(ITIMER_PROF, &t, NULL);
}

/* --- verifying --- */

static err_t verify_paths(const struct options *o, struct file_result *results)
{
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &o->trust, .at = o->at, .memory = &memory};
    for (size_t i = 0; i < o->paths.n; i++) {
        start_timer();
        TRY(verify_file(&ctx, o->paths.item[i], o->content, &results[i]));
    }
    file_results_cover(results, o->paths.n);
    return OK;
}

static int report(const struct options *o, const struct file_result *results)
{
    AUTO_BUF text = {0};
    err_t e = o->json ? show_json(results, o->paths.n, o->at, &text) : show_text(results, o->paths.n, o->lang, &text);
    if (e != OK || fwrite(text.ptr, 1, text.len, stdout) != text.len || fflush(stdout) != 0) {
        fputs("antin-verify: the report could not be written\n", stderr);
        return EXIT_UNDECIDED;
    }
    static const int EXITS[] = {[TOTAL_PASSED] = EXIT_VALID, [INDETERMINATE] = EXIT_UNDECIDED, [TOTAL_FAILED] = EXIT_INVALID};
    return EXITS[show_verdict(results, o->paths.n)];
}

static int run(const struct options *o)
{
    if (o->paths.n == 0) {
        fputs("antin-verify: no files there\n", stderr);
        return EXIT_USAGE;
    }
    struct file_result *results = calloc(o->paths.n, sizeof *results);
    int code = EXIT_UNDECIDED;
    if (results != NULL && verify_paths(o, results) == OK)
        code = report(o, results);
    else
        fputs("antin-verify: out of memory: INDETERMINATE\n", stderr);
    for (size_t i = 0; results != NULL && i < o->paths.n; i++)
        file_result_free(&results[i]);
    free(results);
    return code;
}

int main(int argc, char **argv)
{
    int help = 0;
    AUTO(options_free) struct options o;
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT,
                        NULL); /* a local openssl.cnf must not change what is valid; and it costs a file read */
    secret_init();
    formats_errors_register();
    limit_resources();
    if (!parse_options(&o, argc, argv, &help))
        return EXIT_USAGE;
    if (help == 'h')
        return printf("%s%s", USAGE, HELP) < 0 ? EXIT_USAGE : EXIT_VALID;
    if (help == 'V')
        return puts("antin-verify " ANTIN_VERSION) < 0 ? EXIT_USAGE : EXIT_VALID;
    return run(&o);
}
