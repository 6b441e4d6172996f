/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DEK files (docs/wire-format.md): header || AES-256-GCM(PBKDF2(password), DEK, aad = header) || checksum. GCM cannot
 * tell a wrong password from an altered file; the checksum tells accidents apart, so what is left is a wrong password
 * or somebody's deliberate change.
 */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cluster/pki/file_write.h"
#include "cluster/pki/pki.h"
#include "common/base/text.h"
#include "common/crypto/aead.h"
#include "common/crypto/hash.h"
#include "common/crypto/kdf.h"
#include "common/crypto/rng.h"
#include "common/secret/file.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MAGIC "KDEK"
#define FORMAT_VERSION 1
#define KDF_PBKDF2_SHA256 1
#define DEK_LEN 32
#define SALT_LEN 32
#define SALT_MIN 16
#define SALT_MAX 64
#define SEALED_LEN (DEK_LEN + AEAD_OVERHEAD)
#define CHECKSUM_LEN 32
#define FILE_MAX 512
#define PASSWORD_MAX 1024

struct dek_file {
    uint32_t     iterations;
    uint8_t      salt[SALT_MAX];
    size_t       salt_len;
    char         node[PARTY_NAME_MAX + 1];
    struct bytes header; /* borrowed: the bytes that are authenticated */
    struct bytes sealed; /* borrowed */
};

static enum kms_err check_password(const struct secret *password)
{
    if (password->len < 1 || password->len > PASSWORD_MAX)
        return fail(KMS_E_PASSWORD, "a password of %zu bytes; 1 to %d belong there", password->len, PASSWORD_MAX);
    return KMS_OK;
}

static void write_header(struct writer *w, const struct dek_file *file)
{
    writer_raw(w, bytes_str(MAGIC));
    writer_u8(w, FORMAT_VERSION);
    writer_u8(w, KDF_PBKDF2_SHA256);
    writer_u32(w, file->iterations);
    writer_block(w, bytes(file->salt, file->salt_len));
    writer_text(w, file->node);
}

static void checksum(uint8_t out[CHECKSUM_LEN], struct bytes content)
{
    hash_items(out, TAG_DEK_FILE, &content, 1);
}

static enum kms_err seal(struct buf *out, struct dek_file *file, const struct secret *dek,
                         const struct secret *password)
{
    SECRET_LOCAL  key = SECRET_NONE;
    uint8_t       header[FILE_MAX], sum[CHECKSUM_LEN];
    struct writer w = writer_of(header, sizeof header);

    TRY(check_password(password));
    file->salt_len = SALT_LEN;
    TRY(rng_fill(rng_system(), file->salt, SALT_LEN));
    TRY(kdf_pbkdf2(&key, AEAD_KEY_LEN, password, bytes(file->salt, file->salt_len), file->iterations));
    write_header(&w, file);
    TRY(writer_end(&w, "DEK file"));
    TRY(buf_append(out, writer_bytes(&w)));
    TRY(aead_seal(out, &key, writer_bytes(&w), secret_view(dek), rng_system()));
    checksum(sum, buf_bytes(out));
    return buf_append(out, BYTES_OF(sum));
}

static void read_header(struct dek_file *out, struct reader *r)
{
    if (!bytes_equal_str(reader_view(r, strlen(MAGIC)), MAGIC)) reader_refuse(r);
    if (reader_u8(r) != FORMAT_VERSION || reader_u8(r) != KDF_PBKDF2_SHA256) reader_refuse(r);
    out->iterations = reader_u32(r);
    struct bytes salt = reader_block(r, SALT_MAX);
    if (salt.len < SALT_MIN) reader_refuse(r);
    if (salt.data != NULL) memcpy(out->salt, salt.data, salt.len);
    out->salt_len = salt.len;
    reader_text(r, out->node, PARTY_NAME_MAX);
}

static enum kms_err parse(struct dek_file *out, struct bytes in)
{
    struct reader r = reader_of(in);
    uint8_t       expected[CHECKSUM_LEN];

    *out = (struct dek_file){0};
    if (in.len < CHECKSUM_LEN) return fail(KMS_E_CORRUPT, "not a DEK file (%zu bytes)", in.len);
    checksum(expected, bytes(in.data, in.len - CHECKSUM_LEN));
    if (memcmp(expected, in.data + in.len - CHECKSUM_LEN, CHECKSUM_LEN) != 0)
        return fail(KMS_E_CORRUPT,
                    "not a DEK file, or a damaged one: its checksum does not fit; restore it from a backup");
    read_header(out, &r);
    out->header = bytes(in.data, in.len - r.left.len);
    out->sealed = reader_view(&r, SEALED_LEN);
    (void)reader_view(&r, CHECKSUM_LEN);
    if (reader_end(&r, "DEK file") != KMS_OK) return fail(KMS_E_CORRUPT, "a DEK file of a form that is unknown here");
    if (out->iterations < PBKDF2_ITERATIONS_FLOOR || out->iterations > PBKDF2_ITERATIONS_MAX)
        return fail(KMS_E_CORRUPT, "a DEK file with %u iterations; %u to %u are accepted", out->iterations,
                    PBKDF2_ITERATIONS_FLOOR, PBKDF2_ITERATIONS_MAX);
    return KMS_OK;
}

static enum kms_err open_bytes(struct secret *dek, struct bytes in, const char *node, const struct secret *password)
{
    SECRET_LOCAL    key = SECRET_NONE;
    struct dek_file file;

    TRY(parse(&file, in));
    if (strcmp(file.node, node) != 0) return fail(KMS_E_CORRUPT, "the DEK of node %s, not of %s", file.node, node);
    TRY(check_password(password));
    TRY(kdf_pbkdf2(&key, AEAD_KEY_LEN, password, bytes(file.salt, file.salt_len), file.iterations));
    enum kms_err err = aead_open(dek, &key, file.header, file.sealed);
    if (err == KMS_E_CORRUPT) return fail(KMS_E_PASSWORD, "wrong password (or the file was altered on purpose)");
    return err;
}

RESULT dek_open(struct secret *dek, const char *path, const char *node, const struct secret *password)
{
    BUF_LOCAL content = BUF_INIT(FILE_MAX);

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
    BUF_LOCAL       content = BUF_INIT(FILE_MAX);
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
    BUF_LOCAL       content = BUF_INIT(FILE_MAX);
    struct dek_file file;

    TRY(prepare(&file, node, iterations));
    TRY(dek_open(&dek, path, node, old_password));
    TRY_AT(seal(&content, &file, &dek, new_password), "%s", path);
    return file_replace(path, buf_bytes(&content), 0600);
}
