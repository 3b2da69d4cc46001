import type { LlamaConfig } from '../config.js';

/**
 * Angular frequencies of the rotary embedding, head / 2 of them: θ^(−2i/head) (RoFormer, arXiv:2104.09864, eq. 15),
 * then scaled as transformers does for `linear` (position interpolation, arXiv:2306.15595) and `llama3`
 * (wavelengths beyond the original context are stretched, with a smooth band between).
 */
export function rotaryFrequencies(config: LlamaConfig): Float64Array {
  const half = config.headDim / 2;
  const base = Float64Array.from({ length: half }, (_, i) => config.ropeTheta ** (-i / half));
  const scaling = config.ropeScaling;
  if (scaling === null) return base;
  if (scaling.type === 'linear') return base.map((f) => f / scaling.factor);
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositionEmbeddings: original } = scaling;
  return base.map((f) => {
    const turns = (original * f) / (2 * Math.PI);
    if (turns < lowFreqFactor) return f / factor;
    if (turns > highFreqFactor) return f;
    const smooth = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    return (1 - smooth) * (f / factor) + smooth * f;
  });
}

/** cos and sin of every position times every frequency, each [positions, head / 2]. */
export function rotaryTables(config: LlamaConfig, positions: number): { cos: Float64Array; sin: Float64Array } {
  const frequencies = rotaryFrequencies(config);
  const half = frequencies.length;
  const cos = new Float64Array(positions * half);
  const sin = new Float64Array(positions * half);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < half; i++) {
      cos[p * half + i] = Math.cos(p * frequencies[i]!);
      sin[p * half + i] = Math.sin(p * frequencies[i]!);
    }
  }
  return { cos, sin };
}
