/*
 * Files of any name: every script, decomposed letters, up to the 255 bytes that a file system takes; what would be longer is refused, and nothing is left.
 * antin-sign and antin-verify as programs.
 */
#include "tests/unit/testcli.h"

/* One name of exactly so many bytes: the text over and over, and 'x' where another one no longer fits. */
static void fill(const char *text, size_t len, const char *end, char out[300])
{
    size_t n = 0, each = strlen(text), last = strlen(end);
    while (n + each + last <= len) {
        memcpy(out + n, text, each);
        n += each;
    }
    while (n + last < len)
        out[n++] = 'x';
    memcpy(out + n, end, last + 1);
    assert_int_equal(strlen(out), len);
}

static const char *const SCRIPTS[] = {
    "Tờ khai ",                                     /* composed */
    "To\xcc\x9b\xcc\x80 khai ",                     /* decomposed: o, horn, grave */
    "申請書",                                       /* three bytes each */
    "הצהרה",                                        /* from right to left */
    "แบบฟอร์ม",                                      /* marks above and below */
    "\xf0\x9f\x93\x84",                             /* beyond the first plane */
    "a' \"$(true) `x` & ; * ? [b] {c} \\ ~ # % = ", /* to a shell */
    "-",                                            /* as an option */
    "100%41 + %2e",                                 /* as if it were encoded */
};

/* A list for the programs that no shell reads: the folder is the argument, or "./" before the name. */
static int run_on(const char *program, const char *options, const char *name, struct buf *out)
{
    AUTO_BUF quoted = {0};
    for (const char *p = name; *p != '\0'; p++)
        assert_ok(*p == '\'' ? buf_add_str(&quoted, "'\\''") : buf_add(&quoted, p, 1));
    return tp_run(out, "LC_ALL= LC_MESSAGES= LANG=en XDG_CACHE_HOME= HOME= '%s' %s ./'%s'", program, options, buf_str(&quoted));
}

static void names_of_every_script_are_signed(void **state)
{
    (void)state;
    static const struct {
        const char *options, *end;
        size_t longest; /* of the file: what is added to its name must fit too */
    } KINDS[] = {{"--format cades", ".txt", 251}, {"--format pades", ".pdf", 248}, {"--format xades --detached", ".txt", 245}};
    crls_for_the_verifier();
    for (size_t i = 0; i < sizeof SCRIPTS / sizeof *SCRIPTS; i++) {
        for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++) {
            char name[300], options[200];
            AUTO_BUF said = {0}, pdf = {0};
            tp_run(&said, "rm -rf ./out; mkdir out");
            fill(SCRIPTS[i], KINDS[k].longest, KINDS[k].end, name);
            if (k == 1)
                testpdf_make(&(struct testpdf_spec){0}, &pdf);
            write_in(name, k == 1 ? buf_bytes(&pdf) : bytes_str("nội dung"));
            snprintf(options, sizeof options, KEY "%s", KINDS[k].options);
            int code = run_on(sign, options, name, &said);
            if (code != 0)
                fail_msg("%s %s: exit %d: %s", KINDS[k].options, name, code, buf_str(&said));
            /* Everything that is there now, original and signature, goes before the verifier. */
            tp_run(&said, "find . -maxdepth 1 -newer root.pem ! -name '*.pem' ! -name '*.crl' -type f -exec mv -t out -- {} +");
            code = tp_run(&said,
                          "cd out && n=0 && for f in ./*.p7s ./*.signed.pdf ./*.xml; do [ -e \"$f\" ] || continue; '%s' --lang en --trust "
                          "../root.pem --crl ../ca.crl --crl ../root.crl \"$f\" || exit 9; n=$((n + 1)); done; [ $n = 1 ]",
                          verify);
            if (code != 0)
                fail_msg("verifying %s %s: exit %d: %s", KINDS[k].options, name, code, buf_str(&said));
        }
    }
}

static void containers_hold_names_of_255_bytes(void **state)
{
    (void)state;
    crls_for_the_verifier();
    for (size_t i = 0; i < sizeof SCRIPTS / sizeof *SCRIPTS; i++) {
        char name[300];
        AUTO_BUF said = {0};
        fill(SCRIPTS[i], 255, ".txt", name);
        write_in(name, bytes_str("nội dung"));
        tp_run(&said, "rm -f box.asice");
        int code = run_on(sign, KEY "--format asic-e -o box.asice", name, &said);
        bool safe = strpbrk(name, "\\:*?\"<>|") == NULL; /* what a container may hold is what every system can unpack */
        if (safe != (code == 0))
            fail_msg("%s: exit %d: %s", name, code, buf_str(&said));
        if (code == 0) {
            verifier_says(0, "box.asice");
            assert_int_equal(
                tp_run(&said,
                       "%s -c 'import zipfile, os, sys; n = [x for x in zipfile.ZipFile(\"box.asice\").namelist() if x not in "
                       "(\"mimetype\",) and not x.startswith(\"META-INF/\")]; sys.exit(n[0].encode() != "
                       "os.fsencode([f for f in os.listdir(\".\") if f.encode() == n[0].encode()][0]) or len(n[0].encode()) != 255)'",
                       "/usr/bin/python3"),
                0);
        }
        char *path = tp_path(name);
        unlink(path);
        free(path);
    }
}

/* The result's name would be longer than 255 bytes. */
static void a_result_without_a_possible_name_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    static const char *const FORMATS[] = {"--format cades", "--format xades --detached"};
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++) {
        char name[300], options[200];
        AUTO_BUF said = {0};
        fill("Tờ khai ", 254, ".txt", name);
        write_in(name, bytes_str("nội dung"));
        unsigned before = files_in_folder();
        snprintf(options, sizeof options, KEY "%s", FORMATS[i]);
        assert_int_equal(run_on(sign, options, name, &said), 1);
        assert_int_equal(files_in_folder(), before);
        snprintf(options, sizeof options, KEY "%s -o short --overwrite", FORMATS[i]); /* a name may be given */
        int code = run_on(sign, options, name, &said);
        if (code != 0)
            fail_msg("%s: exit %d: %s", options, code, buf_str(&said));
        char *path = tp_path(name);
        unlink(path);
        free(path);
    }
}

/* Two names that look alike are two files, and each signature is of its own. */
static void composed_and_decomposed_are_two_files(void **state)
{
    (void)state;
    AUTO_BUF said = {0};
    crls_for_the_verifier();
    tp_run(&said, "rm -f box.asice");
    write_in("note-\xe1\xbb\x9d.txt", bytes_str("một"));
    write_in("note-o\xcc\x9b\xcc\x80.txt", bytes_str("hai"));
    ASSERT_EXIT(0, "", KEY "--format asic-e -o box.asice 'note-\xe1\xbb\x9d.txt' 'note-o\xcc\x9b\xcc\x80.txt'");
    verifier_says(0, "box.asice");
    ASSERT_EXIT(0, "", KEY "--format cades 'note-\xe1\xbb\x9d.txt' 'note-o\xcc\x9b\xcc\x80.txt'");
    verifier_says(0, "'note-\xe1\xbb\x9d.txt.p7s' 'note-o\xcc\x9b\xcc\x80.txt.p7s'");
    tp_run(&said, "mv 'note-o\xcc\x9b\xcc\x80.txt.p7s' 'note-\xe1\xbb\x9d.txt.p7s'");
    verifier_says(1, "'note-\xe1\xbb\x9d.txt.p7s'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_of_every_script_are_signed),
        TEST(containers_hold_names_of_255_bytes),
        TEST(a_result_without_a_possible_name_is_refused_and_leaves_nothing),
        TEST(composed_and_decomposed_are_two_files),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
