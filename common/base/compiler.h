/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes, named for what they promise. */
#ifndef KMS_COMMON_BASE_COMPILER_H
#define KMS_COMMON_BASE_COMPILER_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define KMS_EXPORT __attribute__((visibility("default")))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
