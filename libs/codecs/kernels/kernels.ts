/*
 * The search of SeedLM as 128-bit vector code: AssemblyScript, which `node tools/kernels.mjs codecs` compiles into
 * src/seedlm/kernels.wasm.ts. Its twin in plain TypeScript is src/seedlm/brute-force.ts, which tests compare it with.
 */

/** Places whose bounds are computed at a time: their values and coefficients stay in the first cache. */
const TILE: i32 = 1024;
/** Bounds are in single precision; this much of the block's square is more than they can be wrong by (see search.ts). */
const SLACK: f64 = 1e-4;
const MAX_COLUMNS: i32 = 4;

/** Where everything lies, set by `place`. */
let C: i32 = 0;
let P: i32 = 0;
let values32: usize = 0;
let values64: usize = 0;
let triangles: usize = 0;
let inverses: usize = 0;
let steepBases: usize = 0;
let steepPlaces: usize = 0;
let steepCount: i32 = 0;
let stride: i32 = 0;
let scratch: usize = 0;

/** The best fit of the block in hand. */
let bestError: f64 = 0;
let bestPlace: i32 = 0;
let bestExponent: i32 = 0;
const bestMantissas = memory.data(4 * MAX_COLUMNS);
const solution = memory.data(8 * MAX_COLUMNS);
const mantissas = memory.data(4 * MAX_COLUMNS);
/** The block's weights, each in all four lanes. */
const lanes = memory.data(16 * 16);

/**
 * @param v32 values along the cycle in single precision; v64 in double
 * @param tri single precision, one array of `many` places for each entry of the lower triangle; 0 for steep places
 * @param inv double precision, [place][column][row]
 * @param sb bases with orthonormal columns of the steep places, one array of `steeps` for each entry
 */
export function place(
  c: i32,
  p: i32,
  v32: usize,
  v64: usize,
  tri: usize,
  many: i32,
  inv: usize,
  sb: usize,
  sp: usize,
  steeps: i32,
  room: usize,
): void {
  C = c;
  P = p;
  values32 = v32;
  values64 = v64;
  triangles = tri;
  stride = many;
  inverses = inv;
  steepBases = sb;
  steepPlaces = sp;
  steepCount = steeps;
  scratch = room;
}

/**
 * For each block the place, exponent and coefficients of least error.
 * @param blocks double precision, [count][C]
 * @param found [count] of error (double), place, exponent, four mantissas, and one word of padding
 * @param places how many, from the first on, are searched
 */
export function search(blocks: usize, count: i32, found: usize, places: i32): void {
  for (let i = 0; i < count; i++) begin(blocks + <usize>(i * C * 8), found + <usize>(i * 40));
  for (let first = 0; first < places; first += TILE) {
    const tile = min(TILE, places - first);
    for (let i = 0; i < count; i++) {
      const w = blocks + <usize>(i * C * 8);
      const at = found + <usize>(i * 40);
      take(at);
      searchTile(w, first, tile);
      keep(at);
    }
  }
  for (let i = 0; i < count; i++) {
    const w = blocks + <usize>(i * C * 8);
    const at = found + <usize>(i * 40);
    take(at);
    searchSteep(w, places);
    keep(at);
  }
}

function squareOf(w: usize): f64 {
  let sum: f64 = 0;
  for (let r = 0; r < C; r++) sum += load<f64>(w + ((<usize>r) << 3)) * load<f64>(w + ((<usize>r) << 3));
  return sum;
}

/** Before any search the best is nothing at all: coefficients of 0. */
function begin(w: usize, at: usize): void {
  bestError = squareOf(w);
  bestPlace = 0;
  bestExponent = -8;
  memory.fill(bestMantissas, 0, 16);
  keep(at);
}

function take(at: usize): void {
  bestError = load<f64>(at);
  bestPlace = load<i32>(at, 8);
  bestExponent = load<i32>(at, 12);
  memory.copy(bestMantissas, at + 16, 16);
}

function keep(at: usize): void {
  store<f64>(at, bestError);
  store<i32>(at, bestPlace, 8);
  store<i32>(at, bestExponent, 12);
  memory.copy(at + 16, bestMantissas, 16);
}

function spread(w: usize): void {
  for (let r = 0; r < C; r++) v128.store(lanes + ((<usize>r) << 4), f32x4.splat(<f32>load<f64>(w + ((<usize>r) << 3))));
}

function searchTile(w: usize, first: i32, tile: i32): void {
  const square = squareOf(w);
  if (square == 0) return;
  spread(w);
  const products = scratch;
  const bounds = scratch + <usize>((TILE + 32) * 4);
  slide(products, values32 + ((<usize>(first + 1)) << 2), tile + P);
  const highest = P == 3 ? bounds3(products, bounds, first, tile) : bounds4(products, bounds, first, tile);
  evaluate(w, bounds, first, tile, square, highest, 0);
}

function searchSteep(w: usize, places: i32): void {
  const square = squareOf(w);
  if (square == 0) return;
  spread(w);
  let count = steepCount;
  while (count > 0 && load<i32>(steepPlaces + ((<usize>(count - 1)) << 2)) >= places) count--;
  const highest = steepBounds(scratch, count);
  evaluate(w, scratch, 0, count, square, highest, steepPlaces);
}

/** Products of the block with a comb of every P-th value, beginning at each of `count` values: those of a basis are P neighbours. */
function slide(out: usize, from: usize, count: i32): void {
  const step = (<usize>P) << 2;
  for (let n = 0; n < count; n += 16) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    let at = from + ((<usize>n) << 2);
    const last = lanes + ((<usize>C) << 4);
    for (let lane = lanes; lane < last; lane += 16, at += step) {
      const x = v128.load(lane);
      a = f32x4.add(a, f32x4.mul(x, v128.load(at)));
      b = f32x4.add(b, f32x4.mul(x, v128.load(at, 16)));
      c = f32x4.add(c, f32x4.mul(x, v128.load(at, 32)));
      d = f32x4.add(d, f32x4.mul(x, v128.load(at, 48)));
    }
    const to = out + ((<usize>n) << 2);
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
}

function largest(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

/** Of the block's square, the part that a basis of three columns can hold. @returns the largest */
function bounds3(products: usize, out: usize, first: i32, tile: i32): f32 {
  const s = (<usize>stride) << 2;
  let highest = f32x4.splat(0);
  let t = triangles + ((<usize>first) << 2);
  for (let n = 0; n < tile; n += 4, t += 16) {
    const g = products + ((<usize>n) << 2);
    const g0 = v128.load(g);
    const g1 = v128.load(g, 4);
    const g2 = v128.load(g, 8);
    const y0 = f32x4.mul(v128.load(t), g0);
    const y1 = f32x4.add(f32x4.mul(v128.load(t + s), g0), f32x4.mul(v128.load(t + 2 * s), g1));
    const y2 = f32x4.add(
      f32x4.add(f32x4.mul(v128.load(t + 3 * s), g0), f32x4.mul(v128.load(t + 4 * s), g1)),
      f32x4.mul(v128.load(t + 5 * s), g2),
    );
    const q = f32x4.add(f32x4.add(f32x4.mul(y0, y0), f32x4.mul(y1, y1)), f32x4.mul(y2, y2));
    v128.store(out + ((<usize>n) << 2), q);
    highest = f32x4.max(highest, q);
  }
  return largest(highest);
}

/** The same of four columns. */
function bounds4(products: usize, out: usize, first: i32, tile: i32): f32 {
  const s = (<usize>stride) << 2;
  let highest = f32x4.splat(0);
  let t = triangles + ((<usize>first) << 2);
  for (let n = 0; n < tile; n += 4, t += 16) {
    const g = products + ((<usize>n) << 2);
    const g0 = v128.load(g);
    const g1 = v128.load(g, 4);
    const g2 = v128.load(g, 8);
    const g3 = v128.load(g, 12);
    const y0 = f32x4.mul(v128.load(t), g0);
    const y1 = f32x4.add(f32x4.mul(v128.load(t + s), g0), f32x4.mul(v128.load(t + 2 * s), g1));
    const y2 = f32x4.add(
      f32x4.add(f32x4.mul(v128.load(t + 3 * s), g0), f32x4.mul(v128.load(t + 4 * s), g1)),
      f32x4.mul(v128.load(t + 5 * s), g2),
    );
    const y3 = f32x4.add(
      f32x4.add(f32x4.mul(v128.load(t + 6 * s), g0), f32x4.mul(v128.load(t + 7 * s), g1)),
      f32x4.add(f32x4.mul(v128.load(t + 8 * s), g2), f32x4.mul(v128.load(t + 9 * s), g3)),
    );
    const low = f32x4.add(f32x4.mul(y0, y0), f32x4.mul(y1, y1));
    const q = f32x4.add(low, f32x4.add(f32x4.mul(y2, y2), f32x4.mul(y3, y3)));
    v128.store(out + ((<usize>n) << 2), q);
    highest = f32x4.max(highest, q);
  }
  return largest(highest);
}

/** The same of the steep places, from their orthonormal columns. */
function steepBounds(out: usize, count: i32): f32 {
  const s = (<usize>((steepCount + 3) & ~3)) << 2;
  let highest = f32x4.splat(0);
  for (let n = 0; n < count; n += 4) {
    let q = f32x4.splat(0);
    for (let j = 0; j < P; j++) {
      let at = steepBases + <usize>j * s + ((<usize>n) << 2);
      let y = f32x4.splat(0);
      for (let r = 0; r < C; r++, at += <usize>P * s)
        y = f32x4.add(y, f32x4.mul(v128.load(lanes + ((<usize>r) << 4)), v128.load(at)));
      q = f32x4.add(q, f32x4.mul(y, y));
    }
    v128.store(out + ((<usize>n) << 2), q);
    highest = f32x4.max(highest, q);
  }
  return largest(highest);
}

/** Fits every place whose bound leaves room for a smaller error; the one with the best bound first, which leaves the least room to the others. */
function evaluate(w: usize, bounds: usize, first: i32, count: i32, square: f64, highest: f32, names: usize): void {
  const slack = SLACK * square;
  let least = <f32>(square - bestError - slack);
  if (!(highest > least)) return;
  for (let n = 0; n < count; n++) {
    if (load<f32>(bounds + ((<usize>n) << 2)) != highest) continue;
    fit(w, names == 0 ? first + n : load<i32>(names + ((<usize>n) << 2)));
    break;
  }
  least = <f32>(square - bestError - slack);
  for (let n = 0; n < count; n += 4) {
    const over = f32x4.gt(v128.load(bounds + ((<usize>n) << 2)), f32x4.splat(least));
    if (!v128.any_true(over)) continue;
    for (let m = n; m < min(n + 4, count); m++) {
      if (!(load<f32>(bounds + ((<usize>m) << 2)) > least)) continue;
      fit(w, names == 0 ? first + m : load<i32>(names + ((<usize>m) << 2)));
      least = <f32>(square - bestError - slack);
    }
  }
}

/** ceil(log2(x)) of a positive number. */
function ceilLog2(x: f64): i32 {
  const bits = reinterpret<u64>(x);
  return <i32>(bits >> 52) - 1023 + ((bits & 0xfffffffffffff) != 0 ? 1 : 0);
}

/** Least squares on one basis, its coefficients rounded to four bits with an exponent in common; kept where it is the best so far. */
function fit(w: usize, at: i32): void {
  let most: f64 = 0;
  let row = inverses + <usize>at * ((<usize>(P * C)) << 3);
  for (let j = 0; j < P; j++) {
    let sum: f64 = 0;
    for (let r = 0; r < C; r++, row += 8) sum += load<f64>(row) * load<f64>(w + ((<usize>r) << 3));
    store<f64>(solution + ((<usize>j) << 3), sum);
    most = max(most, abs(sum));
  }
  const exponent = most == 0 ? -8 : max(-8, min(7, ceilLog2(most / 7.5)));
  const unit = reinterpret<f64>((<u64>(1023 + exponent)) << 52);
  for (let j = 0; j < P; j++) {
    const code = nearest(load<f64>(solution + ((<usize>j) << 3)) / unit);
    store<i32>(mantissas + ((<usize>j) << 2), <i32>max<f64>(-8, min<f64>(7, code)));
  }
  let error: f64 = 0;
  let u = values64 + ((<usize>(at + 1)) << 3);
  for (let r = 0; r < C; r++) {
    let sum: f64 = 0;
    for (let j = 0; j < P; j++, u += 8) sum += load<f64>(u) * <f64>load<i32>(mantissas + ((<usize>j) << 2));
    const miss = load<f64>(w + ((<usize>r) << 3)) - unit * sum;
    error += miss * miss;
  }
  if (error > bestError || (error == bestError && at >= bestPlace)) return;
  bestError = error;
  bestPlace = at;
  bestExponent = exponent;
  memory.copy(bestMantissas, mantissas, 16);
}
