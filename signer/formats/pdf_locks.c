/*
 * Walks over the signed fields of a form and reads what their signatures lock.
 * Called by pdf_form.c and signer/verify/pdf_changes.c. ISO 32000-1 §12.7.3, §12.7.4.5, §12.8.1 table 253, §12.8.2.2, §12.8.2.4.
 */
#include "signer/formats/pdf_locks.h"

#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 20000 /* looked at; tax forms have hundreds */
#define FIELD_DEPTH_MAX 16
#define REFERENCES_MAX 16 /* signature references of one signature */
#define LOCKED_MAX 4096   /* names in one FieldMDP */
#define NAME_CAP 512

struct look {
    struct pdf *p;
    qpdf_data q;
    const char *name; /* NULL: any change at all */
    unsigned seen;
};

static qpdf_oh key(const struct look *l, qpdf_oh dict, const char *name)
{
    return qpdf_oh_get_key_if_dict(l->q, dict, name);
}

static bool name_is(const struct look *l, qpdf_oh dict, const char *name, const char *value)
{
    return qpdf_oh_is_name_and_equals(l->q, key(l, dict, name), value);
}

/* --- one transform --- */

/* §12.8.2.2: 1 forbids every change; absent means 2: forms and signatures are allowed. */
static bool forbids_all(const struct look *l, qpdf_oh permission)
{
    return !qpdf_oh_is_null(l->q, permission) && (!qpdf_oh_is_integer(l->q, permission) || qpdf_oh_get_int_value(l->q, permission) < 2);
}

/* A name stands for the field and all below it. */
static bool covers(const char *locked, const char *name)
{
    size_t n = strlen(locked);
    return strncmp(locked, name, n) == 0 && (name[n] == '\0' || name[n] == '.');
}

/* §12.8.2.4 table 256. What cannot be read locks: who signed it meant something by it. */
static bool locks_field(const struct look *l, qpdf_oh params)
{
    qpdf_oh fields = key(l, params, "/Fields");
    bool include = name_is(l, params, "/Action", "/Include"), exclude = name_is(l, params, "/Action", "/Exclude");
    if ((!include && !exclude) || !qpdf_oh_is_array(l->q, fields))
        return true; /* /All, or neither */
    int n = qpdf_oh_get_array_n_items(l->q, fields);
    bool named = n > LOCKED_MAX && include;
    for (int i = 0; i < n && i < LOCKED_MAX && !named; i++) {
        qpdf_oh item = qpdf_oh_get_array_item(l->q, fields, i);
        named = qpdf_oh_is_string(l->q, item) && covers(qpdf_oh_get_utf8_value(l->q, item), l->name);
        qpdf_oh_release(l->q, item);
    }
    return include ? named : !named;
}

static err_t check_reference(const struct look *l, qpdf_oh reference)
{
    qpdf_oh params = key(l, reference, "/TransformParams");
    if (l->name == NULL && name_is(l, reference, "/TransformMethod", "/DocMDP") && forbids_all(l, key(l, params, "/P")))
        return ERR_PDF_CERTIFIED;
    if (l->name != NULL && name_is(l, reference, "/TransformMethod", "/FieldMDP") && locks_field(l, params))
        return ERR_PDF_LOCKED;
    return OK;
}

static err_t check_signature(const struct look *l, qpdf_oh signature)
{
    qpdf_oh references = key(l, signature, "/Reference");
    int n = qpdf_oh_is_array(l->q, references) ? qpdf_oh_get_array_n_items(l->q, references) : 0;
    if (n > REFERENCES_MAX)
        return ERR_TOO_LARGE;
    for (int i = 0; i < n; i++)
        TRY(check_reference(l, qpdf_oh_get_array_item(l->q, references, i)));
    return OK;
}

/* ISO 32000-2 table 236: a signed field's lock may forbid changes as DocMDP does. */
static err_t check_field(const struct look *l, qpdf_oh field, qpdf_oh value)
{
    TRY(check_signature(l, value));
    qpdf_oh permission = key(l, key(l, field, "/Lock"), "/P");
    bool forbids = l->name == NULL && qpdf_oh_is_integer(l->q, permission) && qpdf_oh_get_int_value(l->q, permission) < 2;
    return forbids ? ERR_PDF_CERTIFIED : OK;
}

/* --- the form --- */

static err_t walk(struct look *l, qpdf_oh list, bool signature, unsigned depth)
{
    int n = qpdf_oh_is_array(l->q, list) ? qpdf_oh_get_array_n_items(l->q, list) : 0;
    if (n > 0 && depth > FIELD_DEPTH_MAX)
        return ERR_TOO_LARGE;
    for (int i = 0; i < n; i++) {
        if (++l->seen > FIELDS_MAX)
            return ERR_TOO_LARGE;
        qpdf_oh field = qpdf_oh_get_array_item(l->q, list, i), type = key(l, field, "/FT"), value = key(l, field, "/V");
        bool is = qpdf_oh_is_name(l->q, type) ? qpdf_oh_is_name_and_equals(l->q, type, "/Sig") : signature; /* inheritable: table 220 */
        if (is && qpdf_oh_is_dictionary(l->q, value))
            TRY(check_field(l, field, value));
        TRY(walk(l, key(l, field, "/Kids"), is, depth + 1));
        qpdf_oh_release(l->q, value);
        qpdf_oh_release(l->q, type);
        qpdf_oh_release(l->q, field);
    }
    return OK;
}

static err_t look(struct pdf *p, const char *name)
{
    struct look l = {.p = p, .q = pdf_handle(p), .name = name};
    qpdf_oh root = qpdf_get_root(l.q), form = key(&l, root, "/AcroForm"), fields = key(&l, form, "/Fields");
    bool form_valid = qpdf_oh_is_null(l.q, form) || qpdf_oh_is_dictionary(l.q, form);
    bool fields_valid = qpdf_oh_is_null(l.q, fields) || qpdf_oh_is_array(l.q, fields);
    if (!form_valid || !fields_valid)
        return ERR_PDF_DAMAGED;
    TRY(check_signature(&l, key(&l, key(&l, root, "/Perms"), "/DocMDP")));
    TRY(walk(&l, fields, false, 0));
    return pdf_faults(p);
}

err_t pdf_locks_document(struct pdf *p)
{
    return look(p, NULL);
}

err_t pdf_locks_field(struct pdf *p, const char *name)
{
    return look(p, name);
}

bool pdf_locks_name(struct pdf *p, qpdf_oh field, char *out, size_t cap)
{
    qpdf_data q = pdf_handle(p);
    char below[NAME_CAP] = "";
    out[0] = '\0';
    for (unsigned depth = 0; qpdf_oh_is_dictionary(q, field); depth++) {
        qpdf_oh title = qpdf_oh_get_key(q, field, "/T");
        const char *part = qpdf_oh_is_string(q, title) ? qpdf_oh_get_utf8_value(q, title) : "";
        int n = snprintf(out, cap, "%s%s%s", part, *part != '\0' && below[0] != '\0' ? "." : "", below);
        if (n < 0 || (size_t)n >= cap || n >= NAME_CAP || depth > FIELD_DEPTH_MAX)
            return false;
        snprintf(below, sizeof below, "%s", out);
        field = qpdf_oh_get_key(q, field, "/Parent");
    }
    return true;
}
