/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CA in memory for tests, which signs whatever it is asked to: right certificates and wrong ones. A process has
 * several; test_ca(0) is the usual one, of cluster "test". Files come from cluster/pki, not from here.
 */
#ifndef KMS_TESTS_SUPPORT_TEST_CA_H
#define KMS_TESTS_SUPPORT_TEST_CA_H

#include "common/base/buf.h"

#define TEST_NOW 1800000000 /* seconds since 1970: 2027-01-15 */

/* What is left out is as a right certificate has it. */
struct test_certificate {
    unsigned    ca;         /* 0..3: which CA signs */
    const char *san;        /* OpenSSL's text: "URI:spiffe://test/node/tss1"; "" for no SAN */
    const char *key_usage;  /* "critical,digitalSignature"; "" for none */
    const char *basic;      /* "critical,CA:FALSE" */
    int64_t     from, to;   /* TEST_NOW - 1 day .. + 365 days */
    bool        p256;       /* a key of another kind */
    bool        under_leaf; /* signed by an end entity's certificate below the CA */
    uint8_t     seed[32];   /* the key; zeros: a new one, given back here */
};

/* PEM of that CA's certificate; borrowed for ever. */
const char *test_ca_pem(unsigned ca);
/* Appends DER. */
void test_ca_issue(struct buf *der, struct test_certificate *);
/* Appends PEM. */
void test_ca_to_pem(struct buf *pem, struct bytes der);
/* PKCS#8 PEM of a seed, by OpenSSL; encrypted by cipher ("aes-256-cbc", "des-ede3-cbc") if passphrase is not NULL. */
void test_ca_key_pem(struct buf *pem, const uint8_t seed[32], const char *cipher, const char *passphrase);
void test_write_file(const char *path, struct bytes content, unsigned mode);

#endif
