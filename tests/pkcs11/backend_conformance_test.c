/* SPDX-License-Identifier: Apache-2.0 */
/* One table of cases for every implementation of pkcs11/backend/backend.h: what tests run over memory holds over HTTPS.
 */
#include "common/crypto/ed25519.h"
#include "tests/pkcs11/fixture_https.h"
#include "tests/support/backend_memory.h"

#define PASSPHRASE "1234"

static enum kms_err login(const struct backend *b, const char *passphrase)
{
    SECRET_LOCAL secret = SECRET_NONE;

    assert_ok(secret_copy(&secret, bytes_str(passphrase)));
    return b->ops->login(b->self, &secret);
}

static struct backend_object make_key(const struct backend *b, const char *label)
{
    struct backend_object         key;
    const struct backend_generate g = {.group = GROUP_ED25519,
                                       .algorithm = "EDDSA",
                                       .shard_count = 3,
                                       .threshold = 2,
                                       .label = label,
                                       .id = bytes_str("id"),
                                       .attributes = "{\"private.derive\":\"true\"}"};

    assert_ok(b->ops->generate(b->self, &g, &key));
    return key;
}

static enum kms_err sign(const struct backend *b, const struct backend_object *key, uint8_t signature[96])
{
    size_t len = 0;

    enum kms_err err = b->ops->sign(b->self, key, bytes_str("message"), signature, &len);
    assert_int_equal(len, err == KMS_OK ? 64 : 0);
    return err;
}

static void assert_listed(const struct backend *b, size_t count)
{
    struct backend_list list;
    bool                changed;

    assert_ok(b->ops->list(b->self, "", &list, &changed));
    assert_true(changed && !list.keys_only);
    assert_int_equal(list.count, count);
    backend_list_clear(&list);
}

static void lists_nothing_at_first(const struct backend *b)
{
    assert_listed(b, 0);
}

static void lists_what_it_has_made(const struct backend *b)
{
    struct backend_object key = make_key(b, "label");
    struct backend_list   list;
    bool                  changed;

    assert_ok(b->ops->list(b->self, "", &list, &changed));
    assert_int_equal(list.count, 1);
    const struct backend_object *o = &list.items[0];
    assert_string_equal(o->object_id, key.object_id);
    assert_string_equal(o->label, "label");
    assert_string_equal(o->attributes, "{\"private.derive\":\"true\"}");
    assert_true(bytes_equal_str(bytes(o->id, o->id_len), "id"));
    assert_memory_equal(o->public_key, key.public_key, 32);
    assert_true(o->class == BACKEND_KEY && o->group == GROUP_ED25519 && o->algorithm == 4 && o->revision == 1);
    backend_list_clear(&list);
}

static void says_whether_a_list_has_changed(const struct backend *b)
{
    struct backend_list first, again;
    bool                changed;

    (void)make_key(b, "a");
    assert_ok(b->ops->list(b->self, "", &first, &changed));
    assert_ok(b->ops->list(b->self, first.etag, &again, &changed));
    assert_false(changed);
    assert_int_equal(again.count, 0);
    (void)make_key(b, "b");
    assert_ok(b->ops->list(b->self, first.etag, &again, &changed));
    assert_true(changed);
    assert_int_equal(again.count, 2);
    backend_list_clear(&first);
    backend_list_clear(&again);
}

static void signs_with_the_key_that_is_asked_for(const struct backend *b)
{
    struct backend_object a = make_key(b, "a"), other = make_key(b, "b");
    uint8_t               signature[96];

    assert_ok(sign(b, &a, signature));
    assert_ok(ed25519_verify_vartime(signature, a.public_key, bytes_str("message")));
    assert_err(KMS_E_SIGNATURE, ed25519_verify_vartime(signature, other.public_key, bytes_str("message")));
}

static void changes_one_revision_after_the_other(const struct backend *b)
{
    struct backend_object key = make_key(b, "a"), changed, late;

    assert_ok(b->ops->change(b->self, &key, "new", BYTES_NONE, "{}", &changed));
    assert_string_equal(changed.label, "new");
    assert_int_equal(changed.revision, 2);
    assert_int_equal(changed.id_len, 0);
    assert_err(KMS_E_CONFLICT, b->ops->change(b->self, &key, "late", BYTES_NONE, "{}", &late));
    assert_ok(b->ops->change(b->self, &changed, "newer", BYTES_NONE, "{}", &changed));
    assert_int_equal(changed.revision, 3);
}

static void keeps_certificates_and_data(const struct backend *b)
{
    const enum backend_class classes[] = {BACKEND_CERTIFICATE, BACKEND_DATA};
    struct backend_object    made;

    for (unsigned i = 0; i < ARRAY_LEN(classes); i++) {
        assert_ok(b->ops->create(b->self, classes[i], "c", bytes_str("i"), bytes_str("value"), "{}", &made));
        assert_true(made.class == classes[i] && made.revision == 1);
        assert_true(bytes_equal_str(buf_bytes(&made.value), "value"));
        backend_object_clear(&made);
        assert_listed(b, i + 1);
    }
}

static void destroys_for_good_and_twice_is_once(const struct backend *b)
{
    struct backend_object key = make_key(b, "a"), changed;
    uint8_t               signature[96];

    assert_ok(b->ops->destroy(b->self, &key));
    assert_listed(b, 0);
    assert_ok(b->ops->destroy(b->self, &key));
    assert_err(KMS_E_NOT_FOUND, sign(b, &key, signature));
    assert_err(KMS_E_NOT_FOUND, b->ops->change(b->self, &key, "l", BYTES_NONE, "{}", &changed));
}

static void does_nothing_without_a_login(const struct backend *b)
{
    struct backend_object key = make_key(b, "a"), changed;
    struct backend_list   list;
    uint8_t               signature[96];
    bool                  is_new;

    b->ops->logout(b->self);
    assert_err(KMS_E_UNAUTHENTICATED, sign(b, &key, signature));
    assert_err(KMS_E_UNAUTHENTICATED, b->ops->list(b->self, "", &list, &is_new));
    assert_err(KMS_E_UNAUTHENTICATED, b->ops->change(b->self, &key, "l", BYTES_NONE, "{}", &changed));
    assert_err(KMS_E_UNAUTHENTICATED, b->ops->destroy(b->self, &key));
    assert_err(KMS_E_PASSWORD, login(b, "4321"));
    assert_err(KMS_E_UNAUTHENTICATED, sign(b, &key, signature));
    assert_ok(login(b, PASSPHRASE));
    assert_ok(sign(b, &key, signature));
}

static void (*const cases[])(const struct backend *) = {
    lists_nothing_at_first,
    lists_what_it_has_made,
    says_whether_a_list_has_changed,
    signs_with_the_key_that_is_asked_for,
    changes_one_revision_after_the_other,
    keeps_certificates_and_data,
    destroys_for_good_and_twice_is_once,
    does_nothing_without_a_login,
};

TEST(conformance, of_the_backend_in_memory)
{
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        (void)backend_memory_reset(PASSPHRASE);
        struct backend b = backend_memory();
        assert_ok(login(&b, PASSPHRASE));
        cases[i](&b);
    }
    (void)backend_memory_reset("");
}

TEST(conformance, of_the_backend_over_https)
{
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct https_fixture f = {.cluster = fake_cluster_new(PASSPHRASE)};
        f.gateway = fake_gateway_start(f.cluster, "gateway", 0);
        f.settings = fixture_settings(f.cluster, fake_gateway_url(f.gateway));
        assert_ok(https_new(&f.backend, &f.settings));
        assert_ok(login(&f.backend, PASSPHRASE));
        cases[i](&f.backend);
        fixture_close(&f);
    }
}
