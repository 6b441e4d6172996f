/* SPDX-License-Identifier: Apache-2.0 */
/* Every check of a signed request and of a Start, each in a function of its own. */
#include "cluster/node/authority.h"

#include <inttypes.h>
#include <stdio.h>

#include "cluster/node/circuits.h"
#include "cluster/node/state.h"
#include "common/base/text.h"
#include "common/crypto/hash.h"

#define PATH_GENERATE "/api/v1/keys/generate"
#define PATH_KEYS "/api/v1/keys/"
#define PATH_SIGN "/sign"

void mandate_clear(struct mandate *m)
{
    buf_clear(&m->data);
}

/* ---- the request ---- */

/* Who signed it: a certificate of the CA, of this cluster, valid at the time asked about. */
static enum kms_err check_signer(struct node *node, struct mandate *m, int64_t at_s)
{
    TRY(identity_cache_verify(node->identities, &m->client, m->request.certificate_der, at_s));
    if (strcmp(m->client.cluster, node->config.cluster) != 0)
        return fail(KMS_E_CERTIFICATE, "%s is of another cluster than %s", m->client.uri, node->config.cluster);
    TRY(signed_request_verify_vartime(&m->request, &m->client));
    return signed_request_hash(m->request_hash, &m->request);
}

/* The request is for exactly this call: the coordinator cannot turn one into another. */
static enum kms_err check_target(const struct mandate *m, const char *method, const char *path)
{
    if (strcmp(m->request.method, method) != 0 || strcmp(m->request.path, path) != 0 || m->request.query[0] != '\0')
        return fail(KMS_E_DENIED, "the client did not ask for %s %s", method, path);
    return KMS_OK;
}

static enum kms_err check_fresh(const struct node *node, const struct mandate *m)
{
    TRY(signed_request_check_fresh(&m->request, journal_wall_s(node)));
    if (m->request.created < node->journal.refuse_to_s)
        return fail(KMS_E_EXPIRED,
                    "this node stopped uncleanly and refuses requests made before it was up for a while: "
                    "sign it anew");
    return KMS_OK;
}

static enum kms_err check_request(struct node *node, struct bytes encoded, struct mandate *m)
{
    TRY(signed_request_decode(&m->request, encoded));
    TRY(check_signer(node, m, journal_wall_s(node)));
    return check_fresh(node, m);
}

RESULT authority_check_owner(const struct mandate *m, enum action action, const struct key *key)
{
    TRY_AT(policy_check(&m->client, action, key->body.owner), "key %s", key->body.key_id);
    return KMS_OK;
}

/* ---- the nodes ---- */

static enum kms_err check_serving(const struct node *node)
{
    if (node->serving) return KMS_OK;
    return fail(KMS_E_UNAVAILABLE, "node %s: no roster lists its certificate: sign a roster and deliver it",
                node_name(node));
}

/* Sorted and distinct: so that a list is one list, and nobody counts twice. */
static enum kms_err check_names(const Kms__V1__Start *start)
{
    if (start->n_nodes < 2 || start->n_nodes > PARTIES_MAX || start->n_circuits != start->n_nodes)
        return fail(KMS_E_ARGUMENT, "a session of %zu nodes with %zu circuits", start->n_nodes, start->n_circuits);
    for (size_t i = 0; i < start->n_nodes; i++) {
        if (!text_is_name(start->nodes[i], PARTY_NAME_MAX)) return fail(KMS_E_ARGUMENT, "a node without a proper name");
        if (i > 0 && strcmp(start->nodes[i - 1], start->nodes[i]) >= 0)
            return fail(KMS_E_ARGUMENT, "the nodes of the session are not sorted and distinct");
    }
    return KMS_OK;
}

static const char *host_of(const struct roster_node *n)
{
    return n->host_label[0] == '\0' ? n->name : n->host_label;
}

static enum kms_err check_listed(const struct node *node, const Kms__V1__Start *start)
{
    for (size_t i = 0; i < start->n_nodes; i++)
        if (roster_find(&node->roster, start->nodes[i]) == NULL)
            return fail(KMS_E_MISMATCH, "node %s is not in roster %" PRIu64, start->nodes[i], node->roster.sequence);
    return KMS_OK;
}

/* Two shares of a key never lie on one host. */
static enum kms_err check_apart(const struct node *node, const Kms__V1__Start *start)
{
    for (size_t i = 0; i < start->n_nodes; i++)
        for (size_t j = 0; j < i; j++) {
            const struct roster_node *a = roster_find(&node->roster, start->nodes[i]);
            const struct roster_node *b = roster_find(&node->roster, start->nodes[j]);
            if (strcmp(host_of(a), host_of(b)) == 0)
                return fail(KMS_E_DENIED, "nodes %s and %s are on one host: a key's holders must be apart", b->name,
                            a->name);
        }
    return KMS_OK;
}

/* The circuit to a party: on this link, to that very node, and with life left in its tunnel. */
static enum kms_err bind_circuit(const struct node *node, const struct link *link, uint64_t id, const char *peer,
                                 struct circuit **out)
{
    struct circuit *c = circuits_find(link, id);

    if (c == NULL || strcmp(circuit_peer(c), peer) != 0)
        return fail(KMS_E_UNAVAILABLE, "there is no circuit %" PRIu64 " to node %s", id, peer);
    if (tunnel_is_stale(c->tunnel, node_now_ms(node)))
        return fail(KMS_E_UNAVAILABLE, "the tunnel to node %s has grown old: open a new circuit", peer);
    TRY(circuit_admit(c));
    *out = c;
    return KMS_OK;
}

/* Name and circuit of each party; party_of says which party a node is. */
static enum kms_err bind_party(struct node *node, const struct link *link, const Kms__V1__Start *start, size_t i,
                               struct mandate *m)
{
    const char *name = start->nodes[i];
    party       p = m->key == NULL ? (party)(i + 1) : key_party(&m->key->body, name);

    if (p == 0) return fail(KMS_E_MISMATCH, "node %s holds no share of this key", name);
    (void)snprintf(m->names[p], sizeof m->names[p], "%s", name);
    m->quorum = party_set_with(m->quorum, p);
    if (strcmp(name, node_name(node)) == 0) {
        m->self = p;
        return KMS_OK;
    }
    return bind_circuit(node, link, start->circuits[i], name, &m->circuits[p]);
}

static enum kms_err check_nodes(struct node *node, const struct link *link, const Kms__V1__Start *start,
                                struct mandate *m)
{
    TRY(check_names(start));
    TRY(check_listed(node, start));
    TRY(check_apart(node, start));
    for (size_t i = 0; i < start->n_nodes; i++) TRY(bind_party(node, link, start, i, m));
    if (m->self == 0) return fail(KMS_E_ARGUMENT, "node %s is not among the nodes of the session", node_name(node));
    return KMS_OK;
}

static enum kms_err check_frame(const struct node *node, const Kms__V1__Start *start)
{
    TRY(check_serving(node));
    if (start->tag.len != SESSION_TAG_LEN)
        return fail(KMS_E_ARGUMENT, "a session tag has %d bytes, this one %zu", SESSION_TAG_LEN, start->tag.len);
    /* Bodies hold one item today; the limit on attempts counts per request. */
    if (start->item != 0) return fail(KMS_E_RANGE, "the request has no item %" PRIu32, start->item);
    return KMS_OK;
}

static struct bytes bytes_of(ProtobufCBinaryData data)
{
    return bytes(data.data, data.len);
}

/* ---- the three acts ---- */

RESULT authority_check_generate(struct node *node, const struct link *link, const Kms__V1__Start *start,
                                struct mandate *m)
{
    TRY(check_frame(node, start));
    TRY(check_request(node, bytes_of(start->request), m));
    TRY(check_target(m, "POST", PATH_GENERATE));
    TRY(policy_check(&m->client, ACTION_GENERATE, NULL));
    TRY(requests_parse_generate(&m->generate, m->request.body));
    if (start->n_nodes != m->generate.n)
        return fail(KMS_E_MISMATCH, "%zu nodes where the client asked for %u", start->n_nodes, m->generate.n);
    return check_nodes(node, link, start, m);
}

/* The key in the path, if it is held here and may be used. */
static enum kms_err find_key(struct node *node, struct mandate *m)
{
    const char *path = m->request.path;
    size_t      prefix = strlen(PATH_KEYS), len = strlen(path);
    char        key_id[KEY_ID_LEN + 1] = {0};

    if (len != prefix + KEY_ID_LEN + strlen(PATH_SIGN) || strncmp(path, PATH_KEYS, prefix) != 0)
        return fail(KMS_E_DENIED, "the client did not ask for a signature");
    memcpy(key_id, path + prefix, KEY_ID_LEN);
    m->key = keys_find(node, key_id);
    return m->key != NULL ? KMS_OK : fail(KMS_E_NOT_FOUND, "node %s holds no share of this key", node_name(node));
}

static enum kms_err check_usable(const struct key *key)
{
    if (key->state == KEY_ACTIVE) return KMS_OK;
    return fail(key->state == KEY_PENDING ? KMS_E_UNAVAILABLE : KMS_E_STATE, "key %s is %s on this node",
                key->body.key_id, key_state_name(key->state));
}

RESULT authority_check_sign(struct node *node, const struct link *link, const Kms__V1__Start *start, struct mandate *m)
{
    char path[sizeof PATH_KEYS PATH_SIGN + KEY_ID_LEN];

    TRY(check_frame(node, start));
    TRY(check_request(node, bytes_of(start->request), m));
    TRY(find_key(node, m));
    (void)snprintf(path, sizeof path, PATH_KEYS "%s" PATH_SIGN, m->key->body.key_id);
    TRY(check_target(m, "POST", path));
    TRY(authority_check_owner(m, ACTION_SIGN, m->key));
    TRY(check_usable(m->key));
    if (start->n_nodes != m->key->body.t)
        return fail(KMS_E_MISMATCH, "%zu signers where key %s needs %u", start->n_nodes, m->key->body.key_id,
                    m->key->body.t);
    TRY(requests_parse_sign(&m->data, m->request.body, (enum algorithm)m->key->body.algorithm));
    return check_nodes(node, link, start, m);
}

RESULT authority_check_delete(struct node *node, const char *key_id, struct bytes request, struct mandate *m)
{
    char path[sizeof PATH_KEYS + KEY_ID_LEN];

    TRY(signed_request_decode(&m->request, request));
    if (m->request.created > journal_wall_s(node) + REQUEST_SKEW_S)
        return fail(KMS_E_EXPIRED, "the request is of the future: compare the clocks");
    /* It never expires, so the certificate counts as of the day it was signed. */
    TRY(check_signer(node, m, m->request.created));
    if (strlen(key_id) != KEY_ID_LEN) return fail(KMS_E_ARGUMENT, "that is no key id");
    (void)snprintf(path, sizeof path, PATH_KEYS "%s", key_id);
    TRY(check_target(m, "DELETE", path));
    if (m->request.body.len != 0) return fail(KMS_E_FORMAT, "a deletion has no body");
    return KMS_OK;
}

/* ---- before a session ---- */

RESULT authority_commit(struct node *node, const char *kind, struct mandate *m)
{
    const char          *key_id = m->key == NULL ? "" : m->key->body.key_id;
    struct replay_item   item = {.access_key = m->client.access_key,
                                 .nonce = m->request.nonce,
                                 .request_hash = m->request_hash,
                                 .expires_s = m->request.expires};
    struct store_log_row row = journal_row(kind, &m->request, m->request_hash, key_id);

    TRY(replay_use(node->replay, &item, journal_pass(node)));
    sha256(row.data_hash, m->key == NULL ? m->request.body : buf_bytes(&m->data));
    TRY(journal_append(node, &row));
    m->log_seq = row.seq;
    return KMS_OK;
}

uint64_t authority_deadline_ms(const struct node *node, const struct mandate *m, uint32_t own_ms, uint32_t budget_ms)
{
    int64_t  left = (m->request.expires + 1) * 1000 - journal_wall_ms(node);
    uint64_t limit = own_ms;

    if (budget_ms > 0 && budget_ms < limit) limit = budget_ms;
    if (left < (int64_t)limit) limit = left > 0 ? (uint64_t)left : 0;
    return node_now_ms(node) + limit;
}
