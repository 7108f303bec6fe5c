/*
 * What tests of PAdES levels and looks share: a PKI and its trust, and what pdfsig, qpdf, mutool and our own verifier say of work.pdf.
 * Included by tests/unit/test_pades_{levels,visible}.c.
 */
#ifndef ANTIN_TESTPADES_H
#define ANTIN_TESTPADES_H

#include "signer/formats/pades_sign.h"
#include "tests/unit/testpdf.h"
#include "tests/unit/testtrust.h"

TP_FN void raise_to(int fd, enum sig_level level)
{
    enum sig_level reached;
    assert_ok(pades_raise(fd, level, &(struct cades_means){&tsa, crls_at_hand()}, &reached));
    assert_int_equal(reached, level);
    assert_ok(pades_level(fd, &reached));
    assert_int_equal(reached, level);
}

TP_FN unsigned count(const struct buf *text, const char *word)
{
    unsigned n = 0;
    const uint8_t *p = text->ptr, *end = text->ptr + text->len; /* a file has NULs */
    while ((p = memmem(p, (size_t)(end - p), word, strlen(word))) != NULL) {
        p += strlen(word);
        n++;
    }
    return n;
}

/* So many signatures by persons, all valid; document timestamps are beyond pdfsig and mutool. */
TP_FN void others_accept(unsigned signatures)
{
    AUTO_BUF text = {0};
    int code = tp_run(&text, "pdfsig -nocert work.pdf");
    if (code != 0 || count(&text, "Signature is Valid.") != signatures || count(&text, "Digest Mismatch") > 0)
        fail_msg("pdfsig: %s", buf_str(&text));
    code = tp_run(&text, "qpdf --check work.pdf");
    if (code != 0)
        fail_msg("qpdf: %s", buf_str(&text));
    code = tp_run(&text, "mutool info work.pdf && mutool sign -v work.pdf");
    unsigned sound =
        count(&text, "The document is unchanged since signing.") + count(&text, "The signature is valid but there have been edits");
    if (code != 0 || sound != signatures || count(&text, "Digest error") > 0 || count(&text, "warning:") > 0)
        fail_msg("mutool: %s", buf_str(&text));
}

TP_FN void verifier_says(enum verdict want, size_t signatures)
{
    struct file_result f;
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &trust, .at = clock_now(), .memory = &memory};
    char *path = tp_path("work.pdf");
    assert_ok(verify_file(&ctx, path, NULL, &f));
    for (size_t k = 0; f.findings.verdict != want && k < f.signature_n; k++)
        for (size_t i = 0; i < f.signature[k].findings.n; i++)
            print_message("signature %zu: %s: %s\n", k, note_text(f.signature[k].findings.item[i].note, LANG_EN),
                          f.signature[k].findings.item[i].detail);
    assert_int_equal(f.findings.verdict, want);
    assert_int_equal(f.signature_n, signatures);
    file_result_free(&f);
    free(path);
}

#endif
