/* Two threads count in one variable without a lock: ThreadSanitizer must say so. Run by tests/check must-fail. */
#include <pthread.h>
#include <stddef.h>

static int counter;

static void *count(void *arg)
{
    for (int i = 0; i < 1000; i++)
        counter++;
    return arg;
}

int main(void)
{
    pthread_t a, b;
    if (pthread_create(&a, NULL, count, NULL) != 0 || pthread_create(&b, NULL, count, NULL) != 0)
        return 0;
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    return 0;
}
