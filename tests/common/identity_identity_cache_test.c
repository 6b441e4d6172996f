/* SPDX-License-Identifier: Apache-2.0 */
/* The cache answers as the check itself would, dates included, and forgets rather than grows. */
#include <stdio.h>

#include "common/identity/identity.h"
#include "tests/support/test.h"
#include "tests/support/test_ca.h"

struct fixture {
    struct authority      *authority;
    struct identity_cache *cache;
};

static struct fixture begin(void)
{
    struct fixture f = {0};

    assert_ok(authority_from_pem(&f.authority, bytes_str(test_ca_pem(0))));
    assert_ok(identity_cache_new(&f.cache, f.authority));
    return f;
}

static void end(struct fixture *f)
{
    identity_cache_free(&f->cache);
    assert_null(f->cache);
    authority_free(&f->authority);
}

TEST(identity_cache, gives_the_same_identity_again)
{
    struct fixture  f = begin();
    BUF_LOCAL       der = BUF_INIT(CERTIFICATE_MAX);
    struct identity direct, first, second;

    test_ca_issue(&der, &(struct test_certificate){0});
    assert_ok(identity_verify(&direct, f.authority, buf_bytes(&der), TEST_NOW));
    assert_ok(identity_cache_verify(f.cache, &first, buf_bytes(&der), TEST_NOW));
    assert_ok(identity_cache_verify(f.cache, &second, buf_bytes(&der), TEST_NOW));

    assert_string_equal(first.uri, direct.uri);
    assert_memory_equal(&first, &second, sizeof first);
    end(&f);
}

TEST(identity_cache, checks_dates_on_each_hit)
{
    struct fixture  f = begin();
    BUF_LOCAL       der = BUF_INIT(CERTIFICATE_MAX);
    struct identity id;

    test_ca_issue(&der, &(struct test_certificate){0});
    assert_ok(identity_cache_verify(f.cache, &id, buf_bytes(&der), TEST_NOW));
    assert_err(KMS_E_CERTIFICATE, identity_cache_verify(f.cache, &id, buf_bytes(&der), TEST_NOW - 86401));
    assert_err(KMS_E_CERTIFICATE, identity_cache_verify(f.cache, &id, buf_bytes(&der), TEST_NOW + 365LL * 86400));
    assert_int_equal(id.role, ROLE_NONE);
    assert_ok(identity_cache_verify(f.cache, &id, buf_bytes(&der), TEST_NOW + 365LL * 86400 - 1));
    end(&f);
}

TEST(identity_cache, does_not_remember_what_was_refused)
{
    struct fixture  f = begin();
    BUF_LOCAL       der = BUF_INIT(CERTIFICATE_MAX);
    struct identity id;

    test_ca_issue(&der, &(struct test_certificate){.ca = 1});
    for (int i = 0; i < 2; i++)
        assert_err(KMS_E_CERTIFICATE, identity_cache_verify(f.cache, &id, buf_bytes(&der), TEST_NOW));
    end(&f);
}

TEST(identity_cache, stays_right_when_it_overflows)
{
    enum { COUNT = 1500 };
    struct fixture           f = begin();
    static struct bytes      ders[COUNT];
    static struct buf        bufs[COUNT];
    struct identity          id;
    struct test_certificate *t = &(struct test_certificate){0};

    for (unsigned i = 0; i < COUNT; i++) {
        char san[64];
        (void)snprintf(san, sizeof san, "URI:spiffe://test/client/c%u", i);
        *t = (struct test_certificate){.san = san};
        bufs[i] = BUF_INIT(CERTIFICATE_MAX);
        test_ca_issue(&bufs[i], t);
        ders[i] = buf_bytes(&bufs[i]);
        assert_ok(identity_cache_verify(f.cache, &id, ders[i], TEST_NOW));
    }
    for (unsigned i = 0; i < COUNT; i++) {
        char uri[64];
        (void)snprintf(uri, sizeof uri, "spiffe://test/client/c%u", i);
        assert_ok(identity_cache_verify(f.cache, &id, ders[i], TEST_NOW));
        assert_string_equal(id.uri, uri);
        buf_clear(&bufs[i]);
    }
    end(&f);
}
