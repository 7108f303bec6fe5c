/*
 * Walks the page tree. Most of its leaves are recognised in passing; what cannot be, and every node, is asked of qpdf.
 * Called by pdf_form.c. ISO 32000-1 §7.7.3.2 (nodes), §7.7.3.3 (pages).
 */
#include "signer/formats/pdf_pages.h"

#include "signer/formats/pdf_peek.h"
#include <stdlib.h>

#define OBJECT_ID_MAX 8388607 /* ISO 32000-1 annex C, table C.1 */

struct walk {
    struct pdf *p;
    qpdf_data q;
    struct pdf_peek *peek;
    uint8_t *seen; /* a bit for each node */
    size_t seen_len;
    qpdf_oh first;
    bool found;
};

static bool is_of_type(const struct walk *w, qpdf_oh dict, const char *type)
{
    return qpdf_oh_is_name_and_equals(w->q, qpdf_oh_get_key(w->q, dict, "/Type"), type);
}

/* Once: a node in two places would be walked twice, and one below itself for ever. */
static bool mark(struct walk *w, qpdf_oh node)
{
    size_t id = (size_t)qpdf_oh_get_object_id(w->q, node);
    if (id / 8 >= w->seen_len)
        return false;
    bool seen = (w->seen[id / 8] >> (id % 8) & 1) != 0;
    w->seen[id / 8] |= (uint8_t)(1u << (id % 8));
    return !seen;
}

static void leaf(struct walk *w, qpdf_oh page, bool *kept)
{
    *kept = !w->found;
    if (!w->found)
        w->first = page;
    w->found = true;
}

static err_t walk_kids(struct walk *w, qpdf_oh node, unsigned depth) MUST_USE;

/* *kept: the handle is still needed. */
static err_t walk_kid(struct walk *w, qpdf_oh kid, unsigned depth, bool *kept)
{
    *kept = false;
    if (!qpdf_oh_is_indirect(w->q, kid)) /* §7.7.3.2: references */
        return ERR_PDF_DAMAGED;
    if (pdf_peek_is_page(w->peek, qpdf_oh_get_object_id(w->q, kid), qpdf_oh_get_generation(w->q, kid))) {
        leaf(w, kid, kept);
        return OK;
    }
    if (!qpdf_oh_is_dictionary(w->q, kid))
        return ERR_PDF_DAMAGED;
    if (qpdf_oh_has_key(w->q, kid, "/Kids"))
        return walk_kids(w, kid, depth + 1);
    if (!is_of_type(w, kid, "/Page"))
        return ERR_PDF_DAMAGED;
    leaf(w, kid, kept);
    return OK;
}

static err_t walk_kids(struct walk *w, qpdf_oh node, unsigned depth)
{
    qpdf_oh kids = qpdf_oh_get_key(w->q, node, "/Kids");
    if (depth > PDF_PAGES_DEPTH_MAX)
        return ERR_TOO_LARGE;
    if (!is_of_type(w, node, "/Pages") || !qpdf_oh_is_array(w->q, kids) || !mark(w, node))
        return ERR_PDF_DAMAGED;
    int n = qpdf_oh_get_array_n_items(w->q, kids);
    for (int i = 0; i < n; i++) {
        bool kept;
        qpdf_oh kid = qpdf_oh_get_array_item(w->q, kids, i);
        TRY(walk_kid(w, kid, depth, &kept));
        if (!kept)
            qpdf_oh_release(w->q, kid);
    }
    qpdf_oh_release(w->q, kids);
    return OK;
}

static err_t walk(struct walk *w)
{
    qpdf_oh root = qpdf_oh_get_key(w->q, qpdf_get_root(w->q), "/Pages");
    qpdf_oh size = qpdf_oh_get_key(w->q, qpdf_get_trailer(w->q), "/Size");
    long long n = qpdf_oh_is_integer(w->q, size) ? qpdf_oh_get_int_value(w->q, size) : 0;
    TRY(pdf_faults(w->p));
    if (n < 1 || n > OBJECT_ID_MAX || !qpdf_oh_is_dictionary(w->q, root) || !qpdf_oh_is_indirect(w->q, root) ||
        qpdf_oh_has_key(w->q, root, "/Parent"))
        return ERR_PDF_DAMAGED;
    w->seen_len = (size_t)n / 8 + 1;
    if ((w->seen = calloc(w->seen_len, 1)) == NULL)
        return ERR_NOMEM;
    TRY(walk_kids(w, root, 0));
    TRY(pdf_faults(w->p));
    return w->found ? OK : ERR_PDF_DAMAGED;
}

err_t pdf_pages_first(struct pdf *p, qpdf_oh *out)
{
    struct walk w = {.p = p, .q = pdf_handle(p), .peek = malloc(sizeof *w.peek)};
    if (w.peek == NULL)
        return ERR_NOMEM;
    pdf_peek_open(p, w.peek);
    err_t e = walk(&w);
    free(w.seen);
    free(w.peek);
    *out = w.first;
    return e;
}
