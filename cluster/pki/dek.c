/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DEK files (docs/wire-format.md): header || AES-256-GCM(PBKDF2(password), DEK, aad = header) || checksum. GCM cannot
 * tell a wrong password from an altered file; the checksum tells accidents apart, so what is left is a wrong password
 * or somebody's deliberate change.
 */
#include <stdio.h>

#include "cluster/pki/dek_file.h"
#include "cluster/pki/file_write.h"
#include "cluster/pki/pki.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/crypto/kdf.h"
#include "common/crypto/rng.h"
#include "common/secret/file.h"

#define SALT_LEN 32
#define PASSWORD_MAX 1024

static enum kms_err check_password(const struct secret *password)
{
    if (password->len < 1 || password->len > PASSWORD_MAX)
        return fail(KMS_E_PASSWORD, "a password of %zu bytes; 1 to %d belong there", password->len, PASSWORD_MAX);
    return KMS_OK;
}

static enum kms_err seal(struct buf *out, struct dek_file *file, const struct secret *dek,
                         const struct secret *password)
{
    SECRET_LOCAL key = SECRET_NONE;
    BUF_LOCAL    header = BUF_INIT(DEK_FILE_MAX);
    uint8_t      sum[DEK_CHECKSUM_LEN];

    TRY(check_password(password));
    file->salt_len = SALT_LEN;
    TRY(rng_fill(rng_system(), file->salt, SALT_LEN));
    TRY(kdf_pbkdf2(&key, AEAD_KEY_LEN, password, bytes(file->salt, file->salt_len), file->iterations));
    TRY(dek_file_header(&header, file));
    TRY(buf_append(out, buf_bytes(&header)));
    TRY(aead_seal(out, &key, buf_bytes(&header), secret_view(dek), rng_system()));
    dek_file_checksum(sum, buf_bytes(out));
    return buf_append(out, BYTES_OF(sum));
}

static enum kms_err open_bytes(struct secret *dek, struct bytes in, const char *node, const struct secret *password)
{
    SECRET_LOCAL    key = SECRET_NONE;
    struct dek_file file;

    TRY(dek_file_parse(&file, in));
    if (strcmp(file.node, node) != 0) return fail(KMS_E_CORRUPT, "the DEK of node %s, not of %s", file.node, node);
    if (file.iterations < PBKDF2_ITERATIONS_DEFAULT)
        log_warn("dek.iterations", "node=%s iterations=%u wanted=%u text=\"raise them: kmsctl dek passwd\"", node,
                 file.iterations, PBKDF2_ITERATIONS_DEFAULT);
    TRY(check_password(password));
    TRY(kdf_pbkdf2(&key, AEAD_KEY_LEN, password, bytes(file.salt, file.salt_len), file.iterations));
    enum kms_err err = aead_open(dek, &key, file.header, file.sealed);
    if (err == KMS_E_CORRUPT) return fail(KMS_E_PASSWORD, "wrong password (or the file was altered on purpose)");
    return err;
}

RESULT dek_open(struct secret *dek, const char *path, const char *node, const struct secret *password)
{
    BUF_LOCAL content = BUF_INIT(DEK_FILE_MAX);

    secret_clear(dek);
    TRY(file_read(&content, path, 077));
    TRY_AT(open_bytes(dek, buf_bytes(&content), node, password), "%s", path);
    return KMS_OK;
}

static enum kms_err prepare(struct dek_file *file, const char *node, uint32_t iterations)
{
    if (!text_is_name(node, PARTY_NAME_MAX))
        return fail(KMS_E_ARGUMENT, "a node's name is 1 to %d characters of [A-Za-z0-9._-]", PARTY_NAME_MAX);
    *file = (struct dek_file){.iterations = iterations};
    (void)snprintf(file->node, sizeof file->node, "%s", node);
    return KMS_OK;
}

RESULT dek_create(const char *path, const char *node, const struct secret *password, uint32_t iterations)
{
    SECRET_LOCAL    dek = SECRET_NONE;
    BUF_LOCAL       content = BUF_INIT(DEK_FILE_MAX);
    struct dek_file file;

    TRY(prepare(&file, node, iterations));
    TRY(file_check_free(path));
    TRY(secret_alloc(&dek, DEK_LEN));
    TRY(rng_fill(rng_system(), dek.data, dek.len));
    TRY_AT(seal(&content, &file, &dek, password), "%s", path);
    return file_create(path, buf_bytes(&content), 0600);
}

RESULT dek_change_password(const char *path, const char *node, const struct secret *old_password,
                           const struct secret *new_password, uint32_t iterations)
{
    SECRET_LOCAL    dek = SECRET_NONE;
    BUF_LOCAL       content = BUF_INIT(DEK_FILE_MAX);
    struct dek_file file;

    TRY(prepare(&file, node, iterations));
    TRY(dek_open(&dek, path, node, old_password));
    TRY_AT(seal(&content, &file, &dek, new_password), "%s", path);
    return file_replace(path, buf_bytes(&content), 0600);
}
