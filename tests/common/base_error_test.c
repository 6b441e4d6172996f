/* SPDX-License-Identifier: Apache-2.0 */
/* The error table and the text of the last failure. */
#include <ctype.h>
#include <pthread.h>

#include "tests/support/test.h"

static const enum kms_err codes[] = {
#define X(symbol, number, name, http, retry, ckr, title) KMS_E_##symbol,
    KMS_ERROR_TABLE(X)
#undef X
};

TEST(error, numbers_and_names_are_unique_and_found_again)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        assert_int_equal(error_from_number((int)codes[i]), codes[i]);
        assert_int_equal(error_from_name(error_name(codes[i])), codes[i]);
        for (size_t j = 0; j < i; j++) assert_int_not_equal(codes[i], codes[j]);
    }
}

TEST(error, every_row_is_usable_in_http_and_pkcs11)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        assert_in_range(error_http_status(codes[i]), 400, 599);
        assert_int_not_equal(error_ckr(codes[i]), 0);
        assert_true(strlen(error_title(codes[i])) > 0);
        for (const char *c = error_name(codes[i]); *c != '\0'; c++)
            assert_true(islower((unsigned char)*c) || *c == '_');
    }
}

TEST(error, unknown_numbers_and_names_are_internal)
{
    assert_int_equal(error_from_number(-1), KMS_E_INTERNAL);
    assert_int_equal(error_from_number(55), KMS_E_INTERNAL);
    assert_int_equal(error_from_number(100000), KMS_E_INTERNAL);
    assert_int_equal(error_from_name("no_such_error"), KMS_E_INTERNAL);
    assert_string_equal(error_name((enum kms_err)55), "internal");
    assert_string_equal(error_name((enum kms_err) - 1), "internal");
}

static RESULT lower(void)
{
    return fail(KMS_E_RANGE, "threshold %u of %u", 5u, 3u);
}

static RESULT upper(void)
{
    TRY_AT(lower(), "key %s", "abc");
    return KMS_OK;
}

TEST(error, context_is_put_before_the_text)
{
    assert_int_equal(upper(), KMS_E_RANGE);

    assert_string_equal(error_text(), "key abc: threshold 5 of 3");
    assert_non_null(strstr(error_where(), "base_error_test.c:"));
}

TEST(error, long_texts_are_cut_and_terminated)
{
    char long_text[2000];

    memset(long_text, 'a', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    (void)!fail(KMS_E_FORMAT, "%s", long_text);
    assert_in_range(strlen(error_text()), 100, 1000);
    error_context("%s", "outer");
    assert_true(strncmp(error_text(), "outer: aaa", 10) == 0);
    error_context("%s", long_text); /* longer than there is room for: dropped */
    assert_true(strncmp(error_text(), "outer: aaa", 10) == 0);
    assert_in_range(strlen(error_text()), 100, 1000);
}

static void *fails_elsewhere(void *unused)
{
    (void)unused;
    (void)!fail(KMS_E_SYSTEM, "in the other thread");
    return NULL;
}

TEST(error, text_belongs_to_its_thread)
{
    pthread_t thread;

    (void)!fail(KMS_E_RANGE, "mine");
    assert_int_equal(pthread_create(&thread, NULL, fails_elsewhere, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);

    assert_string_equal(error_text(), "mine");
    error_clear();
    assert_string_equal(error_text(), "");
    assert_string_equal(error_where(), "");
}
