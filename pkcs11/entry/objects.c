/* SPDX-License-Identifier: Apache-2.0 */
/* C_ functions of objects. */
#include <string.h>

#include "pkcs11/entry/call.h"

CK_RV C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE *templ, CK_ULONG count, CK_OBJECT_HANDLE *object)
{
    struct call c;

    if (call_begin_session(&c, "C_CreateObject", session) == CKR_OK)
        c.rv = object == NULL ? call_bad_arguments() : provider_create(c.provider, c.session, templ, count, object);
    return call_end(&c);
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    struct call c;

    if (call_begin_session(&c, "C_DestroyObject", session) == CKR_OK)
        c.rv = provider_destroy(c.provider, c.session, object);
    return call_end(&c);
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
    struct call c;

    if (call_begin_session(&c, "C_GetObjectSize", session) == CKR_OK)
        c.rv = size == NULL ? call_bad_arguments() : provider_size(c.provider, c.session, object, size);
    return call_end(&c);
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *templ, CK_ULONG count)
{
    struct call c;

    if (call_begin_session(&c, "C_GetAttributeValue", session) == CKR_OK)
        c.rv = templ == NULL && count > 0 ? call_bad_arguments()
                                          : provider_get(c.provider, c.session, object, templ, count);
    return call_end(&c);
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *templ, CK_ULONG count)
{
    struct call c;

    if (call_begin_session(&c, "C_SetAttributeValue", session) == CKR_OK)
        c.rv = templ == NULL ? call_bad_arguments() : provider_set(c.provider, c.session, object, templ, count);
    return call_end(&c);
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE *templ, CK_ULONG count)
{
    struct call c;

    if (call_begin_session(&c, "C_FindObjectsInit", session) == CKR_OK)
        c.rv = provider_find_init(c.provider, c.session, templ, count);
    return call_end(&c);
}

static CK_RV take_found(struct search *search, CK_OBJECT_HANDLE *out, CK_ULONG max, CK_ULONG *count)
{
    size_t left;

    if (search == NULL) return refuse(CKR_OPERATION_NOT_INITIALIZED, "C_FindObjectsInit comes first");
    left = search->count - search->next;
    *count = left < max ? left : max;
    if (*count > 0) memcpy(out, search->handles + search->next, *count * sizeof *out);
    search->next += *count;
    return CKR_OK;
}

CK_RV C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *object, CK_ULONG max_object_count,
                    CK_ULONG *object_count)
{
    struct call c;

    if (call_begin_session(&c, "C_FindObjects", session) != CKR_OK) return call_end(&c);
    if (object_count == NULL || (object == NULL && max_object_count > 0))
        c.rv = call_bad_arguments();
    else
        c.rv = take_found(c.session->search, object, max_object_count, object_count);
    return call_end(&c);
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE session)
{
    struct call c;

    if (call_begin_session(&c, "C_FindObjectsFinal", session) != CKR_OK) return call_end(&c);
    if (c.session->search == NULL) c.rv = refuse(CKR_OPERATION_NOT_INITIALIZED, "no search is active");
    session_end_search(c.session);
    return call_end(&c);
}
