/* SPDX-License-Identifier: Apache-2.0 */
/* Files appear whole or not at all. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/pki/file_write.h"
#include "common/secret/file.h"
#include "tests/support/test.h"
#include "tests/support/test_ca.h"

static char path[600];

static void in_new_folder(void)
{
    (void)snprintf(path, sizeof path, "%s/file", test_directory());
}

static void assert_content(const char *expected)
{
    BUF_LOCAL content = BUF_INIT(1000);

    assert_ok(file_read(&content, path, 0));
    assert_string_equal(buf_str(&content), expected);
}

TEST(file_write, creates_with_its_mode_and_nothing_beside)
{
    struct stat info;
    char        beside[700];

    in_new_folder();
    assert_ok(file_create(path, bytes_str("one"), 0640));
    assert_content("one");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    assert_int_equal(access(beside, F_OK), -1);
}

TEST(file_write, never_overwrites_by_creating)
{
    in_new_folder();
    assert_ok(file_create(path, bytes_str("one"), 0600));
    assert_err(KMS_E_CONFLICT, file_create(path, bytes_str("two"), 0600));
    assert_content("one");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_err(KMS_E_CONFLICT, file_create(path, bytes_str("two"), 0600));
}

TEST(file_write, replaces_and_survives_what_a_crash_left)
{
    char beside[700];

    in_new_folder();
    assert_ok(file_replace(path, bytes_str("one"), 0600));
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    test_write_file(beside, bytes_str("half"), 0600);
    assert_ok(file_replace(path, bytes_str("two"), 0600));
    assert_content("two");
    assert_int_equal(access(beside, F_OK), -1);
}

TEST(file_write, appends_lines)
{
    in_new_folder();
    assert_ok(file_append(path, bytes_str("one\n"), 0644));
    assert_ok(file_append(path, bytes_str("two\n"), 0644));
    assert_content("one\ntwo\n");
}

TEST(file_write, fails_clearly_where_it_cannot_write)
{
    in_new_folder();
    (void)snprintf(path + strlen(path), sizeof path - strlen(path), "/absent");
    assert_err(KMS_E_SYSTEM, file_create(path, bytes_str("one"), 0600));
    assert_err(KMS_E_SYSTEM, file_replace(path, bytes_str("one"), 0600));
    assert_err(KMS_E_SYSTEM, file_append(path, bytes_str("one"), 0600));
    assert_non_null(strstr(error_text(), "/absent"));
}

TEST(file_write, makes_folders_once)
{
    in_new_folder();
    assert_ok(folder_make(path, 0700));
    assert_ok(folder_make(path, 0700));
    assert_int_equal(rmdir(path), 0);
    test_write_file(path, bytes_str("x"), 0600);
    assert_err(KMS_E_CONFLICT, folder_make(path, 0700));
}
