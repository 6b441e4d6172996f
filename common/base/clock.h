/* SPDX-License-Identifier: Apache-2.0 */
/* The only reader of the clocks. Pure code takes the time as an argument. */
#ifndef KMS_COMMON_BASE_CLOCK_H
#define KMS_COMMON_BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_monotonic_ms(void);
uint64_t clock_monotonic_us(void);
int64_t  clock_wall_s(void);  /* seconds since 1970 */
int64_t  clock_wall_ms(void); /* milliseconds since 1970 */

/* "2026-11-21T20:48:03Z"; out has room for 21. */
void clock_format(char out[21], int64_t wall_s);

#endif
