/*
 * What the API's endpoints share: who calls, how a failure looks, Idempotency-Key.
 * Called by the endpoints under /v1.
 */
#ifndef ANTIN_SIGNER_ENDPOINTS_API_H
#define ANTIN_SIGNER_ENDPOINTS_API_H

#include "common/http.h"
#include "signer/rules/context.h"
#include "signer/rules/dossier.h"
#include "signer/rules/idempotency.h"

struct app *signer_app(const struct http_req *r);

/* Authentication of routes: a bearer token for this daemon with the scope named. */
http_auth signer_auth_dossier;   /* dossier */
http_auth signer_auth_reader;    /* dossier or dossier.read */
http_auth signer_auth_registrar; /* registrar */
const struct caller *api_caller(const struct http_req *r);
#define SIGN_LEVEL 2 /* of identification: who gets a signing credential (credential_create) */
/* The person's sign-in proves this level of identification. ERR_SIGN_IN_LEVEL: the answer then says which one would (RFC 9470). */
err_t api_need_level(const struct http_req *r, int level) MUST_USE;

/* Replies with the problem and one list more (RFC 9457 §3.2: an extension member); takes the list. */
void api_reply_problem(struct http_req *r, err_t e, const char *member, json_t *list);
http_fail signer_fail_api; /* problem+json, with WWW-Authenticate and Retry-After where they belong */

/* Runs fn once for the request's Idempotency-Key and replies with its answer. */
err_t api_idempotent(struct http_req *r, int status, idempotent_fn *fn, void *arg) MUST_USE;

#endif
