/*
 * Reads a PDF's form and first page, and hangs a new signature field in, whichever objects hold the lists.
 * Called by pades.c and pdf_check. ISO 32000-1 §7.7, §12.5, §12.7, §12.8.
 */
#include "signer/formats/pdf_form.h"

#include "signer/formats/pdf_locks.h"
#include "signer/formats/pdf_pages.h"
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 20000 /* top-level fields looked at; tax forms have hundreds */
#define FIELD_DEPTH_MAX 16
#define SIG_FLAGS 3     /* SignaturesExist, AppendOnly (§12.7.2 table 219) */
#define UNSEEN_FLAGS 35 /* Invisible, Hidden, NoView (§12.5.3 table 165) */
#define SHOWN_FLAGS 132 /* Print, Locked */

static qpdf_oh key(struct pdf *p, qpdf_oh dict, const char *name)
{
    return qpdf_oh_get_key_if_dict(pdf_handle(p), dict, name);
}

static bool is_name(struct pdf *p, qpdf_oh dict, const char *name, const char *value)
{
    return qpdf_oh_is_name_and_equals(pdf_handle(p), key(p, dict, name), value);
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

err_t pdf_form_first_page(struct pdf *p, qpdf_oh *out)
{
    qpdf_oh *kept = pdf_first_page(p);
    if (*kept == 0)
        TRY(pdf_pages_first(p, kept));
    *out = *kept;
    bool there = qpdf_oh_is_dictionary(pdf_handle(p), *out);
    TRY(pdf_faults(p));
    return there ? OK : ERR_PDF_DAMAGED;
}

err_t pdf_form_check(struct pdf *p)
{
    qpdf_oh page;
    TRY(pdf_locks_document(p));
    TRY(pdf_form_first_page(p, &page));
    qpdf_oh annots = key(p, page, "/Annots");
    if (!qpdf_oh_is_null(pdf_handle(p), annots) && !qpdf_oh_is_array(pdf_handle(p), annots))
        return ERR_PDF_DAMAGED;
    return pdf_faults(p);
}

/* --- the field to sign in --- */

struct search {
    const char *name;
    qpdf_oh found;
    bool hit;
    unsigned seen;
};

/* Looks for a field by its full name: partial names joined by periods (§12.7.3.2). */
static err_t search(struct pdf *p, struct search *s, qpdf_oh list, const char *parent, unsigned depth)
{
    qpdf_data q = pdf_handle(p);
    int n = qpdf_oh_is_array(q, list) ? qpdf_oh_get_array_n_items(q, list) : 0;
    if (depth > FIELD_DEPTH_MAX)
        return n > 0 ? ERR_TOO_LARGE : OK;
    for (int i = 0; i < n && !s->hit; i++) {
        char full[2 * PDF_FIELD_NAME_MAX];
        qpdf_oh field = qpdf_oh_get_array_item(q, list, i), title = key(p, field, "/T");
        if (++s->seen > FIELDS_MAX)
            return ERR_TOO_LARGE;
        if (qpdf_oh_is_string(q, title)) {
            const char *part = qpdf_oh_get_utf8_value(q, title);
            int length = snprintf(full, sizeof full, "%s%s%s", parent, *parent ? "." : "", part);
            bool whole = length >= 0 && (size_t)length < sizeof full;
            s->hit = whole && strcmp(full, s->name) == 0;
            if (s->hit)
                s->found = field;
            else if (whole)
                TRY(search(p, s, key(p, field, "/Kids"), full, depth + 1));
        }
        qpdf_oh_release(q, title);
    }
    return pdf_faults(p);
}

static err_t find_field(struct pdf *p, const char *name, struct search *s)
{
    qpdf_oh fields;
    int n;
    *s = (struct search){.name = name};
    TRY(form_fields(p, &fields, &n));
    return search(p, s, fields, "", 0);
}

/* What the lock says, as the signature must repeat it: Action and Fields. */
static err_t read_lock(struct pdf *p, qpdf_oh field, char out[PDF_LOCK_MAX])
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh lock = key(p, field, "/Lock"), action = key(p, lock, "/Action"), fields = key(p, lock, "/Fields");
    out[0] = '\0';
    if (qpdf_oh_is_null(q, lock))
        return OK;
    if (!qpdf_oh_is_name(q, action) || !(qpdf_oh_is_null(q, fields) || qpdf_oh_is_array(q, fields)))
        return ERR_PDF_DAMAGED;
    int n = snprintf(out, PDF_LOCK_MAX, "/Action %s", qpdf_oh_get_name(q, action));
    if (qpdf_oh_is_array(q, fields) && n > 0 && n < PDF_LOCK_MAX)
        n += snprintf(out + n, (size_t)(PDF_LOCK_MAX - n), " /Fields %s", qpdf_oh_unparse_resolved(q, fields));
    return n > 0 && n < PDF_LOCK_MAX ? pdf_faults(p) : ERR_TOO_LARGE;
}

/* §12.7.3.1: field and widget are one dictionary, or the widget is the field's only kid. */
static qpdf_oh widget_of(struct pdf *p, qpdf_oh field)
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh kids = key(p, field, "/Kids");
    if (!qpdf_oh_is_array(q, kids) || qpdf_oh_get_array_n_items(q, kids) != 1)
        return field;
    return qpdf_oh_get_array_item(q, kids, 0);
}

static err_t take_existing(struct pdf *p, qpdf_oh field, struct pdf_target *out)
{
    qpdf_data q = pdf_handle(p);
    if (!is_name(p, field, "/FT", "/Sig") || !qpdf_oh_is_null(q, key(p, field, "/V")) || !qpdf_oh_is_indirect(q, field))
        return ERR_CONFLICT;
    TRY(pdf_locks_field(p, out->name));
    out->exists = true;
    out->field = field;
    out->widget = widget_of(p, field);
    return read_lock(p, field, out->lock);
}

static err_t named_target(struct pdf *p, const char *wanted, struct pdf_target *out)
{
    struct search s;
    struct bytes name = bytes_str(wanted);
    if (name.len == 0 || name.len >= PDF_FIELD_NAME_MAX || !utf8_valid(name))
        return ERR_SYNTAX;
    snprintf(out->name, sizeof out->name, "%s", wanted);
    TRY(find_field(p, wanted, &s));
    if (s.hit)
        return take_existing(p, s.found, out);
    return strchr(wanted, '.') == NULL ? OK : ERR_SYNTAX;
}

err_t pdf_form_target(struct pdf *p, const char *wanted, struct pdf_target *out)
{
    *out = (struct pdf_target){0};
    if (wanted != NULL)
        return named_target(p, wanted, out);
    for (int i = 1; i <= 1000; i++) {
        struct search s;
        snprintf(out->name, sizeof out->name, "Signature%d", i);
        TRY(find_field(p, out->name, &s));
        if (!s.hit)
            return OK;
    }
    return ERR_TOO_LARGE;
}

err_t pdf_form_certifiable(struct pdf *p)
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh fields;
    int n;
    if (!qpdf_oh_is_null(q, key(p, key(p, qpdf_get_root(q), "/Perms"), "/DocMDP")))
        return ERR_CONFLICT;
    TRY(form_fields(p, &fields, &n));
    for (int i = 0; i < n; i++) {
        qpdf_oh field = qpdf_oh_get_array_item(q, fields, i);
        if (is_name(p, field, "/FT", "/Sig") && !qpdf_oh_is_null(q, key(p, field, "/V")))
            return ERR_CONFLICT;
    }
    return pdf_faults(p);
}

/* --- hanging a field in --- */

struct touching {
    struct pdf *p;
    struct pdf_touched *list;
    size_t n;
};

static struct pdf_touched *touch(struct touching *t, qpdf_oh holder)
{
    qpdf_data q = pdf_handle(t->p);
    int id = qpdf_oh_get_object_id(q, holder), generation = qpdf_oh_get_generation(q, holder);
    for (size_t i = 0; i < t->n; i++) {
        if (t->list[i].id == id && t->list[i].generation == generation)
            return &t->list[i];
    }
    t->list[t->n] = (struct pdf_touched){.id = id, .generation = generation, .oh = holder};
    return &t->list[t->n++];
}

static err_t add_entry(struct pdf_touched *t, const char *text)
{
    size_t n = strlen(t->entry);
    int added = snprintf(t->entry + n, sizeof t->entry - n, " %s", text);
    return added > 0 && n + (size_t)added < sizeof t->entry ? OK : ERR_TOO_LARGE;
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

static err_t form_of(struct touching *t, qpdf_oh *form, qpdf_oh *holder)
{
    qpdf_data q = pdf_handle(t->p);
    qpdf_oh root = qpdf_get_root(q);
    *form = qpdf_oh_get_key(q, root, "/AcroForm");
    if (qpdf_oh_is_null(q, *form)) {
        *form = qpdf_oh_new_dictionary(q);
        qpdf_oh_replace_key(q, root, "/AcroForm", *form);
        touch(t, root);
    }
    *holder = qpdf_oh_is_indirect(q, *form) ? *form : root;
    return qpdf_oh_is_dictionary(q, *form) ? OK : ERR_PDF_DAMAGED;
}

static void set_flags(struct touching *t, qpdf_oh form, qpdf_oh holder)
{
    qpdf_data q = pdf_handle(t->p);
    qpdf_oh flags = qpdf_oh_get_key(q, form, "/SigFlags");
    long long value = qpdf_oh_is_integer(q, flags) ? qpdf_oh_get_int_value(q, flags) : 0;
    if ((value & SIG_FLAGS) == SIG_FLAGS)
        return;
    qpdf_oh_replace_key(q, form, "/SigFlags", qpdf_oh_new_integer(q, value | SIG_FLAGS));
    touch(t, holder);
}

/* §12.8.4: the catalog names the author's signature. */
static err_t set_permissions(struct touching *t, int signature_id)
{
    qpdf_data q = pdf_handle(t->p);
    qpdf_oh root = qpdf_get_root(q), perms = qpdf_oh_get_key(q, root, "/Perms");
    char text[256];
    if (qpdf_oh_is_null(q, perms)) {
        snprintf(text, sizeof text, "/Perms << /DocMDP %d 0 R >>", signature_id);
        return add_entry(touch(t, root), text);
    }
    if (!qpdf_oh_is_dictionary(q, perms))
        return ERR_PDF_DAMAGED;
    if (qpdf_oh_is_indirect(q, perms)) {
        snprintf(text, sizeof text, "/DocMDP %d 0 R", signature_id);
        return add_entry(touch(t, perms), text);
    }
    const char *old = qpdf_oh_unparse_resolved(q, perms); /* "<< … >>" */
    size_t n = strlen(old);
    if (n < 4 || n > sizeof text - 40)
        return ERR_TOO_LARGE;
    snprintf(text, sizeof text, "/Perms %.*s /DocMDP %d 0 R >>", (int)(n - 2), old, signature_id);
    qpdf_oh_remove_key(q, root, "/Perms");
    return add_entry(touch(t, root), text);
}

/* The widget shows the new look in place of its old one, on screen and paper. */
static err_t set_look(struct touching *t, qpdf_oh widget, int appearance_id)
{
    qpdf_data q = pdf_handle(t->p);
    char entry[40];
    if (!qpdf_oh_is_indirect(q, widget) || !qpdf_oh_is_dictionary(q, widget))
        return ERR_PDF_DAMAGED;
    qpdf_oh flags = qpdf_oh_get_key(q, widget, "/F");
    long long value = qpdf_oh_is_integer(q, flags) ? qpdf_oh_get_int_value(q, flags) : 0;
    qpdf_oh_replace_key(q, widget, "/F", qpdf_oh_new_integer(q, (value & ~UNSEEN_FLAGS) | SHOWN_FLAGS));
    qpdf_oh_remove_key(q, widget, "/AP");
    snprintf(entry, sizeof entry, "/AP << /N %d 0 R >>", appearance_id);
    return add_entry(touch(t, widget), entry);
}

static err_t fill_field(struct touching *t, const struct pdf_target *target, const struct pdf_hanging *h)
{
    char value[32];
    snprintf(value, sizeof value, "/V %d 0 R", h->signature_id);
    TRY(add_entry(touch(t, target->field), value));
    return h->appearance_id != 0 ? set_look(t, target->widget, h->appearance_id) : OK;
}

err_t pdf_form_hang(struct pdf *p, const struct pdf_target *target, const struct pdf_hanging *h, struct pdf_touched out[PDF_TOUCHED_MAX],
                    size_t *n)
{
    struct touching t = {.p = p, .list = out};
    qpdf_data q = pdf_handle(p);
    qpdf_oh form, holder;
    TRY(form_of(&t, &form, &holder));
    if (target->exists) {
        TRY(fill_field(&t, target, h));
    } else {
        qpdf_oh field = qpdf_get_object_by_id(q, h->field_id, 0);
        TRY(append(&t, form, holder, "/Fields", field));
        TRY(append(&t, h->page, h->page, "/Annots", field));
    }
    set_flags(&t, form, holder);
    if (h->certify)
        TRY(set_permissions(&t, h->signature_id));
    *n = t.n;
    return pdf_faults(p);
}
