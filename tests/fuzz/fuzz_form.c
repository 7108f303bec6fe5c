/* Forms, queries, percent-encoding: what is decoded is UTF-8 without NUL, and encodes back to itself. */
#include "common/form.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FORM f = {0};
    if (form_parse(BYTES(data, size), &f) == OK) {
        MUST(f.n <= FORM_FIELDS_MAX);
        for (size_t i = 0; i < f.n; i++) {
            bool dup;
            AUTO_BUF coded = {0}, plain = {0};
            MUST(form_get(&f, f.field[i].name, &dup) != NULL);
            MUST(url_encode(&coded, f.field[i].value) == OK);
            MUST(url_decode(buf_bytes(&coded), &plain) == OK && strcmp(buf_str(&plain), f.field[i].value) == 0);
        }
    }
    AUTO_BUF out = {0};
    (void)!url_decode(BYTES(data, size), &out);
    return 0;
}
