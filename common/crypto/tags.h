/* SPDX-License-Identifier: Apache-2.0 */
/* Every domain-separation string of the system. No tag has two purposes; a test checks that they differ. */
#ifndef KMS_COMMON_CRYPTO_TAGS_H
#define KMS_COMMON_CRYPTO_TAGS_H

/* X(symbol, string) */
#define KMS_TAG_TABLE(X)                                      \
    X(SSID, "tss/v1/session/open/ssid")                       \
    X(INPUTS, "tss/v1/session/open/inputs")                   \
    X(ECHO, "tss/v1/session/any/echo")                        \
    X(PAYLOAD, "tss/v1/session/any/payload")                  \
    X(SESSION_SALT, "tss/v1/session/open/salt")               \
    X(COMMIT, "tss/v1/dkg/1/commitment")                      \
    X(POK_COEFFICIENT, "tss/v1/dkg/2/proof-of-coefficients")  \
    X(POK_SHARE, "tss/v1/dkg/3/proof-of-share")               \
    X(CHAIN_CODE, "tss/v1/dkg/3/chain-code")                  \
    X(DKG_TRANSCRIPT, "tss/v1/dkg/3/transcript")              \
    X(COEFFICIENT_HEDGE, "tss/v1/dkg/1/coefficient-hedge")    \
    X(CHAIN_CODE_HEDGE, "tss/v1/dkg/1/chain-code-hedge")      \
    X(COMMIT_HEDGE, "tss/v1/dkg/1/commitment-hedge")          \
    X(POK_HEDGE, "tss/v1/proof/any/nonce-hedge")              \
    X(FROST_HEDGE, "tss/v1/frost/1/nonce-hedge")              \
    X(OT_RUN, "tss/v1/ot/any/run")                            \
    X(OT_PERMUTATION, "tss/v1/ot/any/permutation")            \
    X(OT_BASE_POINT, "tss/v1/ot/base/hash-to-point")          \
    X(OT_BASE_PAD, "tss/v1/ot/base/pad")                      \
    X(PPRF_CHECK, "tss/v1/ot/tree/leaves")                    \
    X(OT_CHI, "tss/v1/ot/extension/challenge")                \
    X(OT_CHECK, "tss/v1/ot/extension/check")                  \
    X(VOLE_GADGET, "tss/v1/vole/any/gadget")                  \
    X(VOLE_THETA, "tss/v1/vole/2/challenge")                  \
    X(VOLE_MU, "tss/v1/vole/2/check")                         \
    X(ZERO_SEED, "tss/v1/zero/setup/seed")                    \
    X(ZERO_SHARE, "tss/v1/zero/any/share")                    \
    X(PAIR_COMMIT, "tss/v1/pair/1/commitment")                \
    X(PAIR_TRANSCRIPT, "tss/v1/pair/3/transcript")            \
    X(DKLS23_RUN, "tss/v1/dkls23/open/run")                   \
    X(DKLS23_COMMIT, "tss/v1/dkls23/1/commitment")            \
    X(DKLS23_HEDGE, "tss/v1/dkls23/any/hedge")                \
    X(DKLS23_DIGEST, "tss/v1/dkls23/2/commitments")           \
    X(DKLS23_ONLINE, "tss/v1/dkls23/online/ssid")             \
    X(DKLS23_RERANDOMISE, "tss/v1/dkls23/online/rerandomise") \
    X(KEY_ID, "tss/v1/key/id")                                \
    X(BIRTH, "tss/v1/key/birth-certificate")                  \
    X(ABANDON, "tss/v1/key/abandonment")                      \
    X(REQUEST, "tss/v1/request/hash")                         \
    X(STATEMENT, "tss/v1/statement/signature")                \
    X(ROSTER, "tss/v1/statement/roster-hash")                 \
    X(POLICY, "tss/v1/key/policy-hash")                       \
    X(LOG_ROW, "tss/v1/log/row")                              \
    X(STORE_RECORD, "tss/v1/store/record")                    \
    X(DEK_FILE, "tss/v1/dek/file")

#define X(symbol, string) TAG_##symbol,
enum tag_id { KMS_TAG_TABLE(X) TAG_COUNT };
#undef X

const char *tag_string(enum tag_id);

#endif
