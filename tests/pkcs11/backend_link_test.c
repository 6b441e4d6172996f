/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways with several addresses, and names that nobody knows any more. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "pkcs11/backend/link.h"
#include "tests/pkcs11/fixture_https.h"

#define QUEUED 8

static struct address loopback(unsigned port)
{
    struct address     a = {.len = sizeof(struct sockaddr_in)};
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};

    memcpy(&a.data, &in, sizeof in);
    return a;
}

/* A listener that accepts nobody, with its queue full: connections to it are neither made nor refused. */
static struct address black_hole(int fds[QUEUED + 1])
{
    struct sockaddr_in in;
    socklen_t          len = sizeof in;
    struct address     a = loopback(0);

    fds[QUEUED] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fds[QUEUED], (struct sockaddr *)&a.data, a.len), 0);
    assert_int_equal(listen(fds[QUEUED], 0), 0);
    assert_int_equal(getsockname(fds[QUEUED], (struct sockaddr *)&in, &len), 0);
    a = loopback(ntohs(in.sin_port));
    for (unsigned i = 0; i < QUEUED; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fds[i], (struct sockaddr *)&a.data, a.len);
    }
    return a;
}

TEST(link, leaves_time_for_the_addresses_behind_one_that_does_not_answer)
{
    struct https_fixture f = fixture_open();
    struct link_context *context;
    struct link         *link;
    struct gateway       gateway;
    int                  fds[QUEUED + 1];

    assert_ok(link_context_new(&context, f.cluster->authority, "test"));
    assert_ok(gateway_parse(&gateway, "https://localhost:1"));
    gateway.addresses.known.items[0] = black_hole(fds);
    gateway.addresses.known.items[1] = loopback(fake_gateway_port(f.gateway));
    gateway.addresses.known.count = 2;
    gateway.addresses.until_ms = UINT64_MAX;
    assert_ok(link_open(&link, context, &gateway, clock_monotonic_ms() + 1500));

    link_close(&link);
    link_context_free(&context);
    for (unsigned i = 0; i <= QUEUED; i++) close(fds[i]);
    fixture_close(&f);
}

TEST(link, goes_on_with_the_addresses_it_knows_when_a_name_is_not_found)
{
    struct gateway      gateway;
    struct address_list found;

    assert_ok(gateway_parse(&gateway, "https://no-such-host.invalid:1"));
    assert_err(KMS_E_UNAVAILABLE, addresses_find(&gateway.addresses, &found, gateway.host, "1", false));
    gateway.addresses.known.items[0] = loopback(1);
    gateway.addresses.known.count = 1;
    assert_ok(addresses_find(&gateway.addresses, &found, gateway.host, "1", false));
    assert_int_equal(found.count, 1);
}

TEST(link, asks_for_a_name_again_only_when_its_addresses_fail_or_are_old)
{
    struct addresses    a;
    struct address_list found;

    addresses_init(&a);
    assert_ok(addresses_find(&a, &found, "127.0.0.1", "1", true));
    assert_int_equal(found.count, 1);
    assert_ok(addresses_find(&a, &found, "no address", "1", true)); /* not asked */
    addresses_distrust(&a);
    assert_ok(addresses_find(&a, &found, "::1", "1", true));
    assert_int_equal(found.items[0].data.ss_family, AF_INET6);
}
