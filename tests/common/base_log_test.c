/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: their form, their levels, and that foreign text cannot break out of a line. */
#include <fcntl.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "tests/support/test.h"

static int reading;

static void begin(enum log_level level)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    reading = ends[0];
    log_setup(level, ends[1], "node=tss1");
}

static const char *written(void)
{
    static char text[4096];
    ssize_t     len = read(reading, text, sizeof text - 1);

    text[len > 0 ? len : 0] = '\0';
    return text;
}

TEST(log, line_has_time_level_identity_and_event)
{
    begin(LOG_INFO);
    log_info("key.active", "key=%s epoch=%d", "ab", 3);

    const char *line = written();
    assert_int_equal(line[4], '-');
    assert_int_equal(line[19], '.');
    assert_string_equal(line + 23, "Z info node=tss1 event=key.active key=ab epoch=3\n");
}

TEST(log, levels_below_the_threshold_are_silent)
{
    begin(LOG_WARN);
    log_info("x", "%d", 1);
    log_debug("x", "%d", 1);
    assert_string_equal(written(), "");
    log_warn("x", "%d", 1);
    assert_non_null(strstr(written(), " warn "));

    begin(LOG_OFF);
    log_error("x", "%d", 1);
    assert_string_equal(written(), "");
}

TEST(log, control_characters_cannot_forge_a_line)
{
    begin(LOG_INFO);
    log_info("x", "name=%s", "a\n2026-01-01 error\x1b[31m\x7f");

    const char *line = written();
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_null(strchr(line, '\x1b'));
    assert_null(strchr(line, '\x7f'));
}

TEST(log, long_lines_are_cut_and_end)
{
    char text[5000];

    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    begin(LOG_INFO);
    log_info("x", "%s", text);

    const char *line = written();
    assert_in_range(strlen(line), 500, 1024);
    assert_int_equal(line[strlen(line) - 1], '\n');
}

TEST(log, failure_tells_name_text_and_place)
{
    begin(LOG_INFO);
    log_failure(LOG_ERROR, "store.open", fail(KMS_E_STORAGE, "disk %d", 7));

    const char *line = written();
    assert_non_null(strstr(line, "event=store.open error=storage text=\"disk 7\" at="));
}

TEST(log, level_names_are_parsed)
{
    enum log_level level = LOG_OFF;

    assert_ok(log_level_parse(&level, "debug"));
    assert_int_equal(level, LOG_DEBUG);
    assert_ok(log_level_parse(&level, "off"));
    assert_int_equal(level, LOG_OFF);
    assert_err(KMS_E_CONFIG, log_level_parse(&level, "loud"));
}

TEST(clock, formats_dates)
{
    char out[21];

    clock_format(out, 0);
    assert_string_equal(out, "1970-01-01T00:00:00Z");
    clock_format(out, 1795294083);
    assert_string_equal(out, "2026-11-21T20:48:03Z");
    clock_format(out, INT64_MAX);
    assert_string_equal(out, "invalid-time");
    clock_format(out, INT64_MIN);
    assert_string_equal(out, "invalid-time");
}

TEST(clock, monotonic_time_does_not_go_back)
{
    uint64_t before = clock_monotonic_us();

    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_monotonic_us();
        assert_true(now >= before);
        before = now;
    }
    assert_true(clock_wall_ms() / 1000 - clock_wall_s() <= 1);
}
