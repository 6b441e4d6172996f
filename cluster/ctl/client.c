/* SPDX-License-Identifier: Apache-2.0 */
/* Signed requests over libcurl: TLS 1.3 to a server that the cluster's CA has named a gateway. */
#include "cluster/ctl/client.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/wire/json.h"

#define REPLY_MAX (64u * 1024 * 1024)
#define DETAIL_MAX 400
#define PAUSE_FIRST_MS 50
#define PAUSE_MAX_MS 1000
/* A node counts the attempts of one signed request and refuses after eight: leave some to the coordinator. */
#define SAME_REQUEST_MAX 4

void client_reply_clear(struct client_reply *reply)
{
    buf_clear(&reply->body);
    reply->status = 0;
}

void client_close(struct client *c)
{
    if (c->curl != NULL) curl_easy_cleanup(c->curl);
    c->curl = NULL;
}

static size_t on_body(char *data, size_t size, size_t count, void *body)
{
    return buf_append((struct buf *)body, bytes(data, size * count)) == KMS_OK ? size * count : 0;
}

/* Chain and host name are OpenSSL's to check; that it is a gateway, and no node or client of the same CA, is ours. */
static int on_certificate(int ok, X509_STORE_CTX *chain)
{
    uint8_t         der[CERTIFICATE_MAX];
    uint8_t        *at = der;
    struct identity peer;

    if (!ok || X509_STORE_CTX_get_error_depth(chain) != 0) return ok;
    X509 *leaf = X509_STORE_CTX_get_current_cert(chain);
    int   len = i2d_X509(leaf, NULL);
    if (len <= 0 || (size_t)len > sizeof der || i2d_X509(leaf, &at) != len) return 0;
    if (identity_parse(&peer, bytes(der, (size_t)len)) == KMS_OK && peer.role == ROLE_GATEWAY) return 1;
    X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

static CURLcode on_tls(CURL *curl, void *tls, void *arg)
{
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, on_certificate);
    return CURLE_OK;
}

static RESULT open_curl(struct client *c)
{
    if (c->curl != NULL) return KMS_OK;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return fail(KMS_E_SYSTEM, "libcurl cannot start");
    c->curl = curl_easy_init();
    if (c->curl == NULL) return fail(KMS_E_MEMORY, "libcurl handle");
    CURL *curl = c->curl;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
    curl_easy_setopt(curl, CURLOPT_CAINFO, c->ca_path);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* else the system's public CAs would count too */
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, on_tls);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "kmsctl/" KMS_VERSION);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    return KMS_OK;
}

RESULT client_sign(const struct client *c, const char *method, const char *path, struct bytes body,
                   const char *idempotency_key, struct signed_request *out)
{
    const char *query = strchr(path, '?');
    size_t      path_len = query == NULL ? strlen(path) : (size_t)(query - path);
    unsigned    lifetime = c->timeout_s + c->wait_s;

    *out = (struct signed_request){.body = body};
    if (path[0] != '/' || path_len > REQUEST_TARGET_MAX || (query != NULL && strlen(query + 1) > REQUEST_TARGET_MAX))
        return fail(KMS_E_ARGUMENT, "path: begins with \"/\", at most %d bytes", REQUEST_TARGET_MAX);
    if (strlen(method) >= sizeof out->method) return fail(KMS_E_ARGUMENT, "method: at most 7 letters");
    if (idempotency_key != NULL &&
        (strlen(idempotency_key) >= sizeof out->idempotency_key || idempotency_key[0] == '\0'))
        return fail(KMS_E_ARGUMENT, "idempotency key: 1..64 characters");
    (void)snprintf(out->method, sizeof out->method, "%s", method);
    (void)snprintf(out->path, sizeof out->path, "%.*s", (int)path_len, path);
    if (query != NULL) (void)snprintf(out->query, sizeof out->query, "%s", query + 1);
    if (idempotency_key != NULL)
        (void)snprintf(out->idempotency_key, sizeof out->idempotency_key, "%s", idempotency_key);
    if (lifetime < 1) lifetime = 1;
    if (lifetime > REQUEST_LIFETIME_MAX_S) lifetime = REQUEST_LIFETIME_MAX_S;
    return signed_request_sign(out, c->credential, clock_wall_s(), lifetime);
}

static void free_headers(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static RESULT add_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer == NULL) return fail(KMS_E_MEMORY, "request headers");
    *list = longer;
    return KMS_OK;
}

/* "Name: value\r\n" lines, as signed_request_headers() gives them, to libcurl's list. */
static RESULT add_header_lines(struct curl_slist **list, struct buf *lines)
{
    char *line = (char *)lines->data;

    for (char *end; line != NULL && (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
        *end = '\0';
        TRY(add_header(list, line));
    }
    return KMS_OK;
}

static RESULT make_headers(struct curl_slist **list, const struct signed_request *signed_with, bool has_body)
{
    BUF_LOCAL lines = BUF_INIT(65536);

    TRY(add_header(list, "Expect:"));
    TRY(add_header(list, has_body ? "Content-Type: application/json" : "Content-Type:"));
    if (signed_with == NULL) return KMS_OK;
    TRY(signed_request_headers(&lines, signed_with));
    return add_header_lines(list, &lines);
}

static enum kms_err curl_failed(const struct client *c, CURLcode code)
{
    switch ((int)code) {
    case CURLE_OPERATION_TIMEDOUT:
        return fail(KMS_E_TIMEOUT, "no answer from %s in %u s", c->url, c->timeout_s);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return fail(KMS_E_CERTIFICATE, "%s is not a gateway that %s vouches for (--cacert)", c->url, c->ca_path);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return fail(KMS_E_ARGUMENT, "not a URL: \"%.200s\" (as in https://127.0.0.1:8080)", c->url);
    case CURLE_WRITE_ERROR:
        return fail(KMS_E_TOO_LARGE, "the answer is longer than %u bytes", REPLY_MAX);
    default:
        return fail(KMS_E_UNAVAILABLE, "cannot reach the coordinator at %s: %s", c->url, curl_easy_strerror(code));
    }
}

struct outgoing {
    const char                  *method, *path;
    struct bytes                 body;
    bool                         is_signed;
    const struct signed_request *signed_with; /* borrowed; NULL: unsigned */
};

/* *sent: the request may have reached the coordinator. */
static RESULT send_once(struct client *c, const struct outgoing *o, struct client_reply *reply, bool *sent)
{
    CLEANUP(free_headers) struct curl_slist *headers = NULL;
    char                                     url[sizeof c->url + 2 * REQUEST_TARGET_MAX + 4];
    long                                     status = 0;
    bool                                     has_body = o->body.len > 0;

    client_reply_clear(reply);
    reply->body = BUF_INIT(REPLY_MAX);
    (void)snprintf(url, sizeof url, "%s%s", c->url, o->path);
    TRY(make_headers(&headers, o->signed_with, has_body));
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_NOBODY, strcmp(o->method, "HEAD") == 0 ? 1L : 0L);
    curl_easy_setopt(c->curl, CURLOPT_POST, has_body ? 1L : 0L);
    if (!has_body) curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, has_body ? (const char *)o->body.data : NULL);
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)o->body.len);
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, o->method);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)c->timeout_s * 1000);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &reply->body);
    CURLcode code = curl_easy_perform(c->curl);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    *sent = code != CURLE_COULDNT_CONNECT;
    if (code != CURLE_OK) return curl_failed(c, code);
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (int)status;
    return KMS_OK;
}

static bool may_try_again(enum kms_err err)
{
    return err == KMS_E_UNAVAILABLE || err == KMS_E_QUORUM || err == KMS_E_SEALED || err == KMS_E_BUSY ||
           err == KMS_E_CLOSED;
}

static void pause_ms(unsigned ms)
{
    struct timespec ts = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)nanosleep(&ts, NULL);
}

/* What is to be done next: nothing (the answer stands), the same bytes again, or a request signed anew. */
enum patience { ANSWERED, AGAIN, ANEW };

static enum patience judge(enum kms_err outcome, unsigned attempts, bool time_left, bool *renewed)
{
    if (outcome == KMS_E_EXPIRED && !*renewed) { /* a node that has just started after a crash refuses older requests */
        *renewed = true;
        return ANEW;
    }
    if (!time_left) return ANSWERED;
    if (outcome == KMS_E_ATTEMPTS) return ANEW;
    if (!may_try_again(outcome)) return ANSWERED;
    return attempts < SAME_REQUEST_MAX ? AGAIN : ANEW;
}

static RESULT call_signed(struct client *c, struct outgoing *o, const char *idempotency_key, struct client_reply *reply)
{
    uint64_t              until = clock_monotonic_ms() + (uint64_t)c->wait_s * 1000;
    struct signed_request request = {0};
    bool                  renewed = false, sent = false;
    enum patience         next = ANEW;
    char                  key[sizeof request.idempotency_key] = "";

    for (unsigned attempts = 0, pause = PAUSE_FIRST_MS;; pause = pause < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS) {
        if (next == ANEW) {
            attempts = 0;
            if (o->is_signed)
                TRY(client_sign(c, o->method, o->path, o->body, key[0] == '\0' ? idempotency_key : key, &request));
            memcpy(key, request.idempotency_key, sizeof key);
            o->signed_with = o->is_signed ? &request : NULL;
        }
        enum kms_err err = send_once(c, o, reply, &sent);
        attempts += sent ? 1 : 0;
        next = judge(err != KMS_OK ? err : client_error(reply), attempts, clock_monotonic_ms() < until, &renewed);
        if (next == ANSWERED) return err;
        pause_ms(pause);
    }
}

RESULT client_call(struct client *c, const char *method, const char *path, struct bytes body,
                   const char *idempotency_key, struct client_reply *out)
{
    struct outgoing o = {.method = method, .path = path, .body = body, .is_signed = c->credential != NULL};

    if (path[0] != '/' || strlen(path) > 2 * REQUEST_TARGET_MAX) return fail(KMS_E_ARGUMENT, "path: begins with \"/\"");
    TRY(open_curl(c));
    return call_signed(c, &o, idempotency_key, out);
}

static enum kms_err code_of_status(int status)
{
    switch (status) {
    case 401:
        return KMS_E_UNAUTHENTICATED;
    case 403:
        return KMS_E_DENIED;
    case 404:
        return KMS_E_NOT_FOUND;
    case 409:
        return KMS_E_CONFLICT;
    case 413:
        return KMS_E_TOO_LARGE;
    case 429:
        return KMS_E_BUSY;
    case 503:
        return KMS_E_UNAVAILABLE;
    case 504:
        return KMS_E_TIMEOUT;
    default:
        return status < 500 ? KMS_E_ARGUMENT : KMS_E_INTERNAL;
    }
}

RESULT client_error(const struct client_reply *reply)
{
    JSON_LOCAL        *problem = NULL;
    struct json_object o;
    const char        *code = NULL, *detail = NULL;
    char               clean[DETAIL_MAX + 1];

    if (reply->status >= 200 && reply->status < 300) return KMS_OK;
    if (json_parse(&problem, buf_bytes(&reply->body)) != KMS_OK ||
        json_object_begin(&o, problem, "problem") != KMS_OK || json_get_text(&o, "code", 64, NULL, &code) != KMS_OK ||
        json_get_text(&o, "detail", 4096, "", &detail) != KMS_OK)
        return fail(code_of_status(reply->status), "HTTP status %d without a problem document", reply->status);
    (void)snprintf(clean, sizeof clean, "%s", detail);
    for (char *c = clean; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '?';
    return fail(error_from_name(code), "%s", clean);
}
