/* SPDX-License-Identifier: Apache-2.0 */
/* Statements. Today there is one subject: the roster. */
#include "cluster/node/statements.h"

#include <inttypes.h>
#include <stdio.h>

#include "cluster/node/state.h"
#include "common/base/log.h"

static struct store_id id_of(const struct node *node)
{
    struct store_id id = {.table = STORE_STATEMENT};

    (void)snprintf(id.key, sizeof id.key, "roster/%s", node->config.cluster);
    return id;
}

static enum kms_err read_roster(const struct node *node, struct roster *out, int64_t *created, struct bytes encoded)
{
    struct statement statement;

    TRY(statement_decode(&statement, encoded));
    *created = statement.created;
    return roster_from_statement(out, &statement, node->config.authority, node->config.cluster);
}

static void use_roster(struct node *node, const struct roster *roster, struct buf *encoded)
{
    const struct roster_node *self = roster_find(roster, node_name(node));
    const uint8_t            *own = node->config.credential->identity.fingerprint;

    node->roster = *roster;
    node->serving = self != NULL && memcmp(self->fingerprint, own, 32) == 0;
    buf_clear(&node->roster_statement);
    node->roster_statement = *encoded;
    *encoded = BUF_INIT(STATEMENT_ENCODED_MAX);
    log_info("roster.used", "sequence=%" PRIu64 " nodes=%u serving=%d", roster->sequence, roster->count, node->serving);
    if (!node->serving)
        log_warn("roster.not_listed", "roster %" PRIu64 " does not list this node's certificate", roster->sequence);
}

RESULT statements_load(struct node *node)
{
    struct store_id id = id_of(node);
    struct roster   roster;
    SECRET_LOCAL    value = SECRET_NONE;
    BUF_LOCAL       encoded = BUF_INIT(STATEMENT_ENCODED_MAX);

    node->roster_statement = BUF_INIT(STATEMENT_ENCODED_MAX);
    enum kms_err err = store_get(node->config.store, &id, &value);
    if (err == KMS_E_NOT_FOUND) return KMS_OK;
    TRY(err);
    TRY(buf_append(&encoded, secret_view(&value)));
    TRY_AT(read_roster(node, &roster, &node->roster_created, buf_bytes(&encoded)), "the stored roster");
    use_roster(node, &roster, &encoded);
    return KMS_OK;
}

/* An operator's key that has expired can date a statement back into its own time, but not before what is held. */
static enum kms_err check_date(const struct node *node, const struct roster *roster, int64_t created)
{
    if (created >= node->roster_created) return KMS_OK;
    return fail(KMS_E_DENIED, "roster %" PRIu64 " is dated before roster %" PRIu64 ", which is held: sign it anew",
                roster->sequence, node->roster.sequence);
}

/* Two rosters of one sequence: an operator's mistake, or worse. The first one stays. */
static enum kms_err check_same(const struct node *node, const struct roster *roster)
{
    if (roster->sequence < node->roster.sequence || memcmp(roster->hash, node->roster.hash, 32) == 0) return KMS_OK;
    return fail(KMS_E_CONFLICT, "another roster of sequence %" PRIu64 " is held: sign one with a higher sequence",
                roster->sequence);
}

RESULT statements_take(struct node *node, struct bytes encoded, uint64_t *sequence)
{
    struct store_id id = id_of(node);
    struct roster   roster;
    int64_t         created;
    BUF_LOCAL       copy = BUF_INIT(STATEMENT_ENCODED_MAX);

    *sequence = node->roster.sequence;
    TRY(read_roster(node, &roster, &created, encoded));
    if (roster.sequence <= node->roster.sequence) return check_same(node, &roster);
    TRY(check_date(node, &roster, created));
    TRY(buf_append(&copy, encoded));
    TRY(store_put(node->config.store, &id, encoded));
    use_roster(node, &roster, &copy);
    node->roster_created = created;
    *sequence = roster.sequence;
    /* Who is who has changed: what was agreed before ends now (architecture.md 4). */
    circuits_doom_all(node, "the roster has changed");
    return KMS_OK;
}

void statements_on_gossip(struct node *node, struct circuit *c, struct bytes body)
{
    uint64_t sequence;

    enum kms_err err = statements_take(node, body, &sequence);
    if (err != KMS_OK) complaints_add(node, COMPLAINT_GOSSIP, err);
    (void)c;
}

void statements_greet(struct node *node, struct circuit *c)
{
    if (node->roster_statement.len > 0) circuit_send(node, c, TUNNEL_STATEMENT, buf_bytes(&node->roster_statement));
}
