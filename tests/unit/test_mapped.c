/*
 * Mapped files: memory given back comes again as it was, and only ours is ever given back.
 */
#include "signer/formats/mapped.h"
#include "tests/unit/testpki.h"
#include "tests/unit/unit.h"
#include <sys/mman.h>

static int teardown(void **state)
{
    (void)state;
    tp_cleanup();
    return 0;
}

static void released_pages_are_as_they_were(void **state)
{
    (void)state;
    AUTO_STR path = tp_path("mapped");
    AUTO_BUF data = {0};
    struct mapped m;
    uint8_t whole[32], again[32];
    assert_ok(buf_reserve(&data, (size_t)9 << 20));
    for (data.len = 0; data.len < (size_t)9 << 20; data.len++)
        data.ptr[data.len] = (uint8_t)(data.len >> 12);
    tp_write(path, buf_bytes(&data));
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_ok(mapped_open(fd, &m));
    assert_int_equal(m.data.len, data.len);
    mapped_release(m.data);
    mapped_release(BYTES(m.data.ptr + 5000, 1));
    assert_memory_equal(m.data.ptr, data.ptr, data.len);

    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL), 1);
    assert_ok(mapped_digest(ctx, m.data));
    assert_int_equal(EVP_DigestFinal_ex(ctx, whole, NULL), 1);
    EVP_MD_CTX_free(ctx);
    sha256(buf_bytes(&data), again);
    assert_memory_equal(whole, again, sizeof whole);
    mapped_close(&m);
    mapped_close(&m);
}

static void memory_of_other_kinds_is_left_alone(void **state)
{
    (void)state;
    AUTO_STR path = tp_path("small");
    struct mapped m;
    size_t n = (size_t)8 << 20;
    uint8_t *own = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(own != MAP_FAILED);
    memset(own, 7, n);
    tp_write(path, BYTES_STR("text"));
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_ok(mapped_open(fd, &m));
    mapped_release(BYTES(own, n));
    mapped_release(BYTES(m.data.ptr, n)); /* more than the mapping has */
    for (size_t i = 0; i < n; i += 512)
        assert_int_equal(own[i], 7);
    mapped_close(&m);
    assert_int_equal(munmap(own, n), 0);
}

static void only_regular_files_are_mapped(void **state)
{
    (void)state;
    AUTO_STR path = tp_path("empty");
    struct mapped m;
    AUTO_FD null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_err(mapped_open(null, &m), ERR_IO);
    assert_err(mapped_open(-1, &m), ERR_IO);
    tp_write(path, BYTES("", 0));
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_ok(mapped_open(fd, &m));
    assert_int_equal(m.data.len, 0);
    assert_non_null(m.data.ptr);
    mapped_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(released_pages_are_as_they_were),
        cmocka_unit_test(memory_of_other_kinds_is_left_alone),
        cmocka_unit_test(only_regular_files_are_mapped),
    };
    secret_init();
    return cmocka_run_group_tests(tests, NULL, teardown);
}
