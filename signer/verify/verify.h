/*
 * Verifies one file of any kind that is known: the whole of EN 319 102-1 behind one call.
 * Called by main() and by tests and fuzz targets.
 */
#ifndef ANTIN_VERIFY_VERIFY_H
#define ANTIN_VERIFY_VERIFY_H

#include "signer/verify/context.h"
#include "signer/verify/result.h"

/*
 * content_path: the detached content; NULL: found by name (x.docx.p7s, x.docx.tsr → x.docx). Whatever the bytes, *out gets a verdict;
 * free it with file_result_free. ERR_NOMEM only.
 */
err_t verify_file(const struct context *ctx, const char *path, const char *content_path, struct file_result *out) MUST_USE;
/* The same over memory, for a file without others beside it; content.ptr NULL: none. */
void verify_bytes(const struct context *ctx, struct bytes file, struct bytes content, struct file_result *out);

enum file_kind { FILE_PDF, FILE_CMS, FILE_TOKEN, FILE_REPLY, FILE_EVIDENCE, FILE_MANIFEST, FILE_CONTAINER, FILE_XML, FILE_JWS, FILE_OTHER };
enum file_kind verify_kind(struct bytes file);

#endif
