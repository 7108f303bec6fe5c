/*
 * Attacks on XML signatures: what is signed moves, something else takes its place; and XML that is no business of a signature.
 * Where xmlsec1 calls the forged file verified, the attack is a real one. XML Signature Best Practices §2, §3.
 */
#include "tests/unit/testxml.h"
#include "tests/unit/unit.h"

static err_t opened(const struct buf *xml)
{
    AUTO_XADES x = NULL;
    return xades_open(buf_bytes(xml), &x);
}

static void refused(const struct buf *xml, err_t want)
{
    err_t e = opened(xml);
    if (e != want)
        fail_msg("%s and not %s: %s", err_info(e)->name, err_info(want)->name, buf_str(xml));
}

#define ROOT_OPEN "<to-khai Id='goc'>"
#define ROOT "<ten>Nguyễn Văn Ánh</ten>"
#define EVIL "<ten>Kẻ Gian</ten>"
static const struct tx_foreign BY_NAME = {ROOT_OPEN ROOT, "</to-khai>", "#goc",
                                          TX_OUT "<d:Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/>", ""};

static void all_good(const struct buf *xml)
{
    AUTO_XADES x = NULL;
    assert_ok(xades_open(buf_bytes(xml), &x));
    const struct xades_signature *s = xades_signature(x, 0);
    struct bytes der;
    AUTO_X509 cert = NULL;
    for (size_t r = 0; r < s->ref_n; r++)
        assert_ok(xades_check_ref(&s->ref[r], &tx_files));
    assert_ok(xades_signer(s, &der));
    assert_ok(x509_from_der(der, &cert));
    assert_ok(xades_check_value(s, cert));
}

static void foreign_signatures_are_read_and_raised(void **state)
{
    (void)state;
    static const struct tx_foreign FOREIGN[] = {
        {ROOT_OPEN ROOT, "</to-khai>", "#goc", TX_OUT TX_C14N11, ""},
        {"<?xml version='1.0'?>\n<a xmlns:b='urn:b' b:c='d'>" ROOT, "</a>", "", TX_OUT, ""},
        {"", "", "#o", TX_C14N11, "<d:Object Id='o'><x xmlns='urn:x'>1</x></d:Object>"},
        {"", "", "#o", "<d:Transform Algorithm='http://www.w3.org/2000/09/xmldsig#base64'/>", "<d:Object Id='o'>bsOyaQ\n==</d:Object>"},
        {"<a xmlns:q='urn:q'>" ROOT, "</a>", "",
         TX_OUT "<d:Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'><i:InclusiveNamespaces "
                "xmlns:i='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='q'/></d:Transform>",
         ""},
    };
    for (size_t i = 0; i < sizeof FOREIGN / sizeof *FOREIGN; i++) {
        AUTO_BUF xml = {0}, lta = {0};
        enum sig_level reached;
        struct bytes chain = buf_bytes(&pki.ca.der);
        struct vdata_source source = *crls_at_hand();
        const struct bytes known[] = {source.cert[0], chain};
        source.cert = known;
        source.cert_n = 2;
        tx_foreign_sign(&FOREIGN[i], &xml);
        all_good(&xml);
        assert_ok(xades_raise(buf_bytes(&xml), LEVEL_LTA, &(struct xades_means){&tsa, &source, &tx_files}, &lta, &reached));
        all_good(&lta);
        assert_ok(xades_level(buf_bytes(&lta), &reached));
        assert_int_equal(reached, LEVEL_LTA);
    }
}

/* --- eight shapes of wrapping --- */

static void the_signed_root_inside_of_an_object(void **state)
{
    (void)state;
    AUTO_BUF xml = {0}, signature = {0}, forged = {0};
    tx_foreign_sign(&BY_NAME, &xml);
    tx_cut(&xml, "<d:Signature", "</d:Signature>", &signature);
    tx_replace(&signature, "<d:Object>", "<d:Object>" ROOT_OPEN ROOT "</to-khai></d:Object><d:Object>");
    assert_ok(buf_addf(&forged, "<to-khai>" EVIL "%s</to-khai>", buf_str(&signature)));
    refused(&forged, ERR_XML_WRAPPED);
}

static void the_signed_root_beside_its_signature(void **state)
{
    (void)state;
    AUTO_BUF xml = {0}, forged = {0};
    tx_foreign_sign(&BY_NAME, &xml);
    const char *root = strstr(buf_str(&xml), "<to-khai");
    assert_ok(buf_addf(&forged, "<to-khai>" EVIL "%s</to-khai>", root));
    tx_xmlsec_says(&forged, true);
    refused(&forged, ERR_XML_WRAPPED);
}

static void two_elements_with_one_name(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"Id", "ID", "id", "xml:id"};
    for (size_t i = 0; i < 4; i++) {
        AUTO_BUF xml = {0}, forged = {0};
        tx_foreign_sign(&BY_NAME, &xml);
        assert_ok(buf_addf(&forged, "<to-khai %s='goc'>" EVIL "%s</to-khai>", NAMES[i], strstr(buf_str(&xml), "<to-khai")));
        refused(&forged, ERR_XML_ID);
    }
}

static void other_signed_properties_in_place_of_the_signed_ones(void **state)
{
    (void)state;
    AUTO_BUF xml = {0}, properties = {0}, forged = {0};
    tx_foreign_sign(&BY_NAME, &xml);
    tx_cut(&xml, "<e:SignedProperties", "</e:SignedProperties>", &properties);
    assert_ok(buf_copy(&forged, buf_bytes(&properties)));
    tx_replace(&forged, "Id=\"p\"", "Id=\"q\"");
    tx_replace(&forged, "2026-01-02", "2020-01-02");
    tx_replace(&xml, "Target=\"#s\">", "Target=\"#s\">@");
    tx_replace(&xml, "@", buf_str(&forged));
    AUTO_BUF object = {0};
    assert_ok(buf_addf(&object, "<d:Object xmlns:e='http://uri.etsi.org/01903/v1.3.2#'>%s</d:Object></d:Signature>", buf_str(&properties)));
    tx_replace(&xml, "</d:Signature>", buf_str(&object));
    tx_xmlsec_says(&xml, true);
    refused(&xml, ERR_XML_WRAPPED);
}

static void qualifying_properties_twice(void **state)
{
    (void)state;
    AUTO_BUF xml = {0}, first = {0}, both = {0};
    tx_foreign_sign(&BY_NAME, &xml);
    assert_ok(buf_copy(&both, buf_bytes(&xml)));
    tx_cut(&both, "<d:Object>", "</d:Object>", &first);
    AUTO_BUF second = {0};
    assert_ok(buf_copy(&second, buf_bytes(&first)));
    tx_replace(&second, "Id=\"p\"", "Id=\"q\"");
    assert_ok(buf_add_bytes(&second, buf_bytes(&first)));
    tx_replace(&xml, buf_str(&first), buf_str(&second));
    tx_xmlsec_says(&xml, true);
    refused(&xml, ERR_XML_WRAPPED);
}

static void a_signature_over_its_own_object_in_another_document(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF xml = {0}, forged = {0};
    tx_sign(TX_ENVELOPING, key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &xml);
    assert_ok(buf_addf(&forged, "<to-khai>" EVIL "%s</to-khai>", strstr(buf_str(&xml), "<ds:Signature")));
    tx_xmlsec_says(&forged, true);
    refused(&forged, ERR_XML_WRAPPED);
}

static void an_object_that_nobody_signed(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF xml = {0};
    tx_sign(TX_ENVELOPING, key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &xml);
    tx_replace(&xml, "</ds:KeyInfo>", "</ds:KeyInfo><ds:Object>" EVIL "</ds:Object>");
    tx_xmlsec_says(&xml, true);
    refused(&xml, ERR_XML_WRAPPED);
}

static void a_signed_document_inside_of_a_container(void **state)
{
    (void)state;
    AUTO_BUF xml = {0}, forged = {0};
    tx_foreign_sign(&BY_NAME, &xml);
    assert_ok(buf_addf(&forged, "<asic:XAdESSignatures xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\">%s</asic:XAdESSignatures>",
                       strstr(buf_str(&xml), "<to-khai")));
    refused(&forged, ERR_XML);
    AUTO_BUF signature = {0};
    tx_cut(&forged, "<d:Signature", "</d:Signature>", &signature);
    forged.len = 0;
    assert_ok(buf_addf(&forged, "<asic:XAdESSignatures xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\" Id='goc'>%s</asic:XAdESSignatures>",
                       buf_str(&signature)));
    refused(&forged, ERR_XML_WRAPPED);
}

/* --- what a signature must not hold --- */

static void parts_in_other_places(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        err_t want;
    } CHANGES[] = {
        {"</ds:SignedInfo>", "</ds:SignedInfo><ds:SignedInfo/>", ERR_XML},
        {"<ds:KeyInfo>", "<ds:SignatureValue/><ds:KeyInfo>", ERR_XML},
        {"<ds:SignedInfo>", "<ds:Object/><ds:SignedInfo>", ERR_XML},
        {"<ds:SignedInfo>", "chữ<ds:SignedInfo>", ERR_XML},
        {"Target=\"#id", "Target=\"#xx", ERR_XML_WRAPPED},
        {"Type=\"http://uri.etsi.org/01903#SignedProperties\"", "", ERR_XML_WRAPPED},
        {"URI=\"#o-", "URI=\"#xpointer(id('o-", ERR_XML},
        {"URI=\"#o-", "URI=\"http://localhost/", ERR_UNSUPPORTED},
        {"URI=\"#o-", "URI=\"file:///etc/passwd?", ERR_UNSUPPORTED},
        {"URI=\"#o-", "URI=\"/etc/", ERR_UNSUPPORTED},
        {"URI=\"#o-", "URI=\"", ERR_UNSUPPORTED},
        {"xmldsig#base64", "xmldsig#other", ERR_UNSUPPORTED},
        {"http://www.w3.org/2000/09/xmldsig#base64", "http://www.w3.org/TR/1999/REC-xslt-19991116", ERR_UNSUPPORTED},
        {"http://www.w3.org/2000/09/xmldsig#base64", "http://www.w3.org/TR/1999/REC-xpath-19991116", ERR_UNSUPPORTED},
        {"http://www.w3.org/2000/09/xmldsig#base64", "http://www.w3.org/2002/06/xmldsig-filter2", ERR_UNSUPPORTED},
        {"http://www.w3.org/2000/09/xmldsig#base64", "http://www.w3.org/2000/09/xmldsig#enveloped-signature", ERR_UNSUPPORTED},
        {"http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments", ERR_UNSUPPORTED},
        {"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1", ERR_ALGORITHM},
        {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", ERR_ALGORITHM},
        {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", ERR_ALGORITHM},
        {"<xades:Cert>", "<xades:Cart>", ERR_XML},
        {"<ds:SignatureValue Id", "<ds:SignatureValue xmlns:ds=\"urn:x\" Id", ERR_XML},
    };
    struct hall m;
    AUTO_BUF xml = {0};
    tx_sign(TX_ENVELOPING, key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &xml);
    for (size_t i = 0; i < sizeof CHANGES / sizeof *CHANGES; i++) {
        AUTO_BUF changed = {0};
        assert_ok(buf_copy(&changed, buf_bytes(&xml)));
        tx_replace(&changed, CHANGES[i].from, CHANGES[i].to);
        refused(&changed, CHANGES[i].want);
    }
}

/* A comment is no part of the canonical form: what is signed stays, what a reader takes for the text would be cut there. */
static void a_comment_does_not_cut_a_text(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF xml = {0}, content = {0};
    AUTO_XADES x = NULL;
    tx_sign(TX_ENVELOPING, key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &xml);
    tx_replace(&xml, "buG", "buG<!-- -->");
    assert_ok(xades_open(buf_bytes(&xml), &x));
    assert_err(xades_check_ref(&xades_signature(x, 0)->ref[0], NULL), ERR_XML);
    assert_err(xades_ref_content(&xades_signature(x, 0)->ref[0], &content), ERR_XML);
    tx_replace(&xml, "<xades:SigningTime>20", "<xades:SigningTime>20<!-- -->");
    refused(&xml, ERR_XML);
}

static void what_was_changed_is_found(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF xml = {0};
    AUTO_XADES x = NULL;
    AUTO_X509 other = NULL;
    tx_sign(TX_ENVELOPED, key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &xml);
    tx_replace(&xml, "Bưởi", "Bười");
    assert_ok(xades_open(buf_bytes(&xml), &x));
    const struct xades_signature *s = xades_signature(x, 0);
    assert_err(xades_check_ref(&s->ref[0], NULL), ERR_BAD_SIGNATURE);
    assert_ok(xades_check_ref(&s->ref[1], NULL));
    assert_ok(xades_check_value(s, pki.citizen.cert));
    assert_err(xades_check_value(s, pki.other.cert), ERR_BAD_SIGNATURE);
    assert_err(xades_check_value(s, pki.root.cert), ERR_BAD_SIGNATURE);
    assert_false(xades_names_cert(s, buf_bytes(&pki.other.der)));
}

/* --- XML itself --- */

static void any_declaration_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a SYSTEM 'http://localhost/x.dtd'><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY x 'y'><!ENTITY z '&x;&x;&x;&x;&x;&x;&x;&x;&x;'>]><a>&z;</a>",
        "<?xml version='1.0'?>\n<!-- > --><?a <!-- ?>\n<!DOCTYPE a><a/>",
        "<a/><!DOCTYPE a>",
        "<a><!DOCTYPE a></a>",
        "<!doctype a><a/>",
        "<![CDATA[x]]><a/>",
        "<!ELEMENT a ANY><a/>",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        AUTO_XML doc = NULL;
        assert_err(xml_parse(bytes_str(BAD[i]), &doc), ERR_XML_DOCTYPE);
    }
}

static void malformed_xml_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        " ",
        "x",
        "<",
        "<a",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "</a>",
        "<a b=1/>",
        "<a b='1' b='2'/>",
        "<a>&x;</a>",
        "<a>&#0;</a>",
        "<x:a/>",
        "<a><!-- -- --></a>",
        "<a><!-- </a>",
        "<a><![CDATA[</a>",
        "<a><?x </a>",
        "<a b='<'/>",
        "<>",
        "<a>\xff</a>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
        "<?xml version='1.0' encoding='UTF-16'?><a/>",
        "<?xml version='1.0'",
        "<?xml version='1.0' encoding='UTF-7'?><a/>",
        "<a xmlns:x='urn:x' xmlns:y='urn:x' x:b='1' y:b='2'/>",
        "<a>\x01</a>",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        AUTO_XML doc = NULL;
        err_t e = xml_parse(bytes_str(BAD[i]), &doc);
        if (e != ERR_XML)
            fail_msg("%s: %s", BAD[i], err_info(e)->name);
    }
    AUTO_XML doc = NULL;
    assert_err(xml_parse(BYTES("\xff\xfe<\0a\0/\0>\0", 10), &doc), ERR_XML);
}

static void put_times(struct buf *out, const char *text, size_t n)
{
    while (n-- > 0)
        assert_ok(buf_add_str(out, text));
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    AUTO_BUF deep = {0}, wide = {0}, many = {0}, fine = {0};
    AUTO_XML doc = NULL;
    put_times(&deep, "<a>", XML_DEPTH_MAX + 1);
    put_times(&deep, "</a>", XML_DEPTH_MAX + 1);
    assert_err(xml_parse(buf_bytes(&deep), &doc), ERR_TOO_LARGE);
    put_times(&wide, "<a", 1);
    for (unsigned i = 0; i <= XML_ATTRIBUTES_MAX; i++)
        assert_ok(buf_addf(&wide, " a%u=''", i));
    put_times(&wide, "/>", 1);
    assert_err(xml_parse(buf_bytes(&wide), &doc), ERR_TOO_LARGE);
    put_times(&many, "<a>", 1);
    put_times(&many, "<b/>", XML_ELEMENTS_MAX);
    put_times(&many, "</a>", 1);
    assert_err(xml_parse(buf_bytes(&many), &doc), ERR_TOO_LARGE);
    put_times(&fine, "<a>", XML_DEPTH_MAX);
    put_times(&fine, "</a>", XML_DEPTH_MAX);
    assert_ok(xml_parse(buf_bytes(&fine), &doc));
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF xml = {0}, lta = {0};
    enum sig_level reached;
    tx_sign(TX_DETACHED, key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &xml);
    assert_ok(xades_raise(buf_bytes(&xml), LEVEL_LTA, &(struct xades_means){&tsa, crls_at_hand(), &tx_files}, &lta, &reached));
    for (size_t n = 0; n < lta.len; n += n < 600 ? 1 : 41) {
        AUTO_XADES x = NULL;
        assert_true(xades_open(BYTES(lta.ptr, n), &x) != OK);
    }
}

/* --- signatures that leave all signatures out --- */

#define EXC_C14N "<d:Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/>"
#define FILTER2(how, text)                                                                                                             \
    "<d:Transform Algorithm='http://www.w3.org/2002/06/xmldsig-filter2'><f:XPath xmlns:f='http://www.w3.org/2002/06/xmldsig-filter2' " \
    "Filter='" how "'>" text "</f:XPath></d:Transform>" EXC_C14N
#define XPATH(text) \
    "<d:Transform Algorithm='http://www.w3.org/TR/1999/REC-xpath-19991116'><d:XPath>" text "</d:XPath></d:Transform>" EXC_C14N

static void the_ways_to_leave_all_signatures_out_are_read(void **state)
{
    (void)state;
    static const char *const GOOD[] = {FILTER2("subtract", "/descendant::d:Signature"), FILTER2("subtract", " //d:Signature\n"),
                                       XPATH("not(ancestor-or-self::d:Signature)")};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        struct hall m;
        AUTO_BUF xml = {0}, two = {0};
        AUTO_XADES x = NULL;
        tx_foreign_sign(&(struct tx_foreign){"<to-khai Id='goc'><a>1</a>", "</to-khai>", "", GOOD[i], ""}, &xml);
        assert_ok(xades_open(buf_bytes(&xml), &x));
        assert_ok(xades_check_ref(&xades_signature(x, 0)->ref[0], NULL));
        assert_ok(xades_sign_enveloped(buf_bytes(&xml), &(struct xades_opts){.signing_time = clock_now()},
                                       key_of(&m, &pki.other, CMS_SHA256, SIGN_ECDSA), &two));
        xades_free(&x);
        assert_ok(xades_open(buf_bytes(&two), &x));
        assert_int_equal(xades_count(x), 2);
        for (size_t k = 0; k < 2; k++)
            assert_ok(xades_check_ref(&xades_signature(x, k)->ref[0], NULL));
        tx_replace(&two, "<a>1</a>", "<a>2</a>");
        xades_free(&x);
        assert_ok(xades_open(buf_bytes(&two), &x));
        assert_err(xades_check_ref(&xades_signature(x, 0)->ref[0], NULL), ERR_BAD_SIGNATURE);
    }
}

/* A signature that leaves out more than signatures is about less than it seems. */
static void no_other_expression_is_read(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        FILTER2("subtract", "/descendant::a"),
        FILTER2("intersect", "/descendant::d:Signature"),
        FILTER2("union", "/descendant::d:Signature"),
        FILTER2("subtract", "/descendant::d:Signature | //a"),
        FILTER2("subtract", "/descendant::d:SignatureValue"),
        FILTER2("subtract", "/descendant::x:Signature"),
        FILTER2("subtract", ""),
        FILTER2("subtract", "/descendant::d:Signature[1]"),
        XPATH("true()"),
        XPATH("not(ancestor-or-self::a)"),
        XPATH("not(ancestor-or-self::d:Signature) or true()"),
        FILTER2("subtract", "/descendant::d:Signature") FILTER2("subtract", "/descendant::d:Signature"),
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        AUTO_BUF xml = {0};
        AUTO_XADES x = NULL;
        tx_foreign_sign(&(struct tx_foreign){"<to-khai xmlns:x='urn:x'><a>1</a>", "</to-khai>", "",
                                             FILTER2("subtract", "/descendant::d:Signature"), ""},
                        &xml);
        AUTO_BUF good = {0};
        AUTO_BUF piece = {0};
        tx_cut(&xml, "<d:Transforms>", "</d:Transforms>", &piece);
        assert_ok(buf_addf(&good, "URI=\"\"><d:Transforms>%s</d:Transforms>", BAD[i]));
        tx_replace(&xml, "URI=\"\">", buf_str(&good));
        assert_err(xades_open(buf_bytes(&xml), &x), ERR_UNSUPPORTED);
    }
}

/* Where it stands does not matter to what is signed; what stands in it is no part of the document, and is looked at as a signature. */
static void nothing_hides_in_what_is_left_out(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF xml = {0}, forged = {0};
    AUTO_XADES x = NULL;
    assert_ok(xades_sign_enveloped(bytes_str(TX_DOCUMENT), &(struct xades_opts){.signing_time = clock_now()},
                                   key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &xml));
    static const char *const HIDDEN[] = {
        "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><can-bo>" EVIL "</can-bo></ds:Signature>",
        "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>",
        "<x><ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><can-bo/></ds:Signature></x>",
    };
    for (size_t i = 0; i < sizeof HIDDEN / sizeof *HIDDEN; i++) {
        AUTO_BUF with = {0};
        assert_ok(buf_copy(&forged, buf_bytes(&xml)));
        assert_ok(buf_addf(&with, "%s<ds:Signature ", HIDDEN[i]));
        tx_replace(&forged, "<ds:Signature ", buf_str(&with));
        assert_int_not_equal(xades_open(buf_bytes(&forged), &x), OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_signatures_are_read_and_raised),
        cmocka_unit_test(the_signed_root_inside_of_an_object),
        cmocka_unit_test(the_signed_root_beside_its_signature),
        cmocka_unit_test(two_elements_with_one_name),
        cmocka_unit_test(other_signed_properties_in_place_of_the_signed_ones),
        cmocka_unit_test(qualifying_properties_twice),
        cmocka_unit_test(a_signature_over_its_own_object_in_another_document),
        cmocka_unit_test(an_object_that_nobody_signed),
        cmocka_unit_test(a_signed_document_inside_of_a_container),
        cmocka_unit_test(parts_in_other_places),
        cmocka_unit_test(a_comment_does_not_cut_a_text),
        cmocka_unit_test(what_was_changed_is_found),
        cmocka_unit_test(any_declaration_is_refused),
        cmocka_unit_test(malformed_xml_is_refused),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(the_ways_to_leave_all_signatures_out_are_read),
        cmocka_unit_test(no_other_expression_is_read),
        cmocka_unit_test(nothing_hides_in_what_is_left_out),
    };
    return cmocka_run_group_tests(tests, tx_setup, tx_teardown);
}
