/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and reads pkcs11.conf, then lets the environment replace values. */
#include "pkcs11/backend/settings.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config/config.h"

#define FIELD(field) offsetof(struct settings, field), sizeof(((struct settings *)NULL)->field)
#define LIST_OF(field, counter) offsetof(struct settings, field), sizeof(((struct settings *)NULL)->field[0])
#define SYSTEM_FILE "/etc/kms/pkcs11.conf"

/* clang-format off */
static const struct config_option options[] = {
    {"gateways", CONFIG_LIST, LIST_OF(gateways, gateway_count), .text = "", .max = SETTINGS_GATEWAYS_MAX,
     .count_offset = offsetof(struct settings, gateway_count), .help = "coordinators, https://host:port, tried in this order"},
    {"ca", CONFIG_PATH, FIELD(ca), .text = NULL, .help = "certificate of the cluster's CA"},
    {"credential", CONFIG_PATH, FIELD(credential), .text = NULL, .help = "folder with client.cert and client.key"},
    {"token_prefix", CONFIG_TEXT, FIELD(token_prefix), .text = "kms", .help = "token labels are <prefix>-<family>"},
    {"slots", CONFIG_LIST, LIST_OF(slots, slot_count), .text = "ed25519", .max = SETTINGS_SLOTS_MAX,
     .count_offset = offsetof(struct settings, slot_count), .help = "key families to show, a slot each"},
    {"shard_count", CONFIG_INT, FIELD(shard_count), .number = 3, .min = 2, .max = 16, .help = "holders of a new key"},
    {"threshold", CONFIG_INT, FIELD(threshold), .number = 2, .min = 2, .max = 16, .help = "holders that a signature needs"},
    {"refresh_ms", CONFIG_INT, FIELD(refresh_ms), .number = 1000, .min = 0, .max = 3600000, .help = "how old the object list may be"},
    {"sign_timeout_ms", CONFIG_INT, FIELD(sign_timeout_ms), .number = 5000, .min = 100, .max = 240000, .help = "limit of a signature or list"},
    {"generate_timeout_ms", CONFIG_INT, FIELD(generate_timeout_ms), .number = 30000, .min = 100, .max = 240000, .help = "limit of a key generation"},
    {"connect_timeout_ms", CONFIG_INT, FIELD(connect_timeout_ms), .number = 2000, .min = 10, .max = 240000, .help = "limit of one connection attempt"},
    {"log", CONFIG_TEXT, FIELD(log), .text = "off", .help = "off, stderr or a file"},
    {"log_level", CONFIG_TEXT, FIELD(log_level), .text = "info", .help = "error, warn, info, debug"},
};
/* clang-format on */

static RESULT user_file(char *out, size_t size, bool *found)
{
    const char *base = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");
    int         used = -1;

    *found = false;
    if (base != NULL && base[0] == '/')
        used = snprintf(out, size, "%s/kms/pkcs11.conf", base);
    else if (home != NULL && home[0] == '/')
        used = snprintf(out, size, "%s/.config/kms/pkcs11.conf", home);
    if (used < 0) return KMS_OK;
    if ((size_t)used >= size) return fail(KMS_E_CONFIG, "the path of the user's pkcs11.conf is too long");
    *found = access(out, F_OK) == 0;
    return KMS_OK;
}

static RESULT find_file(char *out, size_t size, bool *found)
{
    const char *given = secure_getenv("KMS_PKCS11_CONF");

    *found = given != NULL && given[0] != '\0';
    if (*found) {
        if ((size_t)snprintf(out, size, "%s", given) >= size)
            return fail(KMS_E_CONFIG, "KMS_PKCS11_CONF: path too long");
        return KMS_OK;
    }
    TRY(user_file(out, size, found));
    if (*found) return KMS_OK;
    (void)snprintf(out, size, "%s", SYSTEM_FILE);
    *found = access(out, F_OK) == 0;
    return KMS_OK;
}

static const char *variable_of(char name[64], const struct config_option *option)
{
    size_t used = (size_t)snprintf(name, 64, "KMS_PKCS11_");

    for (const char *c = option->name; *c != '\0' && used < 63; c++) name[used++] = (char)toupper((unsigned char)*c);
    name[used] = '\0';
    return secure_getenv(name);
}

static RESULT set_list(struct settings *s, const struct config_option *option, const char *name, const char *value)
{
    char    *first = (char *)s + option->offset;
    unsigned count = 0;

    while (*value != '\0') {
        size_t len = strcspn(value, ",");
        if (count >= (unsigned)option->max || len >= option->size)
            return fail(KMS_E_CONFIG, "%s: at most %d items of %zu characters", name, (int)option->max,
                        option->size - 1);
        memcpy(first + count * option->size, value, len);
        first[count * option->size + len] = '\0';
        count++;
        value += len;
        if (*value == ',') value++;
    }
    memcpy((char *)s + option->count_offset, &count, sizeof count);
    return KMS_OK;
}

static RESULT set_number(struct settings *s, const struct config_option *option, const char *name, const char *value)
{
    char *end = NULL;

    errno = 0;
    int64_t number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < option->min || number > option->max)
        return fail(KMS_E_CONFIG, "%s: a whole number in %lld..%lld", name, (long long)option->min,
                    (long long)option->max);
    memcpy((char *)s + option->offset, &number, sizeof number);
    return KMS_OK;
}

static RESULT override(struct settings *s, const struct config_option *option)
{
    char        name[64];
    const char *value = variable_of(name, option);

    if (value == NULL || *value == '\0') return KMS_OK;
    if (option->type == CONFIG_LIST) return set_list(s, option, name, value);
    if (option->type == CONFIG_INT) return set_number(s, option, name, value);
    if (strlen(value) >= option->size)
        return fail(KMS_E_CONFIG, "%s: longer than %zu characters", name, option->size - 1);
    if (option->type == CONFIG_PATH && value[0] != '/') return fail(KMS_E_CONFIG, "%s: an absolute path", name);
    memcpy((char *)s + option->offset, value, strlen(value) + 1);
    return KMS_OK;
}

static RESULT check(const struct settings *s, const char *path)
{
    enum log_level level;

    if (s->gateway_count == 0) return fail(KMS_E_CONFIG, "%s: gateways: name at least one, https://host:port", path);
    if (s->slot_count == 0) return fail(KMS_E_CONFIG, "%s: slots: name at least one key family", path);
    if (s->threshold > s->shard_count)
        return fail(KMS_E_CONFIG, "%s: threshold %d is over shard_count %d", path, (int)s->threshold,
                    (int)s->shard_count);
    TRY_AT(log_level_parse(&level, s->log_level), "%s: log_level", path);
    return KMS_OK;
}

RESULT settings_load(struct settings *out, bool *found, const char *path)
{
    char searched[SETTINGS_PATH_LEN];

    *out = (struct settings){0};
    *found = true;
    if (path == NULL) {
        TRY(find_file(searched, sizeof searched, found));
        path = searched;
    }
    if (!*found) return KMS_OK;
    TRY(config_load(out, path, options, ARRAY_LEN(options), NULL, 0));
    for (size_t i = 0; i < ARRAY_LEN(options); i++) TRY(override(out, &options[i]));
    return check(out, path);
}

/* Hosts that become daemons close what they do not know, and the number is soon another file's. */
static bool is_file(int fd, const struct stat *wanted)
{
    struct stat now;

    return fd >= 0 && fstat(fd, &now) == 0 && now.st_dev == wanted->st_dev && now.st_ino == wanted->st_ino;
}

/* One descriptor for the life of the process, as threads may be writing to it: the next C_Initialize puts its file in
 * the place of the last one's. */
static RESULT log_file(int *out, const char *path)
{
    static int         opened = -1;
    static struct stat what;

    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return fail(KMS_E_CONFIG, "log: cannot write to %s: %s", path, strerror(errno));
    if (is_file(opened, &what) && dup3(fd, opened, O_CLOEXEC) >= 0)
        close(fd);
    else
        opened = fd;
    if (fstat(opened, &what) != 0) return fail(KMS_E_SYSTEM, "log: %s: %s", path, strerror(errno));
    *out = opened;
    return KMS_OK;
}

RESULT settings_open_log(const struct settings *s)
{
    enum log_level level;
    int            fd = STDERR_FILENO;

    TRY(log_level_parse(&level, s->log_level));
    if (strcmp(s->log, "off") == 0) level = LOG_OFF;
    if (level != LOG_OFF && strcmp(s->log, "stderr") != 0) TRY(log_file(&fd, s->log));
    log_setup(level, fd, "module=kms-pkcs11");
    return KMS_OK;
}

void settings_start_log(void)
{
    struct settings s = {.log = "off", .log_level = "info"};
    const char     *wanted = secure_getenv("KMS_PKCS11_LOG");

    if (wanted != NULL && strlen(wanted) < sizeof s.log) memcpy(s.log, wanted, strlen(wanted) + 1);
    if (wanted == NULL || *wanted == '\0' || settings_open_log(&s) != KMS_OK)
        log_setup(LOG_OFF, STDERR_FILENO, "module=kms-pkcs11");
}
