/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTPS backend against a gateway in the tester's hands: calls, counting, faults, time. */
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/pkcs11/fixture_https.h"

TEST(https, makes_lists_signs_changes_and_deletes_a_key)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key, changed;
    struct backend_list   list;
    bool                  is_new;

    assert_ok(fixture_generate(&f, "first", &key));
    assert_ok(fixture_sign(&f, &key, "message"));
    assert_ok(f.backend.ops->change(f.backend.self, &key, "second", bytes_str("id"), "{}", &changed));
    assert_string_equal(changed.label, "second");
    assert_int_equal(changed.revision, 2);
    assert_ok(fixture_list(&f, "", &list, &is_new));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].label, "second");
    assert_memory_equal(list.items[0].public_key, key.public_key, 32);
    backend_list_clear(&list);
    assert_ok(f.backend.ops->destroy(f.backend.self, &changed));
    assert_ok(fixture_list(&f, "", &list, &is_new));
    assert_int_equal(list.count, 0);

    backend_list_clear(&list);
    fixture_close(&f);
}

TEST(https, keeps_a_certificate_and_gives_it_back)
{
    struct https_fixture  f = fixture_open();
    struct backend_object made;
    struct backend_list   list;
    bool                  is_new;

    assert_ok(f.backend.ops->create(f.backend.self, BACKEND_CERTIFICATE, "c", bytes_str("i"), bytes_str("value"),
                                    "{\"family\":\"ed25519\"}", &made));
    assert_ok(fixture_list(&f, "", &list, &is_new));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].class, BACKEND_CERTIFICATE);
    assert_true(bytes_equal_str(buf_bytes(&list.items[0].value), "value"));

    backend_list_clear(&list);
    backend_object_clear(&made);
    fixture_close(&f);
}

TEST(https, sends_one_request_per_signature_over_one_connection)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;

    assert_ok(fixture_generate(&f, "k", &key));
    unsigned before = fake_gateway_requests(f.gateway);
    for (unsigned i = 0; i < 50; i++) assert_ok(fixture_sign(&f, &key, "message"));

    assert_int_equal(fake_gateway_requests(f.gateway) - before, 50);
    assert_int_equal(fake_gateway_connections(f.gateway), 1);
    fixture_close(&f);
}

TEST(https, asks_conditionally_page_by_page_while_nothing_changes)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;
    struct backend_list   list, again;
    bool                  changed;

    f.cluster->page_limit = 2;
    for (unsigned i = 0; i < 5; i++) assert_ok(fixture_generate(&f, "k", &key));
    assert_ok(fixture_list(&f, "", &list, &changed));
    assert_true(changed);
    assert_int_equal(list.count, 5);
    unsigned gets = f.cluster->gets, unmodified = f.cluster->unmodified;
    assert_ok(fixture_list(&f, list.etag, &again, &changed));
    assert_false(changed);
    assert_int_equal(f.cluster->gets - gets, 4); /* three pages of keys, one of other objects */
    assert_int_equal(f.cluster->unmodified - unmodified, 4);
    assert_ok(fixture_generate(&f, "sixth", &key));
    assert_ok(fixture_list(&f, list.etag, &again, &changed));
    assert_true(changed);
    assert_int_equal(again.count, 6);

    backend_list_clear(&list);
    backend_list_clear(&again);
    fixture_close(&f);
}

TEST(https, refuses_a_list_without_end)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;
    struct backend_list   list;
    bool                  changed;

    assert_ok(fixture_generate(&f, "k", &key));
    f.cluster->lie = LIE_LIST_LOOP;

    assert_err(KMS_E_PROTOCOL, fixture_list(&f, "", &list, &changed));
    assert_int_equal(list.count, 0);
    fixture_close(&f);
}

/* Each of these faults is over after some requests, and the call gets through within its time. */
static void gets_through(enum fake_fault fault, unsigned count)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;

    assert_ok(fixture_generate(&f, "k", &key));
    fake_gateway_fault(f.gateway, fault, count);
    assert_ok(fixture_sign(&f, &key, "message"));
    assert_ok(fixture_sign(&f, &key, "message"));
    fixture_close(&f);
}

TEST(https, gets_through_when_connections_are_dropped)
{
    gets_through(FAULT_DROP, 3);
}

TEST(https, gets_through_garbage)
{
    gets_through(FAULT_GARBAGE, 2);
}

TEST(https, gets_through_half_answers)
{
    gets_through(FAULT_HALF, 2);
}

TEST(https, gets_through_headers_without_end)
{
    gets_through(FAULT_BIG_HEADER, 1);
}

TEST(https, gets_through_a_gateway_that_is_unavailable_for_a_while)
{
    gets_through(FAULT_503, 3);
}

TEST(https, reads_answers_in_chunks_and_byte_by_byte)
{
    gets_through(FAULT_CHUNKED, 2);
    gets_through(FAULT_SLOW, 2);
}

TEST(https, connects_anew_when_the_gateway_closes_after_each_answer)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;

    assert_ok(fixture_generate(&f, "k", &key));
    fake_gateway_fault(f.gateway, FAULT_CLOSE, 1000);
    for (unsigned i = 0; i < 10; i++) assert_ok(fixture_sign(&f, &key, "message"));

    assert_int_equal(f.cluster->signatures, 10);
    fixture_close(&f);
}

TEST(https, notices_that_an_idle_connection_was_closed)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;

    assert_ok(fixture_generate(&f, "k", &key));
    unsigned before = fake_gateway_requests(f.gateway);
    fake_gateway_close_connections(f.gateway);
    assert_ok(fixture_sign(&f, &key, "message"));

    assert_int_equal(fake_gateway_requests(f.gateway) - before, 1);
    assert_int_equal(fake_gateway_connections(f.gateway), 2);
    fixture_close(&f);
}

TEST(https, makes_one_key_when_the_answer_is_lost)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;
    struct backend_list   list;
    bool                  changed;

    fake_gateway_fault(f.gateway, FAULT_LOST, 1);
    assert_ok(fixture_generate(&f, "k", &key));
    assert_int_equal(f.cluster->generations, 2);
    assert_ok(fixture_list(&f, "", &list, &changed));
    assert_int_equal(list.count, 1);

    backend_list_clear(&list);
    fixture_close(&f);
}

TEST(https, changes_once_when_the_answer_is_lost)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key, changed;

    assert_ok(fixture_generate(&f, "k", &key));
    fake_gateway_fault(f.gateway, FAULT_LOST, 1);
    assert_ok(f.backend.ops->change(f.backend.self, &key, "new", BYTES_NONE, "{}", &changed));
    assert_int_equal(changed.revision, 2);
    assert_string_equal(changed.label, "new");
    assert_err(KMS_E_CONFLICT, f.backend.ops->change(f.backend.self, &key, "late", BYTES_NONE, "{}", &changed));

    fixture_close(&f);
}

TEST(https, deletes_when_the_answer_is_lost)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;

    assert_ok(fixture_generate(&f, "k", &key));
    fake_gateway_fault(f.gateway, FAULT_LOST, 1);
    assert_ok(f.backend.ops->destroy(f.backend.self, &key));

    assert_int_equal(f.cluster->deletions, 1);
    fixture_close(&f);
}

TEST(https, signs_a_request_anew_that_is_no_longer_fresh)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;

    assert_ok(fixture_generate(&f, "k", &key));
    f.cluster->signed_anew_until = 2;
    assert_ok(fixture_sign(&f, &key, "message"));
    f.cluster->signed_anew_until = 3;
    assert_err(KMS_E_EXPIRED, fixture_sign(&f, &key, "message"));
    fixture_close(&f);
}

TEST(https, gives_up_in_time_when_nobody_answers)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;

    assert_ok(fixture_generate(&f, "k", &key));
    f.settings.sign_timeout_ms = 400;
    fixture_reopen(&f);
    fake_gateway_fault(f.gateway, FAULT_SILENT, 100);
    uint64_t started = clock_monotonic_ms();
    assert_err(KMS_E_TIMEOUT, fixture_sign(&f, &key, "message"));
    uint64_t took = clock_monotonic_ms() - started;

    assert_in_range(took, 300, 2000);
    fake_gateway_fault(f.gateway, FAULT_NONE, 0);
    assert_ok(fixture_sign(&f, &key, "message"));
    fixture_close(&f);
}

TEST(https, fails_in_time_without_a_gateway_and_heals_by_itself)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;

    assert_ok(fixture_generate(&f, "k", &key));
    f.settings.sign_timeout_ms = 500;
    fixture_reopen(&f);
    unsigned port = fake_gateway_port(f.gateway);
    fake_gateway_stop(&f.gateway);
    uint64_t started = clock_monotonic_ms();
    assert_err(KMS_E_UNAVAILABLE, fixture_sign(&f, &key, "message"));
    assert_true(clock_monotonic_ms() - started < 2000);
    f.gateway = fake_gateway_start(f.cluster, "gateway", port);

    assert_ok(fixture_sign(&f, &key, "message"));
    fixture_close(&f);
}

TEST(https, goes_to_the_next_gateway_and_stays_with_it)
{
    struct https_fixture  f = fixture_open();
    struct fake_gateway  *second = fake_gateway_start(f.cluster, "gateway", 0);
    struct backend_object key;

    f.settings.gateway_count = 2;
    (void)snprintf(f.settings.gateways[1], sizeof f.settings.gateways[1], "%s", fake_gateway_url(second));
    fixture_reopen(&f);
    assert_ok(fixture_generate(&f, "k", &key));
    assert_int_equal(fake_gateway_requests(second), 0);
    fake_gateway_stop(&f.gateway);
    for (unsigned i = 0; i < 5; i++) assert_ok(fixture_sign(&f, &key, "message"));

    assert_int_equal(fake_gateway_requests(second), 5);
    fake_gateway_stop(&second);
    fixture_close(&f);
}

TEST(https, refuses_a_gateway_without_the_host_name_or_the_role)
{
    const char *const wrong[] = {"misnamed", "tss1"};

    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        struct https_fixture  f = fixture_open();
        struct backend_object key;
        fake_gateway_stop(&f.gateway);
        f.gateway = fake_gateway_start(f.cluster, wrong[i], 0);
        f.settings = fixture_settings(f.cluster, fake_gateway_url(f.gateway));
        fixture_reopen(&f);
        assert_err(KMS_E_CERTIFICATE, fixture_generate(&f, "k", &key));
        assert_int_equal(fake_gateway_requests(f.gateway), 0);
        fixture_close(&f);
    }
}

TEST(https, wants_the_right_passphrase)
{
    struct https_fixture f = {.cluster = fake_cluster_new("1234")};
    SECRET_LOCAL         pin = SECRET_NONE;
    bool                 needed;

    f.settings = fixture_settings(f.cluster, "https://127.0.0.1:1");
    assert_ok(https_needs_pin(&needed, &f.settings));
    assert_true(needed);
    assert_ok(https_new(&f.backend, &f.settings));
    assert_ok(secret_copy(&pin, bytes_str("4321")));
    assert_err(KMS_E_PASSWORD, f.backend.ops->login(f.backend.self, &pin));
    assert_ok(secret_copy(&pin, bytes_str("1234")));
    assert_ok(f.backend.ops->login(f.backend.self, &pin));
    fixture_close(&f);
}

/* In the child: the parent's key and login, a connection of its own; in the parent: the connection that it had. */
TEST(https, goes_on_in_a_forked_child_and_in_its_parent)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;
    int                   status = -1;

    assert_ok(fixture_generate(&f, "k", &key));
    pid_t child = fork();
    if (child == 0) _exit(fixture_sign(&f, &key, "child") == KMS_OK ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_ok(fixture_sign(&f, &key, "parent"));

    assert_int_equal(fake_gateway_connections(f.gateway), 2);
    fixture_close(&f);
}
