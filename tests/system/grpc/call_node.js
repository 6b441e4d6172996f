// SPDX-License-Identifier: Apache-2.0
// A stock gRPC client (@grpc/grpc-js) against a running node: health, Info, Link. Usage: node call_node.js DEV_DIR PORT
'use strict';

const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [dir, port] = process.argv.slice(2);
const root = path.join(__dirname, '../../..');
const packages = grpc.loadPackageDefinition(loader.loadSync(['cluster/proto/kms.proto', 'cluster/proto/health.proto'], {
  includeDirs: [root], keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true,
}));

// The PIN decrypts a client's key; a gateway's is not encrypted.
function credentialsOf(cert, key) {
  const clear = crypto.createPrivateKey({ key: fs.readFileSync(key), passphrase: process.env.KMS_PIN || '' })
    .export({ type: 'pkcs8', format: 'pem' });
  return grpc.credentials.createSsl(fs.readFileSync(`${dir}/certs/ca.cert`), Buffer.from(clear), fs.readFileSync(cert));
}

const client = credentialsOf(`${dir}/clients/app/client.cert`, `${dir}/clients/app/client.key`);
const gateway = credentialsOf(`${dir}/certs/gateway/gateway.cert`, `${dir}/certs/gateway/gateway.key`);
const address = `localhost:${port}`;
const open = [];

function stub(Service, credentials) {
  const s = new Service(address, credentials);
  open.push(s);
  return s;
}

// A unary call within five seconds; resolves to [error, reply].
function call(s, method, request) {
  return new Promise((resolve) => {
    s[method](request, { deadline: Date.now() + 5000 }, (error, reply) => resolve([error, reply]));
  });
}

// The first message of a stream, or the error that ends it.
function first(stream) {
  return new Promise((resolve) => {
    stream.once('data', (message) => resolve([null, message]));
    stream.once('error', (error) => resolve([error, null]));
  });
}

async function checkHealth() {
  const health = stub(packages.grpc.health.v1.Health, client);
  for (const service of ['', 'kms.v1.Cluster']) {
    const [error, reply] = await call(health, 'Check', { service });
    assert.ifError(error);
    assert.strictEqual(reply.status, 'SERVING');
  }
  const [unknown] = await call(health, 'Check', { service: 'nobody' });
  assert.strictEqual(unknown.code, grpc.status.NOT_FOUND);
  const watch = health.Watch({ service: '' });
  const [error, message] = await first(watch);
  assert.ifError(error);
  assert.strictEqual(message.status, 'SERVING');
  watch.on('error', () => {});
  watch.cancel();
}

async function checkInfo() {
  const cluster = stub(packages.kms.v1.Cluster, client);
  const [error, info] = await call(cluster, 'Info', {});
  assert.ifError(error);
  assert.strictEqual(info.node, 'tss1');
  assert.strictEqual(info.cluster, 'dev');
  assert.strictEqual(info.sealed, false);
  assert.ok(info.roster_sequence >= 1);
  const [refused] = await call(cluster, 'Deliver', { statement: Buffer.from('no statement') });
  assert.strictEqual(refused.code, grpc.status.INVALID_ARGUMENT);
}

async function checkUnknownMethod() {
  const bare = new grpc.Client(address, client);
  open.push(bare);
  const error = await new Promise((resolve) => {
    bare.makeUnaryRequest('/kms.v1.Cluster/Nothing', (x) => x, (x) => x, Buffer.alloc(0), resolve);
  });
  assert.strictEqual(error.code, grpc.status.UNIMPLEMENTED);
}

async function checkLink() {
  const refused = stub(packages.kms.v1.Cluster, client).Link();
  refused.write({ ping: { id: 1 } });
  const [error] = await first(refused);
  assert.strictEqual(error.code, grpc.status.PERMISSION_DENIED);

  const link = stub(packages.kms.v1.Cluster, gateway).Link();
  link.write({ ping: { id: 42 } });
  const [failure, message] = await first(link);
  assert.ifError(failure);
  assert.strictEqual(message.pong.id, 42);
  assert.strictEqual(message.pong.info.node, 'tss1');
  link.on('error', () => {});
  link.end();
}

async function checkStranger() {
  const anonymous = grpc.credentials.createSsl(fs.readFileSync(`${dir}/certs/ca.cert`));
  const [error] = await call(stub(packages.kms.v1.Cluster, anonymous), 'Info', {});
  // Which of the two depends on whether the alert or the end of the connection is seen first.
  assert.ok([grpc.status.UNAVAILABLE, grpc.status.INTERNAL].includes(error.code), `${error}`);
}

async function main() {
  for (const check of [checkHealth, checkInfo, checkUnknownMethod, checkLink, checkStranger]) {
    await check();
    console.log(`ok ${check.name}`);
  }
  open.forEach((s) => s.close());
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
