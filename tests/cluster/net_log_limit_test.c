/* SPDX-License-Identifier: Apache-2.0 */
/* One line a second, and no event uncounted. */
#include "cluster/net/log_limit.h"

#include "tests/support/test.h"

TEST(log_limit, logs_the_first_and_then_one_a_second_with_the_count)
{
    struct log_limit limit = {0};
    unsigned         logged = 0, lines = 0;

    assert_int_equal(log_limit_count(&limit, 5000), 1);
    for (uint64_t ms = 5001; ms <= 8000; ms++) {
        unsigned count = log_limit_count(&limit, ms);
        lines += count > 0;
        logged += count;
    }
    assert_int_equal(lines, 3);
    assert_int_equal(logged, 3000);
}
