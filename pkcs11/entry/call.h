/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of a C_ function from beginning to end: the gate, the provider, the session if it has one, and the log line
 * if it fails.
 *
 *   struct call c;
 *   if (call_begin_session(&c, "C_Logout", session) == CKR_OK) c.rv = provider_logout(c.provider, c.session);
 *   return call_end(&c);
 */
#ifndef KMS_PKCS11_ENTRY_CALL_H
#define KMS_PKCS11_ENTRY_CALL_H

#include "pkcs11/core/provider.h"

struct call {
    const char      *name;
    struct provider *provider;
    struct session  *session;
    CK_SLOT_ID       slot; /* for the log; 0: none */
    CK_RV            rv;
};

CK_RV call_begin(struct call *, const char *name);
CK_RV call_begin_slot(struct call *, const char *name, CK_SLOT_ID, struct slot **out);
CK_RV call_begin_session(struct call *, const char *name, CK_SESSION_HANDLE);
CK_RV call_end(struct call *);

/* CKR_ARGUMENTS_BAD, said. */
CK_RV call_bad_arguments(void);

#endif
