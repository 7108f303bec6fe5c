/*
 * What came of each file, for people and for programs.
 * Used by main.c.
 */
#ifndef ANTIN_SIGN_REPORT_H
#define ANTIN_SIGN_REPORT_H

#include "signer/sign/job.h"
#include "signer/sign/words.h"

/* A line a file; of a renewal, one for each that something was done with, and a last one that counts all. */
err_t report_text(const struct job_conf *c, char *const *paths, const struct job_result *r, size_t n, enum lang lang,
                  struct buf *out) MUST_USE;
/*
 * {"files":[{"file":…,"status":"done"|"unchanged"|"passed"|"lower"|"failed","format":…,"asked":"B-LTA","reached":"B-T","output":…,"until":…,"error":…,"detail":…}]};
 * members that do not apply are absent. Names that are not UTF-8 have U+FFFD in them.
 */
err_t report_json(const struct job_conf *c, char *const *paths, const struct job_result *r, size_t n, struct buf *out) MUST_USE;

enum outcome { OUTCOME_DONE, OUTCOME_UNCHANGED, OUTCOME_PASSED, OUTCOME_LOWER, OUTCOME_FAILED };
/* Passed: there was nothing to renew. Lower: the file was written, at less than the level that was asked for. */
enum outcome outcome_of(const struct job_result *r);

#endif
