/*
 * A daemon's configuration: one INI file, read by a key table; unknown keys and missing required keys are errors.
 * Called once from main(). The file is parsed by libinih.
 */
#ifndef ANTIN_CONFIG_H
#define ANTIN_CONFIG_H

#include "common/err.h"
#include "common/secret.h"
#include <stddef.h>
#include <stdio.h>

enum config_type {
    CONFIG_STR,    /* char * */
    CONFIG_INT,    /* long; min and max apply */
    CONFIG_BOOL,   /* bool: yes/no, true/false, on/off, 1/0 */
    CONFIG_SECRET, /* struct secret: the value in the file names a file that holds it, closed to other users */
};

struct config_key {
    const char *section;
    const char *name;
    enum config_type type;
    size_t offset;   /* offsetof() in the daemon's config struct */
    const char *def; /* default as text; NULL: none */
    bool required;
    long min, max;    /* CONFIG_INT */
    const char *help; /* one line, for --help-config and the documentation */
};

/* A row of a table of keys: member of struct `of`. Tables shorten it for themselves (STR, INT …). */
#define CONFIG_KEY(of, sec, nam, typ, member, d, req, lo, hi, txt)                                                                  \
    {                                                                                                                               \
        .section = (sec), .name = (nam), .type = (typ), .offset = offsetof(of, member), .def = (d), .required = (req), .min = (lo), \
        .max = (hi), .help = (txt)                                                                                                  \
    }

/*
 * Fills *out (zeroed by the caller) from the file. On a mistake prints "file:line: what is wrong" to errs and returns
 * ERR_CONFIG (all mistakes are named, not only the first), and *out holds nothing that needs freeing.
 * Relative paths, those of secrets too, are taken from the working directory. At most 256 keys.
 */
err_t config_load(const char *path, const struct config_key *keys, size_t n, void *out, FILE *errs) MUST_USE;
void config_free(const struct config_key *keys, size_t n, void *out);
/* Prints the key table: section, name, type, default, help. */
void config_print_keys(const struct config_key *keys, size_t n, FILE *to);

#endif
