/* SPDX-License-Identifier: Apache-2.0 */
/* What a stolen, altered or mixed-up store gives: nothing but clear errors. */
#include <stdio.h>

#include "cluster/store/store.h"
#include "tests/support/test.h"

static const struct store_id share_id = {.table = STORE_SHARE, .key = "key1", .version = 1, .epoch = 1};
static const char            plain[] = "the share of key1, which nobody may see";

/* The inner store, kept open under the sealed one: the tester's hands on the disk. */
struct disk {
    struct store store;
};

static struct store_ops borrowed_ops;

static void leave_open(void *self)
{
    (void)self;
}

/* A store whose close does nothing, so that what is below can be looked at and changed. */
static struct store borrow(struct disk *d)
{
    borrowed_ops = *d->store.ops;
    borrowed_ops.close = leave_open;
    return (struct store){.ops = &borrowed_ops, .self = d->store.self};
}

static enum kms_err open_with(struct store *out, struct disk *d, uint8_t dek_byte, const char *node)
{
    struct store inner = borrow(d);
    SECRET_LOCAL dek = SECRET_NONE;

    assert_ok(secret_alloc(&dek, 32));
    memset(dek.data, dek_byte, 32);
    return store_open_sealed(out, &inner, &dek, node);
}

static void make(struct disk *d)
{
    struct store s;

    assert_ok(store_open_memory(&d->store));
    assert_ok(open_with(&s, d, 1, "tss1"));
    assert_ok(store_put(&s, &share_id, bytes_str(plain)));
    store_close(&s);
}

static void raw_get(struct disk *d, struct store_id id, struct secret *out)
{
    assert_ok(store_get(&d->store, &id, out));
}

static void assert_corrupt(struct disk *d, struct store_id id, const char *says)
{
    struct store s;
    SECRET_LOCAL value = SECRET_NONE;

    assert_ok(open_with(&s, d, 1, "tss1"));
    assert_err(KMS_E_CORRUPT, store_get(&s, &id, &value));
    if (strstr(error_text(), says) == NULL) fail_msg("\"%s\" does not say \"%s\"", error_text(), says);
    assert_int_equal(value.len, 0);
    store_close(&s);
}

static bool contains(struct bytes all, const char *part)
{
    return memmem(all.data, all.len, part, strlen(part)) != NULL;
}

TEST(sealed, shows_nothing_of_a_record_on_the_disk)
{
    struct disk  d;
    SECRET_LOCAL raw = SECRET_NONE;

    make(&d);
    raw_get(&d, share_id, &raw);
    assert_false(contains(secret_view(&raw), "nobody"));
    store_close(&d.store);
}

TEST(sealed, opens_again_with_the_same_dek)
{
    struct disk     d;
    struct store    s;
    struct store_id id = {.table = STORE_SHARE, .key = "key1"};
    SECRET_LOCAL    value = SECRET_NONE;

    make(&d);
    assert_ok(open_with(&s, &d, 1, "tss1"));
    assert_ok(store_get(&s, &id, &value));
    assert_true(bytes_equal_str(secret_view(&value), plain));
    store_close(&s);
    store_close(&d.store);
}

TEST(sealed, says_at_once_that_the_dek_is_wrong)
{
    struct disk  d;
    struct store s;

    make(&d);
    assert_err(KMS_E_CORRUPT, open_with(&s, &d, 2, "tss1"));
    assert_non_null(strstr(error_text(), "does not open with this DEK"));
    store_close(&d.store);
}

TEST(sealed, refuses_the_store_of_another_node)
{
    struct disk  d;
    struct store s;

    make(&d);
    assert_err(KMS_E_CORRUPT, open_with(&s, &d, 1, "tss2"));
    assert_non_null(strstr(error_text(), "another node"));
    store_close(&d.store);
}

TEST(sealed, refuses_a_store_whose_seal_was_removed)
{
    static const struct store_id seal = {.table = STORE_META, .key = "seal"};
    struct disk                  d;
    struct store                 s;

    make(&d);
    assert_ok(store_erase(&d.store, &seal));
    assert_err(KMS_E_CORRUPT, open_with(&s, &d, 2, "tss1"));
    assert_non_null(strstr(error_text(), "seal was removed"));
    store_close(&d.store);
}

TEST(sealed, finds_every_flipped_bit)
{
    struct disk d;

    make(&d);
    SECRET_LOCAL good = SECRET_NONE;
    raw_get(&d, share_id, &good);
    for (size_t bit = 0; bit < good.len * 8; bit++) {
        SECRET_LOCAL    bad = SECRET_NONE, value = SECRET_NONE;
        struct store    s;
        struct store_id id = share_id;
        assert_ok(secret_copy(&bad, secret_view(&good)));
        bad.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_ok(store_put(&d.store, &share_id, secret_view(&bad)));
        assert_ok(open_with(&s, &d, 1, "tss1"));
        assert_err(KMS_E_CORRUPT, store_get(&s, &id, &value));
        store_close(&s);
    }
    SECRET_LOCAL bad = SECRET_NONE;
    assert_ok(secret_copy(&bad, secret_view(&good)));
    bad.data[bad.len - 1] ^= 1;
    assert_ok(store_put(&d.store, &share_id, secret_view(&bad)));
    assert_corrupt(&d, share_id, "altered");
    assert_ok(store_put(&d.store, &share_id, bytes(good.data, 3)));
    assert_corrupt(&d, share_id, "altered");
    store_close(&d.store);
}

TEST(sealed, finds_a_record_moved_to_another_place)
{
    static const struct {
        struct store_id to;
        const char     *says;
    } moves[] = {
        {{.table = STORE_SHARE, .key = "key2", .version = 1, .epoch = 1}, "another key"},
        {{.table = STORE_TOMBSTONE, .key = "key1", .version = 1, .epoch = 1}, "another table"},
        {{.table = STORE_SHARE, .key = "key1", .version = 2, .epoch = 1}, "from version 1 to version 2"},
        {{.table = STORE_SHARE, .key = "key1", .version = 1, .epoch = 2}, "from epoch 1 to epoch 2"},
    };
    struct disk d;

    make(&d);
    SECRET_LOCAL raw = SECRET_NONE;
    raw_get(&d, share_id, &raw);
    for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
        assert_ok(store_put(&d.store, &moves[i].to, secret_view(&raw)));
        assert_corrupt(&d, moves[i].to, moves[i].says);
    }
    store_close(&d.store);
}

/* The clear part rewritten to fit the new place: then only the cipher can tell. */
TEST(sealed, finds_a_moved_record_whose_clear_part_was_rewritten)
{
    struct store_id to = {.table = STORE_SHARE, .key = "key2", .version = 1, .epoch = 1};
    struct disk     d;
    SECRET_LOCAL    raw = SECRET_NONE;

    make(&d);
    raw_get(&d, share_id, &raw);
    uint8_t *name = memmem(raw.data, raw.len, "key1", 4);
    assert_non_null(name);
    name[3] = '2';
    assert_ok(store_put(&d.store, &to, secret_view(&raw)));
    assert_corrupt(&d, to, "does not authenticate");
    store_close(&d.store);
}

static enum kms_err count(void *arg, const struct store_id *id, struct bytes value)
{
    (void)id, (void)value;
    ++*(unsigned *)arg;
    return KMS_OK;
}

TEST(sealed, stops_at_a_damaged_record_when_it_gives_them_all)
{
    struct disk  d;
    struct store s;
    unsigned     seen = 0;

    make(&d);
    assert_ok(store_put(&d.store, &(struct store_id){.table = STORE_SHARE, .key = "zzz"}, bytes_str("not a record")));
    assert_ok(open_with(&s, &d, 1, "tss1"));
    assert_err(KMS_E_CORRUPT, store_each(&s, STORE_SHARE, count, &seen));
    assert_int_equal(seen, 1);
    store_close(&s);
    store_close(&d.store);
}
