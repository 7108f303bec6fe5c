/*
 * Shows results: for people in Vietnamese or English, for programs as JSON.
 * Called by main(). Circular 15/2025/TT-BKHCN lists what must be shown; schema/verify-report.schema.json describes the JSON.
 */
#ifndef ANTIN_VERIFY_SHOW_H
#define ANTIN_VERIFY_SHOW_H

#include "signer/verify/result.h"

/* Appends text without control characters, text direction overrides or broken UTF-8: names come from strangers. */
err_t show_safe(struct buf *out, const char *s) MUST_USE;

err_t show_text(const struct file_result *files, size_t n, enum lang lang, struct buf *out) MUST_USE;
err_t show_json(const struct file_result *files, size_t n, int64_t at, struct buf *out) MUST_USE;

/* The worst verdict of all files. */
enum verdict show_verdict(const struct file_result *files, size_t n);

#endif
