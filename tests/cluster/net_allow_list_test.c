/* SPDX-License-Identifier: Apache-2.0 */
/* Who may connect: networks, masks, mistakes. */
#include "cluster/net/allow_list.h"

#include "tests/support/test.h"

static bool permits(const char *network, const char *address)
{
    struct allow_list list = {0};

    assert_ok(allow_list_add(&list, network));
    return allow_list_permits(&list, address);
}

TEST(allow_list, permits_what_lies_in_a_network)
{
    assert_true(permits("10.2.8.0/24", "10.2.8.255"));
    assert_true(permits("10.2.8.0/23", "10.2.9.1"));
    assert_true(permits("127.0.0.1", "127.0.0.1"));
    assert_true(permits("0.0.0.0/0", "203.0.113.9"));
    assert_true(permits("2001:db8::/32", "2001:db8:ffff::1"));
    assert_true(permits("::1", "::1"));
    assert_true(permits("::/0", "2001:db8::1"));
}

TEST(allow_list, refuses_what_lies_outside)
{
    assert_false(permits("10.2.8.0/24", "10.2.9.0"));
    assert_false(permits("127.0.0.1", "127.0.0.2"));
    assert_false(permits("2001:db8::/32", "2001:db9::"));
    assert_false(permits("0.0.0.0/0", "not an address"));
}

TEST(allow_list, keeps_the_versions_apart)
{
    assert_false(permits("0.0.0.0/0", "::1"));
    assert_false(permits("::/0", "127.0.0.1"));
}

TEST(allow_list, permits_nobody_when_empty)
{
    struct allow_list list = {0};

    assert_false(allow_list_permits(&list, "127.0.0.1"));
}

TEST(allow_list, refuses_what_is_no_network)
{
    static const char *const wrong[] = {
        "",       "10.2.8.0/33", "10.2.8.0/",      "10.2.8.0/x", "10.2.8.0/-1",  "10.2.8.0/0x8", "10.2.8",
        "::/129", "10.2.8.1/24", "2001:db8::1/32", "localhost",  "10.2.8.0/24 ", "1.2.3.4/0001", "%s%s%s%s%s%s/1"};

    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        struct allow_list list = {0};
        assert_err(KMS_E_CONFIG, allow_list_add(&list, wrong[i]));
        assert_int_equal(list.count, 0);
    }
}

TEST(allow_list, has_a_maximum)
{
    struct allow_list list = {0};

    for (unsigned i = 0; i < ALLOW_LIST_MAX; i++) assert_ok(allow_list_add(&list, "::1"));
    assert_err(KMS_E_CONFIG, allow_list_add(&list, "::1"));
}

TEST(allow_list, knows_loopback)
{
    assert_true(address_is_loopback("127.0.0.1"));
    assert_true(address_is_loopback("127.9.9.9"));
    assert_true(address_is_loopback("::1"));
    assert_false(address_is_loopback("0.0.0.0"));
    assert_false(address_is_loopback("::"));
    assert_false(address_is_loopback("128.0.0.1"));
    assert_false(address_is_loopback("localhost"));
}
