/*
 * A group of tests with a PKI whose root is trusted.
 * Included by tests that verify what they sign.
 */
#ifndef ANTIN_TESTTRUST_H
#define ANTIN_TESTTRUST_H

#include "signer/verify/verify.h"
#include "tests/unit/testhand.h"
#include "tests/unit/unit.h"

static struct trust trust;

/* The root is in root.pem, too. */
TP_FN int trust_setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    ts_pki_make(&pki);
    char *root = tp_path("root.pem");
    tp_write_pem(root, (X509 *const[]){pki.root.cert}, 1);
    assert_ok(trust_new(&trust));
    assert_ok(trust_load(&trust, root));
    free(root);
    return 0;
}

/* The CRLs of the root and both its authorities, as a court gives them by hand. */
TP_FN void trust_crls(void)
{
    const struct buf *crls[] = {&pki.root_crl, &pki.ca_crl, &pki.services_crl};
    char *path = tp_path("x.crl");
    for (size_t i = 0; i < sizeof crls / sizeof *crls; i++) {
        tp_write(path, buf_bytes(crls[i]));
        assert_ok(trust_load_crls(&trust, path));
    }
    free(path);
}

TP_FN int trust_teardown(void **state)
{
    (void)state;
    trust_free(&trust);
    ts_pki_free(&pki);
    tp_cleanup();
    return 0;
}

#endif
