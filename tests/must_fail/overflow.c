/* Reads one byte past a block on the heap: AddressSanitizer must end it. Run by tests/check must-fail. */
#include <stdlib.h>

int main(int argc, char **argv)
{
    (void)argv;
    char *p = calloc(8, 1);
    if (p == NULL)
        return 0;
    int past = p[7 + argc]; /* argc is 1 */
    free(p);
    return past & 0;
}
