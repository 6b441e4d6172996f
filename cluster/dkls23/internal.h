/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of a DKLS23 signature share. Arrays are indexed by party; [0] is unused. */
#ifndef KMS_CLUSTER_DKLS23_INTERNAL_H
#define KMS_CLUSTER_DKLS23_INTERNAL_H

#include "cluster/mpc/commitment.h"
#include "cluster/mpc/pair_setup.h"
#include "cluster/mpc/vole.h"
#include "cluster/protocol/inbox.h"
#include "cluster/protocol/protocol.h"
#include "common/crypto/ecdsa.h"

enum { DKLS23_ROW_OPEN, DKLS23_ROW_COMMIT, DKLS23_ROW_MULTIPLY, DKLS23_ROW_REVEAL, DKLS23_ROWS };

enum { DKLS23_R, DKLS23_SK }; /* in dkls23_memory.a */

#define DKLS23_TRANSCRIPT_LEN 32
#define DKLS23_DIGEST_MIN 20 /* SHA-1's, which PKCS#11 still has */
#define DKLS23_DIGEST_MAX 64

/* R_i || opening || pk_i, to all. */
static inline size_t dkls23_opening_len(const struct prime_group *g)
{
    return 2 * g->point_len + COMMITMENT_OPENING_LEN;
}
/* Gamma^u || Gamma^v || psi || message 2 of the OLE, to one. */
static inline size_t dkls23_product_len(const struct prime_group *g)
{
    return 2 * g->point_len + g->scalar_len + VOLE_MESSAGE_2_LEN(g->scalar_len);
}

/* What self has with another signer. */
struct dkls23_peer {
    struct scalar chi;            /* secret: self's random input, as Bob */
    struct scalar c[VOLE_INPUTS]; /* secret: self's shares of r_self chi_peer and sk_self chi_peer, as Alice */
    struct scalar d[VOLE_INPUTS]; /* secret: self's shares of r_peer chi_self and sk_peer chi_self, as Bob */
    struct scalar psi;            /* secret: phi_peer - chi_peer */
    struct point  R, pk;
    uint8_t       choices[VOLE_CHOICES_LEN(SCALAR_LEN_MAX, 1)];
};

/* What every signer shows in the end: w_i = m phi_i + r v_i and u_i. */
struct dkls23_reveal {
    struct scalar w, u;
};

struct dkls23_memory {
    uint8_t              run[SSID_LEN]; /* the ssid with the signers' set-ups: what everything is bound to */
    uint8_t              digest[32];    /* of all commitments */
    uint8_t              opening[COMMITMENT_OPENING_LEN];
    struct scalar        a[VOLE_INPUTS]; /* secret: r_i and sk_i, what others' chi are multiplied with */
    struct scalar        phi;            /* secret */
    struct point         R_own, pk_own, R;
    struct scalar        u, v; /* secret: this party's shares of k phi and x phi */
    struct dkls23_reveal reveals[PARTIES_MAX + 1];
    struct dkls23_peer   peers[PARTIES_MAX + 1];
    struct ot_rows       rows[]; /* of each other signer: self's as Bob, self's as Alice */
};

/* dkls23_session.c: the parts of a session in one place. */
size_t           dkls23_measure(const struct session_params *, struct row_limits *);
struct ot_rows  *dkls23_rows_bob(struct session *, party peer);
struct ot_rows  *dkls23_rows_alice(struct session *, party peer);
struct vole      dkls23_vole(struct session *, party alice, party bob);
struct party_set dkls23_others(const struct session *);
/* KMS_E_STATE: there is none, or it is burned. */
RESULT dkls23_setup(const struct pair_setup **out, const struct session *, party peer);
/* Before each use: another session may have burned it (sheet 3.6). KMS_E_MISMATCH: nobody here is to blame. */
RESULT dkls23_setup_still(const struct pair_setup **out, struct session *, party peer);

/* hedge.c: the session's randomness, xor a PRF of the share, the run and the step (check 40). */
struct dkls23_rng {
    struct rng      rng;
    struct session *session; /* borrowed */
    uint8_t         run[SSID_LEN];
    uint32_t        step, draws;
};
struct rng *dkls23_rng_init(struct dkls23_rng *, struct session *, uint32_t step);

/* combine.c */
struct dkls23_task {
    struct session     *session;
    const struct point *R;
};
/* m phi + r v. */
void dkls23_w(const struct dkls23_task *, struct scalar *w, const struct scalar *v, const struct scalar *phi);
void dkls23_write_reveal(const struct prime_group *, uint8_t *out, const struct dkls23_reveal *);
/* A handler's: reads what `from` shows. */
RESULT dkls23_read_reveal(struct session *, struct dkls23_reveal *out, struct reader *);
/* s = sum w_i / sum u_i, verified; writes the outcome. reveals: [PARTIES_MAX + 1], self's too. */
RESULT dkls23_combine(const struct dkls23_task *, const struct dkls23_reveal *reveals);
/* 20 to 64 bytes. */
RESULT dkls23_check_digest(const struct session *);

/* The rows' handlers. */
enum kms_err dkls23_0_open(struct session *, struct writer *);
enum kms_err dkls23_0_open_presign(struct session *, struct writer *);
enum kms_err dkls23_0_on_opening(struct session *, party from, struct reader *);
enum kms_err dkls23_1_commit(struct session *);
enum kms_err dkls23_1_on_commitment(struct session *, party from, struct reader *);
enum kms_err dkls23_1_on_choices(struct session *, party from, struct reader *);
enum kms_err dkls23_2_multiply(struct session *);
enum kms_err dkls23_2_on_opening(struct session *, party from, struct reader *);
enum kms_err dkls23_2_on_product(struct session *, party from, struct reader *);
enum kms_err dkls23_3_reveal(struct session *);
enum kms_err dkls23_3_presignature(struct session *);
enum kms_err dkls23_3_on_reveal(struct session *, party from, struct reader *);
enum kms_err dkls23_4_combine(struct session *);
enum kms_err dkls23_online_open(struct session *, struct writer *);
enum kms_err dkls23_online_on_reveal(struct session *, party from, struct reader *);
enum kms_err dkls23_online_combine(struct session *);
size_t       dkls23_online_measure(const struct session_params *, struct row_limits *);

#endif
