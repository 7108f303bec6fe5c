/* Loses its only pointers to some blocks: LeakSanitizer must say so. Run by tests/check must-fail. */
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) int lose(int value)
{
    char *p = malloc(64);
    if (p == NULL)
        return 0;
    memset(p, value, 64);
    return p[63];
}

int main(int argc, char **argv)
{
    (void)argv;
    int sum = 0;
    for (int i = 0; i < 10; i++)
        sum += lose(argc);
    return sum == 10 ? 0 : 1;
}
