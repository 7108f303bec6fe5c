/*
 * Looks at added signature fields with the eyes of somebody who would hide something in one.
 * Called by pdf_changes.c. ISO 32000-1 §12.5.3, §12.7.4.5; "sneaky signature" and "evil annotation" attacks on certified documents.
 */
#include "signer/verify/pdf_added.h"

#include <stdio.h>

#define HIDDEN 2 /* the one flag that keeps a widget off screen and paper; NoView still prints */

static qpdf_oh key(const struct pdf_added *a, qpdf_oh dict, const char *name)
{
    return qpdf_oh_get_key_if_dict(a->q, dict, name);
}

static bool name_is(qpdf_data q, qpdf_oh dict, const char *name, const char *value)
{
    return qpdf_oh_is_name_and_equals(q, qpdf_oh_get_key_if_dict(q, dict, name), value);
}

bool pdf_is_signature_field(qpdf_data q, qpdf_oh field)
{
    return name_is(q, field, "/FT", "/Sig") || name_is(q, qpdf_oh_get_key_if_dict(q, field, "/Parent"), "/FT", "/Sig");
}

/* Without an area, or hidden, a widget shows nothing. */
static bool is_visible(const struct pdf_added *a, qpdf_oh widget)
{
    qpdf_oh rect = key(a, widget, "/Rect"), flags = key(a, widget, "/F");
    if (qpdf_oh_is_null(a->q, rect))
        return false;
    if (!qpdf_oh_is_array(a->q, rect) || qpdf_oh_get_array_n_items(a->q, rect) != 4)
        return true; /* who knows what a viewer makes of it */
    double v[4];
    for (int i = 0; i < 4; i++)
        v[i] = qpdf_oh_get_numeric_value(a->q, qpdf_oh_get_array_item(a->q, rect, i));
    bool hidden = qpdf_oh_is_integer(a->q, flags) && (qpdf_oh_get_int_value(a->q, flags) & HIDDEN) != 0;
    return !hidden && v[0] != v[2] && v[1] != v[3];
}

/* By its own area or that of a widget below it. */
static bool shows_anything(const struct pdf_added *a, qpdf_oh field)
{
    qpdf_oh kids = key(a, field, "/Kids");
    int n = qpdf_oh_is_array(a->q, kids) ? qpdf_oh_get_array_n_items(a->q, kids) : 0;
    bool shows = is_visible(a, field) || n > ADDED_MAX;
    for (int i = 0; i < n && !shows; i++)
        shows = is_visible(a, qpdf_oh_get_array_item(a->q, kids, i));
    return shows;
}

bool pdf_added_filled(struct pdf_added *a, qpdf_oh field)
{
    qpdf_oh value = key(a, field, "/V"), title = key(a, field, "/T");
    bool person = qpdf_oh_is_dictionary(a->q, value) && !name_is(a->q, value, "/SubFilter", "/ETSI.RFC3161"),
         shows = shows_anything(a, field);
    a->fields++;
    if (person)
        a->signatures++;
    else if (shows) /* a time-stamping service answers for no picture */
        return false;
    if (shows && a->visible[0] == '\0')
        snprintf(a->visible, sizeof a->visible, "%s", qpdf_oh_is_string(a->q, title) ? qpdf_oh_get_utf8_value(a->q, title) : "?");
    return true;
}

/* What field and widget have in common. */
static bool is_plain(const struct pdf_added *a, qpdf_oh item)
{
    static const char *const FORBIDDEN[] = {"/A", "/AA", "/Kids", "/Parent"};
    bool plain = qpdf_oh_is_indirect(a->q, item) && qpdf_oh_is_dictionary(a->q, item) && name_is(a->q, item, "/FT", "/Sig") &&
                 (qpdf_oh_is_null(a->q, key(a, item, "/Subtype")) || name_is(a->q, item, "/Subtype", "/Widget"));
    for (size_t i = 0; i < sizeof FORBIDDEN / sizeof *FORBIDDEN && plain; i++)
        plain = qpdf_oh_is_null(a->q, key(a, item, FORBIDDEN[i]));
    return plain;
}

bool pdf_added_field(struct pdf_added *a, qpdf_oh field)
{
    if (a->field_n == ADDED_MAX || !is_plain(a, field))
        return false;
    a->field[a->field_n++] = qpdf_oh_get_object_id(a->q, field);
    return pdf_added_filled(a, field);
}

bool pdf_added_widget(struct pdf_added *a, qpdf_oh widget)
{
    if (a->widget_n == ADDED_MAX || !is_plain(a, widget))
        return false;
    a->widget[a->widget_n++] = qpdf_oh_get_object_id(a->q, widget);
    return true;
}

bool pdf_added_complete(const struct pdf_added *a)
{
    for (size_t i = 0; i < a->widget_n; i++) {
        size_t k = 0;
        while (k < a->field_n && a->field[k] != a->widget[i])
            k++;
        if (k == a->field_n)
            return false;
    }
    return true;
}
