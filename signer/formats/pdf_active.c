/*
 * Walks through everything but what pages are painted with, each object once.
 * Called by pades.c, antin-sign and signerd. ISO 32000-1 §12.6 (actions), §7.11.4 (embedded files), §12.7.8 (XFA).
 */
#include "signer/formats/pdf_active.h"

#include "signer/formats/pdf_peek.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX (1u << 20)
#define OBJECT_ID_MAX 8388607 /* ISO 32000-1 annex C, table C.1 */
#define DIRECT_DEPTH_MAX 500  /* as deep as qpdf parses */

const char *const PDF_ACTIVE_NAME[PDF_ACTIVE_KINDS] = {"xfa", "javascript", "launch", "embedded-files"};

/* What a page is painted with, and what describes it: no actions, and most of a document's objects. */
static const char *const PAINT[] = {"/Contents", "/Resources", "/AP",        "/StructTreeRoot", "/Metadata",
                                    "/Thumb",    "/DSS",       "/PieceInfo", "/OutputIntents",  "/DR"};

struct reference {
    int id, generation;
};

struct walk {
    qpdf_data q;
    unsigned found;
    uint8_t *seen; /* one bit a number */
    size_t seen_n; /* bits */
    struct pdf_peek *peek;
    struct reference *todo;
    size_t todo_n, todo_cap, visited;
};

/* --- names --- */

static err_t kind_of(const char *name, size_t n, unsigned *bit)
{
    for (unsigned i = 0; i < PDF_ACTIVE_KINDS; i++) {
        *bit = 1u << i;
        if (strlen(PDF_ACTIVE_NAME[i]) == n && memcmp(PDF_ACTIVE_NAME[i], name, n) == 0)
            return OK;
    }
    return ERR_SYNTAX;
}

err_t pdf_active_parse(const char *list, unsigned *out)
{
    *out = 0;
    for (const char *at = list; *at != '\0';) {
        unsigned bit = 0;
        size_t n = strcspn(at, ",");
        TRY(kind_of(at, n, &bit));
        if ((*out & bit) != 0 || (at[n] == ',' && at[n + 1] == '\0'))
            return ERR_SYNTAX;
        *out |= bit;
        at += n + (at[n] == ',');
    }
    return OK;
}

void pdf_active_text(unsigned set, char out[PDF_ACTIVE_TEXT])
{
    size_t n = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < PDF_ACTIVE_KINDS; i++) {
        if ((set & 1u << i) != 0)
            n += (size_t)snprintf(out + n, PDF_ACTIVE_TEXT - n, "%s%s", n > 0 ? "," : "", PDF_ACTIVE_NAME[i]); /* all four fit */
    }
}

/* --- the walk --- */

static bool was_seen(const struct walk *w, int id)
{
    return (w->seen[id / 8] & 1 << id % 8) != 0;
}

static void set_seen(struct walk *w, int id, bool seen)
{
    uint8_t bit = (uint8_t)(1 << id % 8);
    w->seen[id / 8] = (uint8_t)(seen ? w->seen[id / 8] | bit : w->seen[id / 8] & ~bit);
}

static err_t push(struct walk *w, int id, int generation)
{
    if (id <= 0 || (size_t)id >= w->seen_n || was_seen(w, id))
        return OK; /* beyond /Size there is nothing (§7.5.5) */
    set_seen(w, id, true);
    if (w->visited++ == OBJECTS_MAX)
        return ERR_TOO_LARGE;
    if (w->todo_n == w->todo_cap) {
        size_t cap = w->todo_cap == 0 ? 256 : 2 * w->todo_cap;
        struct reference *larger = realloc(w->todo, cap * sizeof *larger);
        if (larger == NULL)
            return ERR_NOMEM;
        w->todo = larger;
        w->todo_cap = cap;
    }
    w->todo[w->todo_n++] = (struct reference){id, generation};
    return OK;
}

static err_t look(struct walk *w, qpdf_oh v, unsigned depth) MUST_USE;

/* A reference is followed later; a direct value now. */
static err_t follow(struct walk *w, qpdf_oh v, unsigned depth)
{
    bool indirect = qpdf_oh_is_indirect(w->q, v);
    return indirect ? push(w, qpdf_oh_get_object_id(w->q, v), qpdf_oh_get_generation(w->q, v)) : look(w, v, depth + 1);
}

static err_t look_array(struct walk *w, qpdf_oh v, unsigned depth)
{
    int n = qpdf_oh_get_array_n_items(w->q, v);
    for (int i = 0; i < n; i++) {
        qpdf_oh item = qpdf_oh_get_array_item(w->q, v, i);
        err_t e = follow(w, item, depth);
        qpdf_oh_release(w->q, item);
        TRY(e);
    }
    return OK;
}

static bool is_paint(const char *name)
{
    for (size_t i = 0; i < sizeof PAINT / sizeof *PAINT; i++) {
        if (strcmp(PAINT[i], name) == 0)
            return true;
    }
    return false;
}

/* What an entry is by itself. */
static void judge(struct walk *w, const char *name, qpdf_oh value)
{
    if (qpdf_oh_is_null(w->q, value))
        return;
    if (strcmp(name, "/S") == 0 && qpdf_oh_is_name_and_equals(w->q, value, "/JavaScript"))
        w->found |= PDF_JAVASCRIPT;
    if (strcmp(name, "/JS") == 0 || strcmp(name, "/OnInstantiate") == 0) /* of renditions and three-dimensional artwork, too */
        w->found |= PDF_JAVASCRIPT;
    if (strcmp(name, "/S") == 0 && qpdf_oh_is_name_and_equals(w->q, value, "/Launch"))
        w->found |= PDF_LAUNCH;
    if (strcmp(name, "/EF") == 0)
        w->found |= PDF_EMBEDDED;
    if (strcmp(name, "/XFA") == 0)
        w->found |= PDF_XFA;
}

static err_t look_dictionary(struct walk *w, qpdf_oh dict, unsigned depth)
{
    AUTO_BUF names = {0};
    qpdf_oh_begin_dict_key_iter(w->q, dict); /* there is one iterator a document: the names first */
    while (qpdf_oh_dict_more_keys(w->q)) {
        const char *name = qpdf_oh_dict_next_key(w->q);
        if (!is_paint(name))
            TRY(buf_add(&names, name, strlen(name) + 1));
    }
    for (size_t at = 0; at < names.len; at += strlen((const char *)names.ptr + at) + 1) {
        const char *name = (const char *)names.ptr + at;
        qpdf_oh value = qpdf_oh_get_key(w->q, dict, name);
        judge(w, name, value);
        err_t e = follow(w, value, depth);
        qpdf_oh_release(w->q, value);
        TRY(e);
    }
    return OK;
}

static err_t look(struct walk *w, qpdf_oh v, unsigned depth)
{
    if (depth > DIRECT_DEPTH_MAX)
        return ERR_TOO_LARGE;
    switch (qpdf_oh_get_type_code(w->q, v)) {
    case ot_array: return look_array(w, v, depth);
    case ot_dictionary: return look_dictionary(w, v, depth);
    case ot_stream: {
        qpdf_oh dict = qpdf_oh_get_dict(w->q, v);
        err_t e = look_dictionary(w, dict, depth);
        qpdf_oh_release(w->q, dict);
        return e;
    }
    default: return OK;
    }
}

static err_t visit(struct walk *w, struct reference r)
{
    int parent, generation;
    if (pdf_peek_is_still_page(w->peek, r.id, r.generation, &parent, &generation)) /* most are: qpdf would parse and keep each */
        return push(w, parent, generation);
    qpdf_oh v = qpdf_get_object_by_id(w->q, r.id, r.generation);
    if (qpdf_oh_is_null(w->q, v))
        set_seen(w, r.id, false); /* of that generation there is none: there may be of another */
    err_t e = look(w, v, 0);
    qpdf_oh_release(w->q, v);
    return e;
}

static err_t walk_all(struct walk *w, struct pdf *p)
{
    qpdf_oh root = qpdf_get_root(w->q);
    pdf_peek_open(p, w->peek);
    TRY(push(w, qpdf_oh_get_object_id(w->q, root), qpdf_oh_get_generation(w->q, root)));
    while (w->todo_n > 0 && w->found != PDF_ACTIVE_ALL)
        TRY(visit(w, w->todo[--w->todo_n]));
    return pdf_faults(p);
}

err_t pdf_active_find(struct pdf *p, unsigned *found)
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh size = qpdf_oh_get_key(q, qpdf_get_trailer(q), "/Size");
    long long n = qpdf_oh_is_integer(q, size) ? qpdf_oh_get_int_value(q, size) : 0;
    TRY(pdf_faults(p));
    if (n < 1 || n > OBJECT_ID_MAX + 1)
        return ERR_PDF_DAMAGED;
    struct walk w = {.q = q, .seen_n = (size_t)n, .seen = calloc((size_t)n / 8 + 1, 1), .peek = malloc(sizeof *w.peek)};
    err_t e = w.seen != NULL && w.peek != NULL ? walk_all(&w, p) : ERR_NOMEM;
    *found = w.found;
    free(w.seen);
    free(w.peek);
    free(w.todo);
    return e;
}

err_t pdf_active_of(int fd, unsigned *found)
{
    AUTO(pdf_close) struct pdf *p = NULL;
    TRY(pdf_open(fd, &p));
    return pdf_active_find(p, found);
}
