/* SPDX-License-Identifier: Apache-2.0 */
/* What the node and the coordinator do alike. */
#include "cluster/daemon/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/crypto/group.h"
#include "common/crypto/rng.h"
#include "common/secret/file.h"
#include "common/secret/harden.h"
#include "common/secret/secmem.h"

int runtime_exit(const char *role, enum kms_err err)
{
    if (err == KMS_OK) return EXIT_STOPPED;
    fprintf(stderr, "kms-clusterd %s: %s: %s\n", role, error_title(err), error_text());
    if (err == KMS_E_PASSWORD) return EXIT_PASSWORD;
    return err == KMS_E_CONFIG || err == KMS_E_CERTIFICATE || err == KMS_E_NOT_FOUND ? EXIT_CONFIG : EXIT_FAILED;
}

static RESULT open_log(const struct common_options *options, const char *who)
{
    enum log_level level;
    int            fd = STDERR_FILENO;

    TRY_AT(log_level_parse(&level, options->log_level), "log_level");
    if (options->log_file[0] != '\0') fd = open(options->log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) return fail(KMS_E_CONFIG, "log_file %s: %s", options->log_file, strerror(errno));
    log_setup(level, fd, who);
    return KMS_OK;
}

/* As many descriptors as the system gives: connections_max bounds what is used. */
static void raise_nofile(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

RESULT runtime_init(const struct common_options *options, const char *who)
{
    (void)umask(077);
    TRY(open_log(options, who));
    TRY(harden_process());
    raise_nofile();
    TRY(secmem_init());
    TRY(group_init());
    return rng_self_test();
}

static RESULT check_trusted(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0) return fail(KMS_E_CONFIG, "%s: %s", path, strerror(errno));
    if ((info.st_mode & 022) != 0)
        return fail(KMS_E_CONFIG, "%s: others may write it (mode %03o); chmod go-w", path, info.st_mode & 0777);
    return KMS_OK;
}

RESULT runtime_load_identity(struct authority **authority, struct credential *credential,
                             const struct common_options *options, enum role role)
{
    struct identity self;
    SECRET_LOCAL    none = SECRET_NONE;

    TRY(check_trusted(options->ca));
    TRY_AT(authority_load(authority, options->ca), "%s", options->ca);
    TRY_AT(credential_load_public(credential, options->cert), "%s", options->cert);
    struct bytes der = bytes(credential->certificate_der.data, credential->certificate_der.len);
    TRY_AT(identity_verify(&self, *authority, der, clock_wall_s()), "%s", options->cert);
    if (self.role != role || strcmp(self.name, options->name) != 0 || strcmp(self.cluster, options->cluster) != 0)
        return fail(KMS_E_CONFIG, "%s names %s, the configuration spiffe://%s/%s/%s", options->cert, self.uri,
                    options->cluster, role_name(role), options->name);
    TRY_AT(credential_unlock(credential, options->key, &none), "%s", options->key);
    return KMS_OK;
}

RESULT runtime_load_roster(struct buf *statement, const char *path)
{
    BUF_LOCAL pem = BUF_INIT(4 * STATEMENT_ENCODED_MAX);

    TRY(file_read(&pem, path, 022));
    TRY_AT(statement_decode_pem(statement, bytes(pem.data, pem.len)), "%s", path);
    return KMS_OK;
}

void runtime_say_listening(const char *address, uint16_t port)
{
    printf(strchr(address, ':') == NULL ? "listening %s:%u\n" : "listening [%s]:%u\n", address, port);
    (void)fflush(stdout);
    log_info("listening", "address=%s port=%u", address, port);
}

/* ---- time ---- */

static void on_timer(uv_timer_t *timer)
{
    struct ticker *t = timer->data;

    t->armed_for_ms = 0;
    t->tick(t->self);
    ticker_rearm(t);
}

void ticker_open(struct ticker *t, struct loop *loop, uint64_t (*wakeup_ms)(void *self), void (*tick)(void *self),
                 void *self)
{
    *t = (struct ticker){.wakeup_ms = wakeup_ms, .tick = tick, .self = self, .is_open = true};
    CHECK(uv_timer_init(&loop->uv, &t->timer) == 0);
    t->timer.data = t;
    ticker_rearm(t);
}

void ticker_rearm(struct ticker *t)
{
    if (!t->is_open) return;
    uint64_t at = t->wakeup_ms(t->self), now = clock_monotonic_ms();
    if (at == t->armed_for_ms) return;
    t->armed_for_ms = at;
    /* At least a millisecond: a tick that does not move its own time must not keep the loop from its sockets. */
    if (at == UINT64_MAX)
        (void)uv_timer_stop(&t->timer);
    else
        (void)uv_timer_start(&t->timer, on_timer, at > now ? at - now : 1, 0);
}

void ticker_close(struct ticker *t)
{
    if (!t->is_open) return;
    t->is_open = false;
    uv_close((uv_handle_t *)&t->timer, NULL);
}
