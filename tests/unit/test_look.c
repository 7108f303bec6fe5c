/*
 * Looks of visible signatures: what each shows and says, in which fonts; pictures that would hurt are refused before anything decodes them.
 * Decree 30/2020/NĐ-CP annex I; PNG (ISO/IEC 15948).
 */
#include "tests/unit/testpicture.h"
#include "tests/unit/unit.h"
#include "signer/formats/look.h"
#include "signer/formats/picture.h"
#include <sys/resource.h>

#define NOON 1795496400 /* 2026-11-24 05:00:00 UTC */
#define NAME "Nguyễn Thị Ngọc Ánh"
#define AGENCY "Ủy ban nhân dân phường Bến Nghé"

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

/* What a program that is not ours reads out of the drawn page, white space made one. */
static void read_text(const struct drawn *d, struct buf *text)
{
    char *path = tp_path("look.pdf");
    tp_write(path, buf_bytes(&d->pdf));
    assert_int_equal(tp_run(text, "pdftotext -layout '%s' - | tr -s ' \\n\\f' ' '", path), 0);
    free(path);
}

static void assert_shows(const struct look *l, const char *words, const char *spoken)
{
    AUTO_DRAWN d = {0};
    AUTO_BUF text = {0};
    assert_ok(look_draw(l, &d));
    read_text(&d, &text);
    if (strstr(buf_str(&text), words) == NULL)
        fail_msg("shows: %s", buf_str(&text));
    assert_string_equal(buf_str(&d.spoken), spoken);
}

static void a_citizens_look_has_name_time_and_agency(void **state)
{
    (void)state;
    assert_shows(&(struct look){.kind = LOOK_CITIZEN, .name = NAME, .agency = AGENCY, .time = NOON},
                 "Người ký: " NAME " Thời gian ký: 24-11-2026 12:00:00 +07:00 Cơ quan: " AGENCY,
                 "Chữ ký số của " NAME ", ký lúc 24-11-2026 12:00:00 +07:00, cơ quan: " AGENCY);
    assert_shows(&(struct look){.kind = LOOK_CITIZEN, .name = NAME, .time = NOON}, "Thời gian ký: 24-11-2026 12:00:00 +07:00",
                 "Chữ ký số của " NAME ", ký lúc 24-11-2026 12:00:00 +07:00");
}

static void decree_30_looks_show_what_it_says_and_no_more(void **state)
{
    (void)state;
    AUTO_BUF seal = {0}, hand = {0};
    picture_seal(200, 0, &seal);
    picture_hand(&hand);
    struct look all = {.name = NAME, .agency = AGENCY, .number = "15/QĐ-UBND", .copy = "Sao y", .time = NOON, .picture = buf_bytes(&seal)};
    all.kind = LOOK_AGENCY;
    assert_shows(&all, AGENCY " 24-11-2026 12:00:00 +07:00", "Dấu và chữ ký số của " AGENCY ", ký lúc 24-11-2026 12:00:00 +07:00");
    all.kind = LOOK_ANNEX;
    assert_shows(&all, "15/QĐ-UBND 24-11-2026 12:00:00 +07:00",
                 "Văn bản kèm theo văn bản số 15/QĐ-UBND, ký số lúc 24-11-2026 12:00:00 +07:00");
    all.kind = LOOK_COPY;
    assert_shows(&all, "Sao y " AGENCY " 24-11-2026 12:00:00 +07:00", "Sao y của " AGENCY ", ký số lúc 24-11-2026 12:00:00 +07:00");
    all.kind = LOOK_OFFICIAL;
    all.picture = buf_bytes(&hand);
    AUTO_DRAWN d = {0};
    AUTO_BUF text = {0};
    assert_ok(look_draw(&all, &d));
    read_text(&d, &text);
    assert_string_equal(buf_str(&text), " "); /* the picture alone */
    assert_string_equal(buf_str(&d.spoken), "Chữ ký số của người có thẩm quyền " NAME ", ký lúc 24-11-2026 12:00:00 +07:00");
}

static void fonts_are_embedded_and_of_one_family(void **state)
{
    (void)state;
    AUTO_DRAWN d = {0};
    AUTO_BUF text = {0};
    assert_ok(look_draw(&(struct look){.kind = LOOK_CITIZEN, .name = "Đỗ Ẩẫậắẳẵặễệỗộớởỡợứửữựỳỵỷỹ", .time = NOON}, &d));
    char *path = tp_path("look.pdf");
    tp_write(path, buf_bytes(&d.pdf));
    assert_int_equal(tp_run(&text, "pdffonts '%s' | tail -n +3 | awk '{split($1, f, \"+\"); print f[2], $(NF-4)}' | sort -u", path), 0);
    assert_true(strstr(buf_str(&text), " yes\n") != NULL && strstr(buf_str(&text), " no\n") == NULL);
    assert_ptr_equal(strchr(buf_str(&text), '\n'), strrchr(buf_str(&text), '\n')); /* one line */
    free(path);
}

static void decomposed_letters_are_shown_composed(void **state)
{
    (void)state;
    AUTO_DRAWN a = {0}, b = {0};
    assert_ok(look_draw(&(struct look){.kind = LOOK_CITIZEN, .name = "Ánh Tuyết", .time = NOON}, &a));
    assert_ok(look_draw(&(struct look){.kind = LOOK_CITIZEN, .name = "A\xcc\x81nh Tuye\xcc\x82\xcc\x81t", .time = NOON}, &b));
    assert_true(a.width == b.width && a.height == b.height);
}

static void a_picture_has_its_own_size(void **state)
{
    (void)state;
    AUTO_BUF plain = {0}, measured = {0}, absurd = {0};
    picture_seal(150, 0, &plain);
    picture_seal(150, 127, &measured); /* 30 mm */
    picture_seal(150, 2, &absurd);     /* two metres */
    struct look l = {.kind = LOOK_OFFICIAL, .time = NOON, .picture = buf_bytes(&measured)};
    const struct {
        struct buf *picture;
        double wanted, mm;
    } rows[] = {{&measured, 0, 30}, {&plain, 0, 40}, {&absurd, 0, 40}, {&measured, 25, 25}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_DRAWN d = {0};
        l.picture = buf_bytes(rows[i].picture);
        l.picture_mm = rows[i].wanted;
        assert_ok(look_draw(&l, &d));
        assert_true(fabs(d.width - rows[i].mm * 72 / 25.4) < 0.05 && fabs(d.height - d.width) < 0.05);
    }
}

static void what_a_look_needs_is_asked_for(void **state)
{
    (void)state;
    AUTO_DRAWN d = {0};
    const struct look lacking[] = {{.kind = LOOK_CITIZEN, .time = NOON},
                                   {.kind = LOOK_OFFICIAL, .name = NAME, .time = NOON},
                                   {.kind = LOOK_AGENCY, .agency = AGENCY, .time = NOON},
                                   {.kind = LOOK_ANNEX, .agency = AGENCY, .time = NOON},
                                   {.kind = LOOK_COPY, .agency = AGENCY, .time = NOON},
                                   {.kind = LOOK_CITIZEN, .name = NAME, .time = -70000000000}};
    for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++)
        assert_err(look_draw(&lacking[i], &d), ERR_SYNTAX);
}

static void a_name_that_would_read_otherwise_than_it_is_is_refused(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"",
                                        "   ",
                                        "An\nThời gian ký: hôm qua",
                                        "An\tBình",
                                        "\xe2\x80\xae"
                                        "hnB nA", /* right to left override */
                                        "An\xe2\x80\x8b"
                                        "Bình", /* zero width */
                                        "An\xe2\x80\xa8"
                                        "Bình", /* line separator */
                                        "An\xc2\x85"
                                        "Bình", /* C1 */
                                        "An\xff",
                                        "An\xf3\xa0\x81\x81"}; /* tag */
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        AUTO_DRAWN d = {0};
        assert_err(look_draw(&(struct look){.kind = LOOK_CITIZEN, .name = NAMES[i], .time = NOON}, &d), ERR_SYNTAX);
    }
    char longer[LOOK_TEXT_MAX + 2];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    AUTO_DRAWN d = {0};
    assert_err(look_draw(&(struct look){.kind = LOOK_CITIZEN, .name = longer, .time = NOON}, &d), ERR_SYNTAX);
    longer[LOOK_TEXT_MAX] = '\0';
    assert_ok(look_draw(&(struct look){.kind = LOOK_CITIZEN, .name = longer, .time = NOON}, &d));
}

static void markup_is_text(void **state)
{
    (void)state;
    assert_shows(&(struct look){.kind = LOOK_CITIZEN, .name = "<b>A</b> & B (\\)", .time = NOON}, "Người ký: <b>A</b> & B (\\)",
                 "Chữ ký số của <b>A</b> & B (\\), ký lúc 24-11-2026 12:00:00 +07:00");
}

/* --- pictures --- */

static err_t draw_png(struct bytes png)
{
    AUTO_DRAWN d = {0};
    return look_draw(&(struct look){.kind = LOOK_OFFICIAL, .time = NOON, .picture = png}, &d);
}

static void every_truncation_of_a_picture_is_refused(void **state)
{
    (void)state;
    AUTO_BUF png = {0};
    picture_seal(40, 300, &png);
    assert_ok(draw_png(buf_bytes(&png)));
    for (size_t n = 1; n < png.len; n++)
        assert_err(draw_png(BYTES(png.ptr, n)), ERR_PICTURE);
    assert_ok(buf_add_str(&png, "x"));
    assert_err(draw_png(buf_bytes(&png)), ERR_PICTURE);
}

static void every_changed_byte_of_a_picture_is_refused(void **state)
{
    (void)state;
    AUTO_BUF png = {0};
    picture_seal(24, 300, &png);
    for (size_t i = 0; i < png.len; i++) {
        png.ptr[i] ^= 0x41;
        assert_int_not_equal(draw_png(buf_bytes(&png)), OK);
        png.ptr[i] ^= 0x41;
    }
}

static void a_picture_with_too_few_rows_is_refused(void **state)
{
    (void)state;
    AUTO_BUF png = {0}, rows = {0};
    for (int i = 0; i < 10 * 41; i++)
        assert_ok(buf_add(&rows, "\0", 1));
    put_header(&png, 10, 20); /* promises twenty */
    put_pixels(&png, buf_bytes(&rows));
    put_chunk(&png, "IEND", BYTES(NULL, 0));
    assert_err(draw_png(buf_bytes(&png)), ERR_PICTURE);
}

static void a_huge_picture_is_refused_before_it_is_decoded(void **state)
{
    (void)state;
    static const struct {
        uint32_t w, h;
    } SIZES[] = {{4097, 1}, {1, 4097}, {2049, 2049}, {0x7fffffff, 0x7fffffff}, {0xffffffff, 1}};
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        AUTO_BUF png = {0};
        put_header(&png, SIZES[i].w, SIZES[i].h);
        put_pixels(&png, bytes_str("a bomb's fuse"));
        put_chunk(&png, "IEND", BYTES(NULL, 0));
        assert_err(draw_png(buf_bytes(&png)), ERR_TOO_LARGE);
    }
    AUTO_BUF heavy = {0};
    assert_ok(buf_reserve(&heavy, PICTURE_BYTES_MAX + 1));
    memset(heavy.ptr, 0, PICTURE_BYTES_MAX + 1);
    assert_err(draw_png(BYTES(heavy.ptr, PICTURE_BYTES_MAX + 1)), ERR_TOO_LARGE);
}

/* Pixels that unpack to far more than the picture has: what is beyond is never held. */
static void a_bomb_behind_the_pixels_is_not_unpacked(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* the sanitizer's own memory is past any such limit */
#endif
    AUTO_BUF png = {0}, rows = {0};
    assert_ok(buf_reserve(&rows, 64u << 20));
    memset(rows.ptr, 0, 64u << 20);
    rows.len = 64u << 20;
    put_header(&png, 10, 10);
    put_pixels(&png, buf_bytes(&rows));
    put_chunk(&png, "IEND", BYTES(NULL, 0));
    buf_free(&rows);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {48u << 20, 48u << 20};
        setrlimit(RLIMIT_DATA, &limit);
        err_t e = draw_png(buf_bytes(&png));
        _exit(e == OK || e == ERR_PICTURE ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void chunks_that_draw_nothing_go_no_further(void **state)
{
    (void)state;
    AUTO_BUF png = {0}, seal = {0};
    AUTO_PICTURE p = {0};
    picture_seal(10, 0, &seal);
    assert_ok(buf_add(&png, seal.ptr, 33)); /* signature and IHDR */
    put_chunk(&png, "zTXt", BYTES("Comment\0\0bomb", 13));
    put_chunk(&png, "iCCP", BYTES("profile\0\0bomb", 13));
    put_chunk(&png, "acTL", BYTES("\0\0\0\1\0\0\0\0", 8));
    assert_ok(buf_add(&png, seal.ptr + 33, seal.len - 33));
    assert_ok(picture_read(buf_bytes(&png), &p));
    assert_int_equal(p.clean.len, seal.len);
    assert_memory_equal(p.clean.ptr, seal.ptr, seal.len);
    assert_ok(draw_png(buf_bytes(&png)));
}

static void other_kinds_of_files_are_no_pictures(void **state)
{
    (void)state;
    AUTO_BUF twice = {0}, unknown = {0};
    put_header(&twice, 5, 5);
    put_header(&twice, 5, 5);
    put_header(&unknown, 5, 5);
    put_chunk(&unknown, "CODE", bytes_str("critical, and nobody knows it"));
    const struct bytes FILES[] = {bytes_str("GIF89a"), bytes_str("\xff\xd8\xff\xe0JFIF"), bytes_str("<svg/>"), buf_bytes(&twice),
                                  buf_bytes(&unknown)};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++)
        assert_err(draw_png(FILES[i]), ERR_PICTURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_citizens_look_has_name_time_and_agency),
        cmocka_unit_test(decree_30_looks_show_what_it_says_and_no_more),
        cmocka_unit_test(fonts_are_embedded_and_of_one_family),
        cmocka_unit_test(decomposed_letters_are_shown_composed),
        cmocka_unit_test(a_picture_has_its_own_size),
        cmocka_unit_test(what_a_look_needs_is_asked_for),
        cmocka_unit_test(a_name_that_would_read_otherwise_than_it_is_is_refused),
        cmocka_unit_test(markup_is_text),
        cmocka_unit_test(every_truncation_of_a_picture_is_refused),
        cmocka_unit_test(every_changed_byte_of_a_picture_is_refused),
        cmocka_unit_test(a_picture_with_too_few_rows_is_refused),
        cmocka_unit_test(a_huge_picture_is_refused_before_it_is_decoded),
        cmocka_unit_test(a_bomb_behind_the_pixels_is_not_unpacked),
        cmocka_unit_test(chunks_that_draw_nothing_go_no_further),
        cmocka_unit_test(other_kinds_of_files_are_no_pictures),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
