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

/* The whole path is checked by it too, at the time of the signer's certificate. */
TP_FN void tx_xmlsec_says(const struct buf *xml, bool good)
{
    AUTO_BUF said = {0};
    char *path = tp_path("x.xml"), *ca = tp_path("ca.pem");
    tp_write(path, buf_bytes(xml));
    tp_write_pem(ca, (X509 *const[]){pki.root.cert}, 1);
    int status = tp_run(&said, "xmlsec1 --verify --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties "
                               "--id-attr:Id http://www.w3.org/2000/09/xmldsig#:Object --trusted-pem ca.pem x.xml");
    if ((status == 0) != good) {
        fprintf(stderr, "xmlsec1: %s\n", buf_str(&said));
        abort();
    }
    free(path);
    free(ca);
}

#endif
