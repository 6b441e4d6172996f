/* SPDX-License-Identifier: Apache-2.0 */
/* Whole credentials, in memory. */
#include "tests/support/cluster_pki.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "tests/support/test.h"
#include "tests/support/test_ca.h"

void cluster_pki_init(struct cluster_pki *p, unsigned ca, const char *cluster)
{
    *p = (struct cluster_pki){.ca = ca};
    (void)snprintf(p->cluster, sizeof p->cluster, "%s", cluster);
    assert_ok(authority_from_pem(&p->authority, bytes_str(test_ca_pem(ca))));
}

void cluster_pki_clear(struct cluster_pki *p)
{
    authority_free(&p->authority);
}

void cluster_pki_issue_dated(const struct cluster_pki *p, struct credential *out, const char *role_and_name,
                             int64_t from_s, int days)
{
    char                    san[128];
    struct test_certificate t = {.ca = p->ca, .san = san, .from = from_s, .to = from_s + days * 86400LL};

    (void)snprintf(san, sizeof san, "URI:spiffe://%s/%s", p->cluster, role_and_name);
    *out = (struct credential){.certificate_der = BUF_INIT(CERTIFICATE_MAX)};
    test_ca_issue(&out->certificate_der, &t);
    assert_ok(secret_copy(&out->seed, BYTES_OF(t.seed)));
    assert_ok(identity_parse(&out->identity, buf_bytes(&out->certificate_der)));
}

void cluster_pki_issue(const struct cluster_pki *p, struct credential *out, const char *role_and_name)
{
    cluster_pki_issue_dated(p, out, role_and_name, clock_wall_s() - 3600, CLUSTER_PKI_DAYS);
}
