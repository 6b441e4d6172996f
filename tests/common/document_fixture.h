/* SPDX-License-Identifier: Apache-2.0 */
/* Parties in memory for the tests of common/document. */
#ifndef KMS_TESTS_COMMON_DOCUMENT_FIXTURE_H
#define KMS_TESTS_COMMON_DOCUMENT_FIXTURE_H

#include <stdio.h>

#include "common/identity/credential.h"
#include "tests/support/test.h"
#include "tests/support/test_ca.h"

/* Unlocked; the caller clears it. */
static inline struct credential fixture_credential(struct test_certificate t)
{
    struct credential c = {.certificate_der = BUF_INIT(CERTIFICATE_MAX)};

    test_ca_issue(&c.certificate_der, &t);
    assert_ok(identity_parse(&c.identity, buf_bytes(&c.certificate_der)));
    assert_ok(secret_copy(&c.seed, BYTES_OF(t.seed)));
    return c;
}

static inline struct credential fixture_party(const char *role, const char *name)
{
    char san[128];

    (void)snprintf(san, sizeof san, "URI:spiffe://test/%s/%s", role, name);
    return fixture_credential((struct test_certificate){.san = san});
}

static inline struct authority *fixture_authority(void)
{
    struct authority *a = NULL;

    assert_ok(authority_from_pem(&a, bytes_str(test_ca_pem(0))));
    return a;
}

#endif
