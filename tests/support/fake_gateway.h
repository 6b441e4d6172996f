/* SPDX-License-Identifier: Apache-2.0 */
/* fake_cluster.h behind real TLS on loopback, with the faults that networks and gateways have. */
#ifndef KMS_TESTS_SUPPORT_FAKE_GATEWAY_H
#define KMS_TESTS_SUPPORT_FAKE_GATEWAY_H

#include <stdatomic.h>

#include "tests/support/fake_cluster.h"

enum fake_fault {
    FAULT_NONE,
    FAULT_DROP,    /* the request is read, the connection closed */
    FAULT_LOST,    /* the request is carried out, the connection closed */
    FAULT_GARBAGE, /* bytes that are not HTTP */
    FAULT_HALF,    /* half of the answer */
    FAULT_SILENT,  /* no answer, the connection stays */
    FAULT_503,
    FAULT_CLOSE,      /* a good answer, then the connection is closed without a word in it */
    FAULT_BIG_HEADER, /* a header without end */
    FAULT_CHUNKED,    /* a good answer in chunks */
    FAULT_SLOW        /* a good answer, byte after byte */
};

struct fake_gateway;

/* certificate: "gateway", or another prefix in the cluster's directory. port 0: a free one. */
struct fake_gateway *fake_gateway_start(struct fake_cluster *, const char *certificate, unsigned port);
/* Closes the listener and all connections; waits for the threads. */
void        fake_gateway_stop(struct fake_gateway **);
unsigned    fake_gateway_port(const struct fake_gateway *);
const char *fake_gateway_url(const struct fake_gateway *);
/* The next `count` requests meet this fault. */
void     fake_gateway_fault(struct fake_gateway *, enum fake_fault, unsigned count);
unsigned fake_gateway_requests(const struct fake_gateway *); /* received */
/* The User-Agent of the last request. */
void     fake_gateway_agent(struct fake_gateway *, char out[64]);
unsigned fake_gateway_connections(const struct fake_gateway *); /* TLS handshakes completed */
/* Closes what is idle, as a gateway does that is tired of waiting. */
void fake_gateway_close_connections(struct fake_gateway *);

#endif
