/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in policy, cell by cell. */
#include <stdio.h>

#include "common/document/policy.h"
#include "tests/support/test.h"

static struct identity party(enum role role, const char *name)
{
    struct identity id;
    char            uri[IDENTITY_URI_MAX + 1];

    (void)snprintf(uri, sizeof uri, "spiffe://test/%s/%s", role_name(role), name);
    assert_ok(identity_parse_uri(&id, uri));
    return id;
}

#define OWNER "spiffe://test/client/app"

/* Columns: GENERATE SIGN SHOW LIST CHANGE DELETE. */
static const struct {
    enum role   role;
    const char *name;
    bool        may[6];
} table[] = {
    {ROLE_CLIENT, "app", {true, true, true, true, true, true}},
    {ROLE_CLIENT, "other", {true, false, false, true, false, false}},
    {ROLE_OPERATOR, "app", {false, false, true, true, false, true}},
    {ROLE_AUDITOR, "app", {false, false, true, true, false, false}},
    {ROLE_NODE, "app", {false, false, false, false, false, false}},
    {ROLE_GATEWAY, "app", {false, false, false, false, false, false}},
    {ROLE_STATUS, "app", {false, false, false, false, false, false}},
};

TEST(policy, answers_each_cell_of_its_table)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        for (int action = ACTION_GENERATE; action <= ACTION_DELETE; action++) {
            struct identity who = party(table[i].role, table[i].name);
            bool            without_key = action == ACTION_GENERATE || action == ACTION_LIST;
            assert_err(table[i].may[action - 1] ? KMS_OK : KMS_E_DENIED,
                       policy_check(&who, (enum action)action, without_key ? NULL : OWNER));
        }
}

TEST(policy, denies_an_owner_of_another_cluster)
{
    struct identity who;

    assert_ok(identity_parse_uri(&who, "spiffe://other/client/app"));
    assert_err(KMS_E_DENIED, policy_check(&who, ACTION_SIGN, OWNER));
}

TEST(policy, denies_nobody_and_unknown_actions)
{
    const struct identity nobody = {0};
    struct identity       owner = party(ROLE_CLIENT, "app");

    assert_err(KMS_E_DENIED, policy_check(&nobody, ACTION_LIST, NULL));
    assert_err(KMS_E_DENIED, policy_check(&nobody, ACTION_SIGN, ""));
    assert_err(KMS_E_DENIED, policy_check(&owner, (enum action)0, OWNER));
    assert_err(KMS_E_DENIED, policy_check(&owner, (enum action)99, OWNER));
    assert_err(KMS_E_DENIED, policy_check(&owner, ACTION_SIGN, NULL));
}

TEST(policy, says_who_may_not_do_what)
{
    struct identity who = party(ROLE_OPERATOR, "admin");

    assert_err(KMS_E_DENIED, policy_check(&who, ACTION_SIGN, OWNER));
    assert_non_null(strstr(error_text(), "spiffe://test/operator/admin may not sign"));
    assert_err(KMS_E_DENIED, policy_check(&who, ACTION_GENERATE, NULL));
    assert_non_null(strstr(error_text(), "may not generate keys"));
}

TEST(policy, has_one_hash)
{
    uint8_t first[32], second[32];

    policy_builtin_hash(first);
    policy_builtin_hash(second);
    assert_memory_equal(first, second, 32);
}
