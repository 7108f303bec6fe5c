/*
 * Finds objects by the cross-reference tables and looks at them in passing.
 * Called by pdf_pages.c, pdf_active.c and signer/verify. ISO 32000-1 §7.5.4, §7.5.5, §7.7.3.3.
 */
#include "signer/formats/pdf_peek.h"

#include "signer/formats/pdf_lex.h"
#include <limits.h>
#include <string.h>

#define SECTIONS_MAX 256
#define ENTRY_LEN 20
#define USUAL_PAGE 512 /* most are shorter than this, and reading costs more than looking */

/* What stands at an offset, so much or as far as it goes. */
static size_t look(const struct pdf *p, uint64_t at, uint8_t out[PDF_PEEK_WINDOW], size_t want)
{
    uint64_t left = at < pdf_size(p) ? pdf_size(p) - at : 0;
    size_t n = left < want ? (size_t)left : want;
    return n > 0 && pdf_read(p, at, out, n) == OK ? n : 0;
}

/* --- where the tables stand --- */

/* *prev: SIZE_MAX where there is none. */
static bool read_trailer(struct pdf_lex *l, uint64_t *prev)
{
    struct bytes name;
    *prev = UINT64_MAX;
    if (!pdf_lex_word(l, "<<"))
        return false;
    while (!pdf_lex_word(l, ">>")) {
        if (!pdf_lex_name(l, &name) || bytes_eq(name, BYTES_STR("XRefStm")))
            return false;
        if (!(bytes_eq(name, BYTES_STR("Prev")) ? pdf_lex_number(l, prev) : pdf_lex_skip(l)))
            return false;
    }
    return true;
}

/* One table and its trailer. */
static bool read_section(struct pdf_peek *k, uint64_t at, uint64_t *prev)
{
    struct pdf_lex l = {k->window, k->window + look(k->pdf, at, k->window, PDF_PEEK_WINDOW)};
    if (!pdf_lex_word(&l, "xref"))
        return false;
    while (!pdf_lex_word(&l, "trailer")) {
        struct pdf_run *r = &k->run[k->run_n];
        if (k->run_n == PDF_PEEK_RUNS_MAX || !pdf_lex_number(&l, &r->first) || !pdf_lex_number(&l, &r->n))
            return false;
        while (l.at < l.end && (*l.at == ' ' || *l.at == '\r' || *l.at == '\n'))
            l.at++;
        r->at = at + (uint64_t)(l.at - k->window);
        if (r->n > (pdf_size(k->pdf) - r->at) / ENTRY_LEN)
            return false;
        at = r->at + r->n * ENTRY_LEN;
        l = (struct pdf_lex){k->window, k->window + look(k->pdf, at, k->window, PDF_PEEK_WINDOW)};
        k->run_n++;
    }
    return read_trailer(&l, prev);
}

void pdf_peek_open(const struct pdf *p, struct pdf_peek *out)
{
    uint64_t at = pdf_startxref(p);
    out->pdf = p;
    out->run_n = out->entries_len = 0;
    for (unsigned i = 0; at != UINT64_MAX; i++) {
        if (i == SECTIONS_MAX || at >= pdf_size(p) || !read_section(out, at, &at)) {
            out->run_n = 0;
            return;
        }
    }
}

/* --- objects --- */

static const uint8_t *entry_at(struct pdf_peek *k, uint64_t at)
{
    if (at < k->entries_at || at + ENTRY_LEN > k->entries_at + k->entries_len) {
        k->entries_at = at;
        k->entries_len = look(k->pdf, at, k->entries, PDF_PEEK_WINDOW);
    }
    return at + ENTRY_LEN <= k->entries_at + k->entries_len ? k->entries + (at - k->entries_at) : NULL;
}

/* §7.5.4: ten digits, five digits, n; anything else is not for us. */
static bool read_entry(const uint8_t *e, int generation, uint64_t *at)
{
    uint64_t have = 0;
    *at = 0;
    for (unsigned i = 0; i < 16; i++) {
        if (i == 10 && e[i] != ' ')
            return false;
        if (i != 10 && (e[i] < '0' || e[i] > '9'))
            return false;
        if (i < 10)
            *at = *at * 10 + (uint64_t)(e[i] - '0');
        else if (i > 10)
            have = have * 10 + (uint64_t)(e[i] - '0');
    }
    return e[16] == ' ' && e[17] == 'n' && have == (uint64_t)generation;
}

bool pdf_peek_find(struct pdf_peek *k, int id, int generation, uint64_t *at)
{
    for (size_t i = 0; i < k->run_n; i++) {
        const struct pdf_run *r = &k->run[i];
        if ((uint64_t)id < r->first || (uint64_t)id - r->first >= r->n)
            continue;
        const uint8_t *e = entry_at(k, r->at + ((uint64_t)id - r->first) * ENTRY_LEN);
        return e != NULL && read_entry(e, generation, at);
    }
    return false;
}

static bool is_exact(const uint8_t *e)
{
    uint64_t ignored;
    uint8_t used[ENTRY_LEN];
    memcpy(used, e, sizeof used);
    used[17] = e[17] == 'f' ? 'n' : e[17];
    for (unsigned i = 11; i < 16; i++) /* whatever the generation: digits */
        used[i] = e[i] >= '0' && e[i] <= '9' ? '0' : e[i];
    bool ends = (e[18] == ' ' && (e[19] == '\r' || e[19] == '\n')) || (e[18] == '\r' && e[19] == '\n');
    return read_entry(used, 0, &ignored) && ends;
}

bool pdf_peek_exact(struct pdf_peek *k)
{
    for (size_t i = 0; i < k->run_n; i++) {
        for (uint64_t n = 0; n < k->run[i].n; n++) {
            const uint8_t *e = entry_at(k, k->run[i].at + n * ENTRY_LEN);
            if (e == NULL || !is_exact(e))
                return false;
        }
    }
    return true;
}

/* --- pages --- */

/* What is to be known of a page: that it is one, or that nothing in it acts either. */
struct page {
    bool still;
    uint64_t parent, parent_generation;
};

/* A reference, or a name of something that acts; what only looks like one is left to qpdf as well. */
static bool may_act(struct bytes text)
{
    static const char *const NAMES[] = {"#", "/JS", "/JavaScript", "/Launch", "/EF", "/XFA", "/OnInstantiate"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (memmem(text.ptr, text.len, NAMES[i], strlen(NAMES[i])) != NULL)
            return true;
    }
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] == 'R' && strchr(" \t\r\n\f", text.ptr[i - 1]) != NULL) /* a NUL counts as well: strchr finds it */
            return true;
    }
    return false;
}

/* One entry behind its name. */
static bool pass_entry(struct pdf_lex *l, struct bytes name, struct page *p)
{
    const uint8_t *from = l->at;
    if (bytes_eq(name, BYTES_STR("Parent")) && pdf_lex_reference(l, &p->parent, &p->parent_generation))
        return true;
    if (!pdf_lex_skip(l))
        return false;
    if (!bytes_eq(name, BYTES_STR("Contents")) && !bytes_eq(name, BYTES_STR("Resources")))
        p->still = p->still && !may_act(BYTES(from, (size_t)(l->at - from)));
    return true;
}

/* A name that is written in another way than usual, or stands twice, is left to qpdf. */
static bool is_page(struct pdf_lex *l, struct page *p)
{
    static const char *const ACTING[] = {"AA", "A", "JS", "EF", "XFA", "OnInstantiate"};
    struct bytes name, value;
    unsigned types = 0;
    *p = (struct page){.still = true};
    if (!pdf_lex_word(l, "<<"))
        return false;
    while (!pdf_lex_word(l, ">>")) {
        if (!pdf_lex_name(l, &name) || bytes_eq(name, BYTES_STR("Kids")))
            return false;
        for (size_t i = 0; i < sizeof ACTING / sizeof *ACTING; i++)
            p->still = p->still && !bytes_eq(name, bytes_str(ACTING[i]));
        if (!bytes_eq(name, BYTES_STR("Type"))) {
            if (!pass_entry(l, name, p))
                return false;
        } else if (++types > 1 || !pdf_lex_name(l, &value) || !bytes_eq(value, BYTES_STR("Page"))) {
            return false;
        }
    }
    return types == 1 && pdf_lex_word(l, "endobj");
}

static bool is_page_at(struct pdf_peek *k, uint64_t at, size_t want, int id, int generation, struct page *p)
{
    uint64_t number;
    struct pdf_lex l = {k->window, k->window + look(k->pdf, at, k->window, want)};
    return pdf_lex_number(&l, &number) && number == (uint64_t)id && pdf_lex_number(&l, &number) && number == (uint64_t)generation &&
           pdf_lex_word(&l, "obj") && is_page(&l, p);
}

static bool read_page(struct pdf_peek *k, int id, int generation, struct page *p)
{
    uint64_t at;
    return id > 0 && generation >= 0 && pdf_peek_find(k, id, generation, &at) &&
           (is_page_at(k, at, USUAL_PAGE, id, generation, p) || is_page_at(k, at, PDF_PEEK_WINDOW, id, generation, p));
}

bool pdf_peek_is_page(struct pdf_peek *k, int id, int generation)
{
    struct page p;
    return read_page(k, id, generation, &p);
}

bool pdf_peek_is_still_page(struct pdf_peek *k, int id, int generation, int *parent, int *parent_generation)
{
    struct page p;
    if (!read_page(k, id, generation, &p) || !p.still || p.parent > INT_MAX || p.parent_generation > INT_MAX)
        return false;
    *parent = (int)p.parent;
    *parent_generation = (int)p.parent_generation;
    return true;
}
