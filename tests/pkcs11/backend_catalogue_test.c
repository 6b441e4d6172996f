/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that a gateway makes long, slow, circular or partial. */
#include "common/base/clock.h"
#include "tests/pkcs11/fixture_https.h"

static struct backend_object make_data(const struct https_fixture *f)
{
    struct backend_object made;

    assert_ok(f->backend.ops->create(f->backend.self, BACKEND_DATA, "d", BYTES_NONE, bytes_str("value"), "{}", &made));
    backend_object_clear(&made);
    return made;
}

static void refuses_list(enum fake_lie lie)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;
    struct backend_list   list;
    bool                  changed;

    assert_ok(fixture_generate(&f, "k", &key));
    f.cluster->lie = lie;
    assert_err(KMS_E_PROTOCOL, fixture_list(&f, "", &list, &changed));
    assert_int_equal(list.count, 0);
    f.cluster->lie = LIE_NONE;
    assert_ok(fixture_list(&f, "", &list, &changed));
    assert_int_equal(list.count, 1);

    backend_list_clear(&list);
    fixture_close(&f);
}

TEST(catalogue, refuses_a_page_that_shows_an_object_twice)
{
    refuses_list(LIE_LIST_TWICE);
}

TEST(catalogue, refuses_a_next_page_that_lies_before_the_last_object)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;
    struct backend_list   list;
    bool                  changed;

    do assert_ok(fixture_generate(&f, "k", &key));
    while (key.object_id[0] <= 'a'); /* behind what this lie names */
    f.cluster->lie = LIE_LIST_BACK;
    assert_err(KMS_E_PROTOCOL, fixture_list(&f, "", &list, &changed));
    assert_int_equal(f.cluster->gets, 1);
    fixture_close(&f);
}

TEST(catalogue, gives_a_whole_list_one_deadline)
{
    struct https_fixture f = fixture_open();
    struct backend_list  list;
    bool                 changed;

    f.settings.sign_timeout_ms = 300;
    fixture_reopen(&f);
    f.cluster->lie = LIE_LIST_ENDLESS;
    uint64_t started = clock_monotonic_ms();
    assert_err(KMS_E_TIMEOUT, fixture_list(&f, "", &list, &changed));
    assert_true(clock_monotonic_ms() - started < 2000);
    assert_true(f.cluster->gets > 2);
    fixture_close(&f);
}

TEST(catalogue, lists_keys_when_other_objects_cannot_be_listed)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;
    struct backend_list   list;
    bool                  changed;

    assert_ok(fixture_generate(&f, "k", &key));
    (void)make_data(&f);
    f.cluster->refuse_objects = KMS_E_INTERNAL;
    assert_ok(fixture_list(&f, "", &list, &changed));
    assert_true(changed && list.keys_only);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].object_id, key.object_id);
    backend_list_clear(&list);
    f.cluster->refuse_objects = KMS_OK;
    assert_ok(fixture_list(&f, list.etag, &list, &changed));
    assert_true(changed && !list.keys_only);
    assert_int_equal(list.count, 2);

    backend_list_clear(&list);
    fixture_close(&f);
}

TEST(catalogue, goes_on_to_the_next_page_whatever_the_length_of_a_page)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;
    struct backend_list   list;
    bool                  changed;

    f.cluster->page_limit = 1;
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(fixture_generate(&f, "k", &key));
        (void)make_data(&f);
    }
    assert_ok(fixture_list(&f, "", &list, &changed));
    assert_int_equal(list.count, 6);

    backend_list_clear(&list);
    fixture_close(&f);
}
