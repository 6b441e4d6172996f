/* SPDX-License-Identifier: Apache-2.0 */
/* A cluster inside the test process. */
#include "tests/support/backend_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/crypto/ed25519.h"
#include "common/crypto/rng.h"

int64_t backend_memory_refresh_ms = 3600000;
int64_t backend_memory_timeout_ms = 5000;

static struct backend_memory memory = {.lock = PTHREAD_MUTEX_INITIALIZER, .pin = ""};

static void clear_items(void)
{
    for (size_t i = 0; i < memory.count; i++) {
        buf_clear(&memory.items[i]->object.value);
        secret_clear(&memory.items[i]->seed);
        free(memory.items[i]);
    }
    memory.count = 0;
}

struct backend_memory *backend_memory_reset(const char *pin)
{
    clear_items();
    memory = (struct backend_memory){.lock = PTHREAD_MUTEX_INITIALIZER, .pin = pin, .version = 1};
    return &memory;
}

static RESULT faults(void)
{
    if (!memory.unlocked) return fail(KMS_E_UNAUTHENTICATED, "nobody is logged in");
    return memory.fail_with == KMS_OK ? KMS_OK : fail(memory.fail_with, "as the test wants it");
}

static enum kms_err login(void *self, const struct secret *passphrase)
{
    (void)self;
    memory.logins++;
    if (!bytes_equal_str(secret_view(passphrase), memory.pin)) return fail(KMS_E_PASSWORD, "wrong passphrase");
    memory.unlocked = true;
    return KMS_OK;
}

static void logout(void *self)
{
    (void)self;
    memory.unlocked = false;
}

static RESULT copy(struct backend_object *out, const struct backend_object *from)
{
    *out = *from;
    out->value = BUF_INIT(from->value.max);
    return from->value.len == 0 ? KMS_OK : buf_append(&out->value, buf_bytes(&from->value));
}

static struct memory_item *find(const char *object_id)
{
    for (size_t i = 0; i < memory.count; i++)
        if (!memory.items[i]->gone && strcmp(memory.items[i]->object.object_id, object_id) == 0) return memory.items[i];
    return NULL;
}

static RESULT fill_list(struct backend_list *out)
{
    out->items = calloc(memory.count + 1, sizeof *out->items);
    if (out->items == NULL) return fail(KMS_E_MEMORY, "list");
    for (size_t i = 0; i < memory.count; i++)
        if (!memory.items[i]->gone && (!memory.keys_only || memory.items[i]->object.class == BACKEND_KEY))
            TRY(copy(&out->items[out->count++], &memory.items[i]->object));
    out->keys_only = memory.keys_only;
    return KMS_OK;
}

static enum kms_err list(void *self, const char *etag, struct backend_list *out, bool *changed)
{
    (void)self;
    *out = (struct backend_list){0};
    (void)pthread_mutex_lock(&memory.lock);
    memory.lists++;
    enum kms_err err = faults();
    (void)snprintf(out->etag, sizeof out->etag, "%u", memory.version);
    *changed = strcmp(etag, out->etag) != 0;
    if (err == KMS_OK && *changed) {
        memory.changed_lists++;
        err = fill_list(out);
    }
    (void)pthread_mutex_unlock(&memory.lock);
    if (memory.meanwhile != NULL) memory.meanwhile();
    return err;
}

static struct memory_item *new_item(enum backend_class class, const char *label, struct bytes id,
                                    const char *attributes)
{
    struct memory_item *item = calloc(1, sizeof *item);
    uint8_t             name[20];

    if (item == NULL || memory.count == MEMORY_ITEMS_MAX || rng_fill(rng_system(), name, sizeof name) != KMS_OK)
        abort();
    base32_encode(item->object.object_id, BYTES_OF(name));
    item->object.class = class;
    item->object.revision = 1;
    (void)snprintf(item->object.label, sizeof item->object.label, "%s", label);
    if (id.len > 0) memcpy(item->object.id, id.data, id.len);
    item->object.id_len = id.len;
    (void)snprintf(item->object.attributes, sizeof item->object.attributes, "%s", attributes);
    item->object.value = BUF_INIT(65536);
    memory.items[memory.count++] = item;
    memory.version++;
    return item;
}

static struct memory_item *new_key(const char *label, struct bytes id, const char *attributes)
{
    struct memory_item *item = new_item(BACKEND_KEY, label, id, attributes);

    item->object.group = GROUP_ED25519;
    item->object.algorithm = 4;
    if (secret_alloc(&item->seed, 32) != KMS_OK || rng_fill(rng_system(), item->seed.data, 32) != KMS_OK ||
        ed25519_public(item->object.public_key, &item->seed) != KMS_OK)
        abort();
    return item;
}

void backend_memory_add_key(const char *label, struct bytes id)
{
    (void)pthread_mutex_lock(&memory.lock);
    (void)new_key(label, id, "{}");
    (void)pthread_mutex_unlock(&memory.lock);
}

static enum kms_err generate(void *self, const struct backend_generate *g, struct backend_object *out)
{
    (void)self;
    (void)pthread_mutex_lock(&memory.lock);
    memory.generations++;
    enum kms_err err = faults();
    if (err == KMS_OK) err = copy(out, &new_key(g->label, g->id, g->attributes)->object);
    (void)pthread_mutex_unlock(&memory.lock);
    return err;
}

static enum kms_err sign(void *self, const struct backend_object *key, struct bytes message, uint8_t signature[96],
                         size_t *len)
{
    (void)self;
    (void)pthread_mutex_lock(&memory.lock);
    memory.signatures++;
    struct memory_item *item = find(key->object_id);
    enum kms_err        err = faults();
    if (err == KMS_OK && item == NULL) err = fail(KMS_E_NOT_FOUND, "no such key");
    if (err == KMS_OK) err = ed25519_sign(signature, &item->seed, message);
    *len = err == KMS_OK ? 64 : 0;
    (void)pthread_mutex_unlock(&memory.lock);
    if (memory.meanwhile != NULL) memory.meanwhile();
    return err;
}

static RESULT change_locked(struct memory_item *item, const struct backend_object *o, const char *label,
                            struct bytes id, const char *attributes)
{
    TRY(faults());
    if (item == NULL) return fail(KMS_E_NOT_FOUND, "no such object");
    if (item->object.revision != o->revision) return fail(KMS_E_CONFLICT, "revision %u", item->object.revision);
    item->object.revision++;
    (void)snprintf(item->object.label, sizeof item->object.label, "%s", label);
    if (id.len > 0) memcpy(item->object.id, id.data, id.len);
    item->object.id_len = id.len;
    (void)snprintf(item->object.attributes, sizeof item->object.attributes, "%s", attributes);
    memory.version++;
    return KMS_OK;
}

static enum kms_err change(void *self, const struct backend_object *o, const char *label, struct bytes id,
                           const char *attributes, struct backend_object *out)
{
    (void)self;
    (void)pthread_mutex_lock(&memory.lock);
    memory.changes++;
    struct memory_item *item = find(o->object_id);
    enum kms_err        err = change_locked(item, o, label, id, attributes);
    if (err == KMS_OK) err = copy(out, &item->object);
    (void)pthread_mutex_unlock(&memory.lock);
    return err;
}

static enum kms_err create(void *self, enum backend_class class, const char *label, struct bytes id, struct bytes value,
                           const char *attributes, struct backend_object *out)
{
    (void)self;
    (void)pthread_mutex_lock(&memory.lock);
    memory.creations++;
    enum kms_err err = faults();
    if (err == KMS_OK) {
        struct memory_item *item = new_item(class, label, id, attributes);
        err = buf_append(&item->object.value, value);
        if (err == KMS_OK) err = copy(out, &item->object);
    }
    (void)pthread_mutex_unlock(&memory.lock);
    return err;
}

static enum kms_err destroy(void *self, const struct backend_object *o)
{
    (void)self;
    (void)pthread_mutex_lock(&memory.lock);
    memory.deletions++;
    struct memory_item *item = find(o->object_id);
    enum kms_err        err = faults();
    if (err == KMS_OK && item != NULL) item->gone = true;
    memory.version++;
    (void)pthread_mutex_unlock(&memory.lock);
    return err;
}

static void close_memory(void *self)
{
    (void)self;
    memory.unlocked = false;
}

static const struct backend_ops memory_ops = {
    .name = "memory",
    .login = login,
    .logout = logout,
    .list = list,
    .generate = generate,
    .sign = sign,
    .change = change,
    .create = create,
    .destroy = destroy,
    .close = close_memory,
};

struct backend backend_memory(void)
{
    return (struct backend){.ops = &memory_ops, .self = &memory, .owner = "spiffe://test/client/app"};
}
