/* SPDX-License-Identifier: Apache-2.0 */
/* DEK files: the right password, the wrong one, every altered byte, and a power cut while the password changes. */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cluster/pki/pki.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/crypto/kdf.h"
#include "common/secret/file.h"
#include "tests/support/test.h"
#include "tests/support/test_ca.h"

#define FAST PBKDF2_ITERATIONS_FLOOR

static char path[600];

static enum kms_err create(const char *password, uint32_t iterations)
{
    SECRET_LOCAL secret = SECRET_NONE;

    (void)snprintf(path, sizeof path, "%s/tss1.dek", test_directory());
    assert_ok(secret_copy(&secret, bytes_str(password)));
    return dek_create(path, "tss1", &secret, iterations);
}

static enum kms_err open_as(struct secret *dek, const char *node, const char *password)
{
    SECRET_LOCAL secret = SECRET_NONE;

    assert_ok(secret_copy(&secret, bytes_str(password)));
    return dek_open(dek, path, node, &secret);
}

static enum kms_err change(const char *from, const char *to, uint32_t iterations)
{
    SECRET_LOCAL old_password = SECRET_NONE;
    SECRET_LOCAL new_password = SECRET_NONE;

    assert_ok(secret_copy(&old_password, bytes_str(from)));
    assert_ok(secret_copy(&new_password, bytes_str(to)));
    return dek_change_password(path, "tss1", &old_password, &new_password, iterations);
}

static void read_file(struct buf *content)
{
    content->len = 0;
    assert_ok(file_read(content, path, 077));
}

/* What is logged while the DEK is opened. */
static void log_of_opening(struct buf *out, const char *password)
{
    SECRET_LOCAL dek = SECRET_NONE;
    uint8_t      text[1024];
    int          ends[2];

    assert_int_equal(pipe(ends), 0);
    log_setup(LOG_WARN, ends[1], "test");
    enum kms_err err = open_as(&dek, "tss1", password);
    log_setup(LOG_INFO, STDERR_FILENO, "");
    (void)close(ends[1]);
    ssize_t len = read(ends[0], text, sizeof text);
    (void)close(ends[0]);
    assert_int_equal(err, KMS_OK);
    assert_true(len >= 0);
    assert_ok(buf_append(out, bytes(text, (size_t)len)));
}

TEST(dek, says_that_its_iterations_are_few_until_they_are_raised)
{
    BUF_LOCAL before = BUF_INIT(1024), after = BUF_INIT(1024);

    assert_ok(create("pass", FAST));
    log_of_opening(&before, "pass");
    assert_non_null(strstr(buf_str(&before), "event=dek.iterations node=tss1 iterations=10000"));

    assert_ok(change("pass", "pass", PBKDF2_ITERATIONS_DEFAULT));
    log_of_opening(&after, "pass");
    assert_int_equal(after.len, 0);
    assert_int_equal(unlink(path), 0);
}

TEST(dek, opens_with_its_password)
{
    SECRET_LOCAL first = SECRET_NONE;
    SECRET_LOCAL second = SECRET_NONE;
    struct stat  info;

    assert_ok(create("password", PBKDF2_ITERATIONS_DEFAULT));
    assert_ok(open_as(&first, "tss1", "password"));
    assert_ok(open_as(&second, "tss1", "password"));
    assert_int_equal(first.len, 32);
    assert_memory_equal(first.data, second.data, 32);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

TEST(dek, differs_from_node_to_node_and_is_not_in_the_file)
{
    SECRET_LOCAL first = SECRET_NONE;
    SECRET_LOCAL second = SECRET_NONE;
    BUF_LOCAL    content = BUF_INIT(512);

    assert_ok(create("password", FAST));
    assert_ok(open_as(&first, "tss1", "password"));
    read_file(&content);
    assert_null(memmem(content.data, content.len, first.data, 32));
    assert_ok(create("password", FAST));
    assert_ok(open_as(&second, "tss1", "password"));
    assert_memory_not_equal(first.data, second.data, 32);
}

TEST(dek, refuses_wrong_passwords)
{
    static const char *const wrong[] = {"", "Password", "password ", "passwor"};
    SECRET_LOCAL             dek = SECRET_NONE;

    assert_ok(create("password", FAST));
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_err(KMS_E_PASSWORD, open_as(&dek, "tss1", wrong[i]));
        assert_int_equal(dek.len, 0);
    }
}

TEST(dek, refuses_another_nodes_file)
{
    SECRET_LOCAL dek = SECRET_NONE;

    assert_ok(create("password", FAST));
    assert_err(KMS_E_CORRUPT, open_as(&dek, "tss2", "password"));
    assert_non_null(strstr(error_text(), "node tss1, not of tss2"));
}

TEST(dek, refuses_every_altered_byte)
{
    SECRET_LOCAL dek = SECRET_NONE;
    BUF_LOCAL    content = BUF_INIT(512);

    assert_ok(create("password", FAST));
    read_file(&content);
    for (size_t i = 0; i < content.len; i++) {
        content.data[i] ^= (uint8_t)(1 << i % 8);
        test_write_file(path, buf_bytes(&content), 0600);
        assert_err(KMS_E_CORRUPT, open_as(&dek, "tss1", "password"));
        content.data[i] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t len = 0; len < content.len; len += 5) {
        test_write_file(path, bytes(content.data, len), 0600);
        assert_err(KMS_E_CORRUPT, open_as(&dek, "tss1", "password"));
    }
}

/* Somebody who alters the file and makes the checksum fit is stopped by the authentication of header and key. */
TEST(dek, refuses_every_byte_altered_on_purpose)
{
    SECRET_LOCAL dek = SECRET_NONE;
    BUF_LOCAL    content = BUF_INIT(512);

    assert_ok(create("password", FAST));
    read_file(&content);
    for (size_t i = 0; i < content.len - 32; i++) {
        /* Of the iterations only the lowest bit: with others a try takes minutes, or is out of range (below). */
        uint8_t flip = i >= 6 && i < 9 ? 0 : 1;
        if (flip == 0) continue;
        content.data[i] ^= flip;
        const struct bytes body = bytes(content.data, content.len - 32);
        hash_items(content.data + content.len - 32, TAG_DEK_FILE, &body, 1);
        test_write_file(path, buf_bytes(&content), 0600);
        enum kms_err err = open_as(&dek, "tss1", "password");
        assert_true(err == KMS_E_CORRUPT || err == KMS_E_PASSWORD);
        content.data[i] ^= flip;
    }
}

TEST(dek, refuses_iterations_out_of_range)
{
    static const uint32_t wrong[] = {0, 1, FAST - 1, PBKDF2_ITERATIONS_MAX + 1, UINT32_MAX};
    SECRET_LOCAL          dek = SECRET_NONE;
    BUF_LOCAL             content = BUF_INIT(512);

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_err(KMS_E_RANGE, create("password", wrong[i]));
        assert_int_equal(access(path, F_OK), -1);
    }
    assert_ok(create("password", FAST));
    read_file(&content);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        for (unsigned j = 0; j < 4; j++) content.data[6 + j] = (uint8_t)(wrong[i] >> (24 - 8 * j));
        const struct bytes body = bytes(content.data, content.len - 32);
        hash_items(content.data + content.len - 32, TAG_DEK_FILE, &body, 1);
        test_write_file(path, buf_bytes(&content), 0600);
        assert_err(KMS_E_CORRUPT, open_as(&dek, "tss1", "password"));
        assert_non_null(strstr(error_text(), "iterations"));
    }
}

TEST(dek, refuses_files_that_others_may_read)
{
    SECRET_LOCAL dek = SECRET_NONE;

    assert_ok(create("password", FAST));
    for (unsigned mode = 0600; mode <= 0677; mode++) {
        assert_int_equal(chmod(path, mode), 0);
        if ((mode & 077) != 0) assert_err(KMS_E_CONFIG, open_as(&dek, "tss1", "password"));
    }
}

TEST(dek, is_never_overwritten_by_create)
{
    SECRET_LOCAL secret = SECRET_NONE;
    SECRET_LOCAL dek = SECRET_NONE;

    assert_ok(create("password", FAST));
    assert_ok(secret_copy(&secret, bytes_str("other")));
    assert_err(KMS_E_CONFLICT, dek_create(path, "tss1", &secret, FAST));
    assert_ok(open_as(&dek, "tss1", "password"));
}

TEST(dek, refuses_empty_passwords_and_malformed_nodes)
{
    SECRET_LOCAL secret = SECRET_NONE;

    assert_err(KMS_E_PASSWORD, create("", FAST));
    assert_ok(secret_copy(&secret, bytes_str("password")));
    assert_err(KMS_E_ARGUMENT, dek_create(path, "a/b", &secret, FAST));
    assert_err(KMS_E_ARGUMENT, dek_create(path, "", &secret, FAST));
}

TEST(dek, stays_the_same_under_a_new_password)
{
    SECRET_LOCAL before = SECRET_NONE;
    SECRET_LOCAL after = SECRET_NONE;

    assert_ok(create("old", FAST));
    assert_ok(open_as(&before, "tss1", "old"));
    assert_err(KMS_E_PASSWORD, change("wrong", "new", FAST));
    assert_err(KMS_E_RANGE, change("old", "new", FAST - 1));
    assert_err(KMS_E_PASSWORD, change("old", "", FAST));
    assert_ok(open_as(&after, "tss1", "old"));
    assert_ok(change("old", "new", FAST + 1));
    assert_err(KMS_E_PASSWORD, open_as(&after, "tss1", "old"));
    assert_ok(open_as(&after, "tss1", "new"));
    assert_memory_equal(before.data, after.data, 32);
}

/* Changes the password to and fro until it is killed. */
static void change_for_ever(void)
{
    for (;;) {
        if (change("a", "b", FAST) != KMS_OK) (void)change("b", "a", FAST);
    }
}

TEST(dek, opens_with_the_old_or_the_new_password_whenever_a_change_is_cut_off)
{
    SECRET_LOCAL      before = SECRET_NONE;
    struct rng_seeded random;
    unsigned long     cuts = test_knob("KMS_DEK_CUTS", 60);

    rng_seeded_init(&random, test_seed(), 1);
    assert_ok(create("a", FAST));
    assert_ok(open_as(&before, "tss1", "a"));
    for (unsigned long i = 0; i < cuts; i++) {
        SECRET_LOCAL after = SECRET_NONE;
        pid_t        child = fork();
        if (child == 0) change_for_ever();
        assert_true(child > 0);
        /* The moment of the cut, not a wait for something. */
        const struct timespec moment = {.tv_nsec = (long)rng_seeded_below(&random, 60000000)};
        (void)nanosleep(&moment, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        if (open_as(&after, "tss1", "a") != KMS_OK) assert_ok(open_as(&after, "tss1", "b"));
        assert_memory_equal(before.data, after.data, 32);
    }
}
