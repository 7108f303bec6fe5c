/*
 * Looks an object up in the cross-reference tables of both revisions.
 * Called by pdf_changes.c. ISO 32000-1 §7.5.4, §7.5.6.
 */
#include "signer/verify/pdf_same.h"

#include "signer/formats/pdf_peek.h"
#include <stdlib.h>

struct pdf_same {
    struct pdf_peek before, after;
};

/* Both look at the same memory, one further than the other. */
static bool continues(const struct pdf *before, const struct pdf *after)
{
    struct bytes a = pdf_memory(before), b = pdf_memory(after);
    return a.ptr != NULL && a.ptr == b.ptr && a.len <= b.len;
}

/* Tables that another reader could take for other ones are none to conclude from. */
static bool tells(const struct pdf *p, struct pdf_peek *k)
{
    pdf_peek_open(p, k);
    return k->run_n > 0 && pdf_peek_exact(k);
}

err_t pdf_same_new(const struct pdf *before, const struct pdf *after, struct pdf_same **out)
{
    *out = NULL;
    if (!continues(before, after))
        return OK;
    struct pdf_same *s = malloc(sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    if (!tells(before, &s->before) || !tells(after, &s->after))
        pdf_same_free(&s);
    *out = s;
    return OK;
}

bool pdf_same_place(struct pdf_same *s, int id, int generation)
{
    uint64_t a, b;
    return id > 0 && generation >= 0 && pdf_peek_find(&s->before, id, generation, &a) && pdf_peek_find(&s->after, id, generation, &b) &&
           a == b;
}

void pdf_same_free(struct pdf_same **s)
{
    free(*s);
    *s = NULL;
}
