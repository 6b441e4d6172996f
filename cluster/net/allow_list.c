/* SPDX-License-Identifier: Apache-2.0 */
/* Who may connect. */
#include "cluster/net/allow_list.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define V4_OFFSET 12

static bool parse_address(uint8_t out[16], bool *is_v4, const char *text)
{
    static const uint8_t mapped[V4_OFFSET] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    *is_v4 = inet_pton(AF_INET, text, out + V4_OFFSET) == 1;
    if (!*is_v4) return inet_pton(AF_INET6, text, out) == 1;
    memcpy(out, mapped, sizeof mapped);
    return true;
}

static bool bit_of(const uint8_t address[16], unsigned i)
{
    return (address[i / 8] >> (7 - i % 8) & 1) != 0;
}

static bool parse_bits(unsigned *out, const char *text, unsigned max)
{
    unsigned value = 0;

    if (*text == '\0' || strlen(text) > 3) return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') return false;
        value = value * 10 + (unsigned)(*text - '0');
    }
    *out = value;
    return value <= max;
}

RESULT allow_list_add(struct allow_list *list, const char *network)
{
    struct allow_network n;
    char                 address[INET6_ADDRSTRLEN];
    const char          *slash = strchr(network, '/');
    size_t               len = slash == NULL ? strlen(network) : (size_t)(slash - network);

    if (list->count == ALLOW_LIST_MAX) return fail(KMS_E_CONFIG, "allow: more than %d networks", ALLOW_LIST_MAX);
    if (len >= sizeof address) return fail(KMS_E_CONFIG, "allow: \"%.60s\" is no address", network);
    memcpy(address, network, len);
    address[len] = '\0';
    if (!parse_address(n.prefix, &n.is_v4, address))
        return fail(KMS_E_CONFIG, "allow: \"%.60s\" is no address", network);
    n.bits = n.is_v4 ? 32 : 128;
    if (slash != NULL && !parse_bits(&n.bits, slash + 1, n.bits))
        return fail(KMS_E_CONFIG, "allow: \"%.60s\": a mask of 0..%u bits follows the slash", network, n.bits);
    if (n.is_v4) n.bits += V4_OFFSET * 8;
    for (unsigned i = n.bits; i < 128; i++)
        if (bit_of(n.prefix, i)) return fail(KMS_E_CONFIG, "allow: \"%.60s\" has bits below its mask", network);
    list->networks[list->count++] = n;
    return KMS_OK;
}

static bool contains(const struct allow_network *n, const uint8_t address[16], bool is_v4)
{
    if (n->is_v4 != is_v4) return false;
    for (unsigned i = 0; i < n->bits; i++)
        if (bit_of(n->prefix, i) != bit_of(address, i)) return false;
    return true;
}

bool allow_list_permits(const struct allow_list *list, const char *text)
{
    uint8_t address[16];
    bool    is_v4;

    if (!parse_address(address, &is_v4, text)) return false;
    for (unsigned i = 0; i < list->count; i++)
        if (contains(&list->networks[i], address, is_v4)) return true;
    return false;
}

bool address_is_loopback(const char *text)
{
    uint8_t address[16];
    bool    is_v4;

    if (!parse_address(address, &is_v4, text)) return false;
    return is_v4 ? address[V4_OFFSET] == 127 : memcmp(address, &in6addr_loopback, sizeof address) == 0;
}
