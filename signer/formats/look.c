/*
 * Chooses words and sizes of a visible signature.
 * Called by antin-sign and signerd. Decree 30/2020/NĐ-CP, annex I; ISO 8601 for the time zone.
 */
#include "signer/formats/look_impl.h"

#include <string.h>
#include <time.h>

#define ZONE_SECONDS 25200 /* Vietnam's time, UTC+07 all year */
#define MM (72.0 / 25.4)   /* in points */
#define PICTURE_MM_MIN 5.0
#define PICTURE_MM_MAX 120.0
#define PARTS_MAX 4
#define TIME_CAP 40

/*
 * Parts name one item each: %N name, %A agency, %D document number, %C kind of copy, %T time. A part whose item is not given is left out, unless it is
 * needed.
 */
struct style {
    const char *needs, *line[PARTS_MAX], *spoken[PARTS_MAX];
    bool picture, picture_needed, frame;
    double picture_mm, width_mm; /* when nobody says */
};

static const struct style STYLE[LOOK_N] = {
    [LOOK_CITIZEN] = {.needs = "N",
                      .line = {"Người ký: %N", "Thời gian ký: %T", "Cơ quan: %A"},
                      .spoken = {"Chữ ký số của %N", ", ký lúc %T", ", cơ quan: %A"},
                      .picture = true,
                      .frame = true,
                      .picture_mm = 18,
                      .width_mm = 70},
    [LOOK_OFFICIAL] = {.needs = "",
                       .spoken = {"Chữ ký số của người có thẩm quyền", " %N", ", ký lúc %T"},
                       .picture = true,
                       .picture_needed = true,
                       .picture_mm = 40,
                       .width_mm = 60},
    [LOOK_AGENCY] = {.needs = "A",
                     .line = {"%A", "%T"},
                     .spoken = {"Dấu và chữ ký số của %A", ", ký lúc %T"},
                     .picture = true,
                     .picture_needed = true,
                     .picture_mm = 36,
                     .width_mm = 70},
    [LOOK_ANNEX] = {.needs = "D", .line = {"%D", "%T"}, .spoken = {"Văn bản kèm theo văn bản số %D", ", ký số lúc %T"}, .width_mm = 60},
    [LOOK_COPY] = {.needs = "CA", .line = {"%C", "%A", "%T"}, .spoken = {"%C", " của %A", ", ký số lúc %T"}, .width_mm = 60},
};

/* --- texts --- */

/* Characters that show nothing, break lines or turn the direction: a name must read as it is. */
static bool steers(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } RANGES[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x200b, 0x200f}, {0x2028, 0x202e},
                  {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff0, 0xffff}, {0xe0000, 0x10ffff}};
    for (size_t i = 0; i < sizeof RANGES / sizeof *RANGES; i++) {
        if (c >= RANGES[i].first && c <= RANGES[i].last)
            return true;
    }
    return false;
}

static uint32_t next_character(const uint8_t **p)
{
    const uint8_t *s = *p;
    unsigned more = s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 ? s[0] : s[0] & (0x3fu >> more);
    for (unsigned i = 1; i <= more; i++)
        c = c << 6 | (s[i] & 0x3fu);
    *p += more + 1;
    return c;
}

static bool usable(const char *text)
{
    struct bytes b = bytes_str(text);
    bool shows = false;
    if (b.len > LOOK_TEXT_MAX || !utf8_valid(b))
        return false;
    for (const uint8_t *p = b.ptr, *end = p + b.len; p < end;) {
        uint32_t c = next_character(&p);
        if (steers(c))
            return false;
        shows = shows || (c != ' ' && c != 0xa0);
    }
    return shows;
}

/* "24-11-2026 19:14:41 +07:00": day, month, year; hour, minute, second; the zone as ISO 8601 writes it. */
static err_t time_text(int64_t t, char out[TIME_CAP])
{
    time_t local = (time_t)(t + ZONE_SECONDS);
    struct tm tm;
    if (gmtime_r(&local, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 8099)
        return ERR_SYNTAX;
    return strftime(out, TIME_CAP, "%d-%m-%Y %H:%M:%S +07:00", &tm) > 0 ? OK : ERR_SYNTAX;
}

/* NULL: not given. */
static const char *item(const struct look *l, const char *time, char letter)
{
    switch (letter) {
    case 'N': return l->name;
    case 'A': return l->agency;
    case 'D': return l->number;
    case 'C': return l->copy;
    default: return time;
    }
}

static err_t add_part(const struct look *l, const char *time, const char *part, const char *between, struct buf *out)
{
    const char *mark = strchr(part, '%'), *value = mark != NULL ? item(l, time, mark[1]) : "";
    if (value == NULL)
        return OK;
    if (mark != NULL && !usable(value))
        return ERR_SYNTAX;
    if (out->len > 0)
        TRY(buf_add_str(out, between));
    return mark != NULL ? buf_addf(out, "%.*s%s%s", (int)(mark - part), part, value, mark + 2) : buf_add_str(out, part);
}

static err_t add_parts(const struct look *l, const char *time, const char *const *parts, const char *between, struct buf *out)
{
    for (size_t i = 0; i < PARTS_MAX && parts[i] != NULL; i++)
        TRY(add_part(l, time, parts[i], between, out));
    return OK;
}

static err_t choose_words(const struct look *l, const struct style *s, struct buf *lines, struct buf *spoken)
{
    char time[TIME_CAP];
    TRY(time_text(l->time, time));
    for (const char *c = s->needs; *c != '\0'; c++) {
        if (item(l, time, *c) == NULL)
            return ERR_SYNTAX;
    }
    TRY(add_parts(l, time, s->line, "\n", lines));
    return add_parts(l, time, s->spoken, "", spoken);
}

/* --- sizes --- */

static double picture_width(const struct look *l, const struct style *s, const struct picture *p)
{
    double wanted[] = {l->picture_mm, p->width_mm};
    for (size_t i = 0; i < 2; i++) {
        if (wanted[i] >= PICTURE_MM_MIN && wanted[i] <= PICTURE_MM_MAX)
            return wanted[i] * MM;
    }
    return s->picture_mm * MM;
}

err_t look_draw(const struct look *look, struct drawn *out)
{
    AUTO_PICTURE png = {0};
    AUTO_BUF lines = {0};
    AUTO_DRAWN drawn = {0};
    const struct style *s = &STYLE[look->kind];
    bool picture = s->picture && look->picture.len > 0;
    if (s->picture_needed && !picture)
        return ERR_SYNTAX;
    TRY(choose_words(look, s, &lines, &drawn.spoken));
    struct look_sheet sheet = {.text = buf_str(&lines), .frame = s->frame};
    sheet.text_width = (look->width_mm > 0 ? look->width_mm : s->width_mm) * MM;
    if (picture) {
        TRY(picture_read(look->picture, &png));
        sheet.png = buf_bytes(&png.clean);
        sheet.picture_w = picture_width(look, s, &png);
        sheet.picture_h = sheet.picture_w * png.height / png.width;
        if (sheet.picture_h > PICTURE_MM_MAX * MM)
            return ERR_TOO_LARGE;
    }
    TRY(look_paint(&sheet, &drawn));
    *out = take(&drawn);
    return OK;
}

void drawn_free(struct drawn *d)
{
    buf_free(&d->pdf);
    buf_free(&d->spoken);
    *d = (struct drawn){0};
}
