/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a gateway: parsed and verified by a client that trusts a CA which signed nothing, so that nothing is
 * believed. */
/* links: pkcs11_backend */
#include "pkcs11/backend/problem.h"
#include "pkcs11/backend/verification.h"
#include "tests/fuzz/fuzz.h"

/* A CA certificate of `kms-clusterd dev`, whose key was thrown away. */
static const char ca_pem[] = "-----BEGIN CERTIFICATE-----\n"
                             "MIIBWjCCAQygAwIBAgIQcb+Noj6rskM989JH4urlATAFBgMrZXAwHzEMMAoGA1UE\n"
                             "CgwDZGV2MQ8wDQYDVQQDDAZkZXYgQ0EwHhcNMjYxMTIwMjE0MzU3WhcNMzYxMTIw\n"
                             "MjE0MzU3WjAfMQwwCgYDVQQKDANkZXYxDzANBgNVBAMMBmRldiBDQTAqMAUGAytl\n"
                             "cAMhAEH8kBEUEOZIKvw9At4t6KqVNutyJrxTP97Z+Nya2wKfo14wXDAXBgNVHREE\n"
                             "EDAOhgxzcGlmZmU6Ly9kZXYwEgYDVR0TAQH/BAgwBgEB/wIBADAOBgNVHQ8BAf8E\n"
                             "BAMCAQYwHQYDVR0OBBYEFBWneiSqK1kbzLVLFgHiF5V1m1iJMAUGAytlcANBABLe\n"
                             "/5HZ7DvbRAvLqFu5uJgdXdSJruXIGDT2o9MO5VtglwUaontoQi2CKh68gIkCD5XA\n"
                             "F+sADrqYmdySnbq+Ngg=\n"
                             "-----END CERTIFICATE-----\n";

static struct verifier *verifier(void)
{
    static struct authority *authority;
    static struct identity   owner;
    static struct verifier   v;

    if (authority != NULL) return &v;
    CHECK(authority_from_pem(&authority, bytes_str(ca_pem)) == KMS_OK);
    CHECK(identity_parse_uri(&owner, "spiffe://dev/client/app") == KMS_OK);
    CHECK(verifier_init(&v, authority, &owner) == KMS_OK);
    return &v;
}

static void read_evidence(enum backend_class class, const cJSON *item)
{
    EVIDENCE_LOCAL        evidence = {0};
    struct backend_object object;

    if (answer_evidence(&evidence, class, item) != KMS_OK) return;
    CHECK(is_object_id(evidence.object_id));
    CHECK(verify_evidence(&object, verifier(), class, &evidence) != KMS_OK);
    CHECK(seen_find(&verifier()->seen, evidence.object_id) == NULL);
    (void)!verify_is_answer_to(&evidence, buf_bytes(&evidence.request), "key", BYTES_NONE);
}

static void read_bodies(struct bytes text)
{
    struct backend_object object = {0};
    struct facts          facts;

    (void)!body_read_generate(&object, &facts, text);
    (void)!body_read_change(&object, &facts, text);
    object.value = BUF_INIT(VALUE_MAX);
    if (body_read_create(&object, &facts, text) == KMS_OK)
        CHECK(facts.class == BACKEND_CERTIFICATE || facts.class == BACKEND_DATA);
    backend_object_clear(&object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JSON_LOCAL        *item = NULL;
    struct page        page;
    uint8_t            signature[64];
    struct http_answer answer = {.status = 503, .body = BUF_INIT(1 << 20)};

    fuzz_start();
    read_bodies(bytes(data, size));
    if (buf_append(&answer.body, bytes(data, size)) == KMS_OK) CHECK(problem_of(&answer) != KMS_OK);
    http_answer_clear(&answer);
    if (json_parse(&item, bytes(data, size)) != KMS_OK) return 0;
    (void)!answer_signature(signature, item, "abcdefghijklmnopqrstuvwxyz234567");
    read_evidence(BACKEND_KEY, item);
    read_evidence(BACKEND_DATA, item);
    if (answer_page(&page, item) != KMS_OK) return 0;
    for (const cJSON *one = page.items->child; one != NULL; one = one->next) read_evidence(BACKEND_KEY, one);
    return 0;
}
