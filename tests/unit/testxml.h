/*
 * Files to sign, and xmlsec1 as the foreign judge.
 * Included by tests/unit/test_xades*.c.
 */
#ifndef ANTIN_TESTXML_H
#define ANTIN_TESTXML_H

#include "signer/formats/xades.h"
#include "signer/formats/xml.h"
#include "tests/unit/testhand.h"

static const struct {
    const char *name, *text;
} TX_FILES[] = {{"thu.txt", "Giấy xác nhận thông tin về cư trú"}, {"Đơn xin (1) & #2.txt", "nội dung\n"}};

TP_FN err_t tx_feed(void *arg, const char *name, EVP_MD_CTX *ctx)
{
    (void)arg;
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(TX_FILES[i].name, name) == 0)
            return EVP_DigestUpdate(ctx, TX_FILES[i].text, strlen(TX_FILES[i].text)) == 1 ? OK : ERR_CRYPTO;
    }
    return ERR_NOT_FOUND;
}
static __attribute__((unused)) const struct xades_files tx_files = {.feed = tx_feed};

TP_FN void tx_files_write(void)
{
    for (size_t i = 0; i < 2; i++) {
        char *path = tp_path(TX_FILES[i].name);
        tp_write(path, bytes_str(TX_FILES[i].text));
        free(path);
    }
}

#define TX_DOCUMENT \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<to-khai xmlns=\"urn:x-test\">\n <can-bo>000 Trần Thị Bưởi</can-bo>\n</to-khai>\n"

enum tx_shape { TX_DETACHED, TX_ENVELOPING, TX_ENVELOPED };

TP_FN void tx_sign(enum tx_shape shape, const struct signing_key *key, struct buf *xml)
{
    const struct xades_data data[] = {{.name = TX_FILES[0].name, .mime_type = "text/plain"}, {.name = TX_FILES[1].name}};
    const struct xades_opts o = {.signing_time = clock_now(), .container = shape == TX_DETACHED};
    switch (shape) {
    case TX_DETACHED: TP_MUST(xades_sign_detached(data, 2, &tx_files, &o, key, xml) == OK); break;
    case TX_ENVELOPING: TP_MUST(xades_sign_enveloping(bytes_str("nội dung"), &o, key, xml) == OK); break;
    case TX_ENVELOPED: TP_MUST(xades_sign_enveloped(bytes_str(TX_DOCUMENT), &o, key, xml) == OK); break;
    }
}

#define TX_IDS                                                                                                                             \
    "--id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties --id-attr:Id http://www.w3.org/2000/09/xmldsig#:Object --id-attr:Id " \
    "to-khai"

/* The whole path is checked by it too, at the time of the signer's certificate. */
TP_FN void tx_xmlsec_says(const struct buf *xml, bool good)
{
    AUTO_BUF said = {0};
    char *path = tp_path("x.xml"), *ca = tp_path("ca.pem"), *between = tp_path("citizens.pem");
    tp_write(path, buf_bytes(xml));
    tp_write_pem(ca, (X509 *const[]){pki.root.cert}, 1);
    tp_write_pem(between, (X509 *const[]){pki.ca.cert}, 1);
    int status = tp_run(&said, "xmlsec1 --verify " TX_IDS " --trusted-pem ca.pem --untrusted-pem citizens.pem x.xml");
    if ((status == 0) != good) {
        fprintf(stderr, "xmlsec1: %s\n", buf_str(&said));
        abort();
    }
    free(path);
    free(ca);
    free(between);
}

/*
 * A signature by xmlsec1: other prefixes and white space, inclusive canonical forms; between what is before and behind. reference: the URI and
 * transforms of the one that covers the content; object: further Objects.
 */
struct tx_foreign {
    const char *before, *after, *uri, *transforms, *object;
};
#define TX_C14N11 "<d:Transform Algorithm='http://www.w3.org/2006/12/xml-c14n11'/>"
#define TX_OUT "<d:Transform Algorithm='http://www.w3.org/2000/09/xmldsig#enveloped-signature'/>"

TP_FN void tx_foreign_sign(const struct tx_foreign *f, struct buf *xml)
{
    AUTO_BUF text = {0}, said = {0};
    uint8_t digest[32];
    char b64[B64_LEN(32) + 1];
    char *template = tp_path("template.xml"), *key = tp_path("key.pem"), *cert = tp_path("cert.pem"), *out = tp_path("signed.xml");
    sha256(buf_bytes(&pki.citizen.der), digest);
    b64_encode(BYTES(digest, 32), b64);
    TP_MUST(buf_addf(&text,
                     "%s<d:Signature Id='s' xmlns:d='http://www.w3.org/2000/09/xmldsig#'>\n <d:SignedInfo>\n"
                     "  <d:CanonicalizationMethod Algorithm='http://www.w3.org/TR/2001/REC-xml-c14n-20010315'/>\n"
                     "  <d:SignatureMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256'/>\n"
                     "  <d:Reference Id='r' URI='%s'><d:Transforms>%s</d:Transforms>"
                     "<d:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha512'/><d:DigestValue/></d:Reference>\n"
                     "  <d:Reference Type='http://uri.etsi.org/01903#SignedProperties' URI='#p'>"
                     "<d:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><d:DigestValue/></d:Reference>\n"
                     " </d:SignedInfo><d:SignatureValue Id='v'/>\n<d:KeyInfo><d:X509Data/></d:KeyInfo>%s\n<d:Object>"
                     "<e:QualifyingProperties xmlns:e='http://uri.etsi.org/01903/v1.3.2#' Target='#s'><e:SignedProperties Id='p'>"
                     "<e:SignedSignatureProperties><e:SigningTime>2026-01-02T03:04:05+07:00</e:SigningTime><e:SigningCertificateV2><e:Cert>"
                     "<e:CertDigest><d:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><d:DigestValue>%s</d:DigestValue>"
                     "</e:CertDigest></e:Cert></e:SigningCertificateV2></e:SignedSignatureProperties></e:SignedProperties>"
                     "</e:QualifyingProperties></d:Object></d:Signature>%s",
                     f->before, f->uri, f->transforms, f->object, b64, f->after) == OK);
    tp_write(template, buf_bytes(&text));
    FILE *pem = fopen(key, "w");
    TP_MUST(pem != NULL && PEM_write_PrivateKey(pem, pki.citizen.key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(pem) == 0);
    tp_write_pem(cert, (X509 *const[]){pki.citizen.cert}, 1);
    int status = tp_run(&said, "xmlsec1 --sign " TX_IDS " --privkey-pem key.pem,cert.pem --output signed.xml template.xml");
    if (status != 0)
        fprintf(stderr, "xmlsec1: %s\n", buf_str(&said));
    TP_MUST(status == 0);
    tp_read(out, xml);
    free(template);
    free(key);
    free(cert);
    free(out);
}

/* Replaces the first occurrence. */
TP_FN void tx_replace(struct buf *xml, const char *from, const char *to)
{
    AUTO_BUF old = take(xml);
    const char *at = strstr(buf_str(&old), from);
    TP_MUST(at != NULL);
    TP_MUST(buf_add(xml, old.ptr, (size_t)(at - buf_str(&old))) == OK && buf_add_str(xml, to) == OK &&
            buf_add_str(xml, at + strlen(from)) == OK);
}

/* From the first of these to behind the first of those that follow it. */
TP_FN void tx_cut(struct buf *xml, const char *from, const char *to, struct buf *piece)
{
    const char *at = strstr(buf_str(xml), from), *end = at != NULL ? strstr(at, to) : NULL;
    TP_MUST(end != NULL && buf_copy(piece, BYTES(at, (size_t)(end - at) + strlen(to))) == OK);
    tx_replace(xml, buf_str(piece), "");
}

/* A group of tests with a PKI and the files. */
TP_FN int tx_setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    ts_pki_make(&pki);
    tx_files_write();
    return 0;
}

TP_FN int tx_teardown(void **state)
{
    (void)state;
    ts_pki_free(&pki);
    tp_cleanup();
    return 0;
}

#endif
