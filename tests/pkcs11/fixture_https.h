/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTPS backend in front of a gateway in the tester's hands. */
#ifndef KMS_TESTS_PKCS11_FIXTURE_HTTPS_H
#define KMS_TESTS_PKCS11_FIXTURE_HTTPS_H

#include <stdio.h>

#include "pkcs11/backend/https.h"
#include "pkcs11/backend/verification.h"
#include "tests/support/fake_gateway.h"
#include "tests/support/test.h"

struct https_fixture {
    struct fake_cluster *cluster;
    struct fake_gateway *gateway;
    struct settings      settings;
    struct backend       backend;
};

static inline struct settings fixture_settings(const struct fake_cluster *cluster, const char *url)
{
    struct settings s = {.gateway_count = 1, .slots = {"ed25519"}, .slot_count = 1, .shard_count = 3, .threshold = 2};

    (void)snprintf(s.gateways[0], sizeof s.gateways[0], "%s", url);
    (void)snprintf(s.ca, sizeof s.ca, "%s/ca.cert", cluster->directory);
    (void)snprintf(s.credential, sizeof s.credential, "%s/app", cluster->directory);
    (void)snprintf(s.token_prefix, sizeof s.token_prefix, "kms");
    s.refresh_ms = 0;
    s.sign_timeout_ms = 3000;
    s.generate_timeout_ms = 5000;
    s.connect_timeout_ms = 1000;
    return s;
}

static inline void fixture_login(const struct https_fixture *f)
{
    const struct secret none = SECRET_NONE;

    assert_ok(f->backend.ops->login(f->backend.self, &none));
}

/* One gateway, a credential without a passphrase, logged in. */
static inline struct https_fixture fixture_open(void)
{
    struct https_fixture f = {.cluster = fake_cluster_new("")};

    f.gateway = fake_gateway_start(f.cluster, "gateway", 0);
    f.settings = fixture_settings(f.cluster, fake_gateway_url(f.gateway));
    assert_ok(https_new(&f.backend, &f.settings));
    fixture_login(&f);
    return f;
}

/* The backend again, after a change of the settings. */
static inline void fixture_reopen(struct https_fixture *f)
{
    f->backend.ops->close(f->backend.self);
    assert_ok(https_new(&f->backend, &f->settings));
    fixture_login(f);
}

static inline void fixture_close(struct https_fixture *f)
{
    f->backend.ops->close(f->backend.self);
    if (f->gateway != NULL) fake_gateway_stop(&f->gateway);
    fake_cluster_free(&f->cluster);
}

static inline enum kms_err fixture_generate(const struct https_fixture *f, const char *label,
                                            struct backend_object *out)
{
    const struct backend_generate g = {.group = GROUP_ED25519,
                                       .algorithm = "EDDSA",
                                       .shard_count = 3,
                                       .threshold = 2,
                                       .label = label,
                                       .attributes = "{\"private.derive\":\"true\"}"};

    return f->backend.ops->generate(f->backend.self, &g, out);
}

static inline enum kms_err fixture_sign(const struct https_fixture *f, const struct backend_object *key,
                                        const char *message)
{
    uint8_t signature[96];
    size_t  len;

    return f->backend.ops->sign(f->backend.self, key, bytes_str(message), signature, &len);
}

static inline enum kms_err fixture_list(const struct https_fixture *f, const char *etag, struct backend_list *out,
                                        bool *changed)
{
    return f->backend.ops->list(f->backend.self, etag, out, changed);
}

#endif
