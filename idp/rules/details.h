/*
 * Authorization details: what exactly a client may do, beyond what scopes can say. One table of types; each type is a table of members.
 * Called by rules/authz.c, rules/device.c, endpoints/token.c, endpoints/agree.c, endpoints/discovery.c and antin-idpctl. RFC 9396.
 */
#ifndef ANTIN_IDP_RULES_DETAILS_H
#define ANTIN_IDP_RULES_DETAILS_H

#include "common/json.h"
#include "idp/rules/resource.h"

#define DETAILS_TEXT_MAX 8192 /* as it comes */
#define DETAILS_MAX 3072      /* compact, as access tokens carry it */
#define DETAILS_COUNT 8

enum detail_kind {
    DETAIL_CODE,      /* printable ASCII without spaces */
    DETAIL_WORDS,     /* text that people read */
    DETAIL_CHOICE,    /* one of a list */
    DETAIL_CHOICES,   /* some of a list, each once */
    DETAIL_COUNT_OF,  /* 1 to max */
    DETAIL_DIGESTS,   /* CSC API v2: objects of hash (base64) and label */
    DETAIL_LOCATIONS, /* RFC 9396 §2.2: resources of ours */
};
struct detail_member {
    const char *name;
    enum detail_kind kind;
    size_t max;          /* characters, entries, or the number itself */
    const char *choices; /* separated by spaces */
    bool needed;
    const char *text; /* key of the words before it on the consent page; of a choice, KEY.CHOICE; NULL: means nothing to a person */
};
struct detail_type {
    const char *name;
    const char *text;                   /* key of the sentence that consent shows; text ".why" beside it */
    bool service;                       /* a service may have it in its own name (client_credentials) */
    const struct detail_member *member; /* ends with a NULL name */
    bool (*whole)(const json_t *one);   /* what its members must be together; NULL: nothing more */
};
extern const struct detail_type detail_types[];              /* ends with a NULL name */
const struct detail_type *detail_type_of(const json_t *one); /* NULL: unknown */

/*
 * Reads the parameter: an array of objects, each of a type that exists and that allowed (separated by spaces) names, each member known and of
 * its kind. ERR_DETAILS.
 */
err_t details_read(const char *text, const char *allowed, const struct resources *known, json_t **out) MUST_USE;
/* Less of what was granted (RFC 9396 §6.1): each of asked is one of granted or narrower. asked NULL: all of it. *out NULL: none. ERR_DETAILS. */
err_t details_narrow(const json_t *granted, const char *asked, const struct resources *known, json_t **out) MUST_USE;

#endif
