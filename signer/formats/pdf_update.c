/*
 * Writes an incremental update: a table behind a table, a stream behind a stream, so that readers of either kind follow.
 * Called by pades.c. ISO 32000-1 §7.5.4 to §7.5.8.
 */
#include "signer/formats/pdf_update.h"

#include "common/secret.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_ID_MAX 8388607 /* ISO 32000-1 annex C, table C.1 */
#define XREF_STREAM_WIDTH 8   /* of an entry: /W [1 5 2] */

err_t pdf_update_begin(struct pdf *p, struct pdf_update *u)
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh size = qpdf_oh_get_key(q, qpdf_get_trailer(q), "/Size");
    long long next = qpdf_oh_is_integer(q, size) ? qpdf_oh_get_int_value(q, size) : 0;
    TRY(pdf_faults(p));
    /* qpdf warned on opening if /Size were not one more than the highest number. */
    if (next < 1 || next > OBJECT_ID_MAX - PDF_UPDATE_OBJECTS_MAX)
        return ERR_PDF_DAMAGED;
    *u = (struct pdf_update){.base = pdf_size(p), .next_id = (int)next};
    return buf_add_str(&u->out, "\n"); /* the file may end without one */
}

int pdf_update_new_id(struct pdf_update *u)
{
    return u->next_id++;
}

static err_t make_room(struct pdf_update *u)
{
    if (u->n < u->cap)
        return OK;
    if (u->n == PDF_UPDATE_OBJECTS_MAX)
        return ERR_TOO_LARGE;
    size_t cap = u->cap == 0 ? 16 : 2 * u->cap;
    struct pdf_update_object *larger = realloc(u->object, cap * sizeof *larger);
    if (larger == NULL)
        return ERR_NOMEM;
    u->object = larger;
    u->cap = cap;
    return OK;
}

err_t pdf_update_object_begin(struct pdf_update *u, int id, int generation)
{
    TRY(make_room(u));
    u->object[u->n++] = (struct pdf_update_object){id, generation, u->base + u->out.len};
    return buf_addf(&u->out, "%d %d obj\n", id, generation);
}

err_t pdf_update_object_end(struct pdf_update *u)
{
    return buf_add_str(&u->out, "\nendobj\n");
}

err_t pdf_update_rewrite(struct pdf *p, struct pdf_update *u, qpdf_oh oh, const char *entry)
{
    qpdf_data q = pdf_handle(p);
    TRY(pdf_update_object_begin(u, qpdf_oh_get_object_id(q, oh), qpdf_oh_get_generation(q, oh)));
    TRY(buf_add_str(&u->out, qpdf_oh_unparse_resolved(q, oh)));
    TRY(pdf_faults(p));
    if (entry != NULL && entry[0] != '\0') {
        if (u->out.len < 2 || memcmp(u->out.ptr + u->out.len - 2, ">>", 2) != 0)
            return ERR_PDF_DAMAGED;
        u->out.len -= 2;
        TRY(buf_addf(&u->out, "%s >>", entry));
    }
    return pdf_update_object_end(u);
}

static int object_order(const void *a, const void *b)
{
    const struct pdf_update_object *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* Length of the run of consecutive numbers from i on. */
static size_t run_length(const struct pdf_update *u, size_t i)
{
    size_t n = 1;
    while (i + n < u->n && u->object[i + n].id == u->object[i].id + (int)n)
        n++;
    return n;
}

/* The entries that trailer and cross-reference stream dictionary share (§7.5.5 table 15). */
static err_t write_trailer_entries(struct pdf *p, struct pdf_update *u)
{
    static const char *const KEPT[] = {"/Root", "/Info"};
    qpdf_data q = pdf_handle(p);
    qpdf_oh trailer = qpdf_get_trailer(q);
    TRY(buf_addf(&u->out, "/Size %d /Prev %" PRIu64, u->next_id, pdf_startxref(p)));
    for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT; i++) {
        qpdf_oh value = qpdf_oh_get_key(q, trailer, KEPT[i]);
        if (qpdf_oh_is_indirect(q, value))
            TRY(buf_addf(&u->out, " %s %d %d R", KEPT[i], qpdf_oh_get_object_id(q, value), qpdf_oh_get_generation(q, value)));
    }
    qpdf_oh id = qpdf_oh_get_key(q, trailer, "/ID");
    if (qpdf_oh_is_array(q, id) && qpdf_oh_get_array_n_items(q, id) == 2) {
        uint8_t changed[16]; /* §14.4: the second half is new with each update */
        char hex[33];
        random_bytes(changed, sizeof changed);
        hex_encode(BYTES(changed, sizeof changed), hex);
        TRY(buf_addf(&u->out, " /ID [ %s <%s> ]", qpdf_oh_unparse_resolved(q, qpdf_oh_get_array_item(q, id, 0)), hex));
    }
    return pdf_faults(p);
}

static err_t write_table(struct pdf *p, struct pdf_update *u)
{
    TRY(buf_add_str(&u->out, "xref\n"));
    for (size_t i = 0; i < u->n;) {
        size_t n = run_length(u, i);
        TRY(buf_addf(&u->out, "%d %zu\n", u->object[i].id, n));
        for (size_t end = i + n; i < end; i++) {
            if (u->object[i].at > 9999999999) /* ten digits: §7.5.4 */
                return ERR_TOO_LARGE;
            TRY(buf_addf(&u->out, "%010" PRIu64 " %05d n \n", u->object[i].at, u->object[i].generation));
        }
    }
    TRY(buf_add_str(&u->out, "trailer\n<< "));
    TRY(write_trailer_entries(p, u));
    return buf_add_str(&u->out, " >>\n");
}

static err_t write_stream_entries(struct pdf_update *u)
{
    for (size_t i = 0; i < u->n; i++) {
        uint8_t entry[XREF_STREAM_WIDTH] = {1}; /* §7.5.8.3: type 1, offset, generation */
        for (unsigned k = 0; k < 5; k++)
            entry[1 + k] = (uint8_t)(u->object[i].at >> (8 * (4 - k)));
        entry[6] = (uint8_t)(u->object[i].generation >> 8);
        entry[7] = (uint8_t)u->object[i].generation;
        TRY(buf_add(&u->out, entry, sizeof entry));
    }
    return OK;
}

static err_t write_stream(struct pdf *p, struct pdf_update *u)
{
    TRY(pdf_update_object_begin(u, pdf_update_new_id(u), 0)); /* it lists itself: the highest number, so still in order */
    TRY(buf_addf(&u->out, "<< /Type /XRef /Length %zu /W [ 1 5 2 ] /Index [", u->n * XREF_STREAM_WIDTH));
    for (size_t i = 0; i < u->n; i += run_length(u, i))
        TRY(buf_addf(&u->out, " %d %zu", u->object[i].id, run_length(u, i)));
    TRY(buf_add_str(&u->out, " ] "));
    TRY(write_trailer_entries(p, u));
    TRY(buf_add_str(&u->out, " >>\nstream\n"));
    TRY(write_stream_entries(u));
    TRY(buf_add_str(&u->out, "\nendstream"));
    return pdf_update_object_end(u);
}

err_t pdf_update_finish(struct pdf *p, struct pdf_update *u)
{
    qsort(u->object, u->n, sizeof *u->object, object_order);
    uint64_t at = u->base + u->out.len;
    TRY(pdf_xref(p) == PDF_XREF_STREAM ? write_stream(p, u) : write_table(p, u));
    return buf_addf(&u->out, "startxref\n%" PRIu64 "\n%%%%EOF\n", at);
}

void pdf_update_free(struct pdf_update *u)
{
    buf_free(&u->out);
    free(u->object);
    *u = (struct pdf_update){0};
}
