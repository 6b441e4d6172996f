/* SPDX-License-Identifier: Apache-2.0 */
/* The only reader of the clocks. */
#include "common/base/clock.h"

#include <stdio.h>
#include <time.h>

#include "common/base/check.h"

static struct timespec read_clock(clockid_t id)
{
    struct timespec ts;

    CHECK(clock_gettime(id, &ts) == 0);
    return ts;
}

uint64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

uint64_t clock_monotonic_us(void)
{
    struct timespec ts = read_clock(CLOCK_MONOTONIC);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

int64_t clock_wall_s(void)
{
    return read_clock(CLOCK_REALTIME).tv_sec;
}

int64_t clock_wall_ms(void)
{
    struct timespec ts = read_clock(CLOCK_REALTIME);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void clock_format(char out[21], int64_t wall_s)
{
    struct tm tm;
    time_t    when = (time_t)wall_s;

    if (gmtime_r(&when, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 8099 ||
        strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        (void)snprintf(out, 21, "invalid-time");
}
