/*
 * Certificates of clients, as the TLS front end forwards them: which they are, whose, and whether they are the registered ones.
 * Called by rules/client_auth.c, endpoints/caller.c and endpoints/bearer.c. RFC 8705, RFC 9440.
 */
#ifndef ANTIN_IDP_RULES_CLIENT_CERT_H
#define ANTIN_IDP_RULES_CLIENT_CERT_H

#include "common/x509.h"
#include "idp/errors.h"

#define X5T_LEN 43 /* base64url of a SHA-256 */

/* From the header's value: ":base64 of DER:" (RFC 9440) or a percent-encoded PEM (nginx's $ssl_client_escaped_cert). ERR_CLIENT_AUTH. */
err_t client_cert_read(const char *value, X509 **out) MUST_USE;
err_t client_cert_thumbprint(const X509 *c, char out[X5T_LEN + 1]) MUST_USE;

/* Registered: dn:CN=…, dns:…, uri:…, ip:…, email:…, x5t:…. */
bool client_cert_match_ok(const char *match); /* can be registered */
bool client_cert_matches(X509 *c, const char *match);

/* The authorities whose certificates tls_client_auth takes. */
err_t client_cas_open(const char *path, X509_STORE **out) MUST_USE;
/* In its time, for TLS clients, by one of them. ERR_CLIENT_AUTH. */
err_t client_cert_trusted(X509_STORE *cas, X509 *c) MUST_USE;

#endif
