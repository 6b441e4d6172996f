/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's configuration: a file (KMS_PKCS11_CONF, else the user's, else /etc/kms/pkcs11.conf), each value of which
 * an environment variable may replace (KMS_PKCS11_<OPTION>; lists separated by commas). docs/pkcs11-profile.md.
 */
#ifndef KMS_PKCS11_BACKEND_SETTINGS_H
#define KMS_PKCS11_BACKEND_SETTINGS_H

#include <stdint.h>

#include "common/base/error.h"
#include "common/base/log.h"

#define SETTINGS_GATEWAYS_MAX 8
#define SETTINGS_GATEWAY_LEN 256
#define SETTINGS_PATH_LEN 1024
#define SETTINGS_SLOTS_MAX 6
#define SETTINGS_PREFIX_MAX 20 /* a token label has 32 characters */

struct settings {
    char     gateways[SETTINGS_GATEWAYS_MAX][SETTINGS_GATEWAY_LEN]; /* https://host:port */
    unsigned gateway_count;
    char     ca[SETTINGS_PATH_LEN];
    char     credential[SETTINGS_PATH_LEN]; /* folder */
    char     token_prefix[SETTINGS_PREFIX_MAX + 1];
    char     slots[SETTINGS_SLOTS_MAX][16]; /* key families */
    unsigned slot_count;
    int64_t  shard_count, threshold;
    int64_t  refresh_ms, sign_timeout_ms, generate_timeout_ms, connect_timeout_ms;
    char     log[SETTINGS_PATH_LEN]; /* "off", "stderr" or a file */
    char     log_level[8];
};

/*
 * path NULL: searched for as above; *found false, and nothing loaded: none is named and none is there, the module is
 * not set up on this machine. KMS_E_CONFIG names file, line and option, or the variable.
 */
RESULT settings_load(struct settings *out, bool *found, const char *path);
/* Until settings are read: off, or what KMS_PKCS11_LOG says. A library does not write to its host's stderr unasked. */
void settings_start_log(void);
/* Sends log lines of the process where the settings say. Not thread-safe. */
RESULT settings_open_log(const struct settings *);

#endif
