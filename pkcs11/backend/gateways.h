/* SPDX-License-Identifier: Apache-2.0 */
/* The coordinators that the configuration names, and which of them to try first: the one that answered last. */
#ifndef KMS_PKCS11_BACKEND_GATEWAYS_H
#define KMS_PKCS11_BACKEND_GATEWAYS_H

#include <stdatomic.h>

#include "pkcs11/backend/addresses.h"
#include "pkcs11/backend/settings.h"

struct gateway {
    char             host[SETTINGS_GATEWAY_LEN]; /* name or address; no brackets */
    char             port[6];
    bool             is_address;
    char             authority[SETTINGS_GATEWAY_LEN]; /* host:port, for the Host header and for texts */
    struct addresses addresses;
};

struct gateways {
    struct gateway items[SETTINGS_GATEWAYS_MAX];
    unsigned       count;
    atomic_uint    preferred;
};

/* "https://host:port" or "https://[v6]:port", nothing behind. KMS_E_CONFIG. */
RESULT   gateway_parse(struct gateway *out, const char *url);
RESULT   gateways_init(struct gateways *, const struct settings *);
unsigned gateways_preferred(const struct gateways *);
/* What a call has learnt: this one does not answer; the next in the list is tried first from now on. */
void gateways_avoid(struct gateways *, unsigned index);

#endif
