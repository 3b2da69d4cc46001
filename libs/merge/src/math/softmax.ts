/** Lanes of a 256-bit vector of float32. */
const LANES = 8;
const LOG2_E = Math.fround(Math.LOG2E);
/** ln 2 in two parts: the first has so few bits that its product with a whole number is exact. */
const LN_2 = [0.693145751953125, Math.fround(1.428606765330187045e-6)] as const;
/** Of (e^r − 1 − r) / r², highest power first. */
const POLYNOMIAL = [
  0.000198527617612853646, 0.00139304355252534151, 0.00833336077630519867, 0.0416664853692054749,
  0.16666667163372039795, 0.5,
].map((c) => Math.fround(c));

/**
 * Softmax in float32, rounded step by step as PyTorch does on AVX2, bit for bit. Where a threshold is drawn through
 * differences of softmaxes their rounding decides, so another one would decide differently.
 * @param result as long as `x`
 */
export function softmax32(x: Float32Array, result: Float32Array): void {
  let max = -Infinity;
  for (let i = 0; i < x.length; i++) max = Math.max(max, x[i]!);
  for (let i = 0; i < x.length; i++) result[i] = exp32(Math.fround(x[i]! - max));
  const scale = Math.fround(1 / sum32(result));
  for (let i = 0; i < x.length; i++) result[i]! *= scale;
}

/**
 * e^x as the SLEEF library rounds it (expf, within 1 unit in the last place). Its fused multiply-adds round once; so do
 * these, since the product is exact in double.
 */
function exp32(x: number): number {
  const n = Math.round(Math.fround(x * LOG2_E));
  const r = Math.fround(Math.fround(x - n * LN_2[0]) - n * LN_2[1]);
  let sum = 0;
  for (const coefficient of POLYNOMIAL) sum = Math.fround(sum * r + coefficient);
  return Math.fround(Math.fround(1 + Math.fround(Math.fround(r * r) * sum + r)) * 2 ** n);
}

/** One running sum in each lane, then halves added to halves. */
function sum32(values: Float32Array): number {
  if (values.length < LANES) return values.reduce((a, b) => Math.fround(a + b));
  const lanes = values.slice(0, LANES);
  for (let i = LANES; i < values.length; i++) lanes[i % LANES]! += values[i]!;
  for (let half = LANES / 2; half >= 1; half /= 2) for (let i = 0; i < half; i++) lanes[i]! += lanes[i + half]!;
  return lanes[0]!;
}
