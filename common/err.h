/*
 * One error convention: a function that can fail returns err_t; 0 (OK) is success.
 * Used by every file of the house. The rows (HTTP status, code, text) are in errors.def files.
 */
#ifndef ANTIN_ERR_H
#define ANTIN_ERR_H

#define MUST_USE __attribute__((warn_unused_result))

/*
 * An int and not one enum, so that each daemon can number its own failures
 * (idp/errors.def, signer/errors.def) above those that all share (common/errors.def).
 */
typedef int err_t;

enum {
    OK = 0,
#define ERR(name, status, code, level, text) name,
#include "common/errors.def"
#undef ERR
    ERR_COMMON_END,
    ERR_APP_BASE = 1000,   /* the first number of a daemon's own errors.def */
    ERR_FORMAT_BASE = 2000 /* the first number of signer/formats/errors.def */
};

/* How loud a failure is in the log. */
enum err_level { ERR_QUIET, ERR_WARN, ERR_LOUD };

/* One row of an errors.def. */
struct err_row {
    const char *name;     /* the identifier, for the log */
    int status;           /* HTTP status */
    const char *code;     /* machine-readable code: OAuth error, or the tail of a problem type */
    enum err_level level; /* log level */
    const char *text;     /* key in texts/vi.txt and en.txt */
};

/*
 * Makes further rows known; call before threads start. Row 0 has the number base (ERR_APP_BASE, ERR_FORMAT_BASE).
 * The array must stay for the life of the process.
 */
void err_register(int base, const struct err_row *rows, unsigned n);

/* The row of an error; never NULL (an unknown number gives the row of ERR_INTERNAL). */
const struct err_row *err_info(err_t e);

/* Returns the error to the caller when an expression fails. */
#define TRY(expr)                  \
    do {                           \
        err_t try_err_ = (expr);   \
        if (try_err_ != OK)        \
            return try_err_;       \
    } while (0)

#endif
