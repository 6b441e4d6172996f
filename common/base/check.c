/* SPDX-License-Identifier: Apache-2.0 */
/* Stops the process at the place of a bug. */
#include "common/base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "kms: bug: CHECK(%s) failed at %s:%d\n", what, file, line);
    abort();
}
