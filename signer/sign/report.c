/*
 * Writes reports.
 * Called by main.c. RFC 8259.
 */
#include "signer/sign/report.h"

#include "common/clock.h"
#include "common/json.h"
#include <string.h>

enum outcome outcome_of(const struct job_result *r)
{
    if (r->err == OK)
        return r->passed ? OUTCOME_PASSED : r->unchanged ? OUTCOME_UNCHANGED : OUTCOME_DONE;
    return r->written ? OUTCOME_LOWER : OUTCOME_FAILED;
}

/* --- for people --- */

/* File names are others' texts: no control characters on a terminal. */
static err_t add_name(struct buf *out, const char *name)
{
    for (; *name != '\0'; name++) {
        char c = (unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name;
        TRY(buf_add(out, &c, 1));
    }
    return OK;
}

static err_t add_reason(struct buf *out, const struct job_result *r, enum lang lang)
{
    TRY(buf_add_str(out, word_text(r->err, lang)));
    if (r->why[0] == '\0')
        return OK;
    TRY(buf_add_str(out, " ("));
    TRY(add_name(out, r->why));
    return buf_add_str(out, ")");
}

static err_t add_line(const struct job_conf *c, const char *path, const struct job_result *r, enum lang lang, struct buf *out)
{
    static const char *const HAS[LANG_N] = {[LANG_VI] = "đã có mức", [LANG_EN] = "already at"};
    static const char *const NOT[LANG_N] = {[LANG_VI] = "KHÔNG ký: ", [LANG_EN] = "NOT signed: "};
    enum outcome o = outcome_of(r);
    TRY(add_name(out, path));
    if (r->written && strcmp(path, r->output) != 0) {
        TRY(buf_add_str(out, " -> "));
        TRY(add_name(out, r->output));
    }
    TRY(buf_add_str(out, ": "));
    if (o == OUTCOME_DONE && r->timestamp)
        return buf_addf(out, "%s %s\n", format_name(r->format), lang == LANG_VI ? "dấu thời gian" : "timestamp");
    if (o == OUTCOME_DONE)
        return buf_addf(out, "%s %s\n", format_name(r->format), level_name(r->reached));
    if (o == OUTCOME_UNCHANGED)
        return buf_addf(out, "%s %s %s\n", format_name(r->format), HAS[lang], level_name(r->reached));
    if (o == OUTCOME_FAILED && c->verb != JOB_EXTEND && c->verb != JOB_RENEW)
        TRY(buf_add_str(out, NOT[lang]));
    if (r->has_level && r->reached < c->level)
        TRY(lang == LANG_VI ? buf_addf(out, "chỉ đạt mức %s, không phải %s: ", level_name(r->reached), level_name(c->level))
                            : buf_addf(out, "only %s was reached, not %s: ", level_name(r->reached), level_name(c->level)));
    TRY(add_reason(out, r, lang));
    return buf_add_str(out, "\n");
}

static err_t add_counts(const struct job_result *r, size_t n, enum lang lang, struct buf *out)
{
    static const char *const COUNTS[LANG_N] = {
        [LANG_VI] = "Đã gia hạn %zu, còn hiệu lực %zu, không có dấu thời gian lưu trữ %zu, lỗi %zu\n",
        [LANG_EN] = "%zu renewed, %zu still good, %zu without an archive timestamp, %zu failed\n",
    };
    size_t count[OUTCOME_FAILED + 1] = {0};
    for (size_t i = 0; i < n; i++)
        count[outcome_of(&r[i])]++;
    return buf_addf(out, COUNTS[lang], count[OUTCOME_DONE], count[OUTCOME_UNCHANGED], count[OUTCOME_PASSED],
                    count[OUTCOME_FAILED] + count[OUTCOME_LOWER]);
}

err_t report_text(const struct job_conf *c, char *const *paths, const struct job_result *r, size_t n, enum lang lang, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        enum outcome o = outcome_of(&r[i]);
        if (c->verb != JOB_RENEW || o == OUTCOME_DONE || o == OUTCOME_FAILED)
            TRY(add_line(c, paths[i], &r[i], lang, out));
    }
    return c->verb == JOB_RENEW ? add_counts(r, n, lang, out) : OK;
}

/* --- for programs --- */

/* A Linux file name may be any bytes; JSON is UTF-8. */
static json_t *text(const char *s)
{
    json_t *j = json_string(s);
    AUTO_BUF clean = {0};
    if (j != NULL)
        return j;
    for (; *s != '\0'; s++) {
        err_t e = (unsigned char)*s < 0x80 ? buf_add(&clean, s, 1) : buf_add_str(&clean, "\xef\xbf\xbd");
        if (e != OK)
            return NULL;
    }
    return json_string(buf_str(&clean));
}

static int set(json_t *o, const char *name, const char *value)
{
    return value == NULL || value[0] == '\0' ? 0 : json_object_set_new(o, name, text(value));
}

static json_t *entry(const struct job_conf *c, const char *path, const struct job_result *r)
{
    static const char *const STATUS[] = {"done", "unchanged", "passed", "lower", "failed"};
    char until[CLOCK_RFC3339_LEN + 1] = "";
    json_t *o = json_object();
    if (r->until > 0 && r->until < INT64_MAX)
        clock_rfc3339(r->until, until);
    if (o == NULL || set(o, "until", until) != 0 || set(o, "file", path) != 0 || set(o, "status", STATUS[outcome_of(r)]) != 0 ||
        set(o, "format", format_name(r->format)) != 0 || set(o, "asked", r->timestamp ? NULL : level_name(c->level)) != 0 ||
        set(o, "reached", r->has_level && !r->timestamp ? level_name(r->reached) : NULL) != 0 ||
        set(o, "output", r->written ? r->output : NULL) != 0 || set(o, "error", word_code(r->err)) != 0 || set(o, "detail", r->why) != 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}

err_t report_json(const struct job_conf *c, char *const *paths, const struct job_result *r, size_t n, struct buf *out)
{
    AUTO_JSON root = json_object();
    json_t *files = json_array();
    if (root == NULL || json_object_set_new(root, "files", files) != 0)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(files, entry(c, paths[i], &r[i])) != 0)
            return ERR_NOMEM;
    }
    TRY(json_text(root, out));
    return buf_add_str(out, "\n");
}
