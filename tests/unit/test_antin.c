/*
 * The front command: it runs its siblings and nothing else.
 */
#include <stddef.h>
int antin_main(int argc, char **argv);
#define main antin_main
#include "common/antin.c"
#undef main
#include "tests/unit/unit.h"
#include <sys/stat.h>
#include <sys/wait.h>

static char *bin;

static int setup(void **state)
{
    (void)state;
    bin = dir_new();
    char path[300];
    /* a command beside nothing: found on PATH */
    file_write_str(bin, "antin-migrate", "#!/bin/sh\necho \"$0 $#\" \"$@\"\nexit 7\n");
    file_write_str(bin, "antin-evil", "#!/bin/sh\nexit 0\n");
    (void)snprintf(path, sizeof path, "%s/antin-migrate", bin);
    assert_int_equal(chmod(path, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/antin-evil", bin);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(setenv("PATH", bin, 1), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dir_remove(bin, (const char *const[]){"antin-migrate", "antin-evil", NULL});
    return 0;
}

static char out[4096]; /* what the command wrote, both streams */

/* Runs it in a child; argv ends with NULL. Returns the exit status. */
static int call(char **argv)
{
    int ends[2], status, argc = 0;
    while (argv[argc] != NULL)
        argc++;
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        int rc = antin_main(argc, argv);
        (void)fflush(NULL);
        _exit(rc);
    }
    (void)close(ends[1]);
    size_t len = 0;
    ssize_t n;
    while (len < sizeof out - 1 && (n = read(ends[0], out + len, sizeof out - 1 - len)) > 0)
        len += (size_t)n;
    out[len] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define CALL(...) call((char *[]){(char[]){"antin"}, __VA_ARGS__, NULL})
#define ARG(s) ((char[]){s})

static void a_command_gets_its_arguments_and_gives_its_status(void **state)
{
    (void)state;
    assert_int_equal(CALL(ARG("migrate"), ARG("up"), ARG("a b"), ARG("--x")), 7);
    assert_non_null(strstr(out, "antin-migrate 3 up a b --x\n"));
}

static void help_of_a_command_is_its_own(void **state)
{
    (void)state;
    assert_int_equal(CALL(ARG("help"), ARG("migrate")), 7);
    assert_non_null(strstr(out, "antin-migrate 1 --help\n"));
}

static void help_lists_every_command(void **state)
{
    (void)state;
    assert_int_equal(CALL(ARG("help")), 0);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        assert_non_null(strstr(out, commands[i].name));
    assert_int_equal(CALL(ARG("--help")), 0);
}

static void unknown_commands_are_usage_errors(void **state)
{
    (void)state;
    assert_int_equal(call((char *[]){ARG("antin"), NULL}), 3);
    assert_int_equal(CALL(ARG("evil")), 3); /* there is such a program, but it is none of ours */
    assert_non_null(strstr(out, "no command \"evil\""));
    assert_int_equal(CALL(ARG("../migrate")), 3);
    assert_int_equal(CALL(ARG("")), 3);
    assert_int_equal(CALL(ARG("migrate ")), 3);
    assert_int_equal(CALL(ARG("help"), ARG("evil")), 0);
}

static void a_command_that_is_not_installed_is_named(void **state)
{
    (void)state;
    assert_int_equal(CALL(ARG("ca")), 3);
    assert_non_null(strstr(out, "antin-ca: No such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_gets_its_arguments_and_gives_its_status),
        cmocka_unit_test(help_of_a_command_is_its_own),
        cmocka_unit_test(help_lists_every_command),
        cmocka_unit_test(unknown_commands_are_usage_errors),
        cmocka_unit_test(a_command_that_is_not_installed_is_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
