/* SPDX-License-Identifier: Apache-2.0 */
/* Inside common/config: one value of one option, checked and stored. */
#ifndef KMS_COMMON_CONFIG_CONFIG_VALUE_H
#define KMS_COMMON_CONFIG_CONFIG_VALUE_H

#include "common/config/config.h"

/* KMS_E_CONFIG: "<option>: <what is allowed>". folder: where relative paths start. */
RESULT config_value_check(const struct config_option *, const char *folder, const char *text);
/* text has passed the check. index: of a list's element. base: the struct, or the element of a section's array. */
void config_value_store(void *base, const struct config_option *, unsigned index, const char *folder, const char *text);
/* The option's default. KMS_E_CONFIG: it has none. */
RESULT config_value_default(void *base, const struct config_option *, const char *folder);
void   config_count_store(void *base, size_t offset, unsigned count);

#endif
