/* SPDX-License-Identifier: Apache-2.0 */
/* A coordinator that lies: about keys, labels, births, changes and signatures. */
#include "tests/pkcs11/fixture_https.h"

static void refuses_to_generate(enum fake_lie lie, const char *because)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;

    f.cluster->lie = lie;
    assert_err(KMS_E_PROTOCOL, fixture_generate(&f, "k", &key));
    if (strstr(error_text(), because) == NULL) fail_msg("\"%s\" does not say \"%s\"", error_text(), because);
    f.cluster->lie = LIE_NONE;
    assert_ok(fixture_generate(&f, "k", &key));
    fixture_close(&f);
}

TEST(verification, refuses_a_birth_that_a_node_has_not_signed)
{
    refuses_to_generate(LIE_MISSING_SIGNER, "tss3 has not signed");
}

TEST(verification, refuses_a_birth_with_a_forged_signature)
{
    refuses_to_generate(LIE_FORGED_SIGNER, "node tss2");
}

TEST(verification, refuses_a_birth_with_another_public_key)
{
    refuses_to_generate(LIE_PUBLIC_KEY, "birth certificate by node");
}

TEST(verification, refuses_another_threshold_than_asked_for)
{
    refuses_to_generate(LIE_THRESHOLD, "born 3 of 3, asked for 2 of 3");
}

TEST(verification, refuses_a_birth_at_another_time_than_its_request)
{
    refuses_to_generate(LIE_CREATED, "born of another request");
}

TEST(verification, refuses_the_request_of_another_client)
{
    refuses_to_generate(LIE_FOREIGN_REQUEST, "signed by spiffe://test/client/other");
}

TEST(verification, refuses_another_owner)
{
    refuses_to_generate(LIE_OWNER, "born for spiffe://test/client/other");
}

TEST(verification, refuses_another_policy)
{
    refuses_to_generate(LIE_POLICY, "another policy");
}

TEST(verification, refuses_another_label_than_asked_for)
{
    refuses_to_generate(LIE_BIRTH_LABEL, "another label");
}

TEST(verification, refuses_what_is_not_json)
{
    refuses_to_generate(LIE_NOT_JSON, "not JSON");
}

TEST(verification, refuses_an_earlier_key_for_a_new_one)
{
    struct https_fixture  f = fixture_open();
    struct backend_object first, second;

    assert_ok(fixture_generate(&f, "k", &first));
    f.cluster->lie = LIE_OLD_ANSWER;

    assert_err(KMS_E_PROTOCOL, fixture_generate(&f, "k", &second));
    fixture_close(&f);
}

static void refuses_signature(enum fake_lie lie)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key, other;

    assert_ok(fixture_generate(&f, "k", &key));
    assert_ok(fixture_generate(&f, "other", &other));
    f.cluster->lie = lie;
    assert_err(KMS_E_PROTOCOL, fixture_sign(&f, &key, "message"));
    f.cluster->lie = LIE_NONE;
    assert_ok(fixture_sign(&f, &key, "message"));
    fixture_close(&f);
}

TEST(verification, refuses_a_wrong_signature)
{
    refuses_signature(LIE_SIGNATURE);
}

TEST(verification, refuses_the_signature_of_another_key)
{
    refuses_signature(LIE_OTHER_KEY);
    refuses_signature(LIE_SIGNED_BY_OTHER);
}

/* Two keys; a list that lies about both shows neither, one that is right again shows both. */
static void hides_from_list(enum fake_lie lie, bool seen_before)
{
    struct https_fixture  f = fixture_open();
    struct backend_object a, b;
    struct backend_list   list;
    bool                  changed;

    assert_ok(fixture_generate(&f, "pay small sums", &a));
    assert_ok(fixture_generate(&f, "pay great sums", &b));
    if (!seen_before) fixture_reopen(&f);
    f.cluster->lie = lie;
    assert_ok(fixture_list(&f, "", &list, &changed));
    assert_int_equal(list.count, 0);
    backend_list_clear(&list);
    f.cluster->lie = LIE_NONE;
    assert_ok(fixture_list(&f, "", &list, &changed));
    assert_int_equal(list.count, 2);
    backend_list_clear(&list);
    fixture_close(&f);
}

TEST(verification, shows_no_key_with_the_label_of_another)
{
    hides_from_list(LIE_SWAPPED_REQUEST, false);
    hides_from_list(LIE_SWAPPED_REQUEST, true);
}

TEST(verification, shows_no_key_with_the_public_key_of_another)
{
    hides_from_list(LIE_SWAPPED_BIRTH, false);
    hides_from_list(LIE_SWAPPED_BIRTH, true);
}

TEST(verification, shows_no_key_with_the_change_of_another)
{
    struct https_fixture  f = fixture_open();
    struct backend_object a, b, changed;
    struct backend_list   list;
    bool                  is_new;

    assert_ok(fixture_generate(&f, "a", &a));
    assert_ok(fixture_generate(&f, "b", &b));
    assert_ok(f.backend.ops->change(f.backend.self, &a, "x", BYTES_NONE, "{}", &changed));
    assert_ok(f.backend.ops->change(f.backend.self, &b, "y", BYTES_NONE, "{}", &changed));
    f.cluster->lie = LIE_SWAPPED_CHANGE;
    assert_ok(fixture_list(&f, "", &list, &is_new));
    assert_int_equal(list.count, 0);

    backend_list_clear(&list);
    fixture_close(&f);
}

TEST(verification, shows_no_certificate_under_the_name_of_another)
{
    struct https_fixture  f = fixture_open();
    struct backend_object made;
    struct backend_list   list;
    bool                  is_new;

    for (unsigned i = 0; i < 2; i++) {
        assert_ok(
            f.backend.ops->create(f.backend.self, BACKEND_CERTIFICATE, "c", BYTES_NONE, bytes_str("v"), "{}", &made));
        backend_object_clear(&made);
    }
    f.cluster->lie = LIE_SWAPPED_REQUEST;
    assert_ok(fixture_list(&f, "", &list, &is_new));
    assert_int_equal(list.count, 0);

    backend_list_clear(&list);
    fixture_close(&f);
}

TEST(verification, refuses_a_change_that_the_owner_has_not_signed)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key, changed;

    assert_ok(fixture_generate(&f, "k", &key));
    f.cluster->lie = LIE_FOREIGN_CHANGE;

    assert_err(KMS_E_PROTOCOL, f.backend.ops->change(f.backend.self, &key, "new", BYTES_NONE, "{}", &changed));
    fixture_close(&f);
}

TEST(verification, refuses_an_older_revision_than_it_has_seen)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key, changed;
    struct backend_list   list;
    bool                  is_new;

    assert_ok(fixture_generate(&f, "old", &key));
    assert_ok(f.backend.ops->change(f.backend.self, &key, "new", BYTES_NONE, "{}", &changed));
    f.cluster->lie = LIE_NO_CHANGE;
    assert_ok(fixture_list(&f, "", &list, &is_new));
    assert_int_equal(list.count, 1);
    assert_true(list.items[0].stale);
    assert_string_equal(list.items[0].object_id, key.object_id);
    backend_list_clear(&list);
    f.cluster->lie = LIE_NONE;
    assert_ok(fixture_list(&f, "", &list, &is_new));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].label, "new");

    backend_list_clear(&list);
    fixture_close(&f);
}

TEST(verification, takes_attributes_from_the_signed_request)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;

    assert_ok(fixture_generate(&f, "k", &key));

    assert_string_equal(key.attributes, "{\"private.derive\":\"true\"}");
    assert_string_equal(key.label, "k");
    fixture_close(&f);
}

/* Two changes that the owner has signed for revision 2: one that the gateway kept and refused, one that it took. */
TEST(verification, refuses_another_change_at_the_revision_that_it_has_seen)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key, changed;
    struct backend_list   list;
    bool                  is_new;

    assert_ok(fixture_generate(&f, "k", &key));
    f.cluster->lie = LIE_KEEP_CHANGE;
    assert_err(KMS_E_PROTOCOL, f.backend.ops->change(f.backend.self, &key, "first", BYTES_NONE, "{}", &changed));
    f.cluster->lie = LIE_NONE;
    assert_ok(f.backend.ops->change(f.backend.self, &key, "second", BYTES_NONE, "{}", &changed));
    f.cluster->lie = LIE_OTHER_CHANGE;
    assert_ok(fixture_list(&f, "", &list, &is_new));
    assert_int_equal(list.count, 1);
    assert_true(list.items[0].stale);

    backend_list_clear(&list);
    fixture_close(&f);
}

TEST(verification, shows_no_key_again_that_it_has_destroyed)
{
    struct https_fixture  f = fixture_open();
    struct backend_object key;
    struct backend_list   list;
    bool                  is_new;

    assert_ok(fixture_generate(&f, "k", &key));
    assert_ok(f.backend.ops->destroy(f.backend.self, &key));
    f.cluster->lie = LIE_RESURRECT;
    assert_ok(fixture_list(&f, "", &list, &is_new));
    assert_int_equal(list.count, 0);

    backend_list_clear(&list);
    fixture_close(&f);
}
