/*
 * Walks a PDF's form for signatures and checks each one's ByteRange and Contents against the bytes of the file.
 * Called by pades_raise.c and signer/verify. ISO 32000-1 §12.7.3, §12.7.4.5, §12.8.1; ETSI EN 319 142-1 §5.
 */
#include "signer/formats/pdf_fields.h"

#include "common/clock.h"
#include "signer/formats/tlv.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 20000
#define FIELD_DEPTH_MAX 16
#define REFERENCES_MAX 16
#define SHARED "one signature in several fields" /* a struct pdf_signature's wrong */

struct walk_state {
    struct pdf *p;
    qpdf_data q;
    struct bytes file;
    struct pdf_signatures *out;
    unsigned fields;
};

static qpdf_oh key(const struct walk_state *w, qpdf_oh dict, const char *name)
{
    return qpdf_oh_get_key_if_dict(w->q, dict, name);
}

/* --- ranges and contents --- */

static bool read_range(const struct walk_state *w, qpdf_oh dict, uint64_t out[4])
{
    qpdf_oh array = key(w, dict, "/ByteRange");
    if (!qpdf_oh_is_array(w->q, array) || qpdf_oh_get_array_n_items(w->q, array) != 4)
        return false;
    for (int i = 0; i < 4; i++) {
        qpdf_oh item = qpdf_oh_get_array_item(w->q, array, i);
        long long v = qpdf_oh_is_integer(w->q, item) ? qpdf_oh_get_int_value(w->q, item) : -1;
        if (v < 0)
            return false;
        out[i] = (uint64_t)v;
    }
    return true;
}

/* The first range starts the file, the second follows behind a gap and ends within it. */
static bool range_fits(const uint64_t r[4], uint64_t size)
{
    return r[0] == 0 && r[1] > 0 && r[1] < size && r[2] > r[1] + 2 && r[2] < size && r[3] > 0 && r[3] <= size - r[2];
}

/* The gap holds exactly <hex digits>: of one case, as one program writes them. */
static bool decode_gap(struct bytes gap, struct buf *out)
{
    bool lower = false, upper = false;
    if (gap.ptr[0] != '<' || gap.ptr[gap.len - 1] != '>' || gap.len % 2 != 0)
        return false;
    for (size_t i = 1; i + 1 < gap.len; i++) {
        lower = lower || (gap.ptr[i] >= 'a' && gap.ptr[i] <= 'f');
        upper = upper || (gap.ptr[i] >= 'A' && gap.ptr[i] <= 'F');
    }
    size_t n = gap.len / 2 - 1;
    if ((lower && upper) || buf_reserve(out, n + 1) != OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        int hi = gap.ptr[1 + 2 * i], lo = gap.ptr[2 + 2 * i];
        if (!isxdigit(hi) || !isxdigit(lo))
            return false;
        out->ptr[i] = (uint8_t)((hi <= '9' ? hi - '0' : (hi | 32) - 'a' + 10) << 4 | (lo <= '9' ? lo - '0' : (lo | 32) - 'a' + 10));
    }
    out->len = n;
    return true;
}

/* The dictionary's own /Contents must be what stands in the gap, and behind the DER there are only zeros. */
static const char *check_contents(const struct walk_state *w, qpdf_oh dict, struct pdf_signature *s)
{
    size_t n = 0;
    qpdf_oh contents = key(w, dict, "/Contents");
    if (!decode_gap(BYTES(w->file.ptr + s->range[1], s->range[2] - s->range[1]), &s->contents))
        return "Contents";
    const char *parsed = qpdf_oh_is_string(w->q, contents) ? qpdf_oh_get_binary_string_value(w->q, contents, &n) : "";
    if (!bytes_eq(BYTES(parsed, n), buf_bytes(&s->contents)))
        return "Contents";
    struct bytes rest = buf_bytes(&s->contents);
    struct tlv t;
    if (tlv_expect(&rest, 0x30, &t) != OK)
        return "CMS";
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] != 0)
            return "Contents";
    }
    s->padded = s->contents.len;
    s->contents.len = t.whole.len;
    return NULL;
}

/* --- the dictionary --- */

static void read_text(const struct walk_state *w, qpdf_oh value, char *out, size_t cap)
{
    if (qpdf_oh_is_string(w->q, value))
        snprintf(out, cap, "%s", qpdf_oh_get_utf8_value(w->q, value));
    else if (qpdf_oh_is_name(w->q, value))
        snprintf(out, cap, "%s", qpdf_oh_get_name(w->q, value));
}

/* So many digits at *p; false: fewer. */
static bool take_digits(const char **p, unsigned n, char *to)
{
    for (unsigned i = 0; i < n; i++) {
        if (!isdigit((unsigned char)(*p)[i]))
            return false;
        to[i] = (*p)[i];
    }
    *p += n;
    return true;
}

/* "D:20261124150000+07'00'" (§7.9.4), or with Z or nothing for the zone; rewritten as RFC 3339. */
static int64_t read_time(const struct walk_state *w, qpdf_oh dict)
{
    char text[40] = "", out[] = "0000-00-00T00:00:00+00:00";
    static const struct {
        unsigned n, at;
    } PARTS[] = {{4, 0}, {2, 5}, {2, 8}, {2, 11}, {2, 14}, {2, 17}};
    int64_t t = 0;
    read_text(w, key(w, dict, "/M"), text, sizeof text);
    if (strncmp(text, "D:", 2) != 0)
        return 0;
    const char *p = text + 2;
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
        if (!take_digits(&p, PARTS[i].n, out + PARTS[i].at))
            return 0;
    }
    if (*p == '+' || *p == '-') {
        out[19] = *p++;
        if (!take_digits(&p, 2, out + 20) || *p++ != '\'' || !take_digits(&p, 2, out + 23))
            return 0;
    }
    return clock_parse_rfc3339(out, &t) == OK ? t : 0;
}

/* §12.8.2.2 */
static void read_certification(const struct walk_state *w, qpdf_oh dict, struct pdf_signature *s)
{
    qpdf_oh references = key(w, dict, "/Reference");
    int n = qpdf_oh_is_array(w->q, references) ? qpdf_oh_get_array_n_items(w->q, references) : 0;
    for (int i = 0; i < n && i < REFERENCES_MAX; i++) {
        qpdf_oh reference = qpdf_oh_get_array_item(w->q, references, i);
        if (!qpdf_oh_is_name_and_equals(w->q, key(w, reference, "/TransformMethod"), "/DocMDP"))
            continue;
        qpdf_oh permission = key(w, key(w, reference, "/TransformParams"), "/P");
        s->certifies = true;
        s->permission = qpdf_oh_is_integer(w->q, permission) ? (int)qpdf_oh_get_int_value(w->q, permission) : 2;
    }
}

static err_t add_signature(struct walk_state *w, qpdf_oh dict, const char *name)
{
    if (w->out->n == PDF_SIGNATURES_MAX)
        return ERR_TOO_LARGE;
    struct pdf_signature *larger = realloc(w->out->item, (w->out->n + 1) * sizeof *larger);
    if (larger == NULL)
        return ERR_NOMEM;
    w->out->item = larger;
    struct pdf_signature *s = &larger[w->out->n++];
    *s = (struct pdf_signature){.permission = 2};
    snprintf(s->name, sizeof s->name, "%s", name);
    read_text(w, key(w, dict, "/SubFilter"), s->sub_filter, sizeof s->sub_filter);
    s->claimed_time = read_time(w, dict);
    read_certification(w, dict, s);
    if (!read_range(w, dict, s->range) || !range_fits(s->range, w->file.len))
        s->wrong = "ByteRange";
    else
        s->wrong = check_contents(w, dict, s);
    s->end = s->wrong != NULL && strcmp(s->wrong, "ByteRange") == 0 ? w->file.len : s->range[2] + s->range[3];
    return OK;
}

/* --- the form --- */

static err_t walk_fields(struct walk_state *w, qpdf_oh list, const char *parent, bool signature, unsigned depth) MUST_USE;

static err_t walk_field(struct walk_state *w, qpdf_oh field, const char *parent, bool signature, unsigned depth)
{
    char name[128], part[128] = "";
    read_text(w, key(w, field, "/T"), part, sizeof part);
    if (parent[0] != '\0' && part[0] != '\0')
        snprintf(name, sizeof name, "%.60s.%.60s", parent, part);
    else
        snprintf(name, sizeof name, "%s", part[0] != '\0' ? part : parent);
    qpdf_oh type = key(w, field, "/FT"), value = key(w, field, "/V");
    if (qpdf_oh_is_name(w->q, type)) /* inheritable: §12.7.3.1 table 220 */
        signature = qpdf_oh_is_name_and_equals(w->q, type, "/Sig");
    if (signature && qpdf_oh_is_dictionary(w->q, value))
        TRY(add_signature(w, value, name));
    return walk_fields(w, key(w, field, "/Kids"), name, signature, depth + 1);
}

static err_t walk_fields(struct walk_state *w, qpdf_oh list, const char *parent, bool signature, unsigned depth)
{
    int n = qpdf_oh_is_array(w->q, list) ? qpdf_oh_get_array_n_items(w->q, list) : 0;
    if (n > 0 && depth > FIELD_DEPTH_MAX)
        return ERR_TOO_LARGE;
    for (int i = 0; i < n; i++) {
        if (++w->fields > FIELDS_MAX)
            return ERR_TOO_LARGE;
        qpdf_oh field = qpdf_oh_get_array_item(w->q, list, i);
        TRY(walk_field(w, field, parent, signature, depth));
        qpdf_oh_release(w->q, field);
    }
    return OK;
}

static int by_revision(const void *a, const void *b)
{
    const struct pdf_signature *x = a, *y = b;
    return (x->end > y->end) - (x->end < y->end);
}

/*
 * No two signatures end at the same byte, for each would have to cover the other's value: it is one signature in two fields, and the second field
 * would show whatever it likes under a signature that knows nothing of it.
 */
static void refuse_shared(struct pdf_signatures *s)
{
    for (size_t i = 1; i < s->n; i++) {
        struct pdf_signature *a = &s->item[i - 1], *b = &s->item[i];
        if (a->end == b->end && (a->wrong == NULL || strcmp(a->wrong, SHARED) == 0) && b->wrong == NULL)
            a->wrong = b->wrong = SHARED;
    }
}

err_t pdf_signatures_find(struct pdf *p, struct bytes file, struct pdf_signatures *out)
{
    struct walk_state w = {.p = p, .q = pdf_handle(p), .file = file, .out = out};
    *out = (struct pdf_signatures){0};
    qpdf_oh form = key(&w, qpdf_get_root(w.q), "/AcroForm");
    err_t e = walk_fields(&w, key(&w, form, "/Fields"), "", false, 0);
    if (e == OK)
        e = pdf_faults(p);
    if (e != OK)
        pdf_signatures_free(out);
    else if (out->n > 0)
        qsort(out->item, out->n, sizeof *out->item, by_revision);
    if (e == OK)
        refuse_shared(out);
    return e;
}

void pdf_signatures_free(struct pdf_signatures *s)
{
    for (size_t i = 0; i < s->n; i++)
        buf_free(&s->item[i].contents);
    free(s->item);
    *s = (struct pdf_signatures){0};
}
