import { ForgeError } from '@agent-forge/contracts';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { writeSafetensors } from '../safetensors/write-safetensors.js';
import type { WeightTensor } from '../weights.js';
import type { TrainState } from './train-language-model.js';

/** Key of the header's metadata under which everything but the tensors stands. */
const METADATA_KEY = 'agent-forge.training';
const STATE_PREFIX = 'optimizer/';

interface Metadata<S> {
  readonly step: number;
  readonly steps: number;
  readonly settings: S;
}

/**
 * Writes a training state and the caller's settings as one safetensors file, replacing the previous one at once, so that a
 * crash leaves either the old state or the new one.
 */
export async function writeCheckpoint(path: string, state: TrainState, settings: unknown): Promise<void> {
  const optimizer = [...state.optimizer].map(
    ([name, data]) => [STATE_PREFIX + name, { shape: [data.length], data }] as const,
  );
  const metadata: Metadata<unknown> = { step: state.step, steps: state.steps, settings };
  await writeSafetensors(path, new Map<string, WeightTensor>([...state.weights, ...optimizer]), {
    metadata: { [METADATA_KEY]: JSON.stringify(metadata) },
  });
}

/**
 * Reads what {@link writeCheckpoint} wrote.
 * @throws ForgeError `FILE_NOT_FOUND`, `SAFETENSORS_INVALID`, or `CHECKPOINT_INVALID` when it is another kind of file
 */
export async function readCheckpoint<S>(path: string): Promise<{ state: TrainState; settings: S }> {
  const file = await openSafetensors(path);
  const text = file.metadata.get(METADATA_KEY);
  if (text === undefined) throw new ForgeError('CHECKPOINT_INVALID', `${path} is no training checkpoint`);
  const { step, steps, settings } = JSON.parse(text) as Metadata<S>;
  const weights = new Map<string, WeightTensor>();
  const optimizer = new Map<string, Float32Array>();
  for (const name of file.tensors.keys()) {
    const tensor = await file.read(name);
    if (name.startsWith(STATE_PREFIX)) optimizer.set(name.slice(STATE_PREFIX.length), tensor.data);
    else weights.set(name, tensor);
  }
  return { state: { step, steps, weights, optimizer }, settings };
}
