/*
 * Sorting millions of digests where they lie: no memory beside them.
 * Called by ers_tree.c.
 */
#ifndef ANTIN_FORMATS_ERS_SORT_H
#define ANTIN_FORMATS_ERS_SORT_H

#include <stddef.h>
#include <stdint.h>

#define ERS_SORT_WIDTH_MAX 64
/* In binary ascending order; n values of width bytes. Any input costs at most width passes. */
void ers_sort(uint8_t *values, uint64_t n, size_t width);

#endif
