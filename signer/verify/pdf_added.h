/*
 * Signature fields that a later revision of a PDF added or filled: which may be there, and what they show.
 * Called by pdf_changes.c. ISO 32000-1 §12.5, §12.7.4.5.
 */
#ifndef ANTIN_VERIFY_PDF_ADDED_H
#define ANTIN_VERIFY_PDF_ADDED_H

#include "signer/formats/pdf.h"

#define ADDED_MAX 64 /* fields between two signed revisions */

struct pdf_added {
    qpdf_data q;
    int field[ADDED_MAX], widget[ADDED_MAX]; /* object numbers */
    size_t field_n, widget_n;
    unsigned fields, signatures; /* added or filled; of these, signed by persons */
    char visible[128];           /* name of one that shows something; "" */
};

/* Is this a signature field, by itself or by its parent? */
bool pdf_is_signature_field(qpdf_data q, qpdf_oh field);
/*
 * A new entry of /Fields: a signature field with its widget in one object, without parent, kids or actions; one that can be seen must be
 * signed, so that somebody answers for what it shows. false: anything else.
 */
bool pdf_added_field(struct pdf_added *a, qpdf_oh field);
/* A new entry of a page's /Annots; pdf_added_complete tells later whether it is one of the fields. */
bool pdf_added_widget(struct pdf_added *a, qpdf_oh widget);
/* An empty field of before that is now filled. false: it shows something, and no person signed it. */
bool pdf_added_filled(struct pdf_added *a, qpdf_oh field);
/* Is every new annotation one of the new fields? One that only looked like it would show things that no signature stands for. */
bool pdf_added_complete(const struct pdf_added *a);

#endif
