/*
 * Any bytes as an evidence record: never a crash, never valid without a trust anchor; what was read is written to what is read the same.
 * Built with clang -fsanitize=fuzzer,address,undefined.
 */
#include "signer/formats/covered.h"
#include "signer/formats/ers.h"
#include "signer/verify/verify.h"
#include "tests/fuzz/fuzz.h"
#include <openssl/err.h>

static err_t digest_of(void *arg, enum cms_hash alg, uint8_t *out)
{
    size_t n;
    return covered_digest(arg, cms_hash_md(alg), out, &n);
}

static const struct covered content = {{{(const uint8_t *)"content", 7}}};
static const struct ers_object object = {digest_of, (void *)(uintptr_t)&content};

static void write_again(const struct ers_record *r)
{
    AUTO_BUF sequence = {0}, record = {0};
    static struct ers_record again;
    MUST(ers_write_sequence(r, &sequence) == OK && ers_write_record(buf_bytes(&sequence), &record) == OK);
    MUST(ers_record_read(buf_bytes(&record), &again) == OK && again.stamp_n == r->stamp_n && again.chain_n == r->chain_n);
}

static void follow(const struct ers_record *r)
{
    for (size_t i = 0; i < r->stamp_n; i++) {
        AUTO_BUF covered = {0};
        bool whole = false;
        MUST(ers_covered(r, i, &object, &covered, &whole) != OK || whole || covered.len > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trust none;
    static struct ers_record r;
    struct context ctx = {.trust = &none, .at = 1795593600};
    struct file_result f;
    struct bytes in = BYTES(data, size);
    if (ers_record_read(in, &r) == OK) {
        MUST(r.stamp_n > 0 && r.stamp_n <= ERS_STAMPS_MAX && ers_looks_like_record(in));
        follow(&r);
        (void)!ers_check(&r, &object);
        write_again(&r);
    }
    (void)!ers_sequence_read(in, &r);
    verify_bytes(&ctx, in, content.part[0], &f);
    MUST(f.findings.verdict != TOTAL_PASSED);
    file_result_free(&f);
    ERR_clear_error(); /* else each input leaves something behind, and libFuzzer looks for leaks each time */
    return 0;
}
