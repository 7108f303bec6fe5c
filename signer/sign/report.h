/*
 * What came of each file, for people and for programs.
 * Used by main.c.
 */
#ifndef ANTIN_SIGN_REPORT_H
#define ANTIN_SIGN_REPORT_H

#include "signer/sign/job.h"
#include "signer/sign/words.h"

/* A line a file. */
err_t report_text(const struct job_conf *c, char *const *paths, const struct job_result *r, size_t n, enum lang lang,
                  struct buf *out) MUST_USE;
/*
 * {"files":[{"file":…,"status":"done"|"unchanged"|"lower"|"failed","format":…,"asked":"B-LTA","reached":"B-T","output":…,"error":…,"detail":…}]};
 * members that do not apply are absent. Names that are not UTF-8 have U+FFFD in them.
 */
err_t report_json(const struct job_conf *c, char *const *paths, const struct job_result *r, size_t n, struct buf *out) MUST_USE;

enum outcome { OUTCOME_DONE, OUTCOME_UNCHANGED, OUTCOME_LOWER, OUTCOME_FAILED };
/* Lower: the file was written, at less than the level that was asked for. */
enum outcome outcome_of(const struct job_result *r);

#endif
