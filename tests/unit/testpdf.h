/*
 * PDFs of every shape, laid byte by byte; other shapes are made from them by the qpdf program.
 * Included by tests/unit/test_{pdf,pades,verify}.c.
 */
#ifndef ANTIN_TESTPDF_H
#define ANTIN_TESTPDF_H

#include "tests/unit/testpki.h"

#define TESTPDF_OBJECTS_MAX 32

/* Lays objects one after another and remembers where each stands. */
struct testpdf {
    struct buf out;
    size_t at[TESTPDF_OBJECTS_MAX];
    int n; /* highest number */
};

TP_FN void testpdf_begin(struct testpdf *t)
{
    *t = (struct testpdf){0};
    TP_MUST(buf_add_str(&t->out, "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n") == OK);
}

TP_FN void testpdf_object(struct testpdf *t, int id, const char *text)
{
    t->at[id] = t->out.len;
    t->n = id > t->n ? id : t->n;
    TP_MUST(buf_addf(&t->out, "%d 0 obj\n%s\nendobj\n", id, text) == OK);
}

/* A table of all objects, and the trailer. */
TP_FN void testpdf_end(struct testpdf *t, const char *trailer)
{
    size_t xref = t->out.len;
    TP_MUST(buf_addf(&t->out, "xref\n0 %d\n0000000000 65535 f \n", t->n + 1) == OK);
    for (int i = 1; i <= t->n; i++)
        TP_MUST(buf_addf(&t->out, "%010zu %05d %c \n", t->at[i], t->at[i] ? 0 : 65535, t->at[i] ? 'n' : 'f') == OK);
    TP_MUST(buf_addf(&t->out, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%zu\n%%%%EOF\n", t->n + 1, trailer, xref) == OK);
}

struct testpdf_spec {
    const char *catalog; /* further entries of object 1 */
    const char *page;    /* further entries of object 3 */
    const char *more[8]; /* objects 6… */
    const char *trailer;
};
#define TESTPDF_ID "/ID [ <00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff> ]"

/* One page that reads "Hello". */
TP_FN void testpdf_make(const struct testpdf_spec *s, struct buf *out)
{
    static const char CONTENT[] = "BT /F1 24 Tf 72 720 Td (Hello) Tj ET";
    char text[1024];
    struct testpdf t;
    testpdf_begin(&t);
    snprintf(text, sizeof text, "<< /Type /Catalog /Pages 2 0 R %s >>", s->catalog ? s->catalog : "");
    testpdf_object(&t, 1, text);
    testpdf_object(&t, 2, "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>");
    snprintf(text, sizeof text,
             "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> %s >>",
             s->page ? s->page : "");
    testpdf_object(&t, 3, text);
    snprintf(text, sizeof text, "<< /Length %zu >>\nstream\n%s\nendstream", sizeof CONTENT - 1, CONTENT);
    testpdf_object(&t, 4, text);
    testpdf_object(&t, 5, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    for (int i = 0; i < 8 && s->more[i] != NULL; i++)
        testpdf_object(&t, 6 + i, s->more[i]);
    testpdf_end(&t, s->trailer ? s->trailer : TESTPDF_ID);
    *out = take(&t.out);
}

/*
 * A hybrid-reference file (ISO 32000-1 §7.5.8.4): the table hides object 6 (an annotation), which stands in the object stream 7 and is listed by
 * the cross-reference stream 8 that /XRefStm names.
 */
TP_FN void testpdf_hybrid(struct buf *out)
{
    static const char OBJECT[] = "<< /Type /Annot /Subtype /Text /Rect [ 10 10 30 30 ] /Contents (hidden) >>";
    AUTO_BUF base = {0};
    char text[512];
    struct testpdf t;
    testpdf_begin(&t);
    testpdf_object(&t, 1, "<< /Type /Catalog /Pages 2 0 R >>");
    testpdf_object(&t, 2, "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>");
    testpdf_object(&t, 3, "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Annots [ 6 0 R ] >>");
    testpdf_object(&t, 4, "<< >>");
    testpdf_object(&t, 5, "<< >>");
    snprintf(text, sizeof text, "<< /Type /ObjStm /N 1 /First 4 /Length %zu >>\nstream\n6 0 %s\nendstream", 4 + sizeof OBJECT - 1, OBJECT);
    testpdf_object(&t, 7, text);
    size_t stream = t.out.len;
    TP_MUST(buf_add_str(&t.out, "8 0 obj\n<< /Type /XRef /Size 9 /W [ 1 2 1 ] /Index [ 6 1 ] /Length 4 /Root 1 0 R >>\nstream\n") == OK);
    TP_MUST(buf_add(&t.out, "\x02\x00\x07\x00", 4) == OK);
    TP_MUST(buf_add_str(&t.out, "\nendstream\nendobj\n") == OK);
    t.n = 8;
    t.at[8] = stream;
    snprintf(text, sizeof text, "/XRefStm %zu " TESTPDF_ID, stream);
    testpdf_end(&t, text);
    *out = take(&t.out);
}

#endif
