/*
 * The front command: `antin verify …` runs `antin-verify …`, as git does; `antin help` lists what there is.
 * Called by people. The commands are found beside this program first, then on PATH.
 */
#include "common/bytes.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 3 /* as antin-verify's */

static const struct command {
    const char *name, *help;
} commands[] = {
    {"verify", "checks signed files and says who signed, when, and under which trust anchor"},
    {"sign", "signs files with a key file, PKCS#12 or a token; raises the level of signatures that are there"},
    {"ca", "runs the certification authority's ceremonies"},
    {"idpctl", "registers clients and officers at the identity provider"},
    {"migrate", "brings the database to the current version"},
    {"idpd", "the identity provider (daemon)"},
    {"signerd", "the signing service (daemon)"},
    {"keyd", "the keeper of private keys (daemon)"},
};

static int usage(FILE *to, int status)
{
    (void)fprintf(to, "usage: antin COMMAND [ARGUMENTS]\n\nCommands:\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        (void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
    (void)fprintf(to, "\n`antin COMMAND --help` tells more about one. `antin help` shows this.\n");
    return status;
}

/* The folder that this program was started from, with its final slash; empty when the system does not tell. */
static void own_dir(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash != NULL)
        slash[1] = '\0';
    else
        out[0] = '\0';
}

/* Only a known name becomes a program's: no path, no foreign antin-* somewhere on PATH. */
static bool known(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(name, commands[i].name) == 0)
            return true;
    return false;
}

static int run(const char *name, char **argv)
{
    char dir[PATH_MAX];
    AUTO_BUF program = {0};
    AUTO_BUF beside = {0};
    own_dir(dir);
    if (buf_addf(&program, "antin-%s", name) != OK || buf_addf(&beside, "%s%s", dir, buf_str(&program)) != OK)
        return EXIT_USAGE;
    argv[0] = (char *)program.ptr;
    if (dir[0] != '\0')
        (void)execv(buf_str(&beside), argv); /* returns only on failure */
    (void)execvp(buf_str(&program), argv);
    (void)fprintf(stderr, "antin: %s: %s\n", buf_str(&program), strerror(errno));
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr, EXIT_USAGE);
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 && argc > 2 && known(argv[2])) {
        char help[] = "--help";
        char *args[] = {NULL, help, NULL};
        return run(argv[2], args);
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return usage(stdout, EXIT_SUCCESS);
    if (!known(name)) {
        (void)fprintf(stderr, "antin: no command \"%s\"\n", name);
        return usage(stderr, EXIT_USAGE);
    }
    return run(name, argv + 1);
}
