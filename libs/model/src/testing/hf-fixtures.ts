import { fileURLToPath } from 'node:url';
import { readModelFolder } from '../folder/read-model-folder.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import type { Model } from '../weights.js';

/** Folders of `fixtures/hf`, with what transformers computes for each (origin: fixtures of this project's reference). */
export const HF_FIXTURES = [
  'llama-gqa',
  'llama-mha-f16',
  'llama-rope-linear',
  'llama-v5-config',
  'llama3-rope-bf16-sharded',
  'qwen2-bias-tied',
] as const;

export interface HfFixture {
  readonly model: Model;
  /** Two rows of 24 tokens. */
  readonly inputIds: number[][];
  /** [2, 24, vocabulary] */
  readonly logits: Float32Array;
  /** Mean next-token cross-entropy of both rows. */
  readonly loss: number;
  /** The first 8 tokens of row 0 and the 24 that greedy decoding appends. */
  readonly greedyIds: number[];
}

export async function readHfFixture(name: (typeof HF_FIXTURES)[number]): Promise<HfFixture> {
  const folder = fileURLToPath(new URL(`../../fixtures/hf/${name}`, import.meta.url));
  const expected = await openSafetensors(`${folder}/expected.safetensors`);
  const integers = async (key: string) =>
    Array.from((await expected.readTyped(key)).data as ArrayLike<number | bigint>, Number);
  const ids = await integers('input_ids');
  const [rows, length] = expected.tensors.get('input_ids')!.shape as [number, number];
  return {
    model: await readModelFolder(folder),
    inputIds: Array.from({ length: rows }, (_, row) => ids.slice(row * length, (row + 1) * length)),
    logits: (await expected.read('logits')).data,
    loss: (await expected.read('loss')).data[0]!,
    greedyIds: await integers('greedy_ids'),
  };
}
