/* SPDX-License-Identifier: Apache-2.0 */
/* Gateway addresses, and the order in which they are tried. */
#include "pkcs11/backend/gateways.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':';
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits >= 1 && digits <= 5 && text[digits] == '\0' && strtoul(text, NULL, 10) >= 1 &&
           strtoul(text, NULL, 10) <= 65535;
}

static RESULT split(struct gateway *out, const char *rest)
{
    bool        bracket = rest[0] == '[';
    const char *host = rest + (bracket ? 1 : 0);
    const char *end = bracket ? strchr(host, ']') : strrchr(host, ':');

    if (end == NULL || end == host) return fail(KMS_E_CONFIG, "host and port are missing");
    const char *colon = bracket ? end + 1 : end;
    if (*colon != ':' || !is_port(colon + 1)) return fail(KMS_E_CONFIG, "the port is missing or wrong");
    memcpy(out->host, host, (size_t)(end - host));
    memcpy(out->port, colon + 1, strlen(colon + 1) + 1);
    memcpy(out->authority, rest, strlen(rest) + 1);
    for (const char *c = out->host; *c != '\0'; c++)
        if (!is_host_char(*c) || (*c == ':' && !bracket)) return fail(KMS_E_CONFIG, "not a host name or address");
    return KMS_OK;
}

RESULT gateway_parse(struct gateway *out, const char *url)
{
    unsigned char address[16];

    *out = (struct gateway){0};
    addresses_init(&out->addresses);
    if (strlen(url) >= SETTINGS_GATEWAY_LEN)
        return fail(KMS_E_CONFIG, "gateways: longer than %d characters", SETTINGS_GATEWAY_LEN - 1);
    if (strncmp(url, "https://", 8) != 0) return fail(KMS_E_CONFIG, "gateways: \"https://host:port\" is wanted");
    TRY_AT(split(out, url + 8), "gateways: \"https://host:port\" is wanted");
    out->is_address = inet_pton(AF_INET, out->host, address) == 1 || inet_pton(AF_INET6, out->host, address) == 1;
    return KMS_OK;
}

RESULT gateways_init(struct gateways *g, const struct settings *s)
{
    *g = (struct gateways){.count = s->gateway_count};
    for (unsigned i = 0; i < g->count; i++) TRY(gateway_parse(&g->items[i], s->gateways[i]));
    return KMS_OK;
}

unsigned gateways_preferred(const struct gateways *g)
{
    return atomic_load(&g->preferred);
}

void gateways_avoid(struct gateways *g, unsigned index)
{
    unsigned expected = index;

    atomic_compare_exchange_strong(&g->preferred, &expected, (index + 1) % g->count);
}
