/*
 * ZIP archives: what other programs read of ours and we of theirs, and every archive that two programs could take for different things.
 * PKWARE APPNOTE 6.3.10; ETSI EN 319 162-1 Annex A.
 */
#include "tests/unit/testpki.h"
#include "tests/unit/unit.h"
#include "signer/formats/zip.h"
#include "signer/formats/zip_format.h"

static const char NFC[] = "Gi\xe1\xba\xa5y x\xc3\xa1\x63 nh\xe1\xba\xadn.txt", NFD[] = "Gia\xcc\x82\xcc\x81y.txt",
                  CJK[] = "\xe6\x9d\xb1\xe4\xba\xac/\xd0\xb4\xd0\xb0.txt";

static int setup(void **state)
{
    (void)state;
    formats_errors_register();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tp_cleanup();
    return 0;
}

struct item {
    const char *name, *text;
    bool deflate;
};

static void make(const struct item *item, size_t n, struct buf *out)
{
    AUTO_ZIP_WRITER w = {.sink = {zip_to_buf, out}, .time = 1795500000};
    out->len = 0;
    for (size_t i = 0; i < n; i++)
        assert_ok(zip_add(&w, bytes_str(item[i].name), bytes_str(item[i].text), item[i].deflate));
    assert_ok(zip_finish(&w));
}

static const char LONG[] =
    "mot hai ba bon nam sau bay tam chin muoi mot hai ba bon nam sau bay tam chin muoi mot hai ba bon nam sau bay tam";
static const struct item TWO[] = {{"a.txt", LONG, true}, {"b.txt", "hai", false}};

static void two(struct buf *out)
{
    make(TWO, 2, out);
}

static void refused(const struct buf *b, err_t want)
{
    AUTO_ZIP z = {0};
    assert_err(zip_open(buf_bytes(b), &z), want);
    assert_null(z.entry);
}

static uint8_t *record(struct buf *b, size_t i)
{
    uint8_t *p = b->ptr + le32(b->ptr + b->len - END_LEN + 16);
    while (i-- > 0)
        p += RECORD_LEN + le16(p + 28) + le16(p + 30) + le16(p + 32);
    return p;
}

static uint8_t *local(struct buf *b, size_t i)
{
    return b->ptr + le32(record(b, i) + 42);
}

/* --- agreement --- */

static void names_of_any_script_come_back_as_they_were(void **state)
{
    char longest[256];
    (void)state;
    memset(longest, 'x', 255);
    longest[255] = '\0';
    const struct item items[] = {{NFC, LONG, true}, {NFD, "2", false}, {CJK, "3", false}, {longest, "4", false}, {"empty", "", true}};
    AUTO_BUF b = {0}, own = {0};
    AUTO_ZIP z = {0};
    make(items, 5, &b);
    assert_ok(zip_open(buf_bytes(&b), &z));
    assert_int_equal(z.n, 5);
    assert_true(z.entry[0].deflated);
    for (size_t i = 0; i < 5; i++) {
        struct bytes view;
        const struct zip_entry *e = zip_find(&z, bytes_str(items[i].name));
        assert_non_null(e);
        assert_ok(zip_read(e, 1000, &own, &view));
        assert_true(bytes_eq(view, bytes_str(items[i].text)));
    }
}

static void unzip_and_python_read_what_we_write(void **state)
{
    AUTO_BUF b = {0}, said = {0};
    const struct item items[] = {{NFC, LONG, true}, {CJK, "3", false}, {"empty", "", false}};
    (void)state;
    char *path = tp_path("ours.zip");
    make(items, 3, &b);
    tp_write(path, buf_bytes(&b));
    if (tp_run(&said, "unzip -tq ours.zip") != 0)
        fail_msg("unzip: %s", buf_str(&said));
    if (tp_run(&said,
               "/usr/bin/python3 -c 'import zipfile,sys; z=zipfile.ZipFile(\"ours.zip\"); assert z.testzip() is None; "
               "sys.stdout.write(\"|\".join(z.namelist()))' && unzip -q ours.zip -d out && cat \"out/%s\"",
               CJK) != 0)
        fail_msg("%s", buf_str(&said));
    assert_non_null(strstr(buf_str(&said), NFC));
    assert_int_equal(said.ptr[said.len - 1], '3');
    free(path);
}

static void archives_of_other_programs_are_read(void **state)
{
    static const char *const COMMANDS[] = {
        "rm -f f.zip; zip -q f.zip x y/z",
        "rm -f f.zip; zip -qr f.zip y x", /* with a folder's entry */
        "rm -f f.zip; zip -q0 f.zip x",
        "/usr/bin/python3 -c 'import zipfile\nwith zipfile.ZipFile(\"f.zip\",\"w\",8) as z: z.writestr(\"x\",open(\"x\").read())'",
        /* sizes follow the data, as Java and streams have them */
        "/usr/bin/python3 -c 'import zipfile,sys\nclass O:\n  def write(s,b): return f.write(b)\n  def flush(s): pass\n"
        "f=open(\"f.zip\",\"wb\")\nwith zipfile.ZipFile(O(),\"w\",8) as z: z.writestr(\"x\",open(\"x\").read())'",
    };
    (void)state;
    char *x = tp_path("x"), *path = tp_path("f.zip");
    tp_write(x, bytes_str(LONG));
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        AUTO_BUF b = {0}, said = {0}, own = {0};
        AUTO_ZIP z = {0};
        struct bytes view;
        if (tp_run(&said, "mkdir -p y; cp x y/z; %s", COMMANDS[i]) != 0)
            fail_msg("%s", buf_str(&said));
        tp_read(path, &b);
        assert_ok(zip_open(buf_bytes(&b), &z));
        assert_ok(zip_read(zip_find(&z, bytes_str("x")), 1000, &own, &view));
        assert_true(bytes_eq(view, bytes_str(LONG)));
    }
    free(x);
    free(path);
}

static void entries_are_copied_without_a_byte_changed(void **state)
{
    AUTO_BUF b = {0}, c = {0};
    AUTO_ZIP z = {0}, again = {0};
    (void)state;
    two(&b);
    assert_ok(zip_open(buf_bytes(&b), &z));
    AUTO_ZIP_WRITER w = {.sink = {zip_to_buf, &c}};
    assert_ok(zip_add_same(&w, &z.entry[1]));
    assert_ok(zip_add_same(&w, &z.entry[0]));
    assert_ok(zip_finish(&w));
    assert_ok(zip_open(buf_bytes(&c), &again));
    assert_true(bytes_eq(again.entry[0].whole, z.entry[1].whole));
    assert_true(bytes_eq(again.entry[1].whole, z.entry[0].whole));
}

static void a_comment_belongs_to_the_end(void **state)
{
    AUTO_BUF b = {0};
    AUTO_ZIP z = {0};
    (void)state;
    two(&b);
    put16(b.ptr + b.len - 2, 4);
    assert_ok(buf_add_str(&b, "note"));
    assert_ok(zip_open(buf_bytes(&b), &z));
    assert_true(bytes_eq(z.comment, bytes_str("note")));
    assert_ok(buf_add_str(&b, "x"));
    refused(&b, ERR_ZIP);
}

static void a_full_disk_is_said(void **state)
{
    int fd = open("/dev/full", O_WRONLY);
    AUTO_ZIP_WRITER w = {.sink = {zip_to_fd, &fd}};
    (void)state;
    assert_err(zip_add(&w, bytes_str("a"), bytes_str("b"), false), ERR_DISK_FULL);
    close(fd);
}

/* --- refusals --- */

static void every_prefix_is_refused(void **state)
{
    AUTO_BUF b = {0};
    (void)state;
    two(&b);
    for (size_t n = 0; n < b.len; n++) {
        AUTO_ZIP z = {0};
        AUTO_BUF part = {0};
        assert_ok(buf_add(&part, b.ptr, n)); /* of its own, so that a sanitizer sees what is read behind it */
        assert_int_not_equal(zip_open(buf_bytes(&part), &z), OK);
    }
}

static void every_flipped_byte_is_refused_or_changes_no_content(void **state)
{
    AUTO_BUF b = {0};
    (void)state;
    two(&b);
    for (size_t i = 0; i < 8 * b.len; i++) {
        AUTO_ZIP z = {0};
        b.ptr[i / 8] ^= (uint8_t)(1u << i % 8);
        err_t e = zip_open(buf_bytes(&b), &z);
        for (size_t k = 0; k < z.n && e == OK; k++) {
            AUTO_BUF own = {0};
            struct bytes view;
            e = zip_read(&z.entry[k], 1000, &own, &view);
            if (e == OK)
                assert_true(bytes_eq(view, bytes_str(TWO[k].text)));
        }
        b.ptr[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const BAD[] = {"/a.tx", "../ab",    "a/..b",    "C:abc",       "a\\b.t", "a//b.",
                                      "./abc", "a\x01.tx", "a\x7f.tx", "a.t\xff\xfe", "ab/..",  "a/./b"};
    AUTO_BUF b = {0};
    AUTO_ZIP_WRITER w = {.sink = {zip_to_buf, &b}};
    char part[257];
    (void)state;
    memset(part, 'x', 256);
    part[256] = '\0';
    assert_err(zip_add(&w, bytes_str(part), bytes_str(""), false), ERR_ZIP_UNSAFE);
    assert_err(zip_add(&w, bytes_str(""), bytes_str(""), false), ERR_ZIP_UNSAFE);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        if (strcmp(BAD[i], "a/..b") == 0) /* only looks like it */
            continue;
        assert_err(zip_add(&w, bytes_str(BAD[i]), bytes_str(""), false), ERR_ZIP_UNSAFE);
        two(&b);
        put16(local(&b, 0) + 6, FLAG_UTF8);
        put16(record(&b, 0) + 8, FLAG_UTF8);
        memcpy(local(&b, 0) + LOCAL_LEN, BAD[i], 5);
        memcpy(record(&b, 0) + RECORD_LEN, BAD[i], 5);
        refused(&b, ERR_ZIP_UNSAFE);
    }
}

static void one_name_twice_is_refused(void **state)
{
    AUTO_BUF b = {0};
    (void)state;
    make((struct item[]){{"a.txt", "1", false}, {"b.txt", "2", false}, {"a.txt", "3", false}}, 3, &b);
    refused(&b, ERR_ZIP_UNSAFE);
    make((struct item[]){{"a", "1", false}, {"a.b", "2", false}, {"a/b", "3", false}}, 3, &b); /* file and folder */
    refused(&b, ERR_ZIP_UNSAFE);
}

static void symbolic_links_and_devices_are_refused(void **state)
{
    static const unsigned MODES[] = {0120777, 0020600, 0060600, 0010600, 0140600, 0040755};
    AUTO_BUF b = {0}, said = {0};
    (void)state;
    for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++) {
        two(&b);
        put32(record(&b, 1) + 38, MODES[i] << 16);
        refused(&b, ERR_ZIP_UNSAFE);
        put16(record(&b, 1) + 4, 20); /* made on DOS, so it says */
        refused(&b, ERR_ZIP_UNSAFE);
    }
    char *path = tp_path("link.zip");
    assert_int_equal(tp_run(&said, "ln -s /etc/passwd l && zip -qy link.zip l"), 0);
    tp_read(path, &b);
    refused(&b, ERR_ZIP_UNSAFE);
    free(path);
}

static void bytes_that_belong_to_nobody_are_refused(void **state)
{
    AUTO_BUF b = {0}, c = {0};
    (void)state;
    two(&b); /* before the first entry, offsets moved along */
    assert_ok(buf_add_str(&c, "MZ.."));
    assert_ok(buf_add_bytes(&c, buf_bytes(&b)));
    put32(c.ptr + c.len - END_LEN + 16, le32(b.ptr + b.len - END_LEN + 16) + 4);
    for (size_t i = 0; i < 2; i++)
        put32(record(&c, i) + 42, le32(record(&c, i) + 42) + 4);
    refused(&c, ERR_ZIP_UNSAFE);
    size_t directory = le32(b.ptr + b.len - END_LEN + 16); /* between the last entry and the directory */
    c.len = 0;
    assert_ok(buf_add(&c, b.ptr, directory));
    assert_ok(buf_add_str(&c, "hidden"));
    assert_ok(buf_add(&c, b.ptr + directory, b.len - directory));
    put32(c.ptr + c.len - END_LEN + 16, (uint32_t)directory + 6);
    refused(&c, ERR_ZIP_UNSAFE);
    put32(b.ptr + b.len - END_LEN + 12, le32(b.ptr + b.len - END_LEN + 12) - 1); /* the directory ends before its end */
    refused(&b, ERR_ZIP_UNSAFE);
}

static void an_entry_left_out_of_the_directory_is_refused(void **state)
{
    AUTO_BUF b = {0}, c = {0};
    (void)state;
    two(&b);
    size_t directory = le32(b.ptr + b.len - END_LEN + 16), first = RECORD_LEN + 5;
    assert_ok(buf_add(&c, b.ptr, directory));
    assert_ok(buf_add(&c, b.ptr + directory + first, b.len - directory - first));
    uint8_t *end = c.ptr + c.len - END_LEN;
    put16(end + 8, 1);
    put16(end + 10, 1);
    put32(end + 12, le32(end + 12) - (uint32_t)first);
    refused(&c, ERR_ZIP_UNSAFE);
}

static void overlapping_entries_are_refused(void **state)
{
    AUTO_BUF b = {0};
    (void)state;
    make((struct item[]){{"a.txt", "one", false}, {"a.txt", "one", false}}, 2, &b);
    put32(record(&b, 1) + 42, 0); /* both are the first */
    refused(&b, ERR_ZIP_UNSAFE);
    two(&b); /* the first reaches into the second */
    uint32_t more = le32(local(&b, 0) + 18) + 10;
    put32(local(&b, 0) + 18, more);
    put32(record(&b, 0) + 20, more);
    refused(&b, ERR_ZIP_UNSAFE);
}

static void headers_that_contradict_the_directory_are_refused(void **state)
{
    static const struct {
        size_t at;
        err_t want;
    } FIELDS[] = {{6, ERR_ZIP_UNSAFE},  {8, ERR_ZIP_UNSAFE},  {14, ERR_ZIP_UNSAFE},
                  {18, ERR_ZIP_UNSAFE}, {22, ERR_ZIP_UNSAFE}, {30, ERR_ZIP_UNSAFE}};
    AUTO_BUF b = {0};
    (void)state;
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) {
        two(&b);
        local(&b, 1)[FIELDS[i].at] ^= 2;
        refused(&b, FIELDS[i].want);
    }
}

static void a_second_name_in_an_extra_field_is_refused(void **state)
{
    static const uint8_t EXTRA[] = {0x75, 0x70, 10, 0, 1, 0, 0, 0, 0, 'c', '.', 't', 'x', 't'};
    AUTO_BUF b = {0}, c = {0};
    (void)state;
    two(&b);
    size_t at = (size_t)(record(&b, 0) - b.ptr) + RECORD_LEN + 5;
    assert_ok(buf_add(&c, b.ptr, at));
    assert_ok(buf_add(&c, EXTRA, sizeof EXTRA));
    assert_ok(buf_add(&c, b.ptr + at, b.len - at));
    put16(record(&c, 0) + 30, sizeof EXTRA);
    put32(c.ptr + c.len - END_LEN + 12, le32(b.ptr + b.len - END_LEN + 12) + sizeof EXTRA);
    refused(&c, ERR_ZIP_UNSAFE);
    c.ptr[at + 9] = 'a'; /* the same name once more */
    AUTO_ZIP z = {0};
    assert_ok(zip_open(buf_bytes(&c), &z));
}

static void kinds_that_are_not_read_are_refused(void **state)
{
    AUTO_BUF b = {0};
    (void)state;
    static const struct {
        size_t at;
        uint32_t value;
    } RECORDS[] = {{8, 1}, {8, 0x40}, {8, 0x2000}, {10, 12}, {34, 1}};
    for (size_t i = 0; i < sizeof RECORDS / sizeof *RECORDS; i++) { /* encrypted (three ways), bzip2, on another disk */
        two(&b);
        put16(record(&b, 0) + RECORDS[i].at, RECORDS[i].value);
        refused(&b, ERR_ZIP);
    }
    two(&b);
    put32(record(&b, 0) + 24, 0xffffffff); /* Zip64 */
    refused(&b, ERR_ZIP);
    two(&b);
    put16(b.ptr + b.len - END_LEN + 4, 1);
    refused(&b, ERR_ZIP);
}

static void bombs_stop_at_what_they_declare(void **state)
{
    AUTO_BUF zeros = {0}, b = {0}, own = {0}, large = {0};
    struct bytes view;
    (void)state;
    assert_ok(buf_reserve(&zeros, 1 << 20));
    memset(zeros.ptr, 0, 1 << 20);
    zeros.len = 1 << 20;
    AUTO_ZIP_WRITER w = {.sink = {zip_to_buf, &b}};
    assert_ok(zip_add(&w, bytes_str("a.txt"), buf_bytes(&zeros), true));
    assert_ok(zip_finish(&w));
    assert_true(b.len < 2000);
    AUTO_ZIP z = {0}, small = {0};
    assert_ok(zip_open(buf_bytes(&b), &z));
    assert_err(zip_read(&z.entry[0], 1000, &own, &view), ERR_TOO_LARGE);
    put32(record(&b, 0) + 24, 1000); /* says that it is small */
    put32(local(&b, 0) + 22, 1000);
    assert_ok(zip_open(buf_bytes(&b), &small));
    assert_err(zip_read(&small.entry[0], 1000, &own, &view), ERR_ZIP);
    assert_true(own.len <= 1000);
    put32(record(&b, 0) + 24, ZIP_INFLATED_MAX + 1);
    put32(local(&b, 0) + 22, ZIP_INFLATED_MAX + 1);
    refused(&b, ERR_TOO_LARGE);
}

static void too_many_entries_are_refused(void **state)
{
    AUTO_BUF b = {0};
    AUTO_ZIP_WRITER w = {.sink = {zip_to_buf, &b}};
    char name[16];
    (void)state;
    for (unsigned i = 0; i < ZIP_ENTRIES_MAX; i++) {
        snprintf(name, sizeof name, "%u", i);
        assert_ok(zip_add(&w, bytes_str(name), bytes_str(""), false));
    }
    assert_err(zip_add(&w, bytes_str("more"), bytes_str(""), false), ERR_TOO_LARGE);
    assert_ok(zip_finish(&w));
    AUTO_ZIP z = {0};
    assert_ok(zip_open(buf_bytes(&b), &z));
    put16(b.ptr + b.len - END_LEN + 8, ZIP_ENTRIES_MAX + 1);
    put16(b.ptr + b.len - END_LEN + 10, ZIP_ENTRIES_MAX + 1);
    refused(&b, ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_any_script_come_back_as_they_were),
        cmocka_unit_test(unzip_and_python_read_what_we_write),
        cmocka_unit_test(archives_of_other_programs_are_read),
        cmocka_unit_test(entries_are_copied_without_a_byte_changed),
        cmocka_unit_test(a_comment_belongs_to_the_end),
        cmocka_unit_test(a_full_disk_is_said),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_flipped_byte_is_refused_or_changes_no_content),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(one_name_twice_is_refused),
        cmocka_unit_test(symbolic_links_and_devices_are_refused),
        cmocka_unit_test(bytes_that_belong_to_nobody_are_refused),
        cmocka_unit_test(an_entry_left_out_of_the_directory_is_refused),
        cmocka_unit_test(overlapping_entries_are_refused),
        cmocka_unit_test(headers_that_contradict_the_directory_are_refused),
        cmocka_unit_test(a_second_name_in_an_extra_field_is_refused),
        cmocka_unit_test(kinds_that_are_not_read_are_refused),
        cmocka_unit_test(bombs_stop_at_what_they_declare),
        cmocka_unit_test(too_many_entries_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
