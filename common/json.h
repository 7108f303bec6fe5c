/*
 * Strict, bounded JSON over jansson (RFC 8259): UTF-8 only, no duplicate names, no trailing bytes,
 * at most JSON_DEPTH_MAX levels; and typed access that tells "absent" from "wrong type".
 */
#ifndef ANTIN_JSON_H
#define ANTIN_JSON_H

#include "common/bytes.h"
#include <jansson.h>

#define JSON_DEPTH_MAX 16
void json_free(json_t **j);
#define AUTO_JSON AUTO(json_free) json_t *

err_t json_parse(struct bytes text, size_t max, json_t **out) MUST_USE; /* ERR_SYNTAX, ERR_TOO_LARGE */
/* *out borrows from obj; NULL when the member is absent; ERR_SYNTAX when it has another type, is longer than max bytes or holds NUL. */
err_t json_get_str(const json_t *obj, const char *name, size_t max, const char **out) MUST_USE;
err_t json_need_str(const json_t *obj, const char *name, size_t max, const char **out) MUST_USE; /* absent or empty is ERR_SYNTAX too */
err_t json_get_int(const json_t *obj, const char *name, int64_t min, int64_t max, int64_t def, int64_t *out) MUST_USE;
err_t json_get_bool(const json_t *obj, const char *name, bool def, bool *out) MUST_USE;
/* ERR_SYNTAX when obj has a member that is not in the NULL-terminated list. */
err_t json_only(const json_t *obj, const char *const *names) MUST_USE;
/* The words of a list that is separated by spaces (NULL: none), as an array of strings; NULL when memory is out. */
json_t *json_words(const char *list);
/* Compact text. */
err_t json_text(const json_t *j, struct buf *out) MUST_USE;

#endif
