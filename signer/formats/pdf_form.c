/*
 * Reads a PDF's form and first page, and hangs a new signature field in, whichever objects hold the lists.
 * Called by pades.c and pdf_check. ISO 32000-1 §7.7, §12.5, §12.7, §12.8.
 */
#include "signer/formats/pdf_form.h"

#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 20000  /* top-level fields looked at; tax forms have hundreds */
#define REFERENCES_MAX 16 /* signature references of one signature */
#define SIG_FLAGS 3       /* SignaturesExist, AppendOnly (§12.7.2 table 219) */

static qpdf_oh key(struct pdf *p, qpdf_oh dict, const char *name)
{
    return qpdf_oh_get_key_if_dict(pdf_handle(p), dict, name);
}

static bool is_name(struct pdf *p, qpdf_oh dict, const char *name, const char *value)
{
    return qpdf_oh_is_name_and_equals(pdf_handle(p), key(p, dict, name), value);
}

/* --- what earlier signatures allow --- */

/* Does a DocMDP transform (§12.8.2.2) of this signature forbid every change? */
static bool forbids_changes(struct pdf *p, qpdf_oh signature)
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh references = key(p, signature, "/Reference");
    if (!qpdf_oh_is_array(q, references))
        return false;
    int n = qpdf_oh_get_array_n_items(q, references);
    if (n > REFERENCES_MAX)
        return true;
    for (int i = 0; i < n; i++) {
        qpdf_oh reference = qpdf_oh_get_array_item(q, references, i);
        qpdf_oh permission = key(p, key(p, reference, "/TransformParams"), "/P");
        if (!is_name(p, reference, "/TransformMethod", "/DocMDP"))
            continue;
        if (!qpdf_oh_is_null(q, permission) && (!qpdf_oh_is_integer(q, permission) || qpdf_oh_get_int_value(q, permission) < 2))
            return true; /* absent means 2: forms and signatures are allowed */
    }
    return false;
}

/* §12.7.4.5, ISO 32000-2 table 236: a signed field's lock may forbid changes as DocMDP does. */
static bool lock_forbids_changes(struct pdf *p, qpdf_oh field)
{
    qpdf_oh permission = key(p, key(p, field, "/Lock"), "/P");
    return qpdf_oh_is_integer(pdf_handle(p), permission) && qpdf_oh_get_int_value(pdf_handle(p), permission) < 2;
}

static err_t form_fields(struct pdf *p, qpdf_oh *fields, int *n)
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh form = key(p, qpdf_get_root(q), "/AcroForm");
    *fields = key(p, form, "/Fields");
    *n = 0;
    bool form_valid = qpdf_oh_is_null(q, form) || qpdf_oh_is_dictionary(q, form);
    bool fields_valid = qpdf_oh_is_null(q, *fields) || qpdf_oh_is_array(q, *fields);
    if (!form_valid || !fields_valid)
        return ERR_PDF_DAMAGED;
    if (qpdf_oh_is_array(q, *fields))
        *n = qpdf_oh_get_array_n_items(q, *fields);
    return *n <= FIELDS_MAX ? pdf_faults(p) : ERR_TOO_LARGE;
}

static err_t check_permissions(struct pdf *p)
{
    qpdf_data q = pdf_handle(p);
    if (forbids_changes(p, key(p, key(p, qpdf_get_root(q), "/Perms"), "/DocMDP")))
        return ERR_PDF_CERTIFIED;
    qpdf_oh fields;
    int n;
    TRY(form_fields(p, &fields, &n));
    for (int i = 0; i < n; i++) {
        qpdf_oh field = qpdf_oh_get_array_item(q, fields, i);
        qpdf_oh value = key(p, field, "/V");
        if (!is_name(p, field, "/FT", "/Sig") || !qpdf_oh_is_dictionary(q, value))
            continue;
        if (forbids_changes(p, value) || lock_forbids_changes(p, field))
            return ERR_PDF_CERTIFIED;
    }
    return pdf_faults(p);
}

err_t pdf_form_first_page(struct pdf *p, qpdf_oh *out)
{
    qpdf_data q = pdf_handle(p);
    if (qpdf_get_num_pages(q) < 1)
        return ERR_PDF_DAMAGED;
    *out = qpdf_get_page_n(q, 0);
    TRY(pdf_faults(p));
    return qpdf_oh_is_dictionary(q, *out) && qpdf_oh_is_indirect(q, *out) ? OK : ERR_PDF_DAMAGED;
}

err_t pdf_form_check(struct pdf *p)
{
    qpdf_oh page;
    TRY(check_permissions(p));
    TRY(pdf_form_first_page(p, &page));
    qpdf_oh annots = key(p, page, "/Annots");
    if (!qpdf_oh_is_null(pdf_handle(p), annots) && !qpdf_oh_is_array(pdf_handle(p), annots))
        return ERR_PDF_DAMAGED;
    return pdf_faults(p);
}

/* --- names --- */

static err_t name_in_use(struct pdf *p, const char *name, bool *used)
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh fields;
    int n;
    *used = false;
    TRY(form_fields(p, &fields, &n));
    for (int i = 0; i < n && !*used; i++) {
        qpdf_oh title = key(p, qpdf_oh_get_array_item(q, fields, i), "/T");
        *used = qpdf_oh_is_string(q, title) && strcmp(qpdf_oh_get_utf8_value(q, title), name) == 0;
        qpdf_oh_release(q, title);
    }
    return pdf_faults(p);
}

err_t pdf_form_field_name(struct pdf *p, const char *wanted, char out[PDF_FIELD_NAME_MAX])
{
    bool used;
    if (wanted != NULL) {
        struct bytes name = bytes_str(wanted);
        if (name.len == 0 || name.len >= PDF_FIELD_NAME_MAX || !utf8_valid(name) || strchr(wanted, '.') != NULL)
            return ERR_SYNTAX;
        snprintf(out, PDF_FIELD_NAME_MAX, "%s", wanted);
        TRY(name_in_use(p, out, &used));
        return used ? ERR_CONFLICT : OK;
    }
    for (int i = 1; i <= 1000; i++) {
        snprintf(out, PDF_FIELD_NAME_MAX, "Signature%d", i);
        TRY(name_in_use(p, out, &used));
        if (!used)
            return OK;
    }
    return ERR_TOO_LARGE;
}

/* --- hanging a field in --- */

struct touching {
    struct pdf *p;
    struct pdf_touched *list;
    size_t n;
};

static void touch(struct touching *t, qpdf_oh holder)
{
    qpdf_data q = pdf_handle(t->p);
    int id = qpdf_oh_get_object_id(q, holder), generation = qpdf_oh_get_generation(q, holder);
    for (size_t i = 0; i < t->n; i++) {
        if (t->list[i].id == id && t->list[i].generation == generation)
            return;
    }
    t->list[t->n++] = (struct pdf_touched){id, generation, holder};
}

/* Appends item to the list under name of dict, whose nearest indirect object is holder; touches what really changes. */
static err_t append(struct touching *t, qpdf_oh dict, qpdf_oh holder, const char *name, qpdf_oh item)
{
    qpdf_data q = pdf_handle(t->p);
    qpdf_oh list = qpdf_oh_get_key(q, dict, name);
    if (qpdf_oh_is_null(q, list)) {
        list = qpdf_oh_new_array(q);
        qpdf_oh_append_item(q, list, item);
        qpdf_oh_replace_key(q, dict, name, list);
        touch(t, holder);
        return pdf_faults(t->p);
    }
    if (!qpdf_oh_is_array(q, list))
        return ERR_PDF_DAMAGED;
    qpdf_oh_append_item(q, list, item);
    touch(t, qpdf_oh_is_indirect(q, list) ? list : holder);
    return pdf_faults(t->p);
}

static err_t add_to_form(struct touching *t, qpdf_oh field)
{
    qpdf_data q = pdf_handle(t->p);
    qpdf_oh root = qpdf_get_root(q);
    qpdf_oh form = qpdf_oh_get_key(q, root, "/AcroForm");
    if (qpdf_oh_is_null(q, form)) {
        form = qpdf_oh_new_dictionary(q);
        qpdf_oh_replace_key(q, root, "/AcroForm", form);
        touch(t, root);
    }
    if (!qpdf_oh_is_dictionary(q, form))
        return ERR_PDF_DAMAGED;
    qpdf_oh holder = qpdf_oh_is_indirect(q, form) ? form : root;
    TRY(append(t, form, holder, "/Fields", field));

    qpdf_oh flags = qpdf_oh_get_key(q, form, "/SigFlags");
    long long value = qpdf_oh_is_integer(q, flags) ? qpdf_oh_get_int_value(q, flags) : 0;
    if ((value & SIG_FLAGS) == SIG_FLAGS)
        return pdf_faults(t->p);
    qpdf_oh_replace_key(q, form, "/SigFlags", qpdf_oh_new_integer(q, value | SIG_FLAGS));
    touch(t, holder);
    return pdf_faults(t->p);
}

err_t pdf_form_add(struct pdf *p, int field_id, struct pdf_touched out[PDF_TOUCHED_MAX], size_t *n)
{
    struct touching t = {.p = p, .list = out};
    qpdf_oh page, field = qpdf_get_object_by_id(pdf_handle(p), field_id, 0);
    TRY(pdf_form_first_page(p, &page));
    TRY(add_to_form(&t, field));
    TRY(append(&t, page, page, "/Annots", field));
    *n = t.n;
    return OK;
}
