/*
 * The places of a PDF where a signature is hung in: catalog, form, first page; and what earlier signatures allow.
 * Called by pades.c and pdf_check. ISO 32000-1 §12.7, §12.8.
 */
#ifndef ANTIN_FORMATS_PDF_FORM_H
#define ANTIN_FORMATS_PDF_FORM_H

#include "signer/formats/pdf.h"

/* Can a signature field be added? ERR_PDF_CERTIFIED, ERR_PDF_DAMAGED. */
err_t pdf_form_check(struct pdf *p) MUST_USE;

#define PDF_FIELD_NAME_MAX 128
#define PDF_LOCK_MAX 4096

/* Where a signature goes: an empty signature field that is there, or a new one of this name. */
struct pdf_target {
    char name[PDF_FIELD_NAME_MAX];
    bool exists;
    qpdf_oh field;           /* when it exists: indirect */
    qpdf_oh widget;          /* when it exists: the field itself, or its one kid */
    char lock[PDF_LOCK_MAX]; /* "/Action /Include /Fields [ … ]" of its /Lock (§12.7.4.5): must be repeated in the signature; "": none */
};
/*
 * The field that is wanted, by its full name; with NULL a new one, the first free of Signature1, Signature2, … ERR_CONFLICT: it is signed already,
 * or no signature field. ERR_PDF_LOCKED: an earlier signature locks it. ERR_SYNTAX: a new name that is empty, too long, not UTF-8, or has a period (§12.7.3.2 keeps it for hierarchies).
 */
err_t pdf_form_target(struct pdf *p, const char *wanted, struct pdf_target *out) MUST_USE;
/* May an author's signature be added? Only the first one is (§12.8.2.2.1): ERR_CONFLICT otherwise. */
err_t pdf_form_certifiable(struct pdf *p) MUST_USE;

/* An object of the file that an update must write again. */
struct pdf_touched {
    int id, generation;
    qpdf_oh oh;      /* with the change made */
    char entry[256]; /* and this, for pdf_update_rewrite */
};
#define PDF_TOUCHED_MAX 8
/* What is hung in: object numbers that are not in the file yet. */
struct pdf_hanging {
    int signature_id;
    int field_id;      /* of a new field */
    qpdf_oh page;      /* of a new field */
    int appearance_id; /* for a field that is there; 0: nothing is to be seen */
    bool certify;
};
/*
 * Hangs the signature into its field, and a new field into /AcroForm /Fields and its page's /Annots; a look into the widget that is there; sets SigFlags,
 * and /Perms when it certifies; lists the objects that really hold these. All in qpdf's memory: the file stays as it is.
 */
err_t pdf_form_hang(struct pdf *p, const struct pdf_target *t, const struct pdf_hanging *h, struct pdf_touched out[PDF_TOUCHED_MAX],
                    size_t *n) MUST_USE;
/* The first page, indirect. */
err_t pdf_form_first_page(struct pdf *p, qpdf_oh *out) MUST_USE;

#endif
