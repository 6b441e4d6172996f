/* SPDX-License-Identifier: Apache-2.0 */
/* Handles. */
#include "pkcs11/core/handles.h"
#include "tests/support/test.h"

#define COUNT 5000

TEST(handles, are_found_until_they_are_removed)
{
    static int      things[COUNT];
    static CK_ULONG handle[COUNT];
    struct handles  h;

    handles_init(&h, HANDLE_OBJECT);
    for (unsigned i = 0; i < COUNT; i++) assert_int_equal(handles_add(&h, &handle[i], &things[i]), CKR_OK);
    for (unsigned i = 0; i < COUNT; i += 2) handles_remove(&h, handle[i]);
    handles_remove(&h, handle[0]); /* once more does no harm */

    assert_int_equal(h.count, COUNT / 2);
    for (unsigned i = 0; i < COUNT; i++) assert_ptr_equal(handles_get(&h, handle[i]), i % 2 == 0 ? NULL : &things[i]);
    handles_set(&h, handle[1], &things[0]);
    assert_ptr_equal(handles_get(&h, handle[1]), &things[0]);
    handles_clear(&h);
    assert_null(handles_get(&h, handle[1]));
}

TEST(handles, of_sessions_are_never_handles_of_objects)
{
    struct handles sessions, objects;
    CK_ULONG       a, b;
    int            thing;

    handles_init(&sessions, HANDLE_SESSION);
    handles_init(&objects, HANDLE_OBJECT);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(handles_add(&sessions, &a, &thing), CKR_OK);
        assert_int_equal(handles_add(&objects, &b, &thing), CKR_OK);
        assert_true(a != 0 && (a >> 31) == 0 && (b >> 31) == 1);
        assert_null(handles_get(&objects, a));
        assert_null(handles_get(&sessions, b));
    }
    assert_null(handles_get(&sessions, 0));
    handles_clear(&sessions);
    handles_clear(&objects);
}
