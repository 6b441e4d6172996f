/* SPDX-License-Identifier: Apache-2.0 */
/* CHECK: programming errors, which stop the process in every build. Peers, files and users never reach one. */
#ifndef KMS_COMMON_BASE_CHECK_H
#define KMS_COMMON_BASE_CHECK_H

#include "common/base/compiler.h"

NORETURN void check_failed(const char *file, int line, const char *what);

#define CHECK(cond) ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, #cond))
#define UNREACHABLE() check_failed(__FILE__, __LINE__, "unreachable")

#endif
