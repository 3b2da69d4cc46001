import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { assertAudit, auditWeights } from '../audit.js';
import { configToJson } from '../config.js';
import { writeSideFiles, writeWholeFolder } from '../folder/write-model-folder.js';
import { SINGLE_FILE } from '../safetensors/open-safetensors.js';
import { type PulledTensor, type TensorSpec, streamSafetensors } from '../safetensors/write-safetensors.js';
import { type Model, expectedShapes } from '../weights.js';
import { type TernaryMark, isTernary } from './mark.js';
import { CODES_PER_BYTE, packRows } from './packed-rows.js';
import { scaleName } from './packed-source.js';
import { quantiseTernary } from './quantise-weights.js';

export interface WritePackedOptions {
  /**
   * What the stored scale means to a reader: `bitlinear` (default) divides by it, so it is 1 / γ; `autobitlinear` multiplies, so
   * it is γ. The folder's `quantization_config` says which.
   */
  readonly linearClass?: TernaryMark['linearClass'];
}

/**
 * Writes a model with the ternary mark as the packed folder that transformers loads: four codes in a byte, one scale for a
 * matrix; embedding, head and norms in float32. Reading it back gives a model that scores the same; γ comes back exactly
 * where it is on the grid of half precision or is stored itself (`autobitlinear`).
 * @param path of the folder; it must not exist, or be empty
 * @throws ForgeError `INVALID_ARGUMENT` for a model without the mark, with scales for each channel, or with a matrix whose
 *   rows do not divide by four; otherwise as `writeModelFolder`
 */
export async function writePackedFolder(path: string, model: Model, options: WritePackedOptions = {}): Promise<void> {
  const { linearClass = 'bitlinear' } = options;
  const mark = model.config.ternary;
  if (mark === undefined) throw new ForgeError('INVALID_ARGUMENT', 'only a model with the ternary mark can be packed');
  if (mark.scaleAxis === 'channel')
    throw new ForgeError('INVALID_ARGUMENT', 'the packed layout has one scale for a matrix, not one for each channel');
  const odd = [...expectedShapes(model.config)].find(
    ([name, [rows]]) => isTernary(name) && rows! % CODES_PER_BYTE !== 0,
  );
  if (odd) throw new ForgeError('INVALID_ARGUMENT', `${odd[0]} has ${odd[1][0]} rows; packing needs a multiple of 4`);
  assertAudit(await auditWeights(model.config, model.weights, model.tokenizer), path);
  const config = { ...model.config, ternary: { ...mark, mode: 'offline', linearClass } } as const;
  const { specs, pull } = packedLayout(model, mark, linearClass);
  await writeWholeFolder(path, async (building) => {
    await streamSafetensors(join(building, SINGLE_FILE), specs, pull);
    await writeSideFiles(building, model, configToJson(config, 'F32'));
  });
}

function packedLayout(model: Model, mark: TernaryMark, linearClass: TernaryMark['linearClass']) {
  const specs = new Map<string, TensorSpec>();
  for (const [name, shape] of expectedShapes(model.config)) {
    if (!isTernary(name)) specs.set(name, { dtype: 'F32', shape });
    else {
      specs.set(name, { dtype: 'U8', shape: [shape[0]! / CODES_PER_BYTE, shape[1]!] });
      specs.set(scaleName(name), { dtype: 'F32', shape: [1] });
    }
  }
  const quantised = (name: string) => quantiseTernary(model.weights.get(name)!, mark);
  const pull = (name: string): PulledTensor => {
    if (isTernary(name)) return { data: packRows(quantised(name).codes) };
    const tensor = model.weights.get(name);
    if (tensor) return tensor;
    const scale = quantised(name.slice(0, -'_scale'.length)).scales[0]!;
    return { data: Float32Array.of(linearClass === 'bitlinear' ? 1 / scale : scale) };
  };
  return { specs, pull };
}
