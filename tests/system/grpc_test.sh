#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A node's port from outside: a stock gRPC client, curl over HTTP/2, who is refused; and the process behind it, which cannot call out.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)

dev_start
PORT=$(sed -n 's/.*event=listening .*port=\([0-9]*\)$/\1/p' "$DIR/log/tss1.log" | tail -1)
[ -n "$PORT" ] || die "tss1 does not say its port"
NODE="https://localhost:$PORT"
CA=(--silent --show-error --max-time 10 --cacert "$DIR/certs/ca.cert")
GATEWAY=(--cert "$DIR/certs/gateway/gateway.cert" --key "$DIR/certs/gateway/gateway.key")
APP=(--cert "$DIR/clients/app/client.cert" --key "$DIR/clients/app/client.key" --pass "$KMS_PIN")

say "curl: GET /health with a client's certificate, over HTTP/2"
curl "${CA[@]}" "${APP[@]}" --http2 -w '\n%{http_version} %{http_code}\n' "$NODE/health" > "$WORK/out"
grep -q '^2 200$' "$WORK/out" || die "not HTTP/2 200: $(cat "$WORK/out")"
for part in '"node":"tss1"' '"cluster":"dev"' '"status":"SERVING"' '"sealed":false' '"serving":true' '"version":"'; do
    grep -qF "$part" "$WORK/out" || die "no $part in $(cat "$WORK/out")"
done
code=$(curl "${CA[@]}" "${GATEWAY[@]}" --http2 -o /dev/null -w '%{http_code}' "$NODE/other")
[ "$code" = 404 ] || die "GET /other: $code"

say "curl: refused without a certificate, with another CA's, with TLS 1.2, with HTTP/1.1"
! curl "${CA[@]}" --http2 "$NODE/health" > "$WORK/out" 2>&1 || die "let in without a certificate"
openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=gw1 -addext 'subjectAltName=URI:spiffe://dev/gateway/gw1' \
    -keyout "$WORK/other.key" -out "$WORK/other.cert" 2> /dev/null
! curl "${CA[@]}" --cert "$WORK/other.cert" --key "$WORK/other.key" --http2 "$NODE/health" > "$WORK/out" 2>&1 ||
    die "let in with a certificate of another CA"
! curl "${CA[@]}" "${GATEWAY[@]}" --tls-max 1.2 "$NODE/health" > "$WORK/out" 2>&1 || die "TLS 1.2 was accepted"
! curl "${CA[@]}" "${GATEWAY[@]}" --http1.1 "$NODE/health" > "$WORK/out" 2>&1 || die "HTTP/1.1 was accepted"

say "curl: REST is TLS 1.3 only"
curl "${CA[@]}" -o /dev/null "$KMS_URL/healthz"
! curl "${CA[@]}" --tls-max 1.2 "$KMS_URL/healthz" > "$WORK/out" 2>&1 || die "TLS 1.2 was accepted by the coordinator"

say "the node's processes are under the filter, without new privileges, and have no connection of their own making"
for n in 1 2 3 4; do
    pid=$(child_pid "tss$n")
    grep -q '^Seccomp:[[:space:]]*2$' "/proc/$pid/status" || die "tss$n runs without its filter"
    grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$pid/status" || die "tss$n may gain privileges"
done

say "SIGTERM ends a node in order"
stopped=$(child_pid tss4)
kill -TERM "$stopped"
for _ in $(seq 500); do
    grep -q 'event=node.stopped clean=1' "$DIR/log/tss4.log" && break
    read -r -t 0.02 <> <(:) || true
done
grep -q 'event=node.stopped clean=1' "$DIR/log/tss4.log" || die "tss4 does not stop in order"

if ! command -v node > /dev/null || [ ! -d "$here/grpc/node_modules" ]; then
    dev_stop
    skip "the stock gRPC client: run 'npm ci' in tests/system/grpc first"
fi
say "a stock gRPC client"
node "$here/grpc/call_node.js" "$DIR" "$PORT"
dev_stop
