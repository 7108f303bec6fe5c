/*
 * Content and files to sign, and jwcrypto as the foreign judge.
 * Included by tests/unit/test_jades.c and test_verify_jades.c.
 */
#ifndef ANTIN_TESTJSON_H
#define ANTIN_TESTJSON_H

#include "common/jose.h"
#include "common/json.h"
#include "signer/formats/base64.h"
#include "signer/formats/jades.h"
#include "tests/unit/testhand.h"

#define TJ_CONTENT "{\"ho_so\":\"000.00.01\",\"nguoi_nop\":\"Trần Thị Bưởi\",\"so\":[1,2.50]}"

/* Larger than one piece of base64url, and not a multiple of three. */
#define TJ_LARGE 100003
static struct buf tj_large;
static const char *const TJ_NAMES[] = {"thu.txt", "Đơn xin (1) & #2.bin"};

TP_FN void tj_files_write(void)
{
    AUTO_STR first = tp_path(TJ_NAMES[0]);
    AUTO_STR second = tp_path(TJ_NAMES[1]);
    tj_large.len = 0;
    for (size_t i = 0; i < TJ_LARGE; i++)
        TP_MUST(buf_add(&tj_large, &(uint8_t){(uint8_t)(i * 7)}, 1) == OK);
    tp_write(first, bytes_str("Giấy xác nhận"));
    tp_write(second, buf_bytes(&tj_large));
}

/* In pieces of odd sizes. name "": TJ_CONTENT. */
TP_FN err_t tj_feed(void *arg, const char *name, jades_take_fn *take_piece, void *to)
{
    (void)arg;
    struct bytes v;
    if (name[0] == '\0')
        v = bytes_str(TJ_CONTENT);
    else if (strcmp(name, TJ_NAMES[0]) == 0)
        v = bytes_str("Giấy xác nhận");
    else if (strcmp(name, TJ_NAMES[1]) == 0)
        v = buf_bytes(&tj_large);
    else
        return ERR_NOT_FOUND;
    for (size_t n; v.len > 0; v = BYTES(v.ptr + n, v.len - n)) {
        n = v.len < 4001 ? v.len : 4001;
        TRY(take_piece(to, BYTES(v.ptr, n)));
    }
    return OK;
}
static __attribute__((unused)) const struct jades_files tj_files = {.feed = tj_feed};

TP_FN void tj_sign_files(const struct signing_key *key, enum jades_form form, struct buf *out)
{
    const struct jades_data data[] = {{.name = TJ_NAMES[0], .mime_type = "text/plain"}, {.name = TJ_NAMES[1]}};
    TP_MUST(jades_sign_files(data, 2, &tj_files, &(struct jades_opts){.signing_time = clock_now(), .form = form}, key, out) == OK);
}

/* Another JOSE library verifies every signature by the certificate in its header; content: what it must find inside, NULL: nothing. */
TP_FN void tj_jwcrypto_says(const struct buf *jws, const char *content, bool good)
{
    static const char SCRIPT[] = "import base64, json, sys\n"
                                 "from cryptography import x509\n"
                                 "from jwcrypto import jwk, jws\n"
                                 "text = open(sys.argv[1], encoding='utf-8').read()\n"
                                 "known = {'sigD': jws.JWSEHeaderParameter('files', True, True, None)}\n"
                                 "def decoded(s): return base64.urlsafe_b64decode(s + '=' * (-len(s) % 4))\n"
                                 "def protected():\n"
                                 "    if text[0] != '{': return [text.split('.')[0]]\n"
                                 "    o = json.loads(text)\n"
                                 "    return [s['protected'] for s in o.get('signatures', [o])]\n"
                                 "want = sys.argv[2].encode() if len(sys.argv) > 2 else b''\n"
                                 "if not want and text[0] == '{':\n" /* this library wants it to be there */
                                 "    text = json.dumps(json.loads(text) | {'payload': ''})\n"
                                 "for p in protected():\n"
                                 "    head = json.loads(decoded(p))\n"
                                 "    cert = x509.load_der_x509_certificate(base64.b64decode(head['x5c'][0]))\n"
                                 "    key = jwk.JWK.from_pyca(cert.public_key())\n"
                                 "    token = jws.JWS(header_registry=known)\n"
                                 "    token.allowed_algs = [head['alg']]\n"
                                 "    token.deserialize(text)\n"
                                 "    token.verify(key)\n"
                                 "    have = token.payload if isinstance(token.payload, bytes) else token.payload.encode()\n"
                                 "    assert have == want, have\n";
    AUTO_BUF said = {0};
    AUTO_STR path = tp_path("signed.jws");
    AUTO_STR script = tp_path("judge.py");
    tp_write(path, buf_bytes(jws));
    tp_write(script, bytes_str(SCRIPT));
    int status = content != NULL ? tp_run(&said, "/usr/bin/python3 judge.py signed.jws '%s'", content)
                                 : tp_run(&said, "/usr/bin/python3 judge.py signed.jws");
    if ((status == 0) != good) {
        fprintf(stderr, "jwcrypto: %s\n%s\n", buf_str(&said), buf_str(jws));
        abort();
    }
}

/* The protected header of signature i. The caller's. */
TP_FN json_t *tj_header(const struct buf *jws, size_t i)
{
    AUTO_JADES j = NULL;
    AUTO_BUF text = {0};
    json_t *h = NULL;
    TP_MUST(jades_open(buf_bytes(jws), &j) == OK);
    TP_MUST(base64url_take(bytes_str(jades_signature(j, i)->protected_text), &text) == OK);
    TP_MUST(json_parse(buf_bytes(&text), 1 << 20, &h) == OK);
    return h;
}

TP_FN bool tj_has(const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
            return true;
    }
    return false;
}

/* A flattened JWS with this header (its text), signed truly by the citizen's key (ES256); %s in it becomes her certificate in base64. */
TP_FN void tj_forge(const char *header, const char *payload, const char *unprotected, struct buf *out)
{
    AUTO_BUF cert = {0};
    AUTO_BUF text = {0};
    AUTO_BUF input = {0};
    AUTO_BUF signature = {0};
    AUTO_BUF value = {0};
    uint8_t raw[64];
    const char *at = strstr(header, "%s");
    TP_MUST(base64_put(&cert, buf_bytes(&pki.citizen.der)) == OK);
    TP_MUST(buf_add(&text, header, at != NULL ? (size_t)(at - header) : strlen(header)) == OK);
    if (at != NULL)
        TP_MUST(buf_add_bytes(&text, buf_bytes(&cert)) == OK && buf_add_str(&text, at + 2) == OK);
    TP_MUST(base64url_put(&input, buf_bytes(&text)) == OK);
    out->len = 0;
    TP_MUST(buf_addf(out, "{\"payload\":\"%s\",\"protected\":\"%s\",%s\"signature\":\"", payload, buf_str(&input), unprotected) == OK);
    TP_MUST(buf_addf(&input, ".%s", payload) == OK);
    tp_sign(&pki.citizen, CMS_SHA256, buf_bytes(&input), &signature);
    TP_MUST(ecdsa_der_to_raw(buf_bytes(&signature), 32, raw) == OK && base64url_put(&value, BYTES(raw, 64)) == OK);
    TP_MUST(buf_addf(out, "%s\"}", buf_str(&value)) == OK);
}

#endif
