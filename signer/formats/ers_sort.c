/*
 * Most significant byte first, in place: each value is swapped into its byte's range, then each range is sorted by the next byte.
 * Called by ers_tree.c.
 */
#include "signer/formats/ers_sort.h"

#include <assert.h>
#include <string.h>

#define FEW 24 /* so many are sorted by insertion */

static void swap(uint8_t *a, uint8_t *b, size_t width)
{
    uint8_t hold[ERS_SORT_WIDTH_MAX];
    memcpy(hold, a, width);
    memcpy(a, b, width);
    memcpy(b, hold, width);
}

static void insert(uint8_t *v, uint64_t n, size_t width)
{
    uint8_t hold[ERS_SORT_WIDTH_MAX];
    for (uint64_t i = 1; i < n; i++) {
        uint64_t to = i;
        while (to > 0 && memcmp(v + (to - 1) * width, v + i * width, width) > 0)
            to--;
        if (to == i)
            continue;
        memcpy(hold, v + i * width, width);
        memmove(v + (to + 1) * width, v + to * width, (i - to) * width);
        memcpy(v + to * width, hold, width);
    }
}

/* One recursion a byte: at most width deep. */
static void sort_by(uint8_t *v, uint64_t n, size_t width, size_t at) // NOLINT(misc-no-recursion)
{
    if (at == width)
        return;
    if (n <= FEW) {
        insert(v, n, width);
        return;
    }
    uint64_t next[256] = {0}, end[256];
    for (uint64_t i = 0; i < n; i++)
        next[v[i * width + at]]++;
    uint64_t start = 0;
    for (size_t b = 0; b < 256; b++) {
        uint64_t count = next[b];
        next[b] = start;
        start += count;
        end[b] = start;
    }
    for (size_t b = 0; b < 256; b++) {
        while (next[b] < end[b]) {
            uint8_t *here = v + next[b] * width;
            if (here[at] == b)
                next[b]++;
            else
                swap(here, v + next[here[at]]++ * width, width);
        }
    }
    for (size_t b = 0; b < 256; b++) {
        uint64_t first = b == 0 ? 0 : end[b - 1];
        if (end[b] - first > 1)
            sort_by(v + first * width, end[b] - first, width, at + 1);
    }
}

void ers_sort(uint8_t *values, uint64_t n, size_t width)
{
    assert(width > 0 && width <= ERS_SORT_WIDTH_MAX);
    sort_by(values, n, width, 0);
}
