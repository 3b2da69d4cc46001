import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { writeSafetensors } from '../safetensors/write-safetensors.js';
import type { Model, Weights } from '../weights.js';
import { withoutBakedMark } from './baked-mark.js';
import { mergeAdapter, type Adapter } from './lora.js';

/** What a bake did to a model, all that is needed to take it out again. */
export interface Delta {
  readonly adapter: Adapter;
  /** Part of the change that was added to the weights. */
  readonly strength: number;
  /** Families that the model is marked for because of it. */
  readonly families: readonly string[];
  /** Artifact of the model that it was added to. */
  readonly base: string;
  /** What was baked, by name. */
  readonly prompts: Readonly<Record<string, string>>;
}

/** The factors, in the names of PEFT; and what belongs to them. */
const FACTORS = 'adapter_model.safetensors';
const ABOUT = 'delta.json';

/** Writes a delta's two files into a folder. */
export async function writeDelta(dir: string, { adapter, ...about }: Delta): Promise<void> {
  await writeSafetensors(join(dir, FACTORS), adapter.factors);
  await writeFile(join(dir, ABOUT), `${JSON.stringify({ ...about, scale: adapter.scale }, null, 2)}\n`);
}

/** @throws ForgeError DATA_INVALID for a folder that is no delta, and what reading the factors throws */
export async function readDelta(dir: string): Promise<Delta> {
  const { scale, ...about } = await readAbout(join(dir, ABOUT));
  const file = await openSafetensors(join(dir, FACTORS));
  const factors: Weights = new Map();
  for (const name of file.tensors.keys()) factors.set(name, await file.read(name));
  return { ...about, adapter: { factors, scale } };
}

/**
 * The model with a bake taken out of it. Weights come back up to the rounding of float32, not to the byte; the exact ones are the artifact that
 * `base` names.
 * @param part of what was added, out of (0, 1]: below 1 leaves the rest in
 * @throws ForgeError SHAPE_MISMATCH where the delta is not of a model of this shape
 */
export function takeOut(model: Model, { adapter, strength, families }: Delta, part = 1): Model {
  for (const [name, { shape }] of adapter.factors) {
    const weight = model.weights.get(name.replace(/\.lora_[AB]\.weight$/, '.weight'));
    const [own, other] = name.includes('.lora_A.') ? [shape[1], weight?.shape[1]] : [shape[0], weight?.shape[0]];
    if (own !== other) throw new ForgeError('SHAPE_MISMATCH', `the delta is of another model: ${name} does not fit`);
  }
  const weights = mergeAdapter(model.weights, adapter, -strength * part);
  return { ...model, weights, config: part === 1 ? withoutBakedMark(model.config, families) : model.config };
}

type About = Omit<Delta, 'adapter'> & { readonly scale: number };

async function readAbout(path: string): Promise<About> {
  try {
    const about = JSON.parse(await readFile(path, 'utf8')) as Partial<About>;
    const { scale, strength, families, base, prompts } = about;
    const isDelta = [scale, strength].every(Number.isFinite) && Array.isArray(families) && typeof base === 'string';
    if (isDelta && typeof prompts === 'object') return about as About;
  } catch {
    // Falls through to the one error for anything that is no delta.
  }
  throw new ForgeError('DATA_INVALID', `${path} does not describe a delta; name the folder of a delta artifact`);
}
