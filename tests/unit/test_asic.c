/*
 * Signature containers: written, opened by other programs, raised, signed again, verified; and every container that is not what it says.
 * ETSI EN 319 162-1.
 */
#include "tests/unit/testtrust.h"
#include "tests/unit/unit.h"
#include "signer/formats/asic.h"
#include "tests/unit/testxml.h"
#include "signer/verify/verify.h"

static int setup(void **state)
{
    (void)trust_setup(state);
    trust_crls();
    return 0;
}

#define TEXT "T\xe1\xbb\x9d khai x\xc3\xa1\x63 nh\xe1\xba\xadn th\xc3\xb4ng tin v\xe1\xbb\x81 c\xc6\xb0 tr\xc3\xba\n"
static const struct asic_file FILES[] = {
    {"T\xe1\xbb\x9d khai #1 100%.txt", "text/plain", {(const uint8_t *)TEXT, sizeof TEXT - 1}},
    {"ph\xe1\xbb\xa5 l\xe1\xbb\xa5\x63/\xe8\xa1\xa8.pdf", "application/pdf", {(const uint8_t *)"%PDF-1.7 no real one", 20}},
    {"a&b<c>\".xml", "application/xml", {(const uint8_t *)"<a/>", 4}},
};

enum shape { S_CADES, E_CADES, E_XADES };

static void sign(enum shape shape, struct buf *out)
{
    struct hall m;
    const struct signing_key *key = key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA);
    const struct asic_opts o = {.type = shape == S_CADES ? ASIC_S : ASIC_E, .signing_time = clock_now()};
    const struct zip_sink sink = {zip_to_buf, out};
    out->len = 0;
    if (shape == E_XADES)
        assert_ok(asic_sign_xades(FILES, 3, &o, key, &sink));
    else
        assert_ok(asic_sign_cades(FILES, shape == S_CADES ? 1 : 3, &o, key, &sink));
}

/* The container's verdict, and the note that must be among its findings (NOTE_N: none). */
static void verdict_is(const struct buf *b, enum verdict want, enum note note)
{
    struct context ctx = {.trust = &trust, .at = clock_now()};
    struct file_result f;
    bool found = note == NOTE_N;
    verify_bytes(&ctx, buf_bytes(b), BYTES(NULL, 0), &f);
    for (size_t i = 0; i < f.findings.n; i++)
        found |= f.findings.item[i].note == note;
    for (size_t k = 0; k < f.signature_n; k++) {
        for (size_t i = 0; i < f.signature[k].findings.n; i++)
            found |= f.signature[k].findings.item[i].note == note;
    }
    if (f.findings.verdict != want || !found) {
        for (size_t i = 0; i < f.findings.n; i++)
            print_message("file: %s %s\n", note_code(f.findings.item[i].note), f.findings.item[i].detail);
        for (size_t k = 0; k < f.signature_n; k++) {
            for (size_t i = 0; i < f.signature[k].findings.n; i++)
                print_message("%zu: %s %s\n", k, note_code(f.signature[k].findings.item[i].note), f.signature[k].findings.item[i].detail);
        }
        fail_msg("verdict %s, not %s with %s", verdict_name(f.findings.verdict), verdict_name(want), note < NOTE_N ? note_code(note) : "");
    }
    assert_string_equal(f.format, "ASIC");
    file_result_free(&f);
}

static void valid(const struct buf *b)
{
    verdict_is(b, TOTAL_PASSED, NOTE_N);
}

static void run_ok(const struct buf *b, const char *command)
{
    AUTO_BUF said = {0};
    char *path = tp_path("c.asice"), *pem = tp_path("chain.pem");
    tp_write(path, buf_bytes(b));
    tp_write_pem(pem, (X509 *const[]){pki.root.cert, pki.ca.cert, pki.services.cert}, 3);
    if (tp_run(&said, "rm -rf out && unzip -q c.asice -d out && cd out && %s", command) != 0)
        fail_msg("%s: %s", command, buf_str(&said));
    free(path);
    free(pem);
}

/* --- what is written --- */

static void mimetype_is_where_programs_look_for_it(void **state)
{
    AUTO_BUF b = {0};
    (void)state;
    sign(E_CADES, &b);
    assert_memory_equal(b.ptr + 30, "mimetype" ASIC_E_MIME, 8 + sizeof ASIC_E_MIME - 1);
    sign(S_CADES, &b);
    assert_memory_equal(b.ptr + 30, "mimetype" ASIC_S_MIME, 8 + sizeof ASIC_S_MIME - 1);
}

#define OPENSSL "openssl cms -verify -cades -binary -purpose any -inform DER -CAfile ../chain.pem -out /dev/null "

static void openssl_verifies_what_was_unpacked(void **state)
{
    AUTO_BUF b = {0};
    (void)state;
    sign(S_CADES, &b);
    valid(&b);
    run_ok(&b, OPENSSL "-in META-INF/signature.p7s -content T*.txt");
    sign(E_CADES, &b);
    valid(&b);
    run_ok(&b, OPENSSL "-in META-INF/signature001.p7s -content META-INF/ASiCManifest001.xml");
}

static void python_finds_every_file_under_its_name_with_its_digest(void **state)
{
    AUTO_BUF b = {0};
    (void)state;
    sign(E_CADES, &b);
    char *script = tp_path("list.py");
    tp_write(script, bytes_str("import base64, hashlib, urllib.parse\nfrom lxml import etree\n"
                               "A, D = '{http://uri.etsi.org/02918/v1.2.1#}', '{http://www.w3.org/2000/09/xmldsig#}'\n"
                               "root = etree.parse('META-INF/ASiCManifest001.xml').getroot()\n"
                               "assert root.tag == A + 'ASiCManifest' and root[0].tag == A + 'SigReference'\n"
                               "assert root[0].get('URI') == 'META-INF/signature001.p7s'\n"
                               "refs = root.findall(A + 'DataObjectReference')\nassert len(refs) == 3\n"
                               "for r in refs:\n    data = open(urllib.parse.unquote(r.get('URI')), 'rb').read()\n"
                               "    assert base64.b64decode(r.find(D + 'DigestValue').text) == hashlib.sha256(data).digest()\n"
                               "assert [r.get('MimeType') for r in refs] == ['text/plain', 'application/pdf', 'application/xml']\n"));
    run_ok(&b, "/usr/bin/python3 ../list.py");
    free(script);
}

static void libreoffice_opens_the_files(void **state)
{
    AUTO_BUF b = {0};
    (void)state;
    sign(S_CADES, &b);
    run_ok(&b, "mv T*.txt to-khai.txt && HOME=$PWD timeout 120 soffice --headless --convert-to pdf to-khai.txt >/dev/null 2>&1 && "
               "pdftotext to-khai.pdf - | grep -q 'khai x'");
}

static void a_timestamp_alone_makes_a_container(void **state)
{
    AUTO_BUF b = {0};
    (void)state;
    assert_ok(asic_stamp(&FILES[0], clock_now(), &tsa, &(struct zip_sink){zip_to_buf, &b}));
    valid(&b);
    run_ok(&b, "openssl ts -verify -data T*.txt -token_in -in META-INF/timestamp.tst -CAfile ../chain.pem");
    const struct stamping bad[] = {{.stamp = away, .alg = CMS_SHA256}, {.stamp = lying, .alg = CMS_SHA256}};
    AUTO_BUF none = {0};
    assert_err(asic_stamp(&FILES[0], 0, &bad[0], &(struct zip_sink){zip_to_buf, &none}), ERR_TIMEOUT);
    assert_err(asic_stamp(&FILES[0], 0, &bad[1], &(struct zip_sink){zip_to_buf, &none}), ERR_STAMP);
    assert_err(asic_stamp(&FILES[0], 0, NULL, &(struct zip_sink){zip_to_buf, &none}), ERR_STAMP);
    assert_int_equal(none.len, 0);
}

static void digidoc_programs_find_what_they_look_for(void **state)
{
    AUTO_BUF b = {0};
    (void)state;
    char *script = tp_path("open.py"), *between = tp_path("citizens.pem");
    sign(E_XADES, &b);
    tp_write(
        script,
        bytes_str("import os\nfrom lxml import etree\nN = '{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}'\n"
                  "assert etree.parse('META-INF/signatures0.xml').getroot().tag == '{http://uri.etsi.org/02918/v1.2.1#}XAdESSignatures'\n"
                  "rows = [(e.get(N + 'full-path'), e.get(N + 'media-type')) for e in etree.parse('META-INF/manifest.xml').getroot()]\n"
                  "assert rows.pop(0) == ('/', open('mimetype').read())\n"
                  "assert [t for _, t in rows] == ['text/plain', 'application/pdf', 'application/xml']\n"
                  "assert all(os.path.isfile(n) for n, _ in rows)\n"));
    tp_write_pem(between, (X509 *const[]){pki.ca.cert}, 1);
    run_ok(&b, "/usr/bin/python3 ../open.py && xmlsec1 --verify " TX_IDS
               " --trusted-pem ../root.pem --untrusted-pem ../citizens.pem META-INF/signatures0.xml");
    run_ok(&b, "echo more >>'a&b<c>\".xml'; ! xmlsec1 --verify " TX_IDS
               " --trusted-pem ../root.pem --untrusted-pem ../citizens.pem META-INF/signatures0.xml");
    free(script);
    free(between);
}

static void several_signers_each_sign_all_files(void **state)
{
    (void)state;
    for (enum shape shape = S_CADES; shape <= E_XADES; shape++) {
        AUTO_BUF b = {0}, c = {0};
        AUTO_ASIC a = {0}, both = {0};
        struct hall m;
        sign(shape, &b);
        assert_ok(asic_open(buf_bytes(&b), &a));
        assert_ok(asic_add_signature(&a, clock_now(), key_of(&m, &pki.other, CMS_SHA512, SIGN_ECDSA), &(struct zip_sink){zip_to_buf, &c}));
        assert_ok(asic_open(buf_bytes(&c), &both));
        assert_int_equal(both.n, shape == S_CADES ? 1 : 2);
        valid(&c);
        for (size_t i = 0; i < a.zip.n; i++) { /* what was signed lies there as it did */
            const struct zip_entry *e = zip_find(&both.zip, a.zip.entry[i].name);
            assert_non_null(e);
            if (asic_is_payload(e) || shape != S_CADES)
                assert_true(bytes_eq(e->whole, a.zip.entry[i].whole));
        }
        if (shape == E_CADES)
            assert_string_equal(both.signature[1].list.ref[1].media_type, "application/pdf");
        if (shape == E_XADES)
            run_ok(&c, "grep -q '<xades:MimeType>application/pdf<' META-INF/signatures1.xml");
    }
}

/* --- levels --- */

static void raised_signatures_sign_the_same(void **state)
{
    (void)state;
    for (enum shape shape = S_CADES; shape <= E_XADES; shape++) {
        for (enum sig_level level = LEVEL_T; level <= LEVEL_LTA; level++) {
            AUTO_BUF b = {0}, c = {0};
            AUTO_ASIC a = {0}, raised = {0};
            enum sig_level reached, claimed;
            sign(shape, &b);
            assert_ok(asic_open(buf_bytes(&b), &a));
            assert_ok(asic_raise(&a, level, &(struct cades_means){&tsa, crls_at_hand()}, &(struct zip_sink){zip_to_buf, &c}, &reached));
            assert_int_equal(reached, level);
            assert_ok(asic_open(buf_bytes(&c), &raised));
            assert_ok(asic_level(&raised, &claimed));
            assert_int_equal(claimed, level);
            valid(&c);
        }
    }
}

static void what_was_reached_is_kept_and_said(void **state)
{
    AUTO_BUF b = {0}, c = {0};
    AUTO_ASIC a = {0};
    enum sig_level reached;
    struct vdata_source *knows_less = crls_at_hand();
    knows_less->crl_n = 2;
    (void)state;
    sign(E_XADES, &b);
    assert_ok(asic_open(buf_bytes(&b), &a));
    assert_err(asic_raise(&a, LEVEL_LT, &(struct cades_means){&tsa, knows_less}, &(struct zip_sink){zip_to_buf, &c}, &reached),
               ERR_CERT_STATUS);
    assert_int_equal(reached, LEVEL_T);
    valid(&c);
    const struct stamping gone = {.stamp = away, .alg = CMS_SHA256};
    c.len = 0;
    assert_err(asic_raise(&a, LEVEL_T, &(struct cades_means){&gone, NULL}, &(struct zip_sink){zip_to_buf, &c}, &reached), ERR_TIMEOUT);
    assert_int_equal(reached, LEVEL_B);
    valid(&c);
}

/* --- refusals --- */

/* A container of entries as given: name, text; the first of them may be no mimetype. */
static void pack(const char *const (*entry)[2], size_t n, struct buf *out)
{
    AUTO_ZIP_WRITER w = {.sink = {zip_to_buf, out}};
    out->len = 0;
    for (size_t i = 0; i < n; i++)
        assert_ok(zip_add(&w, bytes_str(entry[i][0]), bytes_str(entry[i][1]), false));
    assert_ok(zip_finish(&w));
}

static void structures_that_are_no_container_are_refused(void **state)
{
#define M "META-INF/"
#define E                       \
    {                           \
        "mimetype", ASIC_E_MIME \
    }
#define S                       \
    {                           \
        "mimetype", ASIC_S_MIME \
    }
#define LIST(sig)                                                                                                                        \
    "<ASiCManifest xmlns='http://uri.etsi.org/02918/v1.2.1#' xmlns:d='http://www.w3.org/2000/09/xmldsig#'><SigReference URI='" sig "'/>" \
    "<DataObjectReference URI='a'><d:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/>"                                 \
    "<d:DigestValue>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</d:DigestValue></DataObjectReference></ASiCManifest>"
    static const struct {
        const char *entry[5][2];
        err_t want;
    } CASES[] = {
        {{{"a", "x"}, E, {M "signatures0.xml", "x"}}, ERR_ASIC},                           /* not first */
        {{{"mimetype", "application/vnd.oasis.opendocument.text"}, {"a", "x"}}, ERR_ASIC}, /* something else */
        {{{"mimetype", ASIC_E_MIME "\n"}, {"a", "x"}}, ERR_ASIC},                          /* with an end of line */
        {{{"mimetype", "application/vnd.etsi.asic-x+zip"}, {"a", "x"}}, ERR_ASIC},
        {{E, {M "signatures0.xml", "x"}}, ERR_ASIC},                                     /* no file */
        {{S, {"a", "x"}}, ERR_ASIC},                                                     /* no signature */
        {{S, {"a", "x"}, {"b", "x"}, {M "signature.p7s", "x"}}, ERR_ASIC},               /* two files */
        {{S, {"a/b", "x"}, {M "signature.p7s", "x"}}, ERR_ASIC},                         /* not in the root */
        {{S, {"a", "x"}, {M "signature.p7s", "x"}, {M "timestamp.tst", "x"}}, ERR_ASIC}, /* two signatures */
        {{S, {"a", "x"}, {M "signature.p7s", "x"}, {M "ASiCManifest.xml", LIST("META-INF/signature.p7s")}}, ERR_UNSUPPORTED},
        {{E, {"a", "x"}, {M "signature1.p7s", "x"}}, ERR_ASIC},                                     /* without a list */
        {{E, {"a", "x"}, {M "ASiCManifest1.xml", LIST("META-INF/signature1.p7s")}}, ERR_ASIC},      /* without a signature */
        {{E, {"a", "x"}, {M "ASiCManifest1.xml", LIST("a")}, {M "signature1.p7s", "x"}}, ERR_ASIC}, /* signed by a file */
        {{E,
          {"a", "x"},
          {M "ASiCManifest1.xml", LIST("META-INF/signature1.p7s")},
          {M "ASiCManifest2.xml", LIST("META-INF/signature1.p7s")},
          {M "signature1.p7s", "x"}},
         ERR_ASIC}, /* two lists of one */
        {{E, {"a", "x"}, {"meta-inf/signatures0.xml", "x"}}, ERR_ASIC},
        {{E, {"a", "x"}, {M "evidencerecord1.ers", "x"}}, ERR_ASIC}, /* without a list */
        {{E, {"a", "x"}, {M "evidencerecord1.xml", "x"}}, ERR_UNSUPPORTED},
        {{E, {"a", "x"}, {M "ASiCArchiveManifest1.xml", "x"}}, ERR_XML},
        {{E, {"a", "x"}, {M "ASiCArchiveManifest1.xml", LIST("META-INF/signature1.p7s")}, {M "signature1.p7s", "x"}}, ERR_ASIC},
        {{E, {"a", "x"}, {M "ASiCManifest1.xml", LIST("META-INF/evidencerecord1.ers")}, {M "evidencerecord1.ers", "x"}}, ERR_ASIC},
        {{E, {"a", "x"}, {M "ASiCEvidenceRecordManifest1.xml", LIST("META-INF/timestamp1.tst")}, {M "timestamp1.tst", "x"}}, ERR_ASIC},
        {{E, {"a", "x"}, {M "more/signatures0.xml", "x"}}, ERR_UNSUPPORTED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        AUTO_BUF b = {0};
        AUTO_ASIC a = {0};
        size_t n = 0;
        while (n < 5 && CASES[i].entry[n][0] != NULL)
            n++;
        pack(CASES[i].entry, n, &b);
        err_t e = asic_open(buf_bytes(&b), &a);
        if (e != CASES[i].want)
            fail_msg("case %zu: %s, not %s", i, err_info(e)->name, err_info(CASES[i].want)->name);
        if (asic_looks_like(buf_bytes(&b)))
            verdict_is(&b, e == ERR_UNSUPPORTED ? INDETERMINATE : TOTAL_FAILED, NOTE_N);
    }
}

static void lists_that_say_more_than_one_thing_are_refused(void **state)
{
#define HEAD \
    "<ASiCManifest xmlns='http://uri.etsi.org/02918/v1.2.1#' xmlns:d='http://www.w3.org/2000/09/xmldsig#'><SigReference URI='s.p7s'/>"
#define REF(uri, alg, more)                                                                   \
    "<DataObjectReference URI='" uri "'><d:DigestMethod Algorithm='" alg "'/><d:DigestValue>" \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</d:DigestValue>" more "</DataObjectReference>"
#define SHA256 "http://www.w3.org/2001/04/xmlenc#sha256"
#define TAIL "</ASiCManifest>"
    static const struct {
        const char *xml;
        err_t want;
    } CASES[] = {
        {HEAD REF("a", SHA256, "") TAIL, OK},
        {HEAD TAIL, ERR_ASIC},
        {HEAD REF("a", SHA256, "") REF("a", SHA256, "") TAIL, ERR_ASIC},
        {HEAD REF("a", SHA256, "") REF("%61", SHA256, "") TAIL, ERR_ASIC}, /* the same file in other letters */
        {HEAD REF("../a", SHA256, "") TAIL, ERR_ASIC},
        {HEAD REF("/a", SHA256, "") TAIL, ERR_ASIC},
        {HEAD REF("%2e%2e/a", SHA256, "") TAIL, ERR_ASIC},
        {HEAD REF("file:a", SHA256, "") TAIL, ERR_ASIC},
        {HEAD REF("a?b", SHA256, "") TAIL, ERR_ASIC},
        {HEAD REF("a#b", SHA256, "") TAIL, ERR_ASIC},
        {HEAD REF("a%00b", SHA256, "") TAIL, ERR_ASIC},
        {HEAD REF("a%4", SHA256, "") TAIL, ERR_ASIC},
        {HEAD REF("a%ff", SHA256, "") TAIL, ERR_ASIC},
        {HEAD REF("", SHA256, "") TAIL, ERR_ASIC},
        {HEAD REF("a", "http://www.w3.org/2000/09/xmldsig#sha1", "") TAIL, ERR_ALGORITHM},
        {HEAD REF("a", "http://www.w3.org/2001/04/xmlenc#sha512", "") TAIL, ERR_ASIC}, /* too short for it */
        {HEAD REF("a", SHA256, "<DataObjectReferenceExtensions/>") TAIL, ERR_ASIC},
        {HEAD REF("a", SHA256, "") "<ASiCManifestExtensions/>" TAIL, ERR_ASIC},
        {HEAD REF("a", SHA256, "") "text" TAIL, ERR_XML},
        {"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>" HEAD REF("a", SHA256, "") TAIL, ERR_XML_DOCTYPE},
        {"<ASiCManifest><SigReference URI='s.p7s'/></ASiCManifest>", ERR_ASIC}, /* of no namespace */
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        AUTO_ASIC_MANIFEST m = {0};
        err_t e = asic_manifest_read(bytes_str(CASES[i].xml), &m);
        if (e != CASES[i].want)
            fail_msg("case %zu: %s, not %s", i, err_info(e)->name, err_info(CASES[i].want)->name);
    }
}

/* The container with one entry's content replaced, left out (text NULL), or one more put in. */
static void change(const struct buf *b, const char *name, const char *text, struct buf *out)
{
    AUTO_ZIP z = {0};
    AUTO_ZIP_WRITER w = {.sink = {zip_to_buf, out}};
    out->len = 0;
    assert_ok(zip_open(buf_bytes(b), &z));
    for (size_t i = 0; i < z.n; i++) {
        if (!zip_is(&z.entry[i], name))
            assert_ok(zip_add_same(&w, &z.entry[i]));
    }
    if (text != NULL)
        assert_ok(zip_add(&w, bytes_str(name), bytes_str(text), false));
    assert_ok(zip_finish(&w));
}

static void a_changed_file_fails(void **state)
{
    AUTO_BUF b = {0}, c = {0};
    (void)state;
    sign(E_CADES, &b);
    change(&b, FILES[2].name, "<b/>", &c);
    verdict_is(&c, TOTAL_FAILED, NOTE_COMPONENT_CHANGED);
    sign(E_XADES, &b);
    change(&b, FILES[2].name, "<b/>", &c);
    verdict_is(&c, TOTAL_FAILED, NOTE_N);
    sign(S_CADES, &b);
    change(&b, FILES[0].name, "other", &c);
    verdict_is(&c, TOTAL_FAILED, NOTE_HASH);
    c.len = 0;
    assert_ok(asic_stamp(&FILES[0], clock_now(), &tsa, &(struct zip_sink){zip_to_buf, &c}));
    change(&c, FILES[0].name, "other", &b);
    verdict_is(&b, TOTAL_FAILED, NOTE_STAMP_OTHER);
}

static void a_missing_file_is_undecided_and_named(void **state)
{
    AUTO_BUF b = {0}, c = {0};
    (void)state;
    for (enum shape shape = E_CADES; shape <= E_XADES; shape++) {
        sign(shape, &b);
        change(&b, FILES[1].name, NULL, &c);
        verdict_is(&c, INDETERMINATE, shape == E_CADES ? NOTE_COMPONENT_MISSING : NOTE_N);
    }
}

static void a_file_that_nobody_signed_is_not_passed_along(void **state)
{
    AUTO_BUF b = {0}, c = {0};
    (void)state;
    for (enum shape shape = E_CADES; shape <= E_XADES; shape++) {
        sign(shape, &b);
        change(&b, "zzz.pdf", "slipped in", &c);
        verdict_is(&c, INDETERMINATE, NOTE_NOT_COVERED);
    }
}

static void a_changed_list_fails(void **state)
{
    AUTO_BUF b = {0}, c = {0}, xml = {0}, own = {0};
    AUTO_ASIC a = {0};
    (void)state;
    sign(E_CADES, &b);
    assert_ok(asic_open(buf_bytes(&b), &a));
    a.signature[0].list.n = 2; /* says nothing of the third file any more */
    struct asic_manifest shorter = {.signature = a.signature[0].list.signature, .ref = a.signature[0].list.ref, .n = 2};
    assert_ok(asic_manifest_write(&shorter, &xml));
    a.signature[0].list.n = 3;
    change(&b, "META-INF/ASiCManifest001.xml", buf_str(&xml), &c);
    verdict_is(&c, TOTAL_FAILED, NOTE_HASH);
}

static void files_that_cannot_be_in_one_are_refused(void **state)
{
    static const char *const BAD[] = {"META-INF/x", "meta-inf/x", "META-INF", "mimetype"};
    struct hall m;
    const struct signing_key *key = key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA);
    const struct asic_opts e = {.type = ASIC_E}, s = {.type = ASIC_S};
    AUTO_BUF b = {0};
    const struct zip_sink sink = {zip_to_buf, &b};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const struct asic_file file = {.name = BAD[i], .media_type = "text/plain", .content = BYTES("x", 1)};
        assert_err(asic_sign_cades(&file, 1, &e, key, &sink), ERR_ASIC);
    }
    const struct asic_file twice[] = {FILES[0], FILES[1], FILES[0]}, up = {.name = "../x", .content = BYTES("x", 1)};
    assert_err(asic_sign_cades(twice, 3, &e, key, &sink), ERR_ASIC);
    assert_err(asic_sign_cades(&up, 1, &e, key, &sink), ERR_ZIP_UNSAFE);
    assert_err(asic_sign_cades(FILES, 0, &e, key, &sink), ERR_ASIC);
    assert_err(asic_sign_cades(FILES, 2, &s, key, &sink), ERR_ASIC);
    assert_err(asic_sign_cades(&FILES[1], 1, &s, key, &sink), ERR_ASIC); /* in a folder */
    assert_err(asic_sign_xades(&FILES[0], 1, &s, key, &sink), ERR_ASIC);
    assert_err(asic_sign_xades(twice, 3, &e, key, &sink), ERR_ASIC);
    assert_err(asic_sign_xades(&up, 1, &e, key, &sink), ERR_ZIP_UNSAFE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mimetype_is_where_programs_look_for_it),
        cmocka_unit_test(openssl_verifies_what_was_unpacked),
        cmocka_unit_test(python_finds_every_file_under_its_name_with_its_digest),
        cmocka_unit_test(libreoffice_opens_the_files),
        cmocka_unit_test(a_timestamp_alone_makes_a_container),
        cmocka_unit_test(digidoc_programs_find_what_they_look_for),
        cmocka_unit_test(several_signers_each_sign_all_files),
        cmocka_unit_test(raised_signatures_sign_the_same),
        cmocka_unit_test(what_was_reached_is_kept_and_said),
        cmocka_unit_test(structures_that_are_no_container_are_refused),
        cmocka_unit_test(lists_that_say_more_than_one_thing_are_refused),
        cmocka_unit_test(a_changed_file_fails),
        cmocka_unit_test(a_missing_file_is_undecided_and_named),
        cmocka_unit_test(a_file_that_nobody_signed_is_not_passed_along),
        cmocka_unit_test(a_changed_list_fails),
        cmocka_unit_test(files_that_cannot_be_in_one_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, trust_teardown);
}
