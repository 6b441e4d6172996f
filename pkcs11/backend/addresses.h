/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of a gateway, kept for a minute: a name server is asked seldom, and never from inside the fork gate.
 * getaddrinfo(3) has no deadline but resolv.conf's, and a child of a fork that found another thread in it has only what
 * is kept here.
 */
#ifndef KMS_PKCS11_BACKEND_ADDRESSES_H
#define KMS_PKCS11_BACKEND_ADDRESSES_H

#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/error.h"

#define ADDRESSES_MAX 8
#define ADDRESSES_KEEP_MS 60000

struct address {
    struct sockaddr_storage data;
    socklen_t               len;
};

struct address_list {
    struct address items[ADDRESSES_MAX];
    unsigned       count;
};

struct addresses {
    pthread_mutex_t     lock; /* never held while waiting */
    struct address_list known;
    uint64_t            until_ms; /* of clock_monotonic_ms() */
};

void addresses_init(struct addresses *);
/* is_address: host is one; nobody is asked. KMS_E_UNAVAILABLE: nothing is known, and the name server does not help. */
RESULT addresses_find(struct addresses *, struct address_list *out, const char *host, const char *port,
                      bool is_address);
/* None of them answers: the name is asked for again next time. */
void addresses_distrust(struct addresses *);

#endif
