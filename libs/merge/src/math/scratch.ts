import { KERNELS_WASM } from './kernels.wasm.js';

/** What WebAssembly counts memory in. */
const PAGE_BYTES = 65_536;
/** Address space, of which only what is used takes memory: blocks of a hundred models, or rows of a million values. */
const SCRATCH_BYTES = 512 * 2 ** 20;
/** Vectors of 128 bits. */
const ALIGNMENT_BYTES = 16;

type Address = number;

/** The functions of `kernels/kernels.ts`; arrays are addresses in {@link SCRATCH}. */
export interface Kernels {
  widenBfloat16(at: Address, length: number): void;
  widenFloat16(at: Address, length: number): void;
  narrowBfloat16(source: Address, target: Address, length: number): number;
  anyNotFinite(at: Address, length: number): number;
  /** sum, four addresses, four coefficients, how many of them count, whether the sums begin at 0, length */
  accumulate(...args: number[]): void;
  round(sums: Address, out: Address, length: number): void;
  subtract(x: Address, y: Address, length: number): void;
  add(x: Address, y: Address, length: number): void;
  divide(x: Address, y: Address, length: number): void;
  scale(x: Address, factor: number, length: number): void;
  zeroToOne(x: Address, length: number): void;
  dot(x: Address, y: Address, length: number): number;
  sumOfMagnitudes(x: Address, length: number): number;
  keepFrom(bits: Address, threshold: number, ties: number, length: number): number;
  bracket(bits: Address, low: number, high: number, found: Address, foundCount: Address, length: number): number;
  addAgreeing(values: Address, weight: number, elected: Address, sum: Address, divisor: Address, length: number): void;
  keepAtRandom(at: Address, state: Address, limit: number, length: number): void;
  /** at, state, density, epsilon, whether to divide, room, length */
  keepByRank(...args: number[]): void;
}

/** TypeScript describes it with the browser's library only. */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

const memory = new WebAssembly.Memory({ initial: SCRATCH_BYTES / PAGE_BYTES });
const code = new WebAssembly.Module(Buffer.from(KERNELS_WASM, 'base64'));
/** Vector code for arrays that lie in {@link SCRATCH}. */
export const KERNELS = new WebAssembly.Instance(code, { env: { memory } }).exports as Kernels;
/** Memory that vector code reaches. */
export const SCRATCH: ArrayBuffer = memory.buffer;

/** The first page is the compiler's own. */
let used = PAGE_BYTES;

/** Frees what `work` takes of the scratch memory when it is done. It must not wait for anything. */
export function withScratch<T>(work: () => T): T {
  const before = used;
  try {
    return work();
  } finally {
    used = before;
  }
}

/** Values that vector code is fast on, inside of {@link withScratch}; ordinary memory where there is no more. Not cleared. */
export function scratchFloats(length: number): Float32Array {
  const at = take(length * Float32Array.BYTES_PER_ELEMENT);
  return at === null ? new Float32Array(length) : new Float32Array(SCRATCH, at, length);
}

/** As {@link scratchFloats}. */
export function scratchDoubles(length: number): Float64Array {
  const at = take(length * Float64Array.BYTES_PER_ELEMENT);
  return at === null ? new Float64Array(length) : new Float64Array(SCRATCH, at, length);
}

function take(sizeBytes: number): Address | null {
  const end = used + Math.ceil(sizeBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  if (end > SCRATCH_BYTES) return null;
  const at = used;
  used = end;
  return at;
}
