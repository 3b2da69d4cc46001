import { ForgeError } from '@agent-forge/contracts';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { writeSafetensors } from '../safetensors/write-safetensors.js';
import type { WeightTensor } from '../weights.js';
import type { Decomposition, SingularValues } from './svd.js';

const PARTS = { u: 'u', sigma: 'sigma', vT: 'v_t' } as const satisfies Record<keyof SingularValues, string>;

/** Writes the singular values and vectors of a model's matrices as one safetensors file. */
export async function writeDecomposition(path: string, decomposition: Decomposition): Promise<void> {
  const tensors = new Map<string, WeightTensor>();
  for (const [name, parts] of decomposition)
    for (const [part, suffix] of Object.entries(PARTS) as [keyof SingularValues, string][])
      tensors.set(`${name}/${suffix}`, parts[part]);
  await writeSafetensors(path, tensors);
}

/**
 * Reads what {@link writeDecomposition} wrote.
 * @throws ForgeError `SAFETENSORS_INVALID`, or `UNSUPPORTED_FORMAT` when a part is missing
 */
export async function readDecomposition(path: string): Promise<Decomposition> {
  const file = await openSafetensors(path);
  const names = new Set([...file.tensors.keys()].map((key) => key.slice(0, key.lastIndexOf('/'))));
  const found = new Map<string, SingularValues>();
  for (const name of names) {
    const part = async (suffix: string): Promise<WeightTensor> => {
      const key = `${name}/${suffix}`;
      if (!file.tensors.has(key))
        throw new ForgeError('UNSUPPORTED_FORMAT', `${path} has no ${key}: it is no decomposition`);
      return file.read(key);
    };
    found.set(name, { u: await part(PARTS.u), sigma: await part(PARTS.sigma), vT: await part(PARTS.vT) });
  }
  return found;
}
