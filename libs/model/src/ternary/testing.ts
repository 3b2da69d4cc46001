import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Rng } from '@agent-forge/contracts';
import type { LlamaConfig } from '../config.js';
import { readModelFolder } from '../folder/read-model-folder.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { type Model, type WeightTensor, type Weights, expectedShapes } from '../weights.js';
import { TERNARY_TRAINING, type TernaryMark } from './mark.js';

/** What quantisers and packers of others give (origin: fixtures of this project's reference, checked against ggml there). */
export const GOLDEN = JSON.parse(
  readFileSync(new URL('../../fixtures/golden/ternary.json', import.meta.url), 'utf8'),
) as {
  ternary: { tq2_0: string; tq1_0: string };
  absmean: { W: number[][]; gamma: number; tern: number[][]; gamma_if_wrongly_reestimated: number };
  act_int8: { x: number[]; scale: number; q_half_even: number[] };
};

/** transformers' BitNet: floating-point weights with online quantisation, and the same weights packed. */
export const FIXTURES = {
  master: fileURLToPath(new URL('../../fixtures/ternary/bitnet-master', import.meta.url)),
  packed: fileURLToPath(new URL('../../fixtures/ternary/bitnet-packed', import.meta.url)),
};

/** The mark that the master folder's logits were made with; its own config.json says nothing of it. */
export const MASTER_MARK: TernaryMark = { ...TERNARY_TRAINING, scaleGrid: 'float32' };

export async function readMaster(): Promise<Model> {
  const model = await readModelFolder(FIXTURES.master);
  return { ...model, config: { ...model.config, ternary: MASTER_MARK } };
}

/** Tokens and logits [2, 20, vocabulary] of a fixture. */
export async function expectedLogits(folder: string): Promise<{ inputIds: number[][]; logits: Float32Array }> {
  const expected = await openSafetensors(`${folder}/expected.safetensors`);
  const ids = Array.from((await expected.readTyped('input_ids')).data as ArrayLike<number | bigint>, Number);
  const length = ids.length / 2;
  return {
    inputIds: [ids.slice(0, length), ids.slice(length)],
    logits: (await expected.read('logits')).data,
  };
}

/** Widths are multiples of 256, so that every format holds it. */
export const SMALL: LlamaConfig = {
  architecture: 'llama',
  vocabSize: 272,
  hiddenSize: 256,
  intermediateSize: 512,
  numLayers: 1,
  numHeads: 4,
  numKvHeads: 2,
  headDim: 64,
  rmsNormEps: 1e-5,
  ropeTheta: 10_000,
  ropeScaling: null,
  maxPositionEmbeddings: 128,
  tieWordEmbeddings: false,
  attentionBias: false,
  bosTokenId: 256,
  eosTokenId: [257],
  padTokenId: 258,
  initializerRange: 0.05,
  ternary: TERNARY_TRAINING,
};

/** A model with weights that look random; the real initialisation takes seconds for as many under Jest. */
export function randomModel(config: LlamaConfig = SMALL, seed = 1): Model {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >> 8) / 2 ** 24;
  };
  const weights: Weights = new Map();
  for (const [name, shape] of expectedShapes(config)) {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) data[i] = shape.length === 1 ? 1 + 0.2 * next() : 0.2 * next();
    weights.set(name, { shape, data });
  }
  return { config, weights, tokenizer: null };
}

export function randomTensor(rows: number, columns: number, seed = 1): WeightTensor {
  const rng = Rng.derive(seed, 'ternary tests');
  return { shape: [rows, columns], data: Float32Array.from({ length: rows * columns }, () => 0.1 * rng.normal()) };
}

/** A digest of each tensor: equal exactly where all bits are. */
export function digests(weights: Weights): Map<string, string> {
  return new Map(
    [...weights].map(([name, { data }]) => [
      name,
      createHash('sha256')
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        .digest('hex'),
    ]),
  );
}

/** Mean of the squares. */
export function meanSquare(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, x) => sum + x * x, 0) / values.length;
}

/**
 * How far logits lie from others, in units of their standard deviation: the largest difference, and the one that 99.9 % of
 * them stay below. A value on a rounding tie may go either way and moves a few logits more than the rest.
 */
export function logitError(ours: ArrayLike<number>, theirs: Float32Array): { most: number; nearlyAll: number } {
  const scale = Math.sqrt(meanSquare(theirs));
  const errors = Array.from(theirs, (want, i) => Math.abs(ours[i]! - want) / scale).sort((a, b) => a - b);
  return { most: errors.at(-1)!, nearlyAll: errors[Math.floor(0.999 * (errors.length - 1))]! };
}
