/* SPDX-License-Identifier: Apache-2.0 */
/* How answers of the coordinator become errors, and what is refused before anything is sent. */
#include "cluster/ctl/client.h"

#include "tests/support/test.h"

static enum kms_err error_of(int status, const char *body)
{
    struct client_reply reply = {.status = status, .body = BUF_INIT(4096)};

    assert_ok(buf_append_str(&reply.body, body));
    enum kms_err err = client_error(&reply);
    client_reply_clear(&reply);
    return err;
}

TEST(client, takes_the_code_and_the_detail_of_a_problem_document)
{
    assert_err(KMS_E_QUORUM,
               error_of(503, "{\"code\":\"no_quorum\",\"detail\":\"2 of 3 nodes are up\",\"status\":503}"));
    assert_string_equal(error_text(), "2 of 3 nodes are up");
}

TEST(client, takes_the_status_where_there_is_no_problem_document)
{
    assert_ok(error_of(200, ""));
    assert_ok(error_of(201, "anything"));
    assert_err(KMS_E_UNAUTHENTICATED, error_of(401, ""));
    assert_err(KMS_E_DENIED, error_of(403, "<html>"));
    assert_err(KMS_E_NOT_FOUND, error_of(404, "{}"));
    assert_err(KMS_E_CONFLICT, error_of(409, "[]"));
    assert_err(KMS_E_UNAVAILABLE, error_of(503, "{\"code\":7}"));
    assert_err(KMS_E_INTERNAL, error_of(500, "{"));
    assert_err(KMS_E_ARGUMENT, error_of(302, ""));
}

TEST(client, takes_an_unknown_code_as_an_internal_error)
{
    assert_err(KMS_E_INTERNAL, error_of(418, "{\"code\":\"teapot\"}"));
}

TEST(client, lets_no_control_character_of_the_answer_through)
{
    assert_err(KMS_E_NOT_FOUND, error_of(404, "{\"code\":\"not_found\",\"detail\":\"a\\u001b[2Jb\\nc\"}"));
    assert_string_equal(error_text(), "a?[2Jb?c");
}

TEST(client, refuses_paths_and_methods_that_cannot_be_signed)
{
    struct client         c = {.timeout_s = 5};
    struct signed_request request;
    char                  path[REQUEST_TARGET_MAX + 3];

    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_err(KMS_E_ARGUMENT, client_sign(&c, "GET", path, BYTES_NONE, NULL, &request));
    assert_err(KMS_E_ARGUMENT, client_sign(&c, "GET", "keys", BYTES_NONE, NULL, &request));
    assert_err(KMS_E_ARGUMENT, client_sign(&c, "PROPFINDS", "/", BYTES_NONE, NULL, &request));
    assert_err(KMS_E_ARGUMENT, client_sign(&c, "GET", "/", BYTES_NONE, "", &request));
}

TEST(client, says_that_nobody_listens)
{
    struct client       c = {.url = "http://127.0.0.1:1", .timeout_s = 2};
    struct client_reply reply = {0};

    assert_err(KMS_E_UNAVAILABLE, client_call(&c, "GET", "/healthz", BYTES_NONE, NULL, &reply));
    client_reply_clear(&reply);
    client_close(&c);
}

TEST(client, refuses_other_protocols_than_http)
{
    struct client       c = {.url = "file:///etc/passwd#", .timeout_s = 2};
    struct client_reply reply = {0};

    assert_err(KMS_E_ARGUMENT, client_call(&c, "GET", "/", BYTES_NONE, NULL, &reply));
    client_reply_clear(&reply);
    client_close(&c);
}
