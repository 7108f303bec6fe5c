/*
 * What may differ in a PDF's metadata after signing: the time of the last change, and nothing else.
 * ISO 16684-1 §8.4; pyHanko notes it in every update.
 */
#include "tests/unit/testpdf.h"
#include "tests/unit/unit.h"
#include "signer/verify/pdf_changes.h"
#include "signer/verify/pdf_metadata.h"

#define XMP(attributes, inside)                                                                                              \
    "<?xpacket begin=\"\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "                  \
    "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" " \
    "rdf:about=\"\" " attributes ">" inside "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>"

static const char BEFORE[] =
    XMP("xmp:ModifyDate=\"2026-11-24T12:51:41+00:00\" xmp:CreatorTool=\"x\"", "<xmp:MetadataDate>2026-11-24</xmp:MetadataDate>");

static void the_time_of_change_may_differ(void **state)
{
    (void)state;
    static const char *const SAME[] = {
        BEFORE,
        XMP("xmp:ModifyDate=\"2031-01-01T00:00:00Z\" xmp:CreatorTool=\"x\"", "<xmp:MetadataDate>2026-11-24</xmp:MetadataDate>"),
        XMP("xmp:CreatorTool=\"x\"   xmp:ModifyDate=\"2031-01-01T00:00:00.5Z\"",
            "<xmp:MetadataDate>2031-01-01T00:00:00Z</xmp:MetadataDate>"),
    };
    for (size_t i = 0; i < sizeof SAME / sizeof *SAME; i++)
        assert_true(pdf_metadata_same(bytes_str(BEFORE), bytes_str(SAME[i])));
}

static void nothing_else_may_differ(void **state)
{
    (void)state;
    static const char *const OTHER[] = {
        "",
        "not XML",
        XMP("xmp:ModifyDate=\"2026-11-24T12:51:41+00:00\" xmp:CreatorTool=\"y\"", "<xmp:MetadataDate>2026-11-24</xmp:MetadataDate>"),
        XMP("xmp:ModifyDate=\"2026-11-24T12:51:41+00:00\"", "<xmp:MetadataDate>2026-11-24</xmp:MetadataDate>"),
        XMP("xmp:ModifyDate=\"paid in full\" xmp:CreatorTool=\"x\"", "<xmp:MetadataDate>2026-11-24</xmp:MetadataDate>"),
        XMP("xmp:ModifyDate=\"\" xmp:CreatorTool=\"x\"", "<xmp:MetadataDate>2026-11-24</xmp:MetadataDate>"),
        XMP("xmp:ModifyDate=\"2026\" xmp:CreatorTool=\"x\"", "<xmp:MetadataDate>2026<b/></xmp:MetadataDate>"),
        XMP("xmp:ModifyDate=\"2026\" xmp:CreatorTool=\"x\"", "<xmp:MetadataDate xmp:Title=\"x\">2026</xmp:MetadataDate>"),
        XMP("xmp:ModifyDate=\"2026\" xmp:CreatorTool=\"x\"",
            "<xmp:MetadataDate>2026</xmp:MetadataDate><xmp:MetadataDate>2027</xmp:MetadataDate>"),
        XMP("xmp:ModifyDate=\"2026\" xmp:CreatorTool=\"x\"",
            "<xmp:MetadataDate>2026202620262026202620262026202620262026202620262026</xmp:MetadataDate>"),
        XMP("xmp:ModifyDate=\"2026-11-24T12:51:41+00:00\" xmp:CreatorTool=\"x\" xmlns:o=\"urn:o\" o:ModifyDate=\"2026\"",
            "<xmp:MetadataDate>2026-11-24</xmp:MetadataDate>"),
        "<!DOCTYPE x>" XMP("xmp:ModifyDate=\"2026\" xmp:CreatorTool=\"x\"", "<xmp:MetadataDate>2026</xmp:MetadataDate>"),
    };
    for (size_t i = 0; i < sizeof OTHER / sizeof *OTHER; i++) {
        if (pdf_metadata_same(bytes_str(BEFORE), bytes_str(OTHER[i])))
            fail_msg("taken for the same: %s", OTHER[i]);
    }
}

static void a_packet_too_large_is_not_looked_into(void **state)
{
    (void)state;
    AUTO_BUF a = {0};
    assert_ok(buf_add_str(&a, BEFORE));
    while (a.len <= PDF_METADATA_MAX)
        assert_ok(buf_add_str(&a, "                                                                "));
    assert_false(pdf_metadata_same(buf_bytes(&a), buf_bytes(&a)));
}

/* The first change between two files that differ in one stream, named by an entry of the catalog. */
static void compared(const char *entry, const char *before, const char *after, struct pdf_changes *out)
{
    struct buf file[2] = {{0}, {0}};
    struct pdf *pdf[2] = {NULL, NULL};
    const char *text[2] = {before, after};
    for (int i = 0; i < 2; i++) {
        AUTO_BUF object = {0};
        assert_ok(buf_addf(&object, "<< /Type /Metadata /Subtype /XML /Length %zu >>\nstream\n%s\nendstream", strlen(text[i]), text[i]));
        testpdf_make(&(struct testpdf_spec){.catalog = entry, .more = {buf_str(&object)}}, &file[i]);
        assert_ok(pdf_open_memory(buf_bytes(&file[i]), &pdf[i]));
    }
    assert_ok(pdf_changes_find(pdf[0], pdf[1], out));
    for (int i = 0; i < 2; i++) {
        pdf_close(&pdf[i]);
        buf_free(&file[i]);
    }
}

static void it_is_the_documents_metadata_alone(void **state)
{
    (void)state;
    static const char LATER[] = XMP("xmp:ModifyDate=\"2031\" xmp:CreatorTool=\"x\"", "<xmp:MetadataDate>2031</xmp:MetadataDate>");
    static const char OTHER[] = XMP("xmp:ModifyDate=\"2031\" xmp:CreatorTool=\"another\"", "<xmp:MetadataDate>2031</xmp:MetadataDate>");
    struct pdf_changes c;
    compared("/Metadata 6 0 R", BEFORE, LATER, &c);
    assert_string_equal(c.fault, "");
    compared("/Metadata 6 0 R", BEFORE, OTHER, &c);
    assert_string_equal(c.fault, "/Root/Metadata");
    compared("/Private 6 0 R", BEFORE, LATER, &c);
    assert_string_equal(c.fault, "/Root/Private");
    compared("/Metadata 6 0 R /Private 6 0 R", BEFORE, LATER, &c); /* what stands in another place, too, is more than metadata */
    assert_string_equal(c.fault, "/Root/Private");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_of_change_may_differ),
        cmocka_unit_test(nothing_else_may_differ),
        cmocka_unit_test(a_packet_too_large_is_not_looked_into),
        cmocka_unit_test(it_is_the_documents_metadata_alone),
    };
    return cmocka_run_group_tests_name("pdf_metadata", tests, NULL, NULL);
}
