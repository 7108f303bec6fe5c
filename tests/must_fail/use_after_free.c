/* Reads a block that was freed: AddressSanitizer must end it. Run by tests/check must-fail. */
#include <stdlib.h>

int main(int argc, char **argv)
{
    (void)argv;
    char *volatile p = calloc(8, 1);
    if (p == NULL)
        return 0;
    free(p);
    int gone = p[argc];
    return gone == 77 ? 0 : 0;
}
