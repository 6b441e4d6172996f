/* SPDX-License-Identifier: Apache-2.0 */
/* DEK files: what parses has the header that its fields give. The checksum is made to fit, or nothing would pass it. */
/* links: cluster_pki */
#include "cluster/pki/dek_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BUF_LOCAL       content = BUF_INIT(DEK_FILE_MAX);
    BUF_LOCAL       header = BUF_INIT(DEK_FILE_MAX);
    struct dek_file file;

    fuzz_start();
    (void)!dek_file_parse(&file, bytes(data, size));
    if (buf_append(&content, bytes(data, size)) != KMS_OK || size < DEK_CHECKSUM_LEN) return 0;
    dek_file_checksum(content.data + size - DEK_CHECKSUM_LEN, bytes(content.data, size - DEK_CHECKSUM_LEN));
    if (dek_file_parse(&file, buf_bytes(&content)) != KMS_OK) return 0;
    CHECK(dek_file_header(&header, &file) == KMS_OK);
    CHECK(bytes_equal(buf_bytes(&header), file.header));
    CHECK(file.header.len + file.sealed.len + DEK_CHECKSUM_LEN == size);
    return 0;
}
