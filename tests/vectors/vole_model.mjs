// SPDX-License-Identifier: Apache-2.0
// The trees, the OT extension and the vector OLE once more, straight from the papers ([Roy22], [DKLS23] 5.2) and from
// docs/schemes/dkls23.md, in big integers and bit by bit, sharing no code with the project.
//   node vole_model.mjs          prints the vectors
//   node vole_model.mjs FILE     compares them with FILE
import { createCipheriv, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const curves = {
  SECP256K1: { id: 2, len: 32, q: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n },
  P256: { id: 3, len: 32, q: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n },
  P384: { id: 4, len: 48, q: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n },
  P521: { id: 5, len: 66, q: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n },
};

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const integer = (value, len) => Buffer.from(BigInt(value).toString(16).padStart(2 * len, '0'), 'hex');
const fromBig = (bytes) => BigInt('0x' + Buffer.from(bytes).toString('hex'));
const fromLittle = (bytes) => fromBig(Buffer.from(bytes).reverse());
const xor = (a, b) => Buffer.from(a.map((x, i) => x ^ b[i]));
const bit = (bytes, j) => (bytes[j >> 3] >> (j & 7)) & 1;
const modulo = (x, q) => ((x % q) + q) % q;
const zeros = (len) => Buffer.alloc(len);

function power(base, exponent, q) {
  let result = 1n;
  for (let b = modulo(base, q), e = exponent; e > 0n; e >>= 1n, b = (b * b) % q) if (e & 1n) result = (result * b) % q;
  return result;
}

// The structured hash, sheet 0.1.
function hash(tag, items) {
  const parts = [integer(tag.length, 1), Buffer.from(tag), integer(items.length, 4)];
  for (const item of items) parts.push(integer(item.length, 8), item);
  return sha256(...parts);
}

function hashLong(tag, items, len) {
  const blocks = [];
  for (let n = 0; 32 * n < len; n++) blocks.push(hash(tag, [...items, integer(n, 1)]));
  return Buffer.concat(blocks).subarray(0, len);
}

// TMMO under one key: pi(pi(x) ^ tweak) ^ pi(x).
function permutation(key) {
  const aes = createCipheriv('aes-128-ecb', key.subarray(0, 16), null).setAutoPadding(false);
  const pi = (x) => aes.update(x);
  return (x, domain, index, first, blocks) => {
    const masked = pi(x), out = [];
    for (let k = 0; k < blocks; k++) {
      const tweak = Buffer.concat([integer(domain, 4), integer(index, 4), integer(first + k, 8)]);
      out.push(xor(pi(xor(masked, tweak)), masked));
    }
    return Buffer.concat(out);
  };
}

const ROW = 3, CHI = 4, PAD = 5, GADGET = 6;

// Random bytes of a party: SHA-256(label || counter), block after block.
function stream(label) {
  let rest = Buffer.alloc(0), counter = 0;
  return (len) => {
    while (rest.length < len) rest = Buffer.concat([rest, sha256(Buffer.from(label), integer(counter++, 4))]);
    const out = rest.subarray(0, len);
    rest = rest.subarray(len);
    return out;
  };
}

// GF(2^128): bit i is the coefficient of x^i.
function multiply(a, b) {
  let product = 0n;
  for (let i = 0n, x = fromLittle(a), y = fromLittle(b); i < 128n; i++) if ((y >> i) & 1n) product ^= x << i;
  for (let i = 254n; i >= 128n; i--) if ((product >> i) & 1n) product ^= (0x87n << (i - 128n)) ^ (1n << i);
  return integer(product, 16).reverse();
}

const ssid = sha256(Buffer.from('ssid'));
const leaf = (t, x) => sha256(Buffer.from('leaf'), integer(t, 1), integer(x, 1)).subarray(0, 16);
const delta = sha256(Buffer.from('delta')).subarray(0, 16);
const run = hash('tss/v1/ot/any/run', [ssid, integer(1, 2), integer(2, 2)]);
const tmmo = permutation(hash('tss/v1/ot/any/permutation', [run]));

const missing = (t) => [0, 1, 2, 3].reduce((leafNumber, i) => 2 * leafNumber + bit(delta, 4 * t + i), 0);

function weigh(chi, blocks) {
  return chi.reduce((sum, c, k) => xor(sum, multiply(c, blocks[k + 1])), blocks[0]);
}

function blocksOf(bytes) {
  const padded = Buffer.concat([bytes, zeros((16 - (bytes.length % 16)) % 16)]);
  return Array.from({ length: padded.length / 16 }, (_, k) => padded.subarray(16 * k, 16 * k + 16));
}

// [Roy22] fig. 8 and 12: both sides; columns: 128 of the tail, then the OTs.
function extend(choices, tail) {
  const len = 16 + choices.length, all = Buffer.concat([tail, choices]);
  const u = [], v = [], w = [];
  for (let t = 0; t < 32; t++) {
    const r = Array.from({ length: 16 }, (_, x) => tmmo(leaf(t, x), ROW, t, 0, Math.ceil(len / 16)).subarray(0, len));
    u[t] = r.reduce(xor, all);
    for (let i = 0; i < 4; i++) {
      const has = (x) => (x >> (3 - i)) & 1, d = bit(delta, 4 * t + i);
      v[4 * t + i] = r.reduce((sum, s, x) => (has(x) ? xor(sum, s) : sum), zeros(len));
      // Alice: without leaf Delta, over x ^ Delta, and Delta_i u.
      w[4 * t + i] = r.reduce((sum, s, x) => (x !== missing(t) && has(x) ^ d ? xor(sum, s) : sum), d ? u[t] : zeros(len));
    }
  }
  const seed = hash('tss/v1/ot/extension/challenge', [run, integer(8 * choices.length, 8), sha256(...u)]);
  const chi = blocksOf(tmmo(seed.subarray(0, 16), CHI, 0, 0, blocksOf(all).length - 1));
  const x = weigh(chi, blocksOf(all)), t = v.map((row) => weigh(chi, blocksOf(row)));
  w.forEach((row, i) => {
    if (!weigh(chi, blocksOf(row)).equals(bit(delta, i) ? xor(t[i], x) : t[i])) throw new Error(`row ${i} fails the check`);
  });
  const column = (rows, j) => {
    const out = zeros(16);
    for (let i = 0; i < 128; i++) out[i >> 3] |= bit(rows[i], 128 + j) << (i & 7);
    return out;
  };
  const checked = hash('tss/v1/ot/extension/check', [run, sha256(...t)]);
  return { message: Buffer.concat([...u, x, checked]), v: (j) => column(v, j), w: (j) => column(w, j) };
}

function products({ id, len, q }) {
  const words = Math.ceil(len / 8), R = 1n << BigInt(64 * words), inverse = power(R, q - 2n, q), ots = 8 * len + 160;
  const bits = q.toString(2).length, direct = q >> BigInt(bits - 126) === (1n << 126n) - 1n;
  const sampleLen = 16 * Math.ceil((words + (direct ? 0 : 2)) / 2);
  // The number, or the number / R, is the Montgomery form of the sample.
  const sample = (bytes) => direct
    ? modulo((fromLittle(bytes.subarray(0, 8 * words)) & ((1n << BigInt(bits)) - 1n)) * inverse, q)
    : modulo(fromLittle(bytes.subarray(0, 8 * words + 16)) * inverse * inverse, q);
  const raw = (x) => integer(modulo(x * R, q), len);
  const pads = (row, j) => {
    const uniform = tmmo(row, PAD, j, 0, (3 * sampleLen) / 16);
    return [0, 1, 2].map((i) => sample(uniform.subarray(i * sampleLen, (i + 1) * sampleLen)));
  };
  const fixed = permutation(hash('tss/v1/vole/any/gadget', [integer(id, 2)]));
  const uniform = fixed(zeros(16), GADGET, 0, 0, (ots * sampleLen) / 16);
  const g = Array.from({ length: ots }, (_, j) => sample(uniform.subarray(j * sampleLen, (j + 1) * sampleLen)));
  const wide = (bytes) => modulo(fromBig(bytes), q);
  const a = ['a1', 'a2'].map((label) => wide(sha256(Buffer.from(label))));

  const fromBob = stream('bob'), choices = fromBob(ots / 8), ot = extend(choices, fromBob(16));
  const beta = Array.from({ length: ots }, (_, j) => BigInt(bit(choices, j)));
  const b = modulo(g.reduce((sum, x, j) => sum + x * beta[j], 0n), q);

  const a3 = wide(stream('alice')(len + 32)), inputs = [...a, a3];
  const alpha0 = g.map((_, j) => pads(ot.w(j), j)), alpha1 = g.map((_, j) => pads(xor(ot.w(j), delta), j));
  const correction = g.map((_, j) => inputs.map((x, i) => modulo(alpha0[j][i] - alpha1[j][i] + x, q)));
  const encoded = Buffer.concat(correction.flat().map(raw));
  const item = [run, integer(id, 2), integer(0, 2)];
  const theta = [0, 1].map((i) => wide(hashLong('tss/v1/vole/2/challenge', [...item, sha256(encoded), integer(i, 2)], len + 32)));
  const combine = (x) => modulo(x[2] + theta[0] * x[0] + theta[1] * x[1], q);
  const muOf = (z) => hash('tss/v1/vole/2/check', [...item, sha256(...z.map(raw)), integer(0, 2)]);
  const eta = combine(inputs), mu = muOf(alpha0.map(combine));
  const c = [0, 1].map((i) => modulo(-g.reduce((sum, x, j) => sum + x * alpha0[j][i], 0n), q));

  const gamma = g.map((_, j) => pads(ot.v(j), j));
  const d = gamma.map((pad, j) => pad.map((x, i) => modulo(x + beta[j] * correction[j][i], q)));
  if (!muOf(d.map((x, j) => modulo(combine(x) - beta[j] * eta, q))).equals(mu)) throw new Error('mu');
  const sums = [0, 1].map((i) => modulo(g.reduce((sum, x, j) => sum + x * d[j][i], 0n), q));
  for (const i of [0, 1]) if (modulo(c[i] + sums[i] - a[i] * b, q) !== 0n) throw new Error(`c + d is not a b for ${i + 1}`);

  const hex = (x) => integer(x, len).toString('hex');
  return {
    message_1: sha256(ot.message).toString('hex'),
    message_2: sha256(encoded, raw(eta), mu).toString('hex'),
    b: hex(b), c1: hex(c[0]), c2: hex(c[1]), d1: hex(sums[0]), d2: hex(sums[1]),
  };
}

const vectors = JSON.stringify(Object.fromEntries(Object.entries(curves).map(([name, curve]) => [name, products(curve)])), null, 2) + '\n';
if (process.argv.length < 3) process.stdout.write(vectors);
else if (readFileSync(process.argv[2], 'utf8') !== vectors) {
  console.error(`${process.argv[2]} is not what the model computes`);
  process.exit(1);
}
