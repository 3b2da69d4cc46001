import type { Sha256 } from './sha256.js';

const BLOCK_BYTES = 64;
const WORDS = 64;
/** Where the length of the message stands in its last block. */
const LENGTH_AT = 56;

/** First 32 bits of the fractional parts of the square and the cube roots of the first primes (FIPS 180-4, sections 4.2.2 and 5.3.3). */
const ROOTS = rootsOfPrimes(WORDS);

/**
 * SHA-256 (FIPS 180-4) in plain JavaScript: browsers have only one that wants the whole message at once and answers later, which is neither for
 * downloads nor for chains of hashes.
 */
export function sha256(): Sha256 {
  const state = Uint32Array.from(ROOTS.square);
  const block = new Uint8Array(BLOCK_BYTES);
  const view = new DataView(block.buffer);
  let totalBytes = 0;
  const take = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) {
      const filled = totalBytes % BLOCK_BYTES;
      const part = bytes.subarray(at, at + BLOCK_BYTES - filled);
      block.set(part, filled);
      [at, totalBytes] = [at + part.length, totalBytes + part.length];
      if (totalBytes % BLOCK_BYTES === 0) compress(state, view);
    }
  };
  const bytes = () => {
    const messageBytes = totalBytes;
    const filled = messageBytes % BLOCK_BYTES;
    take(
      Uint8Array.of(0x80, ...new Uint8Array((filled < LENGTH_AT ? LENGTH_AT : LENGTH_AT + BLOCK_BYTES) - filled - 1)),
    );
    const length = new DataView(new ArrayBuffer(8));
    length.setBigUint64(0, BigInt(messageBytes) * 8n);
    take(new Uint8Array(length.buffer));
    const digest = new DataView(new ArrayBuffer(32));
    state.forEach((word, i) => digest.setUint32(i * 4, word));
    return new Uint8Array(digest.buffer);
  };
  const self: Sha256 = {
    update: (part) => {
      take(typeof part === 'string' ? new TextEncoder().encode(part) : part);
      return self;
    },
    hex: () => Array.from(bytes(), (byte) => byte.toString(16).padStart(2, '0')).join(''),
    bytes,
  };
  return self;
}

const turned = (word: number, bits: number) => (word >>> bits) | (word << (32 - bits));

/** One block into the state (section 6.2.2). */
function compress(state: Uint32Array, block: DataView): void {
  const w = new Uint32Array(WORDS);
  for (let t = 0; t < WORDS; t++) {
    if (t < 16) {
      w[t] = block.getUint32(t * 4);
      continue;
    }
    const [x, y] = [w[t - 15]!, w[t - 2]!];
    const small0 = turned(x, 7) ^ turned(x, 18) ^ (x >>> 3);
    const small1 = turned(y, 17) ^ turned(y, 19) ^ (y >>> 10);
    w[t] = w[t - 16]! + small0 + w[t - 7]! + small1;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let t = 0; t < WORDS; t++) {
    const big1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const big0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
    const one = (h + big1 + ((e & f) ^ (~e & g)) + ROOTS.cube[t]! + w[t]!) | 0;
    const two = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] = state[i]! + word));
}

function rootsOfPrimes(count: number): { square: Uint32Array; cube: Uint32Array } {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  const fraction = (root: number) => Math.floor((root % 1) * 2 ** 32);
  return {
    square: Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
    cube: Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
  };
}
