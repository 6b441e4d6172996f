/* SPDX-License-Identifier: Apache-2.0 */
/* pkcs11.conf: where it is, what it says, what the environment replaces; gateway addresses. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkcs11/backend/gateways.h"
#include "tests/support/test.h"
#include "tests/support/test_ca.h"

static char path[1024];

static void write_conf(const char *text)
{
    (void)snprintf(path, sizeof path, "%s/pkcs11.conf", test_directory());
    test_write_file(path, bytes_str(text), 0600);
    assert_int_equal(setenv("KMS_PKCS11_CONF", path, 1), 0);
}

#define GOOD "gateways = {\"https://a:1\", \"https://[::1]:2\"}\nca = \"ca.cert\"\ncredential = \"/etc/kms/app\"\n"

TEST(settings, are_read_from_the_file_that_the_environment_names)
{
    struct settings s;
    bool            found;

    write_conf(GOOD "threshold = 3\nlog = \"stderr\"\n");
    assert_ok(settings_load(&s, &found, NULL));

    assert_true(found);
    assert_int_equal(s.gateway_count, 2);
    assert_string_equal(s.gateways[1], "https://[::1]:2");
    assert_int_equal(s.slot_count, 1);
    assert_string_equal(s.slots[0], "ed25519");
    assert_int_equal(s.threshold, 3);
    assert_int_equal(s.sign_timeout_ms, 5000);
    assert_string_equal(s.credential, "/etc/kms/app");
    assert_true(s.ca[0] == '/' && strstr(s.ca, "/ca.cert") != NULL);
    assert_string_equal(s.log, "stderr");
}

TEST(settings, can_be_replaced_one_by_one_by_the_environment)
{
    struct settings s;
    bool            found;

    write_conf(GOOD);
    assert_int_equal(setenv("KMS_PKCS11_GATEWAYS", "https://x:1,https://y:2,https://z:3", 1), 0);
    assert_int_equal(setenv("KMS_PKCS11_REFRESH_MS", "7", 1), 0);
    assert_ok(settings_load(&s, &found, NULL));
    assert_int_equal(s.gateway_count, 3);
    assert_string_equal(s.gateways[2], "https://z:3");
    assert_int_equal(s.refresh_ms, 7);
    assert_int_equal(setenv("KMS_PKCS11_REFRESH_MS", "soon", 1), 0);
    assert_err(KMS_E_CONFIG, settings_load(&s, &found, NULL));
    assert_non_null(strstr(error_text(), "KMS_PKCS11_REFRESH_MS"));
    assert_int_equal(unsetenv("KMS_PKCS11_REFRESH_MS") + unsetenv("KMS_PKCS11_GATEWAYS"), 0);
}

TEST(settings, refuse_what_makes_no_sense)
{
    const char *const wrong[] = {
        "ca = \"a\"\ncredential = \"b\"\n",
        GOOD "threshold = 4\n",
        GOOD "threshold = 1\n",
        GOOD "log_level = \"loud\"\n",
        GOOD "sign_timeout_ms = 10000000\n",
        GOOD "no_option = 1\n",
        GOOD "slots = {}\n",
        "gateways = {\"https://a:1\"}\n",
    };
    struct settings s;
    bool            found;

    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        write_conf(wrong[i]);
        if (settings_load(&s, &found, NULL) == KMS_OK) fail_msg("accepted: %s", wrong[i]);
    }
}

TEST(settings, refuse_a_file_that_others_can_write)
{
    struct settings s;
    bool            found;

    write_conf(GOOD);
    assert_int_equal(chmod(path, 0666), 0);

    assert_err(KMS_E_CONFIG, settings_load(&s, &found, NULL));
}

TEST(settings, come_from_the_user_when_the_environment_names_no_file_and_may_be_absent)
{
    struct settings s;
    bool            found;
    char            folder[1100];
    const char     *home = test_directory();

    assert_int_equal(unsetenv("KMS_PKCS11_CONF") + unsetenv("XDG_CONFIG_HOME") + setenv("HOME", home, 1), 0);
    if (access("/etc/kms/pkcs11.conf", F_OK) != 0) {
        assert_ok(settings_load(&s, &found, NULL));
        assert_false(found);
    }
    (void)snprintf(folder, sizeof folder, "%s/.config", home);
    assert_int_equal(mkdir(folder, 0700), 0);
    (void)snprintf(folder, sizeof folder, "%s/.config/kms", home);
    assert_int_equal(mkdir(folder, 0700), 0);
    (void)snprintf(folder, sizeof folder, "%s/.config/kms/pkcs11.conf", home);
    test_write_file(folder, bytes_str(GOOD), 0600);
    assert_ok(settings_load(&s, &found, NULL));
    assert_true(found);
    assert_int_equal(s.gateway_count, 2);
}

TEST(gateways, are_parsed_strictly)
{
    const char *const wrong[] = {"http://a:1",      "https://a",
                                 "https://a:",      "https://a:0",
                                 "https://a:70000", "https://:1",
                                 "https://a:1/",    "https://a b:1",
                                 "https://[::1]",   "https://::1:2",
                                 "https://a:1:2",   "https://user@a:1",
                                 "ftp://a:1",       ""};
    struct gateway    g;

    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++)
        if (gateway_parse(&g, wrong[i]) == KMS_OK) fail_msg("accepted: %s", wrong[i]);
    assert_ok(gateway_parse(&g, "https://[2001:db8::1]:443"));
    assert_string_equal(g.host, "2001:db8::1");
    assert_string_equal(g.authority, "[2001:db8::1]:443");
    assert_true(g.is_address);
    assert_ok(gateway_parse(&g, "https://kms.example.net:8080"));
    assert_string_equal(g.port, "8080");
    assert_false(g.is_address);
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

TEST(settings, keep_one_descriptor_however_often_and_wherever_they_log)
{
    struct settings s = {.log_level = "error"};

    (void)snprintf(s.log, sizeof s.log, "%s/first.log", test_directory());
    assert_ok(settings_open_log(&s));
    unsigned before = open_descriptors();
    for (unsigned i = 0; i < 10; i++) {
        (void)snprintf(s.log, sizeof s.log, "%s/%u.log", test_directory(), i % 3);
        assert_ok(settings_open_log(&s));
    }
    assert_int_equal(open_descriptors(), before);
    log_setup(LOG_OFF, 2, "");
}

TEST(settings, do_not_log_into_a_file_that_took_the_place_of_the_log)
{
    struct settings s = {.log_level = "error"};
    char            host[600];
    struct stat     size;

    (void)snprintf(s.log, sizeof s.log, "%s/x.log", test_directory());
    (void)snprintf(host, sizeof host, "%s/host", test_directory());
    assert_ok(settings_open_log(&s));
    int first = open("/dev/null", O_RDONLY); /* the log is below this, at the first number that is free */
    for (int fd = 3; fd < first; fd++) close(fd);
    for (int fd = 3; fd < first; fd++) assert_int_equal(open(host, O_WRONLY | O_CREAT | O_APPEND, 0600), fd);
    assert_ok(settings_open_log(&s));
    log_error("a.line", "n=%d", 1);
    assert_int_equal(stat(host, &size), 0);
    assert_int_equal(size.st_size, 0);
    for (int fd = 3; fd <= first; fd++) close(fd);
    log_setup(LOG_OFF, 2, "");
}
