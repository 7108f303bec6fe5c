/* Migration files: the pieces lie inside the text, in order, and the lines only grow. */
#include "schema/split.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sql_cursor c = sql_cursor_of(BYTES(data, size));
    struct sql_part p;
    const char *at = (const char *)data;
    unsigned line = 1;
    while (sql_next(&c, &p) == OK) {
        MUST(p.len > 0 && p.text >= at && p.text + p.len <= (const char *)data + size && p.line >= line);
        at = p.text + p.len;
        line = p.line;
        (void)sql_is_transaction_control(&p);
    }
    return 0;
}
