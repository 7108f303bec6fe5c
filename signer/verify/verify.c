/*
 * Tells what kind of file it has, finds what belongs to it, and hands it to the steps for that kind.
 * Called by main(). ETSI EN 319 102-1 §5.2.2 (format checking).
 */
#include "signer/verify/verify.h"

#include "signer/formats/asic.h"
#include "signer/formats/ers.h"
#include "signer/verify/container.h"
#include "signer/verify/evidence_record.h"
#include "signer/verify/input.h"
#include "signer/verify/jades_signatures.h"
#include "signer/verify/pdf_signatures.h"
#include "signer/verify/sealed.h"
#include "signer/verify/signature.h"
#include "signer/formats/signed_data.h"
#include "signer/verify/stamp.h"
#include "signer/formats/tlv.h"
#include "signer/verify/xades_signatures.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- kinds --- */

static const char *const FORMATS[] = {
    [FILE_EVIDENCE] = "EVIDENCE", [FILE_PDF] = "PDF",        [FILE_CMS] = "CMS", [FILE_TOKEN] = "TIMESTAMP", [FILE_REPLY] = "TIMESTAMP",
    [FILE_MANIFEST] = "MANIFEST", [FILE_CONTAINER] = "ASIC", [FILE_XML] = "XML", [FILE_JWS] = "JWS",         [FILE_OTHER] = "UNKNOWN",
};

static enum file_kind kind_of_der(struct bytes file)
{
    struct bytes in = file;
    struct tlv outer, first;
    if (file.len > 2 && file.ptr[1] == 0x80) /* BER */
        return FILE_CMS;
    if (tlv_expect(&in, 0x30, &outer) != OK || tlv_next(&outer.body, &first) != OK)
        return FILE_OTHER;
    if (first.tag == 0x02)
        return ers_looks_like_record(file) ? FILE_EVIDENCE : FILE_OTHER;
    if (first.tag == 0x30) /* PKIStatusInfo: RFC 3161 §2.4.2 */
        return FILE_REPLY;
    if (!tlv_is_oid(first.whole, OID_SIGNED_DATA))
        return FILE_OTHER;
    AUTO_SIGNED_DATA sd = {0};
    bool is_token = signed_data_parse(file, &sd) == OK && tlv_is_oid(sd.content_type, OID_TST_INFO);
    return is_token ? FILE_TOKEN : FILE_CMS;
}

/* XML with the namespace of signatures somewhere in it; other XML may still have its signature beside it. */
static bool is_signed_xml(struct bytes file)
{
    static const char NAMESPACE[] = "http://www.w3.org/2000/09/xmldsig#";
    size_t i = file.len >= 3 && memcmp(file.ptr, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (i < file.len && memchr(" \t\r\n", file.ptr[i], 4) != NULL)
        i++;
    return i < file.len && file.ptr[i] == '<' && memmem(file.ptr, file.len, NAMESPACE, sizeof NAMESPACE - 1) != NULL;
}

enum file_kind verify_kind(struct bytes file)
{
    size_t head = file.len < 1024 ? file.len : 1024;
    if (asic_looks_like(file)) /* before all others: a PDF may be the first thing in it */
        return FILE_CONTAINER;
    if (memmem(file.ptr, head, "%PDF-", 5) != NULL)
        return FILE_PDF;
    if (sealed_looks_like_manifest(file))
        return FILE_MANIFEST;
    if (is_signed_xml(file))
        return FILE_XML;
    if (jades_looks_like(file))
        return FILE_JWS;
    return file.len > 2 && file.ptr[0] == 0x30 ? kind_of_der(file) : FILE_OTHER;
}

/* --- timestamps in files of their own --- */

/* TimeStampResp ::= SEQUENCE { status PKIStatusInfo, timeStampToken OPTIONAL } */
static void verify_reply(const struct context *ctx, struct bytes file, const struct covered *data, struct file_result *f)
{
    struct tlv reply, status, number, token;
    unsigned value;
    if (tlv_expect(&file, 0x30, &reply) != OK || file.len != 0 || tlv_expect(&reply.body, 0x30, &status) != OK ||
        tlv_next(&status.body, &number) != OK || tlv_small_integer(&number, &value) != OK ||
        tlv_optional(&reply.body, 0x30, &token) != OK || reply.body.len != 0) {
        finding_add(&f->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "TimeStampResp");
        return;
    }
    if (value > 1 || token.tag == 0) /* 0 granted, 1 grantedWithMods */
        finding_add(&f->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_STAMP_REFUSED, NULL);
    else
        stamp_file_verify(ctx, &(struct evidence){0}, token.whole, data, f);
}

/* --- dispatch --- */

static void dispatch(const struct context *ctx, enum file_kind kind, struct bytes file, const struct covered *content,
                     struct file_result *f)
{
    switch (kind) {
    case FILE_PDF: pdf_signatures_verify(ctx, file, f); break;
    case FILE_CMS: signature_verify(ctx, &(struct evidence){0}, file, content, KIND_CADES, f); break;
    case FILE_TOKEN: stamp_file_verify(ctx, &(struct evidence){0}, file, content, f); break;
    case FILE_REPLY: verify_reply(ctx, file, content, f); break;
    case FILE_CONTAINER: container_verify(ctx, file, f); break;
    case FILE_EVIDENCE: evidence_record_verify(ctx, file, content, f); break;
    case FILE_XML: xades_signatures_verify(ctx, NULL, file, f); break;
    case FILE_JWS: jades_signatures_verify(ctx, NULL, file, f); break;
    case FILE_MANIFEST: /* without a folder around it, only its form can be looked at */
    case FILE_OTHER: finding_add(&f->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_NOT_SIGNED, NULL); break;
    }
}

void verify_bytes(const struct context *ctx, struct bytes file, struct bytes content, struct file_result *out)
{
    struct covered c = {{content}};
    *out = (struct file_result){0};
    enum file_kind kind = verify_kind(file);
    out->format = FORMATS[kind];
    dispatch(ctx, kind, file, content.ptr != NULL ? &c : NULL, out);
    file_result_close(out);
}

/* --- files that belong together --- */

static bool has_suffix(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n > m && strcasecmp(path + n - m, suffix) == 0;
}

/* x.docx of x.docx.p7s; NULL when the name does not tell. */
static char *content_of(const char *path)
{
    static const char *const SUFFIXES[] = {".p7s", ".tsr", ".tst", ".tsp", ".ers"};
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof *SUFFIXES; i++) {
        if (has_suffix(path, SUFFIXES[i]))
            return strndup(path, strlen(path) - strlen(SUFFIXES[i]));
    }
    return NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void name_scope(struct file_result *f, const char *content_path)
{
    for (size_t i = 0; i < f->signature_n; i++) {
        struct signature_result *r = &f->signature[i];
        if (r->scope[0] != '\0')
            continue;
        snprintf(r->scope, sizeof r->scope, "%s", content_path != NULL ? base_name(content_path) : "");
        r->whole = true;
    }
}

static void verify_signature_file(const struct context *ctx, enum file_kind kind, const char *path, struct bytes file,
                                  const char *content_path, struct file_result *f)
{
    AUTO_STR found = content_path == NULL ? content_of(path) : NULL;
    const char *where = content_path != NULL ? content_path : found;
    AUTO_INPUT in = {0};
    err_t e = where != NULL ? input_open(where, true, &in) : ERR_NOT_FOUND;
    if (e != OK && (e != ERR_NOT_FOUND || content_path != NULL)) {
        finding_add(&f->findings, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_CONTENT_MISSING, where);
        return;
    }
    struct covered content = {{in.data}};
    if (e == OK && kind == FILE_CMS && verify_kind(in.data) == FILE_MANIFEST && found != NULL) {
        f->format = FORMATS[FILE_MANIFEST];
        sealed_verify(ctx, where, in.data, f);
        return;
    }
    dispatch(ctx, kind, file, e == OK ? &content : NULL, f);
    name_scope(f, e == OK ? where : NULL);
}

/* --- XML and JSON: the files that they speak about lie in their folder --- */

struct beside {
    const char *path, *content_path;
};

/* name "": the one content of a signature that does not name it, given or by the signature's own name (x.json.jws). */
static err_t open_beside(const struct beside *b, const char *name, struct input *in)
{
    AUTO_STR path = NULL;
    bool given = b->content_path != NULL && (name[0] == '\0' || strcmp(base_name(b->content_path), name) == 0);
    if (strchr(name, '/') != NULL)
        return ERR_NOT_FOUND;
    if (given)
        path = strdup(b->content_path);
    else if (name[0] == '\0') {
        if (!has_suffix(b->path, ".jws"))
            return ERR_NOT_FOUND;
        path = strndup(b->path, strlen(b->path) - 4);
    } else if (asprintf(&path, "%.*s%s", (int)(base_name(b->path) - b->path), b->path, name) < 0)
        path = NULL;
    return path != NULL ? input_open(path, given, in) : ERR_NOMEM;
}

static err_t digest_beside(void *arg, const char *name, EVP_MD_CTX *ctx)
{
    AUTO_INPUT in = {0};
    TRY(name[0] != '\0' ? open_beside(arg, name, &in) : ERR_NOT_FOUND);
    return mapped_digest(ctx, in.data);
}

static err_t take_beside(void *arg, const char *name, jades_take_fn *take_piece, void *to)
{
    AUTO_INPUT in = {0};
    TRY(open_beside(arg, name, &in));
    return take_piece(to, in.data);
}

static void verify_with_beside(const struct context *ctx, enum file_kind kind, struct beside *b, struct bytes file, struct file_result *f)
{
    if (kind == FILE_XML)
        xades_signatures_verify(ctx, &(struct xades_files){digest_beside, b}, file, f);
    else
        jades_signatures_verify(ctx, &(struct jades_files){take_beside, b}, file, f);
}

/* A file of no kind of ours may still have its signature beside it. */
static void verify_plain(const struct context *ctx, const char *path, struct bytes file, struct file_result *f)
{
    AUTO_STR signature_path = NULL;
    AUTO_INPUT signature = {0};
    if (asprintf(&signature_path, "%s.p7s", path) < 0)
        signature_path = NULL;
    if (signature_path == NULL || input_open(signature_path, true, &signature) != OK) {
        finding_add(&f->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_NOT_SIGNED, NULL);
        return;
    }
    struct covered content = {{file}};
    f->format = FORMATS[FILE_CMS];
    signature_verify(ctx, &(struct evidence){0}, signature.data, &content, KIND_CADES, f);
    name_scope(f, path);
}

err_t verify_file(const struct context *ctx, const char *path, const char *content_path, struct file_result *out)
{
    AUTO_INPUT in = {0};
    *out = (struct file_result){.path = strdup(path), .format = FORMATS[FILE_OTHER]};
    if (out->path == NULL)
        return ERR_NOMEM;
    err_t e = input_open(path, true, &in);
    if (e != OK) {
        finding_add(&out->findings, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, e == ERR_TOO_LARGE ? NOTE_TOO_LARGE : NOTE_UNREADABLE, NULL);
        return OK;
    }
    enum file_kind kind = verify_kind(in.data);
    out->format = FORMATS[kind];
    if (kind == FILE_PDF || kind == FILE_CONTAINER)
        dispatch(ctx, kind, in.data, NULL, out);
    if (kind == FILE_PDF && out->signature_n == 0 && out->findings.verdict == TOTAL_PASSED)
        verify_plain(ctx, path, in.data, out);
    else if (kind == FILE_XML || kind == FILE_JWS)
        verify_with_beside(ctx, kind, &(struct beside){path, content_path}, in.data, out);
    else if (kind == FILE_MANIFEST)
        sealed_verify(ctx, path, in.data, out);
    else if (kind == FILE_OTHER)
        verify_plain(ctx, path, in.data, out);
    else if (kind != FILE_PDF && kind != FILE_CONTAINER)
        verify_signature_file(ctx, kind, path, in.data, content_path, out);
    file_result_close(out);
    return OK;
}
