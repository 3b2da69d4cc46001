import { ForgeError } from '@agent-forge/contracts';
import { assertAudit, auditValues, auditStructure } from '../audit.js';
import type { LlamaConfig } from '../config.js';
import { type TernaryMark, isTernary } from '../ternary/mark.js';
import type { Model, WeightTensor, Weights } from '../weights.js';
import { GgufFile, invalid } from './gguf-file.js';
import { configOf } from './model-metadata.js';
import { hfName, isPermuted, permuteHeads } from './names.js';

/** Factors of the rotary frequencies; our own files hold the configuration that they follow from. */
const DERIVED = 'rope_freqs.weight';
/** What is known of weights that come in ternary blocks. */
const FROZEN: TernaryMark = {
  mode: 'offline',
  linearClass: 'autobitlinear',
  scaleAxis: 'tensor',
  scaleGrid: 'float16',
};

/**
 * Reads a GGUF file as a model in memory. Ternary projections come as their codes times their scales, with the mark of a
 * frozen model. The file's tokenizer is not read: token ids go in and out.
 * @throws ForgeError `FILE_NOT_FOUND`, `NOT_A_MODEL`, `UNSUPPORTED_FORMAT`, and `AUDIT_FAILED` for missing, unexpected,
 *   misshapen or bad tensors
 */
export async function readGgufModel(path: string): Promise<Model> {
  const file = await GgufFile.open(path);
  const names = namesOf(file);
  const read = configOf(file.metadata, !names.has('lm_head.weight'), (problem) => invalid(path, problem));
  if (file.tensors.has(DERIVED) && read.ropeScaling?.type !== 'llama3')
    throw new ForgeError('UNSUPPORTED_FORMAT', `${path} has factors for its rotary frequencies, which cannot be read`);
  const ternary = [...names].some(([name, gguf]) => isTernary(name) && file.tensors.get(gguf)!.type.startsWith('TQ'));
  const shapes = new Map([...names].map(([name, gguf]) => [name, file.tensors.get(gguf)!.shape]));
  assertAudit(auditStructure(read, shapes), path);
  const weights: Weights = new Map();
  for (const [name, gguf] of names) {
    const tensor = inHfOrder(name, await file.read(gguf), read);
    assertAudit(auditValues(name, tensor), path);
    weights.set(name, tensor);
  }
  if (!ternary && read.ternary === undefined) return { config: read, weights, tokenizer: null };
  const mark = { ...(read.ternary ?? FROZEN), mode: 'offline', scaleAxis: axisOf(weights) } as const;
  return { config: { ...read, ternary: mark }, weights, tokenizer: null };
}

/** Names in the file by their Hugging Face names. */
function namesOf(file: GgufFile): Map<string, string> {
  const names = new Map<string, string>();
  for (const gguf of file.tensors.keys()) {
    if (gguf === DERIVED) continue;
    const name = hfName(gguf);
    if (name === null)
      throw new ForgeError('UNSUPPORTED_FORMAT', `${file.path}: tensor ${gguf} is of no architecture that is read`);
    names.set(name, gguf);
  }
  return names;
}

function inHfOrder(name: string, tensor: WeightTensor, config: LlamaConfig): WeightTensor {
  return isPermuted(name, config.architecture) ? permuteHeads(tensor, config.headDim, true) : tensor;
}

/** Whether every ternary matrix has one scale, or any has several. */
function axisOf(weights: Weights): TernaryMark['scaleAxis'] {
  for (const [name, { data }] of weights) {
    if (!isTernary(name)) continue;
    let scale = 0;
    for (const value of data) {
      if (value === 0) continue;
      if (scale !== 0 && Math.abs(value) !== scale) return 'channel';
      scale = Math.abs(value);
    }
  }
  return 'tensor';
}
