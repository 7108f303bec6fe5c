/*
 * Templates of any shape, with values that try to break out: whatever compiles, renders the same twice, and never lets a value's markup through.
 * The input is the template "page", and after a first 0x01 byte the template "part".
 */
#include "common/log.h"
#include "common/template_impl.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

/* Each dangerous character of a value has a mark before it, which templates may not contain. */
#define M "\\u0002"
static const char values[] =
    "{\"a\":\"" M "<b>" M "\\\"" M "'" M "&x\",\"u\":\"javascript:" M
    "<\",\"n\":-1,\"t\":true,\"f\":false,\"z\":null,\"e\":\"\",\"l\":[{\"a\":\"1" M ">\"},{\"b\":[\"" M "<\",\"y\"]}],"
    "\"o\":{\"a\":{\"b\":\"" M "'" M "\\\"\"}},\"empty\":[]}";

/* A mark with a bare character behind it: markup has come through. */
static bool leaks(struct bytes page)
{
    for (size_t i = 0; i + 1 < page.len; i++)
        if (page.ptr[i] == 2 && strchr("<>\"'", page.ptr[i + 1]) != NULL)
            return true;
    return false;
}

static void render(const struct templates *set, const json_t *v)
{
    AUTO_BUF one = {0};
    AUTO_BUF two = {0};
    err_t e = template_render(set, "page", LANG_VI, v, &one);
    MUST(e == OK || one.len == 0);
    MUST(template_render(set, "page", LANG_VI, v, &two) == e && bytes_eq(buf_bytes(&one), buf_bytes(&two)));
    MUST(!leaks(buf_bytes(&one)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static json_t *v;
    if (v == NULL) {
        log_init("fuzz", LOG_ERROR + 1);
        MUST(json_parse(BYTES(values, sizeof values - 1), sizeof values, &v) == OK);
    }
    if (size > 4096 || memchr(data, 2, size) != NULL)
        return 0;
    const uint8_t *cut = memchr(data, 1, size);
    size_t n = cut == NULL ? size : (size_t)(cut - data);
    AUTO(templates_free) struct templates *set = calloc(1, sizeof *set);
    MUST(set != NULL);
    if (template_add(set, "page", BYTES(data, n), "page", NULL) != OK)
        return 0;
    if (cut != NULL && template_add(set, "part", BYTES(cut + 1, size - n - 1), "part", NULL) != OK)
        return 0;
    if (templates_link(set) == OK)
        render(set, v);
    return 0;
}
