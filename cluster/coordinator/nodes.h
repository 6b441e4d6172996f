/* SPDX-License-Identifier: Apache-2.0 */
/* What the coordinator knows of each node: its link, its heartbeat, its last report, its load and its standing. */
#ifndef KMS_CLUSTER_COORDINATOR_NODES_H
#define KMS_CLUSTER_COORDINATOR_NODES_H

#include "cluster/coordinator/coordinator.h"
#include "cluster/proto/kms.pb-c.h"

/* Whether a node takes part in requests; if not, why. */
enum node_standing {
    STANDING_SERVING,
    STANDING_AWAY,     /* no link, or no heartbeat answered on it */
    STANDING_STRANGER, /* it says another name or cluster */
    STANDING_VERSION,  /* its major.minor is not ours */
    STANDING_CLOCK,    /* it would refuse what is fresh, or take what has expired */
    STANDING_SEALED,
    STANDING_ROSTER, /* it holds an older roster: it does not know who its peers are */
};

struct node_state {
    bool               connected; /* the link is there */
    bool               up;        /* and a heartbeat has been answered on it, and not too many missed since */
    bool               is_itself; /* it says the name and cluster that it should */
    uint64_t           ping_sent, ping_answered; /* numbers of the last ones on this link */
    uint64_t           ping_sent_ms, next_ping_ms;
    uint64_t           heard_ms; /* when anything came from it on this link */
    uint32_t           rtt_ms;
    unsigned           load;    /* attempts of ours that it takes part in */
    unsigned           penalty; /* its part in failures since its last success; forgotten after a while */
    uint64_t           penalty_until_ms;
    uint64_t           warned_ms; /* when a line of the log was about what it sends */
    unsigned           unwarned;  /* what had no line since then */
    enum node_standing told;      /* what the log has last said of it; a lost link is told by its own line */
    /* Its last report. */
    char     version[32];
    bool     sealed;
    uint64_t roster_sequence, keys, pending;
    uint32_t sessions;
    int64_t  skew_ms; /* of its clock, against ours when the report came in */
};

void nodes_on_up(struct coordinator *, unsigned index);
/* Once per loss: its circuits close, its attempts end. False if the link was not up. */
bool nodes_on_down(struct coordinator *, unsigned index, const char *why);
/* It has sent something: a node busy with a key generation answers heartbeats late, and is not down. */
void nodes_on_frame(struct coordinator *, unsigned index);
void nodes_on_pong(struct coordinator *, unsigned index, const Kms__V1__Pong *);
void nodes_on_tick(struct coordinator *, uint64_t now_ms);

/* MPC-20: a node that comes back is used again once health, clock and version are found right. */
enum node_standing nodes_standing(const struct coordinator *, unsigned index);
bool               nodes_is_serving(const struct coordinator *, unsigned index);
unsigned           nodes_count_serving(const struct coordinator *);
uint64_t           nodes_wakeup_ms(const struct coordinator *);
/* The index of a configured node; COORDINATOR_NODES_MAX: unknown. */
unsigned nodes_find(const struct coordinator *, const char *name);
/* Chosen last for a while; a success clears it. */
void nodes_penalize(struct coordinator *, unsigned index, unsigned points);
void nodes_praise(struct coordinator *, unsigned index);
/* 0 when forgotten. */
unsigned nodes_penalty(const struct coordinator *, unsigned index);
/* It has sent what is worth a warning. Not 0: log it, as this many; a line a second at most. */
unsigned nodes_count_warning(struct coordinator *, unsigned index);
/* Another label than every other holder's: from the roster; its own name where that says nothing. */
const char *nodes_host_label(const struct coordinator *, unsigned index);

#endif
