/*
 * The kind of browser and system that a person uses, in words of ours: so that they know their own sign-ins again.
 * Called by endpoints/browser.c.
 */
#ifndef ANTIN_IDP_RULES_BROWSER_KIND_H
#define ANTIN_IDP_RULES_BROWSER_KIND_H

#define BROWSER_KIND_CAP 64

/*
 * "Chrome, Android" of a User-Agent header (NULL: none came); "" when neither is known. Only words of our own tables come out: the header is
 * the caller's to write, and it is far too exact to be kept (RFC 9110 §10.1.5).
 */
void browser_kind(const char *user_agent, char out[BROWSER_KIND_CAP]);

#endif
