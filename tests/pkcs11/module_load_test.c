/* SPDX-License-Identifier: Apache-2.0 */
/* The built module, as a host loads it: a thousand times, without C_Finalize, from several threads, beside the host's
 * own OpenSSL. */
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "pkcs11/object/cryptoki.h"
#include "tests/pkcs11/fixture_https.h"

#define SLOT 5
#define RW (CKF_SERIAL_SESSION | CKF_RW_SESSION)

static void *handle;

static CK_FUNCTION_LIST *load(void)
{
    CK_FUNCTION_LIST    *list = NULL;
    CK_C_GetFunctionList get;

    handle = dlopen(KMS_MODULE, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) fail_msg("%s", dlerror());
    *(void **)&get = dlsym(handle, "C_GetFunctionList");
    assert_non_null(get);
    assert_int_equal(get(&list), CKR_OK);
    return list;
}

static void configure(const struct https_fixture *f, const char *more)
{
    BUF_LOCAL text = BUF_INIT(4096);
    char      path[1024];
    FILE     *file;

    assert_ok(buf_printf(&text, "gateways = {\"%s\"}\nca = \"ca.cert\"\ncredential = \"app\"\n%s",
                         f->settings.gateways[0], more));
    (void)snprintf(path, sizeof path, "%s/pkcs11.conf", f->cluster->directory);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(setenv("KMS_PKCS11_CONF", path, 1), 0);
}

TEST(module, can_be_loaded_and_unloaded_a_thousand_times)
{
    struct https_fixture f = fixture_open();
    CK_ULONG             count;

    configure(&f, "");
    for (unsigned i = 0; i < test_knob("KMS_TEST_LOADS", 1000); i++) {
        CK_FUNCTION_LIST *list = load();
        assert_int_equal(list->C_Initialize(NULL), CKR_OK);
        count = 0;
        assert_int_equal(list->C_GetSlotList(CK_TRUE, NULL, &count), CKR_OK);
        assert_int_equal(count, 1);
        assert_int_equal(list->C_Finalize(NULL), CKR_OK);
        assert_int_equal(dlclose(handle), 0);
    }
    fixture_close(&f);
}

static CK_OBJECT_HANDLE make_key(const CK_FUNCTION_LIST *list, CK_SESSION_HANDLE session)
{
    CK_BBOOL         yes = CK_TRUE;
    CK_BYTE          params[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
    CK_ATTRIBUTE     token = {CKA_TOKEN, &yes, sizeof yes}, curve = {CKA_EC_PARAMS, params, sizeof params};
    CK_MECHANISM     mechanism = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE public_key, private_key;

    assert_int_equal(list->C_GenerateKeyPair(session, &mechanism, &curve, 1, &token, 1, &public_key, &private_key),
                     CKR_OK);
    return private_key;
}

struct signer {
    const CK_FUNCTION_LIST *list;
    CK_OBJECT_HANDLE        key;
    unsigned                count;
    CK_RV                   rv;
};

static void *sign_often(void *argument)
{
    struct signer    *s = argument;
    CK_SESSION_HANDLE session;
    CK_MECHANISM      mechanism = {CKM_EDDSA, NULL, 0};
    CK_BYTE           data[] = "data", signature[64], digest[32];

    s->rv = s->list->C_OpenSession(SLOT, RW, NULL, NULL, &session);
    for (unsigned i = 0; i < s->count && s->rv == CKR_OK; i++) {
        CK_ULONG len = sizeof signature;
        s->rv = s->list->C_SignInit(session, &mechanism, s->key);
        if (s->rv == CKR_OK) s->rv = s->list->C_Sign(session, data, sizeof data, signature, &len);
        /* The host's own OpenSSL, at the same time. */
        if (EVP_Digest(data, sizeof data, digest, NULL, EVP_sha256(), NULL) != 1) s->rv = CKR_GENERAL_ERROR;
    }
    return NULL;
}

/* gcc 12's address sanitizer has an allocator whose locks a fork may leave taken: nothing can be tested in such a
 * child. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FORK_WITH_THREADS false
#else
#define FORK_WITH_THREADS true
#endif

TEST(module, signs_from_several_threads_while_the_process_forks)
{
    if (!FORK_WITH_THREADS) skip();
    struct https_fixture f = fixture_open();
    CK_SESSION_HANDLE    session;
    pthread_t            threads[4];
    struct signer        signers[4];
    int                  status;

    configure(&f, "");
    CK_FUNCTION_LIST *list = load();
    assert_int_equal(list->C_Initialize(NULL), CKR_OK);
    assert_int_equal(list->C_OpenSession(SLOT, RW, NULL, NULL, &session), CKR_OK);
    CK_OBJECT_HANDLE key = make_key(list, session);
    for (unsigned i = 0; i < 4; i++) {
        signers[i] = (struct signer){.list = list, .key = key, .count = 100};
        assert_int_equal(pthread_create(&threads[i], NULL, sign_often, &signers[i]), 0);
    }
    for (unsigned i = 0; i < 10; i++) {
        pid_t child = fork();
        if (child == 0) {
            struct signer once = {.list = list, .key = key, .count = 1};
            (void)sign_often(&once);
            _exit(once.rv == CKR_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(signers[i].rv, CKR_OK);
    }
    assert_int_equal(f.cluster->signatures, 410);
    assert_int_equal(list->C_Finalize(NULL), CKR_OK);
    fixture_close(&f);
}

/* The process below: this program again, which ends here, before main(), with connection, session and login open. */
__attribute__((constructor)) static void exit_without_finalizing(void)
{
    CK_FUNCTION_LIST *list;
    CK_SESSION_HANDLE session;

    if (getenv("KMS_TEST_EXIT") == NULL) return;
    list = load();
    if (list->C_Initialize(NULL) != CKR_OK || list->C_OpenSession(SLOT, RW, NULL, NULL, &session) != CKR_OK) _exit(1);
    (void)make_key(list, session);
    (void)dlclose(handle);
    exit(0);
}

TEST(module, lets_a_process_exit_without_finalizing_it)
{
    struct https_fixture f = fixture_open();
    int                  status;

    configure(&f, "");
    pid_t child = fork();
    if (child == 0) {
        (void)setenv("KMS_TEST_EXIT", "1", 1);
        (void)execl("/proc/self/exe", "module_load_test", (char *)NULL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(f.cluster->generations, 1);
    fixture_close(&f);
}

TEST(module, has_no_slot_where_nothing_is_configured)
{
    CK_ULONG count = 1;

    if (access("/etc/kms/pkcs11.conf", F_OK) == 0) skip();
    assert_int_equal(unsetenv("KMS_PKCS11_CONF") + setenv("HOME", test_directory(), 1), 0);
    CK_FUNCTION_LIST *list = load();
    assert_int_equal(list->C_Initialize(NULL), CKR_OK);
    assert_int_equal(list->C_GetSlotList(CK_TRUE, NULL, &count), CKR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(list->C_Finalize(NULL), CKR_OK);
}

TEST(module, logs_one_line_for_a_failed_call)
{
    struct https_fixture f = fixture_open();
    CK_SESSION_HANDLE    session;
    char                 path[1024], more[1200], line[2048];
    CK_MECHANISM         mechanism = {CKM_EDDSA, NULL, 0};
    CK_BYTE              signature[64];
    CK_ULONG             len = sizeof signature;

    (void)snprintf(path, sizeof path, "%s/module.log", f.cluster->directory);
    (void)snprintf(more, sizeof more, "log = \"%s\"\nsign_timeout_ms = 300\n", path);
    configure(&f, more);
    CK_FUNCTION_LIST *list = load();
    assert_int_equal(list->C_Initialize(NULL), CKR_OK);
    assert_int_equal(list->C_OpenSession(SLOT, RW, NULL, NULL, &session), CKR_OK);
    CK_OBJECT_HANDLE key = make_key(list, session);
    assert_int_equal(list->C_SignInit(session, &mechanism, key), CKR_OK);
    fake_gateway_fault(f.gateway, FAULT_503, 1000);
    assert_int_equal(list->C_Sign(session, signature, 1, signature, &len), CKR_DEVICE_ERROR);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_non_null(strstr(line, "event=C_Sign rv=CKR_DEVICE_ERROR slot=5 key="));
    assert_non_null(strstr(line, "/sign, request "));
    assert_non_null(strstr(line, "503"));
    assert_null(fgets(line, sizeof line, file));

    assert_int_equal(fclose(file), 0);
    assert_int_equal(list->C_Finalize(NULL), CKR_OK);
    fixture_close(&f);
}

TEST(module, says_nothing_on_stderr_about_a_configuration_that_is_missing)
{
    char text[256] = "";
    int  both[2], saved = dup(STDERR_FILENO);

    assert_int_equal(setenv("KMS_PKCS11_CONF", "/nonexistent/pkcs11.conf", 1), 0);
    CK_FUNCTION_LIST *list = load();
    assert_int_equal(pipe2(both, O_NONBLOCK | O_CLOEXEC), 0);
    assert_true(dup2(both[1], STDERR_FILENO) >= 0);
    CK_RV rv = list->C_Initialize(NULL);
    (void)setenv("KMS_PKCS11_LOG", "stderr", 1);
    ssize_t silent = read(both[0], text, sizeof text - 1);
    CK_RV   again = list->C_Initialize(NULL);
    (void)unsetenv("KMS_PKCS11_LOG");
    ssize_t said = read(both[0], text, sizeof text - 1);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    assert_int_equal(rv, CKR_GENERAL_ERROR);
    assert_int_equal(again, CKR_GENERAL_ERROR);
    assert_int_equal(silent, -1);
    assert_true(said > 0);
    assert_non_null(strstr(text, "/nonexistent/pkcs11.conf"));
    assert_int_equal(close(both[0]) + close(both[1]) + close(saved), 0);
}
