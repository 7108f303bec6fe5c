/*
 * antin-sign and antin-verify as programs: found, run in a folder with keys, certificates and files, beside the services of testservices.h.
 * Included by tests/unit/test_sign_*.c. docs/man/antin-sign.1.
 */
#ifndef ANTIN_TESTCLI_H
#define ANTIN_TESTCLI_H

#include "tests/unit/testpdf.h"
#include "tests/unit/testservices.h"
#include "tests/unit/unit.h"
#include <openssl/pkcs12.h>
#include <sys/stat.h>

static char sign[4096], verify[4096];

TP_FN void write_in(const char *name, struct bytes v)
{
    char *path = tp_path(name);
    tp_write(path, v);
    free(path);
}

TP_FN void write_key(const char *name, EVP_PKEY *key, const char *password)
{
    char *path = tp_path(name);
    FILE *f = fopen(path, "w");
    assert_int_equal(PEM_write_PrivateKey(f, key, password != NULL ? EVP_aes_256_cbc() : NULL, NULL, 0, NULL, (void *)(uintptr_t)password),
                     1);
    fclose(f);
    free(path);
}

TP_FN void write_cert(const char *name, const struct tp_id *id, const struct tp_id *above)
{
    char *path = tp_path(name);
    tp_write_pem(path, (X509 *const[]){id->cert, above->cert}, 2);
    free(path);
}

TP_FN void write_p12(const char *name, const struct tp_id *id, const char *password)
{
    char *path = tp_path(name);
    STACK_OF(X509) *above = sk_X509_new_null();
    sk_X509_push(above, pki.ca.cert);
    PKCS12 *p = PKCS12_create(password, "signer", id->key, id->cert, above, 0, 0, 0, 0, 0);
    FILE *f = fopen(path, "wb");
    assert_true(p != NULL && i2d_PKCS12_fp(f, p) == 1);
    fclose(f);
    PKCS12_free(p);
    sk_X509_free(above);
    free(path);
}

TP_FN void find(const char *name, char out[4096])
{
    const char *build = getenv("ANTIN_BUILD");
    char relative[512];
    snprintf(relative, sizeof relative, "%s/bin/%s", build != NULL ? build : "build", name);
    if (realpath(relative, out) == NULL)
        out[0] = '\0';
}

TP_FN int setup(void **state)
{
    (void)state;
    find("antin-sign", sign);
    find("antin-verify", verify);
    secret_init();
    formats_errors_register();
    services_start();
    write_key("key.pem", signer.key, NULL);
    write_key("locked.pem", signer.key, "mật khẩu");
    write_cert("cert.pem", &signer, &pki.ca);
    write_cert("other.pem", &pki.other, &pki.ca);
    write_p12("key.p12", &signer, "mật khẩu");
    write_in("password", bytes_str("mật khẩu\n"));
    write_in("wrong", bytes_str("mat khau\n"));
    char *root = tp_path("root.pem");
    tp_write_pem(root, (X509 *const[]){pki.root.cert}, 1);
    free(root);
    return 0;
}

TP_FN int teardown(void **state)
{
    (void)state;
    services_stop();
    return 0;
}

/* Fresh files for each test: a.pdf, note.txt. */
TP_FN int fresh(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    AUTO_BUF text = {0};
    if (sign[0] == '\0' || verify[0] == '\0')
        return -1;
    tp_run(&text, "rm -rf *.pdf *.p7s *.p7m note* out cache .antin*");
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    write_in("a.pdf", buf_bytes(&pdf));
    write_in("note.txt", bytes_str("Kính gửi Ủy ban nhân dân phường\n"));
    atomic_store(&stamps, 0);
    atomic_store(&crl_fetches, 0);
    atomic_store(&ocsp_asks, 0);
    atomic_store(&ocsp_lies, false);
    atomic_store(&crl_away, false);
    atomic_store(&signer_revoked, false);
    return 0;
}

#define KEY "--key key.pem --cert cert.pem "
#define REACH "--trust root.pem --private-addresses --no-cache "

TP_FN int run(struct buf *out, const char *arguments)
{
    return tp_run(out, "LC_ALL= LC_MESSAGES= LANG=en XDG_CACHE_HOME= HOME= '%s' %s", sign, arguments);
}

#define ASSERT_EXIT(code, words, ...)                            \
    do {                                                         \
        AUTO_BUF t_ = {0};                                       \
        char a_[2000];                                           \
        snprintf(a_, sizeof a_, __VA_ARGS__);                    \
        int c_ = run(&t_, a_);                                   \
        if (c_ != (code) || strstr(buf_str(&t_), words) == NULL) \
            fail_msg("%s: exit %d: %s", a_, c_, buf_str(&t_));   \
    } while (0)

TP_FN void verifier_says(int code, const char *files)
{
    AUTO_BUF text = {0};
    int c = tp_run(&text, "'%s' --lang en --trust root.pem --crl ca.crl --crl services.crl --crl root.crl %s", verify, files);
    if (c != code)
        fail_msg("antin-verify %s: exit %d: %s", files, c, buf_str(&text));
}

TP_FN void crls_for_the_verifier(void)
{
    write_in("ca.crl", buf_bytes(&served_ca_crl));
    write_in("services.crl", buf_bytes(&served_services_crl));
    write_in("root.crl", buf_bytes(&pki.root_crl));
}

TP_FN bool there(const char *name)
{
    char *path = tp_path(name);
    struct stat st;
    bool yes = stat(path, &st) == 0;
    free(path);
    return yes;
}

TP_FN unsigned files_in_folder(void)
{
    AUTO_BUF text = {0};
    tp_run(&text, "ls -A | wc -l");
    return (unsigned)strtoul(buf_str(&text), NULL, 10);
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

#endif
