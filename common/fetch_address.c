/*
 * Tells public network addresses from those of somebody's own network.
 * Called by fetch.c. RFC 6890 (special-purpose addresses), RFC 6052 (NAT64), RFC 3056 (6to4).
 */
#include "common/fetch_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const struct {
    uint32_t net;
    unsigned bits;
} SPECIAL4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* shared: carriers' own */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local; clouds answer with credentials there */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarking */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 3},  /* multicast, reserved, broadcast */
};

static bool public4(uint32_t a)
{
    for (size_t i = 0; i < sizeof SPECIAL4 / sizeof *SPECIAL4; i++) {
        if ((a ^ SPECIAL4[i].net) >> (32 - SPECIAL4[i].bits) == 0)
            return false;
    }
    return true;
}

static uint32_t four(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Only global unicast (2000::/3) is public; what wraps an IPv4 address is as public as that. */
static bool public6(const uint8_t a[16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, nat64[12] = {0, 0x64, 0xff, 0x9b};
    if (memcmp(a, mapped, sizeof mapped) == 0 || memcmp(a, nat64, sizeof nat64) == 0)
        return public4(four(a + 12));
    if (a[0] == 0x20 && a[1] == 0x02)
        return public4(four(a + 2));
    bool special = a[0] == 0x20 && a[1] == 0x01 && (a[2] < 2 || (a[2] == 0x0d && a[3] == 0xb8)); /* 2001::/23 protocols, documentation */
    return (a[0] & 0xe0) == 0x20 && !special;
}

bool fetch_address_public(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, a, sizeof in);
        return public4(ntohl(in.sin_addr.s_addr));
    }
    if (a->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, a, sizeof in);
        return public6(in.sin6_addr.s6_addr);
    }
    return false;
}

bool fetch_host_literal(const char *origin)
{
    char host[256];
    uint8_t address[16];
    const char *from = strstr(origin, "://");
    if (from == NULL)
        return false;
    from += 3;
    if (from[0] == '[')
        return true;
    size_t n = strcspn(from, ":/");
    if (n == 0 || n >= sizeof host)
        return false;
    memcpy(host, from, n);
    host[n] = '\0';
    size_t tail = n >= 10 ? n - 10 : 0;
    return inet_pton(AF_INET, host, address) == 1 || strcmp(host, "localhost") == 0 || (n > 10 && strcmp(host + tail, ".localhost") == 0);
}
