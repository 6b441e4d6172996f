/* SPDX-License-Identifier: Apache-2.0 */
/* DEK files as bytes. The checksum tells accidents apart from wrong passwords: a cipher's tag cannot. */
#include "cluster/pki/dek_file.h"

#include "common/crypto/hash.h"
#include "common/crypto/kdf.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MAGIC "KDEK"
#define FORMAT_VERSION 1
#define KDF_PBKDF2_SHA256 1
#define SALT_MIN 16
#define SEALED_LEN (DEK_LEN + AEAD_OVERHEAD)

RESULT dek_file_header(struct buf *out, const struct dek_file *file)
{
    struct writer w = writer_to(out);

    writer_raw(&w, bytes_str(MAGIC));
    writer_u8(&w, FORMAT_VERSION);
    writer_u8(&w, KDF_PBKDF2_SHA256);
    writer_u32(&w, file->iterations);
    writer_block(&w, bytes(file->salt, file->salt_len));
    writer_text(&w, file->node);
    return writer_end(&w, "DEK file");
}

void dek_file_checksum(uint8_t out[DEK_CHECKSUM_LEN], struct bytes content)
{
    hash_items(out, TAG_DEK_FILE, &content, 1);
}

static void read_header(struct dek_file *out, struct reader *r)
{
    if (!bytes_equal_str(reader_view(r, strlen(MAGIC)), MAGIC)) reader_refuse(r);
    if (reader_u8(r) != FORMAT_VERSION || reader_u8(r) != KDF_PBKDF2_SHA256) reader_refuse(r);
    out->iterations = reader_u32(r);
    struct bytes salt = reader_block(r, DEK_SALT_MAX);
    if (salt.len < SALT_MIN) reader_refuse(r);
    if (salt.data != NULL) memcpy(out->salt, salt.data, salt.len);
    out->salt_len = salt.len;
    reader_text(r, out->node, PARTY_NAME_MAX);
}

RESULT dek_file_parse(struct dek_file *out, struct bytes in)
{
    struct reader r = reader_of(in);
    uint8_t       expected[DEK_CHECKSUM_LEN];

    *out = (struct dek_file){0};
    if (in.len < DEK_CHECKSUM_LEN) return fail(KMS_E_CORRUPT, "not a DEK file (%zu bytes)", in.len);
    dek_file_checksum(expected, bytes(in.data, in.len - DEK_CHECKSUM_LEN));
    if (memcmp(expected, in.data + in.len - DEK_CHECKSUM_LEN, DEK_CHECKSUM_LEN) != 0)
        return fail(KMS_E_CORRUPT,
                    "not a DEK file, or a damaged one: its checksum does not fit; restore it from a backup");
    read_header(out, &r);
    out->header = bytes(in.data, in.len - r.left.len);
    out->sealed = reader_view(&r, SEALED_LEN);
    (void)reader_view(&r, DEK_CHECKSUM_LEN);
    if (reader_end(&r, "DEK file") != KMS_OK) return fail(KMS_E_CORRUPT, "a DEK file of a form that is unknown here");
    if (out->iterations < PBKDF2_ITERATIONS_FLOOR || out->iterations > PBKDF2_ITERATIONS_MAX)
        return fail(KMS_E_CORRUPT, "a DEK file with %u iterations; %u to %u are accepted", out->iterations,
                    PBKDF2_ITERATIONS_FLOOR, PBKDF2_ITERATIONS_MAX);
    return KMS_OK;
}
