/*
 * Copies objects from one PDF into an update of another: each gets a new number when it is first referred to, and is written in its turn.
 * Called by pdf_appearance.c. ISO 32000-1 §7.3.10, §8.10.2.
 */
#include "signer/formats/pdf_import.h"

#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX 256
#define DEPTH_MAX 16

struct import {
    struct pdf *from;
    qpdf_data q;
    struct pdf_update *u;
    struct {
        int old_id, new_id;
    } item[OBJECTS_MAX];
    size_t n;
};

static err_t write_reference(struct import *im, int old_id)
{
    for (size_t i = 0; i < im->n; i++) {
        if (im->item[i].old_id == old_id)
            return buf_addf(&im->u->out, "%d 0 R", im->item[i].new_id);
    }
    if (im->n == OBJECTS_MAX)
        return ERR_TOO_LARGE;
    int new_id = pdf_update_new_id(im->u);
    im->item[im->n].old_id = old_id;
    im->item[im->n++].new_id = new_id;
    return buf_addf(&im->u->out, "%d 0 R", new_id);
}

static err_t write_value(struct import *im, qpdf_oh v, bool resolved, unsigned depth) MUST_USE;

static err_t write_array(struct import *im, qpdf_oh v, unsigned depth)
{
    int n = qpdf_oh_get_array_n_items(im->q, v);
    TRY(buf_add_str(&im->u->out, "["));
    for (int i = 0; i < n; i++) {
        TRY(buf_add_str(&im->u->out, " "));
        TRY(write_value(im, qpdf_oh_get_array_item(im->q, v, i), false, depth + 1));
    }
    return buf_add_str(&im->u->out, " ]");
}

/* The entries of a dictionary without its brackets; a stream's length is written by itself. */
static err_t write_entries(struct import *im, qpdf_oh dict, unsigned depth)
{
    AUTO_BUF names = {0};
    qpdf_oh_begin_dict_key_iter(im->q, dict); /* there is one iterator a document: the names first */
    while (qpdf_oh_dict_more_keys(im->q)) {
        const char *name = qpdf_oh_dict_next_key(im->q);
        TRY(buf_add(&names, name, strlen(name) + 1));
    }
    for (size_t at = 0; at < names.len; at += strlen((const char *)names.ptr + at) + 1) {
        const char *name = (const char *)names.ptr + at;
        if (strcmp(name, "/Length") == 0)
            continue;
        qpdf_oh key = qpdf_oh_new_name(im->q, name); /* writes what must be escaped */
        TRY(buf_addf(&im->u->out, " %s ", qpdf_oh_unparse(im->q, key)));
        TRY(write_value(im, qpdf_oh_get_key(im->q, dict, name), false, depth + 1));
    }
    return OK;
}

static err_t write_stream(struct import *im, qpdf_oh v, unsigned depth)
{
    unsigned char *data = NULL;
    size_t n = 0;
    if ((qpdf_oh_get_stream_data(im->q, v, qpdf_dl_none, NULL, &data, &n) & QPDF_ERRORS) != 0)
        return ERR_PDF_DAMAGED;
    err_t e = write_entries(im, qpdf_oh_get_dict(im->q, v), depth);
    if (e == OK)
        e = buf_addf(&im->u->out, " /Length %zu >>\nstream\n", n);
    if (e == OK)
        e = buf_add(&im->u->out, data, n);
    free(data);
    return e == OK ? buf_add_str(&im->u->out, "\nendstream") : e;
}

static err_t write_value(struct import *im, qpdf_oh v, bool resolved, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return ERR_TOO_LARGE;
    if (!resolved && qpdf_oh_is_indirect(im->q, v))
        return write_reference(im, qpdf_oh_get_object_id(im->q, v));
    switch (qpdf_oh_get_type_code(im->q, v)) {
    case ot_array: return write_array(im, v, depth);
    case ot_dictionary:
        TRY(buf_add_str(&im->u->out, "<<"));
        TRY(write_entries(im, v, depth));
        return buf_add_str(&im->u->out, " >>");
    case ot_stream: TRY(buf_add_str(&im->u->out, "<<")); return write_stream(im, v, depth);
    default: return buf_add_str(&im->u->out, qpdf_oh_unparse_resolved(im->q, v));
    }
}

/* Everything that was referred to; what that refers to comes behind it in the same list. */
static err_t write_objects(struct import *im)
{
    for (size_t i = 0; i < im->n; i++) {
        TRY(pdf_update_object_begin(im->u, im->item[i].new_id, 0));
        TRY(write_value(im, qpdf_get_object_by_id(im->q, im->item[i].old_id, 0), true, 0));
        TRY(pdf_update_object_end(im->u));
    }
    return pdf_faults(im->from);
}

static err_t write_page_entry(struct import *im, qpdf_oh page, const char *name)
{
    qpdf_oh v = qpdf_oh_get_key(im->q, page, name);
    if (qpdf_oh_is_null(im->q, v))
        return OK;
    TRY(buf_addf(&im->u->out, " %s ", name));
    return write_value(im, v, false, 1);
}

static err_t write_form(struct import *im, const char *entries, int *id)
{
    if (qpdf_get_num_pages(im->q) != 1)
        return ERR_PDF_DAMAGED;
    qpdf_oh page = qpdf_get_page_n(im->q, 0), contents = qpdf_oh_get_key(im->q, page, "/Contents");
    if (!qpdf_oh_is_stream(im->q, contents))
        return ERR_PDF_DAMAGED;
    *id = pdf_update_new_id(im->u);
    TRY(pdf_update_object_begin(im->u, *id, 0));
    TRY(buf_addf(&im->u->out, "<< /Type /XObject /Subtype /Form /FormType 1 %s", entries));
    TRY(write_page_entry(im, page, "/Resources"));
    TRY(write_page_entry(im, page, "/Group"));
    TRY(write_stream(im, contents, 1));
    return pdf_update_object_end(im->u);
}

err_t pdf_import_form(struct bytes page, struct pdf_update *u, const char *entries, int *id)
{
    AUTO(pdf_close) struct pdf *from = NULL;
    struct import *im = calloc(1, sizeof *im);
    err_t e = im != NULL ? pdf_open_memory(page, &from) : ERR_NOMEM;
    if (e == OK) {
        *im = (struct import){.from = from, .q = pdf_handle(from), .u = u};
        e = write_form(im, entries, id);
    }
    if (e == OK)
        e = write_objects(im);
    free(im);
    return e;
}
