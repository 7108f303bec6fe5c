/*
 * XAdES from B-B to B-LTA: what xmlsec1 must accept, what must not change when a level is raised, and levels that are not reached.
 * ETSI EN 319 132-1 §5, §6.3; XML Signature 1.1.
 */
#include "tests/unit/testxml.h"
#include "tests/unit/unit.h"

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    ts_pki_make(&pki);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_pki_free(&pki);
    tp_cleanup();
    return 0;
}

static void files_are_signed_by_name(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF xml = {0};
    const struct xades_data data[] = {{.name = "thu.txt", .mime_type = "text/plain"}, {.name = "Đơn xin (1) & #2.txt"}};
    tx_files_write();
    assert_ok(xades_sign_detached(data, 2, &tx_files, &(struct xades_opts){.signing_time = clock_now(), .container = true},
                                  key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &xml));
    tx_xmlsec_says(&xml, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_signed_by_name),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
