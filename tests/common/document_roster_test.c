/* SPDX-License-Identifier: Apache-2.0 */
/* Rosters: order, duplicates, and what makes one believable. */
#include "common/document/roster.h"
#include "tests/common/document_fixture.h"

static struct roster make_roster(void)
{
    struct roster r = {.cluster = "test", .sequence = 3, .count = 4};

    for (unsigned i = 0; i < r.count; i++) {
        (void)snprintf(r.nodes[i].name, sizeof r.nodes[i].name, "tss%u", 4 - i);
        memset(r.nodes[i].fingerprint, (int)(i + 1), 32);
    }
    (void)snprintf(r.nodes[0].host_label, sizeof r.nodes[0].host_label, "rack-1");
    assert_ok(roster_seal(&r));
    return r;
}

TEST(roster, is_sorted_when_sealed)
{
    struct roster r = make_roster();

    assert_string_equal(r.nodes[0].name, "tss1");
    assert_string_equal(r.nodes[3].name, "tss4");
    assert_string_equal(roster_find(&r, "tss4")->host_label, "rack-1");
    assert_null(roster_find(&r, "tss5"));
}

TEST(roster, decodes_to_what_was_encoded)
{
    struct roster r = make_roster(), decoded;
    BUF_LOCAL     first = BUF_INIT(STATEMENT_PAYLOAD_MAX);
    BUF_LOCAL     second = BUF_INIT(STATEMENT_PAYLOAD_MAX);

    assert_ok(roster_encode(&first, &r));
    assert_ok(roster_decode(&decoded, buf_bytes(&first)));
    assert_memory_equal(decoded.hash, r.hash, 32);
    assert_ok(roster_encode(&second, &decoded));
    assert_true(bytes_equal(buf_bytes(&first), buf_bytes(&second)));
    r.sequence++;
    assert_ok(roster_seal(&r));
    assert_memory_not_equal(decoded.hash, r.hash, 32);
}

TEST(roster, holds_64_nodes_and_no_more)
{
    static struct roster r = {.cluster = "test", .sequence = 1};
    BUF_LOCAL            payload = BUF_INIT(STATEMENT_PAYLOAD_MAX);

    for (r.count = 0; r.count < ROSTER_NODES_MAX; r.count++) {
        (void)snprintf(r.nodes[r.count].name, 33, "n%u", r.count);
        r.nodes[r.count].fingerprint[0] = (uint8_t)r.count;
    }
    assert_ok(roster_seal(&r));
    assert_ok(roster_encode(&payload, &r));
    r.count = 65;
    assert_err(KMS_E_ARGUMENT, roster_seal(&r));
    assert_err(KMS_E_ARGUMENT, roster_encode(&payload, &r));
}

TEST(roster, refuses_duplicates_disorder_and_malformed_names)
{
    struct roster right = make_roster(), r;
    BUF_LOCAL     out = BUF_INIT(STATEMENT_PAYLOAD_MAX);

    r = right, memcpy(r.nodes[1].name, "tss1", 5);
    assert_err(KMS_E_ARGUMENT, roster_seal(&r));
    r = right, memcpy(r.nodes[3].fingerprint, r.nodes[0].fingerprint, 32);
    assert_err(KMS_E_ARGUMENT, roster_seal(&r));
    r = right, memcpy(r.nodes[0].name, "tss9", 5);
    assert_err(KMS_E_ARGUMENT, roster_encode(&out, &r));
    r = right, r.nodes[0].name[0] = '\0';
    assert_err(KMS_E_ARGUMENT, roster_seal(&r));
    r = right, r.nodes[0].host_label[0] = ' ';
    assert_err(KMS_E_ARGUMENT, roster_seal(&r));
    r = right, r.cluster[0] = '/';
    assert_err(KMS_E_ARGUMENT, roster_seal(&r));
    r = right, r.sequence = 0;
    assert_err(KMS_E_ARGUMENT, roster_seal(&r));
    r = right, r.count = 0;
    assert_err(KMS_E_ARGUMENT, roster_seal(&r));
    assert_int_equal(out.len, 0);
}

TEST(roster, refuses_cut_extended_and_altered_bytes)
{
    struct roster r = make_roster(), decoded;
    BUF_LOCAL     encoded = BUF_INIT(STATEMENT_PAYLOAD_MAX);

    assert_ok(roster_encode(&encoded, &r));
    for (size_t len = 0; len < encoded.len; len++)
        assert_err(KMS_E_FORMAT, roster_decode(&decoded, bytes(encoded.data, len)));
    for (size_t i = 0; i < encoded.len; i++) {
        encoded.data[i] ^= 0x80;
        if (roster_decode(&decoded, buf_bytes(&encoded)) == KMS_OK) assert_memory_not_equal(decoded.hash, r.hash, 32);
        encoded.data[i] ^= 0x80;
    }
    assert_ok(buf_append_str(&encoded, "x"));
    assert_err(KMS_E_FORMAT, roster_decode(&decoded, buf_bytes(&encoded)));
    assert_int_equal(decoded.count, 0);
}

static struct statement make_statement(const struct credential *c, struct bytes payload, const char *subject,
                                       uint64_t sequence)
{
    struct statement s = {.type = STATEMENT_ROSTER, .sequence = sequence, .created = TEST_NOW, .payload = payload};

    (void)snprintf(s.subject, sizeof s.subject, "%s", subject);
    assert_ok(statement_sign(&s, c));
    return s;
}

TEST(roster, comes_out_of_an_operators_statement)
{
    struct authority *a = fixture_authority();
    struct credential admin = fixture_party("operator", "admin"), client = fixture_party("client", "app");
    struct roster     r = make_roster(), found;
    BUF_LOCAL         payload = BUF_INIT(STATEMENT_PAYLOAD_MAX);

    assert_ok(roster_encode(&payload, &r));
    struct statement s = make_statement(&admin, buf_bytes(&payload), "roster/test", 3);
    assert_ok(roster_from_statement(&found, &s, a, "test"));
    assert_memory_equal(found.hash, r.hash, 32);

    assert_err(KMS_E_DENIED, roster_from_statement(&found, &s, a, "other"));
    s = make_statement(&admin, buf_bytes(&payload), "roster/other", 3);
    assert_err(KMS_E_DENIED, roster_from_statement(&found, &s, a, "test"));
    s = make_statement(&client, buf_bytes(&payload), "roster/test", 3);
    assert_err(KMS_E_DENIED, roster_from_statement(&found, &s, a, "test"));
    s = make_statement(&admin, buf_bytes(&payload), "roster/test", 4);
    assert_err(KMS_E_FORMAT, roster_from_statement(&found, &s, a, "test"));
    s = make_statement(&admin, bytes_str("junk"), "roster/test", 3);
    assert_err(KMS_E_FORMAT, roster_from_statement(&found, &s, a, "test"));
    assert_int_equal(found.count, 0);
    credential_clear(&admin);
    credential_clear(&client);
    authority_free(&a);
}

TEST(roster, refuses_the_operator_of_another_cluster)
{
    struct authority *a = NULL;
    struct credential c =
        fixture_credential((struct test_certificate){.ca = 1, .san = "URI:spiffe://other/operator/admin"});
    struct roster r = make_roster(), found;
    BUF_LOCAL     payload = BUF_INIT(STATEMENT_PAYLOAD_MAX);

    assert_ok(authority_from_pem(&a, bytes_str(test_ca_pem(1)))); /* a CA that names no cluster */
    assert_ok(roster_encode(&payload, &r));
    struct statement s = make_statement(&c, buf_bytes(&payload), "roster/test", 3);
    assert_err(KMS_E_DENIED, roster_from_statement(&found, &s, a, "test"));
    credential_clear(&c);
    authority_free(&a);
}
