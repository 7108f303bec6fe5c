/*
 * The report for people: each item that Circular 15/2025/TT-BKHCN wants shown, valid or not, on a line of its own.
 * Called by main().
 */
#include "signer/verify/show.h"

#include "common/clock.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum word {
    W_PASSED,
    W_UNDECIDED,
    W_FAILED,
    W_SIGNATURE,
    W_STAMP,
    W_SIGNER,
    W_ISSUER,
    W_MANAGER,
    W_TIME,
    W_BY_STAMP,
    W_CLAIMED,
    W_NO_TIME,
    W_INTEGRITY,
    W_INTACT,
    W_NOT_INTACT,
    W_VALIDITY,
    W_VALID_THEN,
    W_NOT_VALID_THEN,
    W_UNKNOWN_THEN,
    W_REVOKED_ON,
    W_PERIOD,
    W_ANCHOR,
    W_NONE,
    W_SCOPE,
    W_WHOLE,
    W_SOME,
    W_REVISION,
    W_EMBEDDED,
    W_OVER_SIGNATURE,
    W_ALGORITHMS,
    W_DOSSIER,
    W_COMPONENTS,
    W_COMPONENT_INTACT,
    W_COMPONENT_CHANGED,
    W_COMPONENT_MISSING,
    W_FIELD,
    W_CRL_OF,
    W_N
};

static const char *const WORDS[W_N][LANG_N] = {
    [W_PASSED] = {"HỢP LỆ", "VALID"},
    [W_UNDECIDED] = {"KHÔNG THỂ KẾT LUẬN", "CANNOT BE DECIDED"},
    [W_FAILED] = {"KHÔNG HỢP LỆ", "INVALID"},
    [W_SIGNATURE] = {"Chữ ký số", "Digital signature"},
    [W_STAMP] = {"Dấu thời gian", "Timestamp"},
    [W_SIGNER] = {"Người ký", "Signer"},
    [W_ISSUER] = {"Tổ chức cấp chứng thư", "Issuer of the certificate"},
    [W_MANAGER] = {"Cơ quan quản lý chứng thư", "Manager of the certificate"},
    [W_TIME] = {"Thời điểm ký", "Signing time"},
    [W_BY_STAMP] = {"theo dấu thời gian của", "by the timestamp of"},
    [W_CLAIMED] = {"do người ký khai, chưa được chứng minh", "claimed by the signer, not proven"},
    [W_NO_TIME] = {"không có", "none"},
    [W_INTEGRITY] = {"Tính toàn vẹn", "Integrity"},
    [W_INTACT] = {"nội dung không bị thay đổi sau khi ký", "the content has not been changed since signing"},
    [W_NOT_INTACT] = {"KHÔNG xác nhận được nội dung còn nguyên vẹn", "the content is NOT confirmed to be unchanged"},
    [W_VALIDITY] = {"Hiệu lực khi ký", "Validity at signing"},
    [W_VALID_THEN] = {"chứng thư có hiệu lực, không bị thu hồi hoặc tạm dừng", "certificate valid, neither revoked nor suspended"},
    [W_NOT_VALID_THEN] = {"chứng thư KHÔNG có hiệu lực", "certificate NOT valid"},
    [W_UNKNOWN_THEN] = {"CẢNH BÁO: không kiểm tra được", "WARNING: it could not be checked"},
    [W_REVOKED_ON] = {"bị thu hồi từ", "revoked from"},
    [W_PERIOD] = {"Thời hạn chứng thư", "Certificate's period"},
    [W_ANCHOR] = {"Tin cậy theo", "Trusted by"},
    [W_NONE] = {"không có", "none"},
    [W_SCOPE] = {"Phạm vi ký", "What was signed"},
    [W_WHOLE] = {"toàn bộ tệp", "the whole file"},
    [W_SOME] = {"chỉ các tệp", "these files alone"},
    [W_REVISION] = {"bản trước đó của tệp, byte", "an earlier revision of the file, bytes"},
    [W_EMBEDDED] = {"nội dung nằm trong chữ ký", "the content inside the signature"},
    [W_OVER_SIGNATURE] = {"chữ ký số của", "the digital signature of"},
    [W_ALGORITHMS] = {"Thuật toán", "Algorithms"},
    [W_DOSSIER] = {"Hồ sơ", "Dossier"},
    [W_COMPONENTS] = {"Thành phần", "Components"},
    [W_COMPONENT_INTACT] = {"nguyên vẹn", "intact"},
    [W_COMPONENT_CHANGED] = {"ĐÃ BỊ THAY ĐỔI", "CHANGED"},
    [W_COMPONENT_MISSING] = {"THIẾU", "MISSING"},
    [W_FIELD] = {"ô", "field"},
    [W_CRL_OF] = {"danh sách thu hồi ngày", "revocation list of"},
};

static const char *word(enum word w, enum lang lang)
{
    return WORDS[w][lang];
}

/* --- safe text --- */

/* Code points that would change how the rest of the line reads: controls, direction marks and overrides, line separators. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* Length of the valid UTF-8 sequence at s, 0: none. */
static size_t sequence(const unsigned char *s, size_t left, uint32_t *c)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
    if (n == 0 || n > left || !utf8_valid(BYTES(s, n)))
        return 0;
    *c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        *c = *c << 6 | (s[i] & 0x3fu);
    return n;
}

err_t show_safe(struct buf *out, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t left = strlen(text); left > 0;) {
        uint32_t c = 0;
        size_t n = sequence(s, left, &c);
        if (n == 0 || is_unsafe(c))
            TRY(buf_add_str(out, "?"));
        else
            TRY(buf_add(out, s, n));
        n = n == 0 ? 1 : n;
        s += n;
        left -= n;
    }
    return OK;
}

/* --- lines --- */

/* Width in columns, near enough: one for each character. */
static int columns(const char *s)
{
    int n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

#define LABEL_COLUMNS 28

static err_t label(struct buf *out, enum word w, enum lang lang)
{
    const char *s = word(w, lang);
    return buf_addf(out, "    %s:%*s", s, LABEL_COLUMNS - columns(s), "");
}

static err_t line(struct buf *out, enum word w, const char *value, enum lang lang)
{
    TRY(label(out, w, lang));
    TRY(show_safe(out, value[0] != '\0' ? value : "—"));
    return buf_add_str(out, "\n");
}

static const char *verdict_word(enum verdict v, enum lang lang)
{
    return word(v == TOTAL_PASSED ? W_PASSED : v == INDETERMINATE ? W_UNDECIDED : W_FAILED, lang);
}

static err_t verdict_code(struct buf *out, const struct findings *f)
{
    return buf_addf(out, "%s%s%s", verdict_name(f->verdict), f->sub != SUB_NONE ? ", " : "", sub_name(f->sub));
}

static err_t show_findings(struct buf *out, const struct findings *f, const char *indent, enum lang lang)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *x = &f->item[i];
        TRY(buf_addf(out, "%s%s %s", indent,
                     x->verdict == TOTAL_FAILED    ? "✗"
                     : x->verdict == INDETERMINATE ? "?"
                                                   : "·",
                     note_text(x->note, lang)));
        if (x->detail[0] != '\0') {
            TRY(buf_add_str(out, ": "));
            TRY(show_safe(out, x->detail));
        }
        TRY(buf_add_str(out, "\n"));
    }
    return OK;
}

/* --- one signature --- */

static err_t show_time(struct buf *out, const struct signature_result *r, enum lang lang)
{
    char text[CLOCK_LOCAL_CAP];
    TRY(label(out, W_TIME, lang));
    if (r->time_proven) {
        clock_local(r->best_time, text);
        TRY(buf_addf(out, "%s, %s ", text, word(W_BY_STAMP, lang)));
        TRY(show_safe(out, r->stamp_n > 0 ? r->stamp[0].tsa.name : ""));
    } else if (r->claimed_time != 0) {
        clock_local(r->claimed_time, text);
        TRY(buf_addf(out, "%s (%s)", text, word(W_CLAIMED, lang)));
    } else {
        TRY(buf_add_str(out, word(W_NO_TIME, lang)));
    }
    return buf_add_str(out, "\n");
}

static err_t show_validity(struct buf *out, const struct signature_result *r, enum lang lang)
{
    char text[CLOCK_LOCAL_CAP];
    const struct revocation_facts *v = &r->revocation;
    bool good = v->status == STATUS_GOOD || v->status == STATUS_REVOKED_LATER;
    TRY(label(out, W_VALIDITY, lang));
    if (v->status == STATUS_REVOKED || (!r->path_valid && good))
        TRY(buf_add_str(out, word(W_NOT_VALID_THEN, lang)));
    else
        TRY(buf_add_str(out, word(good && r->path_valid ? W_VALID_THEN : W_UNKNOWN_THEN, lang)));
    if (v->revoked_at > 0) {
        clock_local(v->revoked_at, text);
        TRY(buf_addf(out, ", %s %s", word(W_REVOKED_ON, lang), text));
    }
    if (v->this_update != 0) {
        clock_local(v->this_update, text);
        TRY(buf_addf(out, " (%s %s)", word(W_CRL_OF, lang), text));
    }
    return buf_add_str(out, "\n");
}

static err_t show_period(struct buf *out, const struct cert_facts *c, enum lang lang)
{
    char from[CLOCK_LOCAL_CAP], to[CLOCK_LOCAL_CAP];
    if (c->name[0] == '\0')
        return line(out, W_PERIOD, "", lang);
    clock_local(c->from, from);
    clock_local(c->to, to);
    TRY(label(out, W_PERIOD, lang));
    return buf_addf(out, "%s – %s\n", from, to);
}

static err_t show_scope(struct buf *out, const struct signature_result *r, enum lang lang)
{
    TRY(label(out, W_SCOPE, lang));
    if (r->revision_end != 0 && r->whole)
        return buf_addf(out, "%s\n", word(W_WHOLE, lang));
    if (r->revision_end != 0)
        return buf_addf(out, "%s 0–%" PRIu64 "\n", word(W_REVISION, lang), r->revision_end);
    if (r->scope[0] == '\0')
        return buf_addf(out, "%s\n", word(W_EMBEDDED, lang));
    if (r->kind == KIND_COUNTER)
        TRY(buf_addf(out, "%s ", word(W_OVER_SIGNATURE, lang)));
    else
        TRY(buf_addf(out, "%s: ", word(r->whole ? W_WHOLE : W_SOME, lang)));
    TRY(show_safe(out, r->scope));
    return buf_add_str(out, "\n");
}

static err_t show_signature(struct buf *out, const struct signature_result *r, size_t number, enum lang lang)
{
    bool stamp = r->kind == KIND_TIMESTAMP || r->kind == KIND_DOC_TIMESTAMP || r->kind == KIND_EVIDENCE;
    const struct cert_facts *who = stamp && r->stamp_n > 0 ? &r->stamp[0].tsa : &r->signer;
    TRY(buf_addf(out, "  %s %zu", word(stamp ? W_STAMP : W_SIGNATURE, lang), number));
    if (r->field[0] != '\0') {
        TRY(buf_addf(out, " (%s ", word(W_FIELD, lang)));
        TRY(show_safe(out, r->field));
        TRY(buf_add_str(out, ")"));
    }
    TRY(buf_addf(out, ", %s: %s (", kind_name(r->kind), verdict_word(r->findings.verdict, lang)));
    TRY(verdict_code(out, &r->findings));
    TRY(buf_add_str(out, ")\n"));
    TRY(line(out, W_SIGNER, who->name, lang));
    TRY(line(out, W_ISSUER, who->issuer_name, lang));
    TRY(line(out, W_MANAGER, who->manager, lang));
    TRY(show_time(out, r, lang));
    TRY(label(out, W_INTEGRITY, lang));
    TRY(buf_addf(out, "%s\n", word(r->integrity && r->mathematics ? W_INTACT : W_NOT_INTACT, lang)));
    if (!stamp)
        TRY(show_validity(out, r, lang));
    TRY(show_period(out, who, lang));
    TRY(line(out, W_ANCHOR, r->anchor[0] != '\0' ? r->anchor : word(W_NONE, lang), lang));
    TRY(show_scope(out, r, lang));
    if (r->digest_alg[0] != '\0') {
        TRY(label(out, W_ALGORITHMS, lang));
        TRY(buf_addf(out, "%s, %s\n", r->digest_alg, r->signature_alg));
    }
    return show_findings(out, &r->findings, "    ", lang);
}

static err_t show_components(struct buf *out, const struct file_result *f, enum lang lang)
{
    static const enum word STATES[] = {W_COMPONENT_INTACT, W_COMPONENT_CHANGED, W_COMPONENT_MISSING};
    if (f->code[0] != '\0') {
        TRY(buf_addf(out, "  %s: ", word(W_DOSSIER, lang)));
        TRY(show_safe(out, f->code));
        TRY(buf_add_str(out, "\n"));
    }
    if (f->component_n > 0)
        TRY(buf_addf(out, "  %s:\n", word(W_COMPONENTS, lang)));
    for (size_t i = 0; i < f->component_n; i++) {
        TRY(buf_addf(out, "    %s  ", word(STATES[f->component[i].state], lang)));
        TRY(show_safe(out, f->component[i].name));
        TRY(buf_add_str(out, "\n"));
    }
    return OK;
}

err_t show_text(const struct file_result *files, size_t n, enum lang lang, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct file_result *f = &files[i];
        TRY(show_safe(out, f->path));
        TRY(buf_addf(out, ": %s (", verdict_word(f->findings.verdict, lang)));
        TRY(verdict_code(out, &f->findings));
        TRY(buf_add_str(out, ")\n"));
        TRY(show_findings(out, &f->findings, "  ", lang));
        for (size_t k = 0; k < f->signature_n; k++)
            TRY(show_signature(out, &f->signature[k], k + 1, lang));
        TRY(show_components(out, f, lang));
        TRY(buf_add_str(out, "\n"));
    }
    return OK;
}

enum verdict show_verdict(const struct file_result *files, size_t n)
{
    enum verdict worst = TOTAL_PASSED;
    for (size_t i = 0; i < n; i++) {
        if (files[i].findings.verdict > worst)
            worst = files[i].findings.verdict;
    }
    return worst;
}
