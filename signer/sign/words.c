/*
 * The table of failures in words.
 * Called by report.c and main.c.
 */
#include "signer/sign/words.h"

#include "signer/formats/errors.h"
#include <stddef.h>

static const struct word {
    err_t err;
    const char *code, *text[LANG_N];
} WORDS[] = {
#define WORD(err, code, vi, en) {err, code, {[LANG_VI] = vi, [LANG_EN] = en}},
#include "signer/sign/words.def"
#undef WORD
};

static const struct word *find(err_t e)
{
    static const struct word OTHER = {ERR_INTERNAL, "internal", {[LANG_VI] = "Lỗi của chương trình", [LANG_EN] = "A fault of the program"}};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        if (WORDS[i].err == e)
            return &WORDS[i];
    }
    return &OTHER;
}

const char *word_text(err_t e, enum lang lang)
{
    return find(e)->text[lang];
}

const char *word_code(err_t e)
{
    return find(e)->code;
}
