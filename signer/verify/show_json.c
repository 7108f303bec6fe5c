/*
 * The report for programs.
 * Called by main(). schema/verify-report.schema.json; names after ETSI TS 119 102-2.
 */
#include "signer/verify/show.h"

#include "common/clock.h"
#include "common/json.h"
#include <stdlib.h>

/* JSON strings must be UTF-8; what is not is made so. NULL and "" give null. */
static json_t *text(const char *s)
{
    AUTO_BUF safe = {0};
    if (s == NULL || s[0] == '\0' || show_safe(&safe, s) != OK)
        return json_null();
    return json_string(buf_str(&safe));
}

static json_t *when(int64_t t)
{
    char out[CLOCK_RFC3339_LEN + 1];
    if (t <= 0)
        return json_null();
    clock_rfc3339(t, out);
    return json_string(out);
}

static json_t *base64(struct bytes v)
{
    if (v.len == 0)
        return json_null();
    char *out = malloc(B64_LEN(v.len) + 1);
    if (out == NULL)
        return NULL;
    b64_encode(v, out);
    json_t *j = json_string(out);
    free(out);
    return j;
}

static json_t *findings_json(const struct findings *f)
{
    static const char *const SEVERITY[] = {"remark", "undecided", "failure"};
    json_t *list = json_array();
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *x = &f->item[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:s, s:s, s:o}", "severity", SEVERITY[x->verdict], "code",
                                                    note_code(x->note), "sub_indication", text(sub_name(x->sub)), "text_vi",
                                                    note_text(x->note, LANG_VI), "text_en", note_text(x->note, LANG_EN), "detail",
                                                    text(x->detail)));
    }
    return list;
}

static json_t *cert_json(const struct cert_facts *c)
{
    if (c->subject[0] == '\0' && c->serial[0] == '\0')
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", text(c->name), "subject", text(c->subject), "issuer_name",
                     text(c->issuer_name), "issuer", text(c->issuer), "manager", text(c->manager), "serial", text(c->serial), "not_before",
                     when(c->from), "not_after", when(c->to), "certificate", base64(buf_bytes(&c->der)));
}

static json_t *revocation_json(const struct revocation_facts *r)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "status", status_name(r->status), "revoked_at", when(r->revoked_at), "reason",
                     r->reason >= 0 ? json_integer(r->reason) : json_null(), "this_update", when(r->this_update), "next_update",
                     when(r->next_update));
}

static json_t *stamps_json(const struct signature_result *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->stamp_n; i++) {
        const struct stamp_result *s = &r->stamp[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "verdict",
                                                    verdict_name(s->findings.verdict), "sub_indication", text(sub_name(s->findings.sub)),
                                                    "time", when(s->time), "tsa", cert_json(&s->tsa), "trust_anchor", text(s->anchor),
                                                    "policy", text(s->policy), "serial", text(s->serial), "revocation",
                                                    revocation_json(&s->revocation), "findings", findings_json(&s->findings)));
    }
    return list;
}

static json_t *scope_json(const struct signature_result *r)
{
    return json_pack("{s:o, s:b, s:o}", "name", text(r->scope), "whole", (int)r->whole, "revision_end",
                     r->revision_end != 0 ? json_integer((json_int_t)r->revision_end) : json_null());
}

static json_t *signature_json(const struct signature_result *r)
{
    json_t *j = json_pack("{s:s, s:o, s:s, s:o, s:b, s:b, s:b}", "kind", kind_name(r->kind), "field", text(r->field), "verdict",
                          verdict_name(r->findings.verdict), "sub_indication", text(sub_name(r->findings.sub)), "integrity",
                          (int)r->integrity, "signature_matches_key", (int)r->mathematics, "certificate_path_valid", (int)r->path_valid);
    json_t *more = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:{s:o, s:o}, s:o, s:o, s:o}", "signer", cert_json(&r->signer), "trust_anchor",
                             text(r->anchor), "revocation", revocation_json(&r->revocation), "claimed_signing_time", when(r->claimed_time),
                             "best_signature_time", when(r->best_time), "time_proven", (int)r->time_proven, "algorithms", "digest",
                             text(r->digest_alg), "signature", text(r->signature_alg), "scope", scope_json(r), "timestamps", stamps_json(r),
                             "findings", findings_json(&r->findings));
    if (j != NULL && more != NULL)
        (void)json_object_update(j, more);
    json_decref(more);
    return j;
}

static json_t *components_json(const struct file_result *f)
{
    static const char *const STATES[] = {"intact", "changed", "missing"};
    json_t *list = json_array();
    for (size_t i = 0; i < f->component_n; i++)
        (void)json_array_append_new(list,
                                    json_pack("{s:o, s:s}", "name", text(f->component[i].name), "state", STATES[f->component[i].state]));
    return list;
}

static json_t *file_json(const struct file_result *f)
{
    json_t *signatures = json_array();
    for (size_t i = 0; i < f->signature_n; i++)
        (void)json_array_append_new(signatures, signature_json(&f->signature[i]));
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "file", text(f->path), "format", f->format, "verdict",
                     verdict_name(f->findings.verdict), "sub_indication", text(sub_name(f->findings.sub)), "dossier",
                     f->code[0] != '\0' ? json_pack("{s:o, s:o}", "code", text(f->code), "procedure", text(f->procedure)) : json_null(),
                     "findings", findings_json(&f->findings), "signatures", signatures, "components", components_json(f));
}

err_t show_json(const struct file_result *files, size_t n, int64_t at, struct buf *out)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(list, file_json(&files[i]));
    if (json_array_size(list) != n) {
        json_decref(list);
        return ERR_NOMEM;
    }
    AUTO_JSON report = json_pack("{s:s, s:i, s:o, s:s, s:o}", "report", "antin-verify", "version", 1, "verified_at", when(at), "verdict",
                                 verdict_name(show_verdict(files, n)), "files", list);
    char *dump = report != NULL ? json_dumps(report, JSON_INDENT(2)) : NULL;
    if (dump == NULL)
        return ERR_NOMEM;
    err_t e = buf_add_str(out, dump);
    if (e == OK)
        e = buf_add_str(out, "\n");
    free(dump);
    return e;
}
