/*
 * What each fuzzer includes: libFuzzer's entry point, and an assertion that stays in optimised builds.
 * A fuzzer is one file here; `make fuzz` builds and runs each for a while. `make fuzz FUZZ_SECONDS=3600` for long.
 */
#ifndef ANTIN_FUZZ_H
#define ANTIN_FUZZ_H

#include "common/bytes.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond)                                                        \
    do {                                                                  \
        if (!(cond)) {                                                    \
            fprintf(stderr, "%s:%d: MUST(%s)\n", __FILE__, __LINE__, #cond); \
            abort();                                                      \
        }                                                                 \
    } while (0)

#endif
