/* SPDX-License-Identifier: Apache-2.0 */
/* The coordinators that are connected. */
#include "cluster/node/links.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cluster/node/circuits.h"
#include "cluster/node/state.h"
#include "common/base/log.h"

static unsigned count_of(const struct node *node, const struct identity *gateway)
{
    unsigned count = 0;

    for (const struct link *l = node->links; l != NULL; l = l->next)
        count += l->doomed == NULL && strcmp(l->gateway.name, gateway->name) == 0;
    return count;
}

bool links_same_gateway(const struct link *a, const struct link *b)
{
    return strcmp(a->gateway.name, b->gateway.name) == 0;
}

RESULT links_add(struct node *node, uint32_t id, const struct identity *gateway)
{
    if (gateway->role != ROLE_GATEWAY || strcmp(gateway->cluster, node->config.cluster) != 0)
        return fail(KMS_E_DENIED, "%s is no gateway of cluster %s", gateway->uri, node->config.cluster);
    if (node->link_count >= LINKS_MAX) return fail(KMS_E_BUSY, "%u coordinators are connected", node->link_count);
    if (count_of(node, gateway) >= LINKS_PER_GATEWAY_MAX)
        return fail(KMS_E_BUSY, "gateway %s has %d links: each coordinator needs a certificate with a name of its own",
                    gateway->name, LINKS_PER_GATEWAY_MAX);
    if (links_find(node, id) != NULL) return fail(KMS_E_ARGUMENT, "link %" PRIu32 " is up already", id);
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) return fail(KMS_E_MEMORY, "no memory for a link");
    link->id = id;
    link->gateway = *gateway;
    link->next = node->links;
    node->links = link;
    node->link_count++;
    return KMS_OK;
}

struct link *links_find(const struct node *node, uint32_t id)
{
    for (struct link *l = node->links; l != NULL; l = l->next)
        if (l->id == id && l->doomed == NULL) return l;
    return NULL;
}

void links_doom(struct node *node, struct link *link, const char *why)
{
    if (link->doomed != NULL) return;
    link->doomed = why;
    node->doomed = node->dirty = true;
    log_info("link.down", "link=%" PRIu32 " gateway=%s why=\"%s\"", link->id, link->gateway.name, why);
}

static void end(struct node *node, struct link *link)
{
    circuits_clear(node, link);
    if (!link->gone) node->config.io.link_close(node->config.io.self, link->id);
    node->link_count--;
    free(link);
}

void links_reap(struct node *node)
{
    struct link **at = &node->links;

    while (*at != NULL) {
        struct link *link = *at;
        if (link->doomed == NULL || link->run_count > 0) {
            at = &link->next;
            continue;
        }
        *at = link->next;
        end(node, link);
    }
}

void links_clear(struct node *node)
{
    while (node->links != NULL) {
        struct link *link = node->links;
        node->links = link->next;
        link->gone = true;
        end(node, link);
    }
}

void links_send(struct node *node, struct link *link, const Kms__V1__FromNode *message)
{
    size_t len = kms__v1__from_node__get_packed_size(message);

    if (link->doomed != NULL) return;
    node->out.len = 0;
    uint8_t *at = buf_reserve(&node->out, len);
    if (at == NULL) {
        links_doom(node, link, "an answer was too large");
        return;
    }
    (void)kms__v1__from_node__pack(message, at);
    node->config.io.link_send(node->config.io.self, link->id, bytes(at, len));
}
