/*
 * Reads a ZIP archive's directory and holds it against the archive's bytes: entries lie one after another from the first byte to the directory.
 * Called by asic_read.c and signer/verify. PKWARE APPNOTE 6.3.10 §4.3; ETSI EN 319 162-1 Annex A.
 */
#include "signer/formats/zip.h"

#include "signer/formats/zip_format.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* --- names --- */

#define PART_MAX 255 /* bytes: the longest file name that systems take */

static bool part_valid(struct bytes part)
{
    bool dots = (part.len == 1 && part.ptr[0] == '.') || (part.len == 2 && part.ptr[0] == '.' && part.ptr[1] == '.');
    return part.len > 0 && part.len <= PART_MAX && !dots;
}

/* One that can be unpacked below a folder on any system; a folder's name has lost its last slash. */
bool zip_name_valid(struct bytes name)
{
    if (name.len == 0 || name.len > ZIP_NAME_MAX || !utf8_valid(name))
        return false;
    if (name.len >= 2 && name.ptr[1] == ':') /* a drive */
        return false;
    size_t from = 0;
    for (size_t i = 0; i <= name.len; i++) {
        if (i < name.len && (name.ptr[i] < 0x20 || name.ptr[i] == 0x7f || name.ptr[i] == '\\'))
            return false;
        if (i < name.len && name.ptr[i] != '/')
            continue;
        if (!part_valid(BYTES(name.ptr + from, i - from)))
            return false;
        from = i + 1;
    }
    return true;
}

static bool is_ascii(struct bytes s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] >= 0x80)
            return false;
    }
    return true;
}

/* --- the end record --- */

struct end {
    uint64_t at;        /* where it lies */
    uint64_t directory; /* where the directory lies */
    size_t n;
    struct bytes comment;
};

static const uint8_t *last_end(struct bytes file)
{
    size_t far = file.len < END_LEN + COMMENT_MAX ? file.len : END_LEN + COMMENT_MAX;
    for (size_t back = END_LEN; back <= far; back++) {
        const uint8_t *p = file.ptr + file.len - back;
        if (le32(p) == SIG_END)
            return p;
    }
    return NULL;
}

/* The last signature must be it: one inside a comment would make two archives of one file. */
static err_t read_end(struct bytes file, struct end *out)
{
    if (file.len < END_LEN)
        return ERR_ZIP;
    if (file.len > ZIP_FILE_MAX)
        return ERR_TOO_LARGE;
    const uint8_t *p = last_end(file);
    if (p == NULL)
        return ERR_ZIP;
    out->at = (uint64_t)(p - file.ptr);
    out->comment = BYTES(p + END_LEN, le16(p + 20));
    if (out->at + END_LEN + out->comment.len != file.len)
        return ERR_ZIP;
    out->n = le16(p + 10);
    out->directory = le32(p + 16);
    bool split = le16(p + 4) != 0 || le16(p + 6) != 0 || le16(p + 8) != out->n;
    if (split || out->n == 0xffff || out->directory == 0xffffffffu) /* Zip64 */
        return ERR_ZIP;
    if (out->directory + le32(p + 12) != out->at)
        return ERR_ZIP_UNSAFE;
    return out->n <= ZIP_ENTRIES_MAX ? OK : ERR_TOO_LARGE;
}

/* --- one entry --- */

/* A second name in an extra field would be another program's first. */
static err_t check_extra(struct bytes extra, struct bytes name)
{
    while (extra.len >= 4) {
        size_t len = le16(extra.ptr + 2);
        if (len > extra.len - 4)
            return ERR_ZIP;
        unsigned kind = le16(extra.ptr);
        if (kind == EXTRA_ZIP64)
            return ERR_ZIP;
        if (kind == EXTRA_UNICODE_PATH && (len < 5 || !bytes_eq(BYTES(extra.ptr + 9, len - 5), name)))
            return ERR_ZIP_UNSAFE;
        extra = BYTES(extra.ptr + 4 + len, extra.len - 4 - len);
    }
    return extra.len == 0 ? OK : ERR_ZIP;
}

/* Unix modes stand in the upper half, whatever system the archive says it was made on. */
static bool is_plain(uint32_t attributes, bool folder)
{
    unsigned type = (attributes >> 16) & S_IFMT;
    return type == 0 || type == (folder ? S_IFDIR : S_IFREG);
}

static err_t name_entry(struct zip_entry *e, struct bytes name, unsigned flags)
{
    if (!(flags & FLAG_UTF8) && !is_ascii(name))
        return ERR_ZIP;
    e->folder = name.len > 0 && name.ptr[name.len - 1] == '/';
    e->name = BYTES(name.ptr, name.len - (e->folder ? 1 : 0));
    return zip_name_valid(e->name) ? OK : ERR_ZIP_UNSAFE;
}

/* What local header and directory both tell must be the same: readers differ in which of them they believe. */
static err_t check_local(struct bytes file, uint64_t at, const uint8_t *r, uint64_t *data_at)
{
    if (at + LOCAL_LEN > file.len)
        return ERR_ZIP;
    const uint8_t *p = file.ptr + at;
    size_t name_len = le16(p + 26), extra_len = le16(p + 28);
    if (le32(p) != SIG_LOCAL || at + LOCAL_LEN + name_len + extra_len > file.len)
        return ERR_ZIP;
    struct bytes name = BYTES(p + LOCAL_LEN, name_len);
    bool later = le16(p + 6) & FLAG_DESCRIPTOR;
    bool sizes = memcmp(p + 14, r + 16, 12) == 0 || (later && le32(p + 14) == 0 && le32(p + 18) == 0 && le32(p + 22) == 0);
    if (le16(p + 6) != le16(r + 8) || le16(p + 8) != le16(r + 10) || !sizes || !bytes_eq(name, BYTES(r + RECORD_LEN, le16(r + 28))))
        return ERR_ZIP_UNSAFE;
    *data_at = at + LOCAL_LEN + name_len + extra_len;
    return check_extra(BYTES(p + LOCAL_LEN + name_len, extra_len), name);
}

static err_t read_sizes(const uint8_t *r, struct zip_entry *e, uint64_t *packed)
{
    unsigned method = le16(r + 10);
    *packed = le32(r + 20);
    e->size = le32(r + 24);
    e->crc = le32(r + 16);
    e->deflated = method == METHOD_DEFLATED;
    if (*packed == 0xffffffffu || e->size == 0xffffffffu || (method != METHOD_STORED && method != METHOD_DEFLATED))
        return ERR_ZIP;
    bool odd = (!e->deflated && *packed != e->size) || (e->folder && e->size != 0);
    return odd ? ERR_ZIP_UNSAFE : OK;
}

/* r: a whole record. The entry's end is settled when its neighbour is known. */
static err_t read_record(struct bytes file, uint64_t directory, struct bytes record, struct zip_entry *e)
{
    const uint8_t *r = record.ptr;
    unsigned flags = le16(r + 8), name_len = le16(r + 28), extra_len = le16(r + 30);
    uint64_t packed, at = le32(r + 42), data_at;
    if ((flags & ~FLAGS_KNOWN) != 0 || le16(r + 34) != 0) /* encrypted, patched, masked; on another disk */
        return ERR_ZIP;
    e->record = record;
    TRY(name_entry(e, BYTES(r + RECORD_LEN, name_len), flags));
    TRY(check_extra(BYTES(r + RECORD_LEN + name_len, extra_len), BYTES(r + RECORD_LEN, name_len)));
    if (!is_plain(le32(r + 38), e->folder))
        return ERR_ZIP_UNSAFE;
    TRY(read_sizes(r, e, &packed));
    if (at >= directory)
        return ERR_ZIP;
    TRY(check_local(file, at, r, &data_at));
    if (data_at + packed > directory)
        return ERR_ZIP;
    e->data = BYTES(file.ptr + data_at, (size_t)packed);
    e->whole = BYTES(file.ptr + at, (size_t)(data_at + packed - at));
    return OK;
}

static err_t read_records(struct zip *z, const struct end *end)
{
    uint64_t at = end->directory, inflated = 0;
    for (size_t i = 0; i < end->n; i++) {
        const uint8_t *r = z->file.ptr + at;
        if (at + RECORD_LEN > end->at || le32(r) != SIG_RECORD)
            return ERR_ZIP;
        size_t len = (size_t)RECORD_LEN + le16(r + 28) + le16(r + 30) + le16(r + 32);
        if (len > end->at - at)
            return ERR_ZIP;
        TRY(read_record(z->file, end->directory, BYTES(r, len), &z->entry[i]));
        inflated += z->entry[i].deflated ? z->entry[i].size : 0;
        at += len;
    }
    z->n = end->n;
    if (inflated > ZIP_INFLATED_MAX)
        return ERR_TOO_LARGE;
    return at == end->at ? OK : ERR_ZIP_UNSAFE;
}

/* --- the entries together --- */

static int by_place(const void *a, const void *b)
{
    const struct zip_entry *x = a, *y = b;
    return x->whole.ptr < y->whole.ptr ? -1 : x->whole.ptr > y->whole.ptr;
}

/* Between data and neighbour only a data descriptor may lie, and only when the flag says so (§4.3.9). */
static err_t take_descriptor(struct zip_entry *e, struct bytes gap)
{
    if (gap.len != 0 && !(le16(e->record.ptr + 8) & FLAG_DESCRIPTOR))
        return ERR_ZIP_UNSAFE;
    struct bytes d = gap;
    if (d.len == DESCRIPTOR_LEN + 4 && le32(d.ptr) == SIG_DESCRIPTOR)
        d = BYTES(d.ptr + 4, DESCRIPTOR_LEN);
    if (gap.len != 0 && (d.len != DESCRIPTOR_LEN || memcmp(d.ptr, e->record.ptr + 16, DESCRIPTOR_LEN) != 0))
        return ERR_ZIP_UNSAFE;
    e->whole.len += gap.len;
    return OK;
}

static err_t check_places(struct zip *z, uint64_t directory)
{
    const uint8_t *at = z->file.ptr;
    qsort(z->entry, z->n, sizeof *z->entry, by_place);
    for (size_t i = 0; i < z->n; i++) {
        struct zip_entry *e = &z->entry[i];
        const uint8_t *end = e->whole.ptr + e->whole.len, *next = i + 1 < z->n ? e[1].whole.ptr : z->file.ptr + directory;
        if (e->whole.ptr != at || next < end)
            return ERR_ZIP_UNSAFE;
        TRY(take_descriptor(e, BYTES(end, (size_t)(next - end))));
        at = next;
    }
    return at == z->file.ptr + directory ? OK : ERR_ZIP_UNSAFE;
}

/* Order in which "a" stands right before "a/b": '/' first of all. */
static int name_order(const void *a, const void *b)
{
    struct bytes x = (*(const struct zip_entry *const *)a)->name, y = (*(const struct zip_entry *const *)b)->name;
    size_t n = x.len < y.len ? x.len : y.len;
    for (size_t i = 0; i < n; i++) {
        int p = x.ptr[i] == '/' ? 0 : x.ptr[i], q = y.ptr[i] == '/' ? 0 : y.ptr[i];
        if (p != q)
            return p - q;
    }
    return x.len < y.len ? -1 : x.len > y.len;
}

static bool is_inside(const struct zip_entry *e, const struct zip_entry *of)
{
    return e->name.len > of->name.len && e->name.ptr[of->name.len] == '/' && memcmp(e->name.ptr, of->name.ptr, of->name.len) == 0;
}

/* No name twice, none a file and a folder at once. */
static err_t check_names(const struct zip *z)
{
    const struct zip_entry **by_name = calloc(z->n + 1, sizeof *by_name);
    err_t e = by_name != NULL ? OK : ERR_NOMEM;
    for (size_t i = 0; i < z->n && e == OK; i++)
        by_name[i] = &z->entry[i];
    if (e == OK)
        qsort(by_name, z->n, sizeof *by_name, name_order);
    for (size_t i = 1; i < z->n && e == OK; i++) {
        const struct zip_entry *a = by_name[i - 1], *b = by_name[i];
        if (bytes_eq(a->name, b->name) || (!a->folder && is_inside(b, a)))
            e = ERR_ZIP_UNSAFE;
    }
    free(by_name);
    return e;
}

static err_t open_parts(struct zip *z)
{
    struct end end;
    TRY(read_end(z->file, &end));
    z->comment = end.comment;
    z->entry = calloc(end.n + 1, sizeof *z->entry);
    if (z->entry == NULL)
        return ERR_NOMEM;
    TRY(read_records(z, &end));
    TRY(check_places(z, end.directory));
    return check_names(z);
}

err_t zip_open(struct bytes file, struct zip *out)
{
    *out = (struct zip){.file = file};
    err_t e = open_parts(out);
    if (e != OK)
        zip_close(out);
    return e;
}

void zip_close(struct zip *z)
{
    free(z->entry);
    *z = (struct zip){0};
}

bool zip_is(const struct zip_entry *e, const char *name)
{
    return !e->folder && bytes_eq(e->name, bytes_str(name));
}

const struct zip_entry *zip_find(const struct zip *z, struct bytes name)
{
    for (size_t i = 0; i < z->n; i++) {
        if (!z->entry[i].folder && bytes_eq(z->entry[i].name, name))
            return &z->entry[i];
    }
    return NULL;
}
