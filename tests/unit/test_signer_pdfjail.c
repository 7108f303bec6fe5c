/*
 * The PDF sandbox and the content store: a foreign document cannot hurt the daemon, a stored file is whole or absent.
 * Run by `make unit` from the repository's root (tests/vectors). The program is its own zygote, as antin-signerd is.
 */
#include "tests/unit/testpdf.h"
#include "tests/unit/unit.h"

#include "signer/errors.h"
#include "signer/formats/errors.h"
#include "signer/formats/pdf_active.h"
#include "signer/rules/content.h"
#include "signer/rules/pdfjail.h"
#include "signer/rules/visible.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct pdfjail *box;

static int open_vector(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/vectors/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static err_t check(int fd)
{
    unsigned active;
    return pdfjail_check(box, fd, &(struct pdfjail_wish){0}, &active);
}

static void each_broken_file_gets_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        err_t e;
    } row[] = {
        {"broken/encrypted.pdf", ERR_PDF_ENCRYPTED},
        {"broken/truncated.pdf", ERR_PDF_TRUNCATED},
        {"broken/junk-before-header.pdf", ERR_PDF_JUNK},
        {"broken/not-a-pdf.pdf", ERR_PDF_NOT_PDF},
        {"broken/size-bomb.pdf", ERR_PDF_DAMAGED},
        {"broken/prev-pair.pdf", ERR_PDF_DAMAGED},
        {"broken/certified-no-changes.pdf", ERR_PDF_CERTIFIED},
        {"broken/odd-small.pdf", OK},
        {"demo/tap-tai-lieu.pdf", OK},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        AUTO_FD fd = open_vector(row[i].name);
        assert_int_equal(check(fd), row[i].e);
    }
}

static void what_the_sandbox_prepares_is_what_is_prepared_outside(void **state)
{
    (void)state;
    AUTO_FD fd = open_vector("demo/to-khai.pdf");
    const struct pades_opts opts = {.name = "Nguyễn Văn An", .signing_time = 1764000000, .contents_room = 8000};
    AUTO_PADES inside = {0}, outside = {0};
    assert_int_equal(pdfjail_prepare(box, fd, &opts, &inside), OK);
    assert_int_equal(pades_prepare(fd, &opts, &outside), OK);
    assert_int_equal(inside.increment.len, outside.increment.len); /* the bytes differ in the random half of /ID */
    assert_memory_equal(inside.byte_range, outside.byte_range, sizeof inside.byte_range);
    assert_int_equal(inside.contents_at, outside.contents_at);
}

/* A hostile document may have taken its reader over: what is signed is this document and what goes behind it, or nothing. */
static void no_other_digest_is_believed(void **state)
{
    (void)state;
    AUTO_FD fd = open_vector("demo/to-khai.pdf");
    const struct pades_opts opts = {.signing_time = 1764000000, .contents_room = 8000};
    AUTO_PADES p = {0};
    assert_int_equal(pdfjail_prepare(box, fd, &opts, &p), OK);
    size_t placeholder = (size_t)(p.contents_at - p.base_size);
    assert_int_equal(pdfjail_digest_check(fd, &p), OK);
    p.increment.ptr[placeholder + 1] = 'f'; /* not covered */
    assert_int_equal(pdfjail_digest_check(fd, &p), OK);
    p.increment.ptr[placeholder - 1] ^= 1;
    assert_int_equal(pdfjail_digest_check(fd, &p), ERR_PDF_UNREADABLE);
    p.increment.ptr[placeholder - 1] ^= 1;
    p.increment.ptr[p.increment.len - 1] ^= 1;
    assert_int_equal(pdfjail_digest_check(fd, &p), ERR_PDF_UNREADABLE);
    p.increment.ptr[p.increment.len - 1] ^= 1;
    p.digest[0] ^= 1;
    assert_int_equal(pdfjail_digest_check(fd, &p), ERR_PDF_UNREADABLE);
    p.digest[0] ^= 1;
    AUTO_FD other = open_vector("demo/tap-tai-lieu.pdf");
    assert_int_equal(pdfjail_digest_check(other, &p), ERR_PDF_UNREADABLE);
    p.base_size += 1u << 30;
    p.contents_at += 1u << 30;
    assert_int_equal(pdfjail_digest_check(fd, &p), ERR_PDF_UNREADABLE);
}

static void what_somebody_must_accept_is_named(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_make(
        &(struct testpdf_spec){.catalog = "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) /Next << /S /Launch /F (a.exe) >> >>"},
        &pdf);
    FILE *f = tmpfile();
    assert_true(f != NULL && fwrite(pdf.ptr, pdf.len, 1, f) == 1 && fflush(f) == 0);
    unsigned active = 0;
    assert_int_equal(pdfjail_check(box, fileno(f), &(struct pdfjail_wish){.accept = PDF_LAUNCH | PDF_XFA}, &active), ERR_PDF_ACTIVE);
    assert_int_equal(active, PDF_JAVASCRIPT | PDF_LAUNCH);
    assert_int_equal(pdfjail_check(box, fileno(f), &(struct pdfjail_wish){.accept = PDF_LAUNCH | PDF_JAVASCRIPT}, &active), OK);
    assert_int_equal(active, PDF_JAVASCRIPT | PDF_LAUNCH);
    AUTO_PADES p = {0};
    assert_int_equal(pdfjail_prepare(box, fileno(f), &(struct pades_opts){.signing_time = 1764000000}, &p), OK);
    fclose(f);
}

/* The page is drawn outside, where fonts are; the child that reads the document gets it as bytes. */
static void what_is_to_be_seen_goes_in_and_comes_out(void **state)
{
    (void)state;
    AUTO_FD fd = open_vector("demo/to-khai.pdf");
    AUTO_DRAWN d = {0};
    AUTO_PADES inside = {0}, outside = {0};
    struct visible v;
    unsigned active;
    assert_ok(visible_read("top-right", &v));
    assert_ok(visible_citizen("Nguyễn Văn An", "Ủy ban nhân dân phường", 1764000000, &d));
    const struct pdf_appearance seen = {buf_bytes(&d.pdf), d.width, d.height, buf_str(&d.spoken), v.place};
    const struct pades_opts opts = {.signing_time = 1764000000, .contents_room = 8000, .appearance = &seen};
    assert_ok(pdfjail_prepare(box, fd, &opts, &inside));
    assert_ok(pades_prepare(fd, &opts, &outside));
    assert_int_equal(inside.increment.len, outside.increment.len);
    assert_int_equal(inside.contents_at, outside.contents_at);
    assert_ok(pdfjail_check(box, fd, &(struct pdfjail_wish){.place = &v.place}, &active));
    const struct pdf_place nowhere = {.where = PDF_AT_TOP_RIGHT, .page = 99};
    assert_err(pdfjail_check(box, fd, &(struct pdfjail_wish){.place = &nowhere}, &active), ERR_PDF_PLACE);
    assert_err(
        pdfjail_check(box, fd, &(struct pdfjail_wish){.place = &(struct pdf_place){.where = PDF_AT_FIELD}, .field = "Nobody"}, &active),
        ERR_PDF_PLACE);
}

static void a_wish_for_a_place_is_read_or_refused(void **state)
{
    (void)state;
    struct visible v;
    static const char *const GOOD[] = {"top-right", "3:top-right", "last:top-right", "field:Người nộp", "1:10,20,70x20", "last:0,0,1.5x2"};
    static const char *const BAD[] = {"field", "field:", "1:10,20", "0:top-right", "bottom", "1:10,20,0x5", "1:-1,2,3x4", "field:\xff"};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        assert_ok(visible_read(GOOD[i], &v));
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_err(visible_read(BAD[i], &v), ERR_SYNTAX);
    assert_ok(visible_read("", &v));
    assert_false(v.wanted);
}

/* A portal's text of any kind is no reason for a citizen not to be able to sign. */
static void an_agency_that_cannot_be_shown_is_left_out(void **state)
{
    (void)state;
    AUTO_DRAWN without = {0}, odd = {0};
    assert_ok(visible_citizen("Nguyễn Văn An", "", 1764000000, &without));
    assert_ok(visible_citizen("Nguyễn Văn An", "a\nb", 1764000000, &odd));
    assert_string_equal(buf_str(&odd.spoken), buf_str(&without.spoken));
}

/* A signed PDF in a file without a name. */
static int signed_pdf(struct pades_prepared *p)
{
    AUTO_FD fd = open_vector("demo/to-khai.pdf");
    const struct pades_opts opts = {.signing_time = 1764000000, .contents_room = 64};
    assert_int_equal(pdfjail_prepare(box, fd, &opts, p), OK);
    int out = memfd_create("signed", MFD_CLOEXEC);
    char chunk[4096];
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    for (ssize_t n; (n = read(fd, chunk, sizeof chunk)) > 0;)
        assert_int_equal(write(out, chunk, (size_t)n), n);
    assert_int_equal(write(out, p->increment.ptr, p->increment.len), (ssize_t)p->increment.len);
    return out;
}

static void the_sandbox_adds_validation_data_and_room_for_a_timestamp(void **state)
{
    (void)state;
    AUTO_PADES p = {0};
    AUTO_FD fd = signed_pdf(&p);
    AUTO_VDATA data = {0};
    AUTO_BUF increment = {0};
    uint64_t base = 0;
    const uint8_t contents[64] = {0};
    assert_int_equal(vdata_add_cert(&data, BYTES_STR("a certificate")), OK);
    assert_int_equal(vdata_add_crl(&data, BYTES_STR("a list")), OK);
    assert_int_equal(vdata_add_ocsp(&data, BYTES_STR("an answer")), OK);
    const struct pades_vri vri = {BYTES(contents, sizeof contents), &data};
    assert_int_equal(pdfjail_store(box, fd, &vri, &increment, &base), OK);
    assert_int_equal(base, p.base_size + p.increment.len);
    static const char *const held[] = {"/Type /DSS", "a certificate", "a list", "an answer", "/VRI"};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        assert_non_null(memmem(increment.ptr, increment.len, held[i], strlen(held[i])));
    AUTO_PADES stamp = {0};
    assert_int_equal(pdfjail_prepare(box, fd, &(struct pades_opts){.document_timestamp = true, .contents_room = 64}, &stamp), OK);
    assert_non_null(memmem(stamp.increment.ptr, stamp.increment.len, "/DocTimeStamp", 13));
    AUTO_FD broken = open_vector("broken/truncated.pdf");
    assert_int_equal(pdfjail_store(box, broken, &vri, &increment, &base), ERR_PDF_TRUNCATED);
}

static void more_validation_data_than_a_pdf_takes_is_refused(void **state)
{
    (void)state;
    AUTO_FD fd = open_vector("demo/to-khai.pdf");
    AUTO_VDATA data = {0};
    AUTO_BUF huge = {0}, increment = {0};
    uint64_t base = 0;
    const size_t size = (16u << 20) + 1;
    assert_int_equal(buf_reserve(&huge, size), OK);
    memset(huge.ptr, 0, size);
    huge.len = size;
    assert_int_equal(vdata_add_crl(&data, buf_bytes(&huge)), OK);
    assert_int_equal(pdfjail_store(box, fd, &(struct pades_vri){BYTES_STR("x"), &data}, &increment, &base), ERR_TOO_LARGE);
}

static void what_is_no_regular_file_is_refused(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    AUTO_FD from = ends[0];
    AUTO_FD to = ends[1];
    assert_true(to >= 0);
    assert_int_equal(check(from), ERR_PDF_UNREADABLE);
}

/* Children of the daemon's child: their number is what a leak would show. */
static pid_t zygote_of(pid_t parent)
{
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    (void)fclose(f);
    return (pid_t)strtol(line, NULL, 10);
}

static void a_dead_zygote_is_replaced(void **state)
{
    (void)state;
    AUTO_FD fd = open_vector("broken/odd-small.pdf");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kill(zygote_of(getpid()), SIGKILL), 0);
        assert_int_equal(check(fd), OK);
    }
    assert_true(pdfjail_alive(box));
}

static void *check_many(void *arg)
{
    (void)arg;
    AUTO_FD fd = open_vector("demo/tap-tai-lieu.pdf");
    for (int i = 0; i < 10; i++)
        if (check(fd) != OK)
            return box;
    return NULL;
}

static void many_threads_share_it(void **state)
{
    (void)state;
    pthread_t t[6];
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&t[i], NULL, check_many, NULL), 0);
    void *failed[6];
    for (size_t i = 0; i < 6; i++)
        pthread_join(t[i], &failed[i]);
    for (size_t i = 0; i < 6; i++)
        assert_null(failed[i]);
}

/* --- content store --- */

static int with_text(const char *text)
{
    int fd = memfd_create("text", MFD_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

/* A draft that grows, and one that is thought better of. */
static err_t put_two(struct content *c, int in, struct content_file *f)
{
    AUTO_CONTENT_DRAFT kept = NULL;
    AUTO_CONTENT_DRAFT dropped = NULL;
    char seen[8] = "";
    TRY(content_draft_begin(c, in, 3, &dropped));
    TRY(content_draft_begin(c, in, 3, &kept));
    TRY(content_draft_append(kept, BYTES_STR("def")));
    assert_int_equal(content_draft_size(kept), 6);
    assert_int_equal(pread(content_draft_fd(kept), seen, sizeof seen, 0), 6);
    assert_int_equal(write(content_draft_fd(kept), "x", 1), -1); /* who reads it cannot write to it */
    return content_draft_keep(kept, f);
}

static void what_is_stored_comes_back(void **state)
{
    (void)state;
    char folder[] = "/tmp/antin-content-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct content *c = NULL;
    assert_int_equal(content_open(folder, &c), OK);
    AUTO_FD in = with_text("abc");
    struct content_file f, again;
    uint8_t expected[SHA256_LEN];
    assert_int_equal(put_two(c, in, &f), OK);
    sha256(BYTES_STR("abcdef"), expected);
    assert_memory_equal(f.sha256, expected, sizeof expected);
    assert_int_equal(f.size, 6);
    assert_int_equal(put_two(c, in, &again), OK); /* the same bytes once more: no harm */
    AUTO_FD out = -1;
    char text[8] = "";
    assert_int_equal(content_get(c, f.sha256, 6, &out), OK);
    assert_int_equal(read(out, text, sizeof text), 6);
    assert_string_equal(text, "abcdef");
    AUTO_FD none = -1;
    assert_int_equal(content_get(c, f.sha256, 7, &none), ERR_IO); /* not the size that its row says */
    expected[0] ^= 1;
    assert_int_equal(content_get(c, expected, 6, &none), ERR_NOT_FOUND);
    assert_int_equal(content_put(c, in, 4, &f), ERR_IO); /* shorter than said */
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t digest[SHA256_LEN];
    expected[0] ^= 1;
    assert_int_equal(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL), 1);
    assert_int_equal(content_feed(c, expected, 6, ctx), OK);
    assert_int_equal(EVP_DigestFinal_ex(ctx, digest, NULL), 1);
    assert_memory_equal(digest, expected, sizeof digest);
    EVP_MD_CTX_free(ctx);
    AUTO_FD scratch = -1;
    assert_int_equal(content_scratch(c, &scratch), OK);
    assert_int_equal(write(scratch, "x", 1), 1);
    assert_true(content_alive(c));
    content_close(&c);
    char command[64];
    snprintf(command, sizeof command, "find %s/tmp -type f | grep -q .", folder);
    assert_int_not_equal(system(command), 0); /* nothing half-made is left */
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static err_t disown_all(void *arg, const uint8_t sha256[SHA256_LEN], bool *used)
{
    (void)sha256;
    int *asked = arg;
    ++*asked;
    *used = false;
    return OK;
}

/* Disowned at first, wanted when asked again: an upload of the same bytes came in between. */
static err_t wanted_again(void *arg, const uint8_t sha256[SHA256_LEN], bool *used)
{
    (void)sha256;
    int *asked = arg;
    *used = ++*asked > 1;
    return OK;
}

static err_t sweep_all(struct content *c, int64_t age, content_used_fn *used, void *arg)
{
    for (unsigned shard = 0; shard < CONTENT_SHARDS; shard++)
        TRY(content_sweep(c, shard, age, used, arg));
    return OK;
}

static void the_sweep_takes_only_what_is_old_and_unused(void **state)
{
    (void)state;
    char folder[] = "/tmp/antin-content-XXXXXX", command[64];
    assert_non_null(mkdtemp(folder));
    struct content *c = NULL;
    assert_int_equal(content_open(folder, &c), OK);
    AUTO_FD in = with_text("abc");
    struct content_file f;
    int asked = 0;
    AUTO_FD out = -1;
    assert_int_equal(content_put(c, in, 3, &f), OK);
    assert_int_equal(sweep_all(c, 3600, disown_all, &asked), OK);
    assert_int_equal(asked, 0); /* too young */
    assert_int_equal(sweep_all(c, -10, wanted_again, &asked), OK);
    assert_int_equal(asked, 2);
    assert_int_equal(content_get(c, f.sha256, 3, &out), OK);
    fd_close(&out);
    assert_int_equal(sweep_all(c, -10, disown_all, &asked), OK);
    assert_int_equal(content_get(c, f.sha256, 3, &out), ERR_NOT_FOUND);
    content_close(&c);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], PDFJAIL_ARG) == 0)
        return pdfjail_zygote_main();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_broken_file_gets_its_reason),
        cmocka_unit_test(what_the_sandbox_prepares_is_what_is_prepared_outside),
        cmocka_unit_test(no_other_digest_is_believed),
        cmocka_unit_test(what_somebody_must_accept_is_named),
        cmocka_unit_test(the_sandbox_adds_validation_data_and_room_for_a_timestamp),
        cmocka_unit_test(more_validation_data_than_a_pdf_takes_is_refused),
        cmocka_unit_test(what_is_no_regular_file_is_refused),
        cmocka_unit_test(what_is_to_be_seen_goes_in_and_comes_out),
        cmocka_unit_test(a_wish_for_a_place_is_read_or_refused),
        cmocka_unit_test(an_agency_that_cannot_be_shown_is_left_out),
        cmocka_unit_test(a_dead_zygote_is_replaced),
        cmocka_unit_test(many_threads_share_it),
        cmocka_unit_test(what_is_stored_comes_back),
        cmocka_unit_test(the_sweep_takes_only_what_is_old_and_unused),
    };
    secret_init();
    signer_errors_register();
    formats_errors_register();
    if (pdfjail_open(2, &box) != OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pdfjail_close(&box);
    return failed;
}
