/*
 * Which network addresses a fetch may connect to.
 * Called by fetch.c, for each address that a name resolves to, just before it connects.
 */
#ifndef ANTIN_FETCH_ADDRESS_H
#define ANTIN_FETCH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Is this an address of the public internet? Loopback, private (RFC 1918, RFC 4193), link-local, shared (RFC 6598), multicast, benchmarking, documentation
 * and reserved ones are not, nor IPv6 addresses that wrap such an IPv4 one (mapped, NAT64, 6to4). Other families: no.
 */
bool fetch_address_public(const struct sockaddr *a);

/* Does the host of "scheme://host[:port]" say itself that it is no public one: an address, "localhost" or a name below it? Whoever wrote it meant it. */
bool fetch_host_literal(const char *origin);

#endif
